/**
 * A device on its way into a closed network, as it is noted until the maker of the link was met:
 *
 * `joining/<hash>` = [1, link, networkId, signing seed 32, X-Wing seed 32, account seed 32]
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { expectCount, readSized, readWhole } from "../../core/cbor/structures.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import { certify, type CheckedCertificate } from "../../core/network/certificate.ts";
import { inviteKeys, readInvite, type Invite } from "../../core/network/closed/invite.ts";
import type { AdmissionRefusal } from "../../core/wire/snapshots.ts";
import { deviceOf, joiningPrefix, type Device, type MetaChange } from "../device.ts";

/** On the way into a network: the maker of the link was not met yet. */
export interface Joining {
  readonly invite: Invite;
  readonly link: string;
  /** Of the link's seed. */
  readonly publicKey: Uint8Array;
  readonly networkId: string;
  readonly device: Device & {
    readonly certificate: CheckedCertificate;
    readonly xWingSeed: Uint8Array;
  };
  readonly accountSeed: Uint8Array;
  /** Why its maker did not let it in, since the opening; null: it was not met, or did. */
  readonly refused: { reason: AdmissionRefusal | null };
}

export const readJoinings = async (
  meta: ReadonlyMap<string, Uint8Array>,
  crypto: CryptoPort,
): Promise<readonly Joining[]> => {
  const noted = [...meta].filter(([key]) => key.startsWith(joiningPrefix));
  const read = await Promise.all(noted.map(([, bytes]) => readJoining(bytes, crypto)));
  return read.filter((joining) => joining !== null);
};

export const notJoining = ({ invite }: Joining): MetaChange => [
  joiningPrefix + bytesToHex(invite.networkHash),
  null,
];

export const readJoining = async (
  bytes: Uint8Array,
  crypto: CryptoPort,
): Promise<Joining | null> => {
  const read = readWhole(bytes, (reader) => {
    expectCount(reader, 6);
    if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
    return {
      ...{ link: reader.readText(), networkId: reader.readText() },
      ...{ seed: readSized(reader, 32), xWingSeed: readSized(reader, 32) },
      accountSeed: readSized(reader, 32),
    };
  });
  const invite = read.ok ? readInvite(read.value.link) : null;
  if (!read.ok || invite?.ok !== true) return null;
  const { link, networkId, seed, xWingSeed, accountSeed } = read.value;
  const keys = await keysOf(seed, xWingSeed, crypto);
  const { networkHash } = invite.value;
  const certificate = await certifyNew(keys, accountSeed, networkHash, crypto);
  const { publicKey } = await inviteKeys(invite.value.seed, crypto);
  const device = { ...keys.device, certificate, xWingSeed };
  const refused = { reason: null };
  return { invite: invite.value, link, publicKey, networkId, device, accountSeed, refused };
};

export interface NewKeys {
  readonly device: Device;
  readonly xWingSeed: Uint8Array;
  readonly xWingKey: Uint8Array;
}

export const newKeys = async (crypto: CryptoPort): Promise<NewKeys> =>
  keysOf(crypto.randomBytes(32), crypto.randomBytes(32), crypto);

const keysOf = async (
  seed: Uint8Array,
  xWingSeed: Uint8Array,
  crypto: CryptoPort,
): Promise<NewKeys> => ({
  device: await deviceOf(seed, crypto),
  xWingSeed,
  xWingKey: await crypto.xWing.publicKey(xWingSeed),
});

export const certifyNew = async (
  { device, xWingKey }: NewKeys,
  accountSeed: Uint8Array,
  networkHash: Uint8Array,
  crypto: CryptoPort,
): Promise<CheckedCertificate> => {
  const account = await crypto.publicKey(accountSeed);
  const keys = { account, signingKey: device.publicKey, xWingKey, vaultXWingKey: null };
  return certify({ ...keys, extensions: [] }, networkHash, accountSeed, crypto);
};
