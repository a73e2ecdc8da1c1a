/**
 * What a database keeps about itself in the store's meta data: the secret of its `local` network,
 * its libp2p key, and the networks it is in with the keys made for each. Without encryption at rest
 * all of it lies open on the device.
 *
 * `database` = [1, local secret 32, local id 16, local signing seed 32, libp2p key or nil]
 * `network/<hash>` = [1, "open", networkId, title, secret, secret follows from the name?, signing
 * seed 32, certificate]
 */
import { bytesToHex, equalBytes } from "../core/base/bytes.ts";
import { NebulusError } from "../core/base/errors.ts";
import { loadPart } from "../core/base/parts.ts";
import { readForm } from "../core/cbor/form.ts";
import { CborReader } from "../core/cbor/reader.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../core/cbor/item.ts";
import type { CryptoPort } from "../core/crypto/port.ts";
import {
  makeCertificate,
  storedCertificate,
  type CheckedCertificate,
} from "../core/network/certificate.ts";
import { oneEpoch, type Epochs } from "../core/network/keys.ts";
import { createOpenControl } from "../core/network/openControl.ts";
import type { ControlChain } from "../core/network/control.ts";
import { localNetwork, type LocalNetwork } from "../core/network/local.ts";
import { openNetwork, type OpenNetwork, type OpenNetworkMaker } from "../core/network/open.ts";
import type { Joining } from "./closed/joining.ts";
import type { ClosedMembership } from "./closed/membership.ts";
import {
  deviceOf,
  joiningPrefix,
  networkPrefix,
  unreadable,
  type Device,
  type MetaChange,
} from "./device.ts";
import { readPrivateNetworks } from "./privateNetworks.ts";
import { readNetworkRelays, type NetworkRelays } from "./networkRelays.ts";

/** The network that is never shared, and this device in it. */
export interface LocalMembership {
  readonly kind: "local";
  readonly network: LocalNetwork;
  readonly device: Device;
}

/** An open network, and this device in it. */
export interface OpenMembership {
  readonly kind: "open";
  readonly network: OpenNetwork;
  readonly device: Device & { readonly certificate: CheckedCertificate };
  readonly control: ControlChain;
  readonly epochs: Epochs;
  /** The caller's name for it. */
  readonly networkId: string;
  /** What people read. */
  readonly title: string;
  /** False where the secret follows from the name, so that anyone who knows the name can read. */
  readonly secret: boolean;
}

/** A network that is shared with others. */
export type NetworkMembership = OpenMembership | ClosedMembership;

export type Membership = LocalMembership | NetworkMembership;

/** By the latest that is known of the network here, a removal beside the chain included. */
export const isMemberOf = (
  membership: NetworkMembership,
  certificate: CheckedCertificate,
): boolean =>
  membership.kind === "closed"
    ? membership.control.standingOf(certificate) === "member" && !membership.isOut(certificate)
    : membership.control.mayWrite(certificate, membership.control.head());

export interface Identity {
  readonly local: LocalMembership;
  readonly networks: readonly NetworkMembership[];
  readonly joinings: readonly Joining[];
  readonly relays: NetworkRelays;
  /** Hashes of networks where documents are private unless they are shared. */
  readonly privateNetworks: readonly string[];
  readonly peerKey: Uint8Array | null;
}

/** A database's first record about itself. */
export const newIdentity = (crypto: CryptoPort): readonly MetaChange[] =>
  twice(
    encodeCbor([1, crypto.randomBytes(32), crypto.randomBytes(16), crypto.randomBytes(32), null]),
  );

/** What is to be written so that the record stands twice again; empty where it does. */
export const missingIdentity = (meta: ReadonlyMap<string, Uint8Array>): readonly MetaChange[] => {
  const stored = storedIdentity(meta);
  return stored === undefined ? [] : twice(stored).filter(([key]) => !meta.has(key));
};

/** The same record with another libp2p key. */
export const withPeerKey = (
  meta: ReadonlyMap<string, Uint8Array>,
  peerKey: Uint8Array,
): readonly MetaChange[] => {
  const [version, secret, id, seed] = readItems(databaseKey, storedIdentity(meta), 5);
  return twice(encodeCbor([version ?? 1, secret ?? null, id ?? null, seed ?? null, peerKey]));
};

/** null: the store is new. Throws `StorageFailed` for records that can not be read. */
export const readIdentity = async (
  meta: ReadonlyMap<string, Uint8Array>,
  crypto: CryptoPort,
  networkOf: OpenNetworkMaker,
): Promise<Identity | null> => {
  const stored = storedIdentity(meta);
  if (stored === undefined) return null;
  const [version, secret, id, seed, peerKey] = readItems(databaseKey, stored, 5);
  if (version !== 1) throw newerFormat(databaseKey);
  const local: LocalMembership = {
    kind: "local",
    network: localNetwork(bytesOf(secret), bytesOf(id)),
    device: await deviceOf(bytesOf(seed), crypto),
  };
  const networks = [...meta]
    .filter(([key]) => key.startsWith(networkPrefix))
    .map(async ([key, bytes]) =>
      isClosed(bytes)
        ? (await closedParts()).readClosed(key, bytes, meta, crypto)
        : readNetwork(key, bytes, crypto, networkOf),
    );
  return {
    local,
    networks: await Promise.all(networks),
    joinings: [...meta.keys()].some((key) => key.startsWith(joiningPrefix))
      ? await (await loadPart(() => import("./closed/joining.ts"))).readJoinings(meta, crypto)
      : [],
    relays: readNetworkRelays(meta),
    privateNetworks: readPrivateNetworks(meta),
    peerKey: peerKey === null ? null : bytesOf(peerKey),
  };
};

/** Makes this device a member: an open network's secret certifies whoever has it. */
export const joinOpenNetwork = async (
  options: {
    readonly networkId: string;
    readonly title: string;
    readonly secret: string | Uint8Array;
    readonly fromName: boolean;
  },
  crypto: CryptoPort,
  networkOf: OpenNetworkMaker = openNetwork,
): Promise<{ readonly membership: OpenMembership; readonly change: MetaChange }> => {
  const network = await networkOf(options.networkId, options.secret, crypto.publicKey);
  const seed = crypto.randomBytes(32);
  const device = await deviceOf(seed, crypto);
  const certificate = await makeCertificate(
    {
      account: network.account.publicKey,
      signingKey: device.publicKey,
      xWingKey: null,
      vaultXWingKey: null,
      extensions: [],
    },
    network.networkHash,
    network.account.seed,
    crypto,
  );
  const key = networkPrefix + bytesToHex(network.networkHash);
  const bytes = encodeCbor([
    ...[1, "open", options.networkId, options.title, options.secret],
    ...[options.fromName, seed, certificate],
  ]);
  return { membership: await readNetwork(key, bytes, crypto, networkOf), change: [key, bytes] };
};

/** Loaded with the first closed network: those who have none do without its chain. */
const closedParts = (): Promise<typeof import("./closed/membership.ts")> =>
  loadPart(() => import("./closed/membership.ts"));

/** The second element of both kinds of records. */
const isClosed = (bytes: Uint8Array): boolean => {
  const kind = readForm(() => {
    const reader = new CborReader(bytes);
    reader.readArrayHead();
    reader.readUint();
    return reader.readText();
  });
  return kind.ok && kind.value === "closed";
};

export const leaveChange = ({ network }: NetworkMembership): MetaChange => [
  networkPrefix + bytesToHex(network.networkHash),
  null,
];

const databaseKey = "database";
/** Without its keys nothing of a database can be found: one flipped bit must not take them. */
const databaseCopyKey = "database/copy";

const twice = (bytes: Uint8Array): readonly MetaChange[] => [
  [databaseKey, bytes],
  [databaseCopyKey, bytes],
];

/** A damaged record is missing here. */
const storedIdentity = (meta: ReadonlyMap<string, Uint8Array>): Uint8Array | undefined =>
  meta.get(databaseKey) ?? meta.get(databaseCopyKey);
const readNetwork = async (
  key: string,
  bytes: Uint8Array,
  crypto: CryptoPort,
  networkOf: OpenNetworkMaker,
): Promise<OpenMembership> => {
  const items = readItems(key, bytes, 8);
  const [version, kind, networkId, title, secret, fromName, seed, certificateBytes] = items;
  if (version !== 1 || kind !== "open") throw newerFormat(key);
  if (typeof networkId !== "string" || typeof title !== "string") throw unreadable(key);
  const shared = typeof secret === "string" ? secret : bytesOf(secret);
  const network = await networkOf(networkId, shared, crypto.publicKey);
  const certificate = storedCertificate(bytesOf(certificateBytes));
  const device = await deviceOf(bytesOf(seed), crypto);
  if (certificate === null || !equalBytes(certificate.signingKey, device.publicKey)) {
    throw unreadable(key);
  }
  return {
    kind: "open",
    network,
    device: { ...device, certificate },
    control: createOpenControl(network),
    epochs: oneEpoch(network.epoch),
    networkId,
    title,
    secret: fromName !== true,
  };
};

const readItems = (
  key: string,
  bytes: Uint8Array | undefined,
  count: number,
): readonly CborItem[] => {
  if (bytes === undefined) throw unreadable(key);
  const caps = { bytesMax: bytes.length, depthMax: 2, itemsMax: 32 };
  const item = decodeCbor(bytes, caps);
  const items = item.ok && typeof item.value === "object" ? item.value : null;
  if (items === null || items instanceof Uint8Array || items.length < count) throw unreadable(key);
  return items;
};

const bytesOf = (item: CborItem | undefined): Uint8Array => {
  if (!(item instanceof Uint8Array)) throw unreadable("keys");
  return item;
};

const newerFormat = (key: string): NebulusError =>
  new NebulusError({
    code: "NewerFormat",
    message: `The record "${key}" was written by a newer version. Update this one.`,
    retryable: false,
    path: key,
  });
