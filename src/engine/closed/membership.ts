/**
 * This device in a closed network: its keys, the control chain as far as it is known, and the keys
 * of epochs that it could open. All of it stands in the store's meta data:
 *
 * `network/<hash>` = [1, "closed", networkId, title, network secret 32, signing seed 32, X-Wing
 *   seed 32, account seed 32, certificate, recovery seed 32 or nil, [[epoch id 16, key 32], …],
 *   [[invite's public key 32, seed 32, name of who comes in or nil], …],
 *   [signed proposal bstr, …] not yet in the chain]
 * `recovery/<hash>` = [1, [seed 32, …]] of further recovery keys; none: there are none
 * `control/<hash>/<record hash>` = a record of the chain as it came, the genesis among them
 */
import { usedInvitesAnsweredMax } from "../../core/base/limits.ts";
import { bytesToHex, equalBytes, hexToBytes } from "../../core/base/bytes.ts";
import { shortHashOf } from "../../core/base/ids.ts";
import type { ShortHash } from "../../core/base/types.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import type { CborReader } from "../../core/cbor/reader.ts";
import {
  expectCount,
  readList,
  readOptional,
  readSized,
  readWhole,
} from "../../core/cbor/structures.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import { storedCertificate, type CheckedCertificate } from "../../core/network/certificate.ts";
import { openClosedControl, type ClosedControl } from "../../core/network/closed/chain.ts";
import {
  openInvite,
  roleOf,
  standingInvite,
  type KeyText,
} from "../../core/network/closed/state.ts";
import {
  parseRecord,
  parseSignedProposal,
  type ControlRecord,
  type ParsedProposal,
} from "../../core/network/closed/record.ts";
import { networkKeysOf, type EpochKey, type Epochs } from "../../core/network/keys.ts";
import type { ClosedSnapshot } from "../../core/wire/snapshots.ts";
import { deviceOf, networkPrefix, unreadable, type MetaChange } from "../device.ts";
import {
  admissionKey,
  admissionRefusal,
  readAdmission,
  readRefused,
  refusedKey,
} from "./admission.ts";
import type { ClosedParts, OwnStanding, SharedHome } from "./parts.ts";
import { learnNames } from "./names.ts";
import { learnPairs, pairTags } from "./pairs.ts";
import { collectionSnapshots, learnSettings } from "./settings.ts";
import { inviteSnapshots, memberSnapshots, recoverySnapshot, waitingKinds } from "./snapshot.ts";

export interface ClosedMembership extends ClosedParts {
  readonly kind: "closed";
  readonly secret: true;
  readonly standing: () => OwnStanding;
  /**
   * Whether it was removed on a branch, while it is not settled what counts: the chain is frozen,
   * or was until lately. It is served nothing, and nothing is written under a key that it has.
   */
  readonly isOut: (certificate: CheckedCertificate) => boolean;
  /** For a while after a term began: removals that it left beside are decided once more. */
  readonly settling: { ticksLeft: number };
  readonly epochs: Epochs;
  /**
   * Public keys of invites of this device that can be used now: it answers to those, and to some
   * that were used up lately, since a joiner may have lost the answer.
   */
  readonly answeredInvites: (nowMs: number) => readonly Uint8Array[];
  /** Where those are found who missed an epoch, whose tags are others (pairs.ts). */
  readonly pairTags: (nowMs: number) => readonly string[];
  /** `homes`: of this network. */
  readonly snapshot: (nowMs: number, homes: readonly SharedHome[]) => ClosedSnapshot;
}

export const membershipOf = (parts: ClosedParts): ClosedMembership => {
  const { control, device, keys } = parts;
  const keyOf = (id: ShortHash): EpochKey | null => {
    const key = keys.get(id);
    return key === undefined ? null : { id, key };
  };
  // The same bytes each time: what is derived from them is kept by them (keys.ts, `dayTags`)
  const publicKeys = new Map<string, Uint8Array>();
  const publicKeyOf = (invite: string): Uint8Array => {
    const publicKey = publicKeys.get(invite) ?? hexToBytes(invite);
    publicKeys.set(invite, publicKey);
    return publicKey;
  };
  const standing = (): OwnStanding => {
    const found = control.standingOf(device.certificate);
    if (found !== "member") return found === "unknown" ? "waiting" : "removed";
    return roleOf(control.state(), bytesToHex(device.publicKey)) ?? "removed";
  };
  const settling = { ticksLeft: 0 };
  const out = (): ReadonlySet<KeyText> => control.outBeside(settling.ticksLeft > 0);
  const membership: ClosedMembership = {
    ...{ ...parts, kind: "closed", secret: true, standing, settling },
    isOut: ({ signingKey }) => out().has(bytesToHex(signingKey)),
    answeredInvites(nowMs) {
      const state = control.state();
      const own = [...parts.invites.keys()].map(publicKeyOf);
      const open = own.filter((publicKey) => openInvite(state, publicKey, nowMs) !== null);
      const used = own.filter(
        (publicKey) =>
          !open.includes(publicKey) && standingInvite(state, publicKey, nowMs) !== null,
      );
      return [...open, ...used.slice(-usedInvitesAnsweredMax)];
    },
    pairTags: (nowMs) => pairTags(parts, nowMs),
    snapshot: (nowMs, homes) => ({
      ...{ standing: standing(), isFrozen: control.isFrozen() },
      refused: admissionRefusal(parts, nowMs),
      members: memberSnapshots(parts),
      invites: inviteSnapshots(parts, nowMs),
      waiting: waitingKinds(parts),
      hasRecoveryKey: membership.recoverySeeds.length > 0,
      recovery: recoverySnapshot(membership),
      collections: collectionSnapshots(parts, homes),
      notAccepted: homes.flatMap(({ collection, notAccepted }) =>
        notAccepted === null ? [] : [{ collection, ...notAccepted }],
      ),
    }),
    epochs: {
      key: (id) => keys.get(id) ?? null,
      writing() {
        const head = control.head();
        // Records that contradict each other freeze the chain, not the data, unless somebody who
        // was removed by one of them has the key
        const isSafe = !control.state().needsNewer && out().size === 0;
        const mayWrite = isSafe && control.mayWrite(device.certificate, head);
        return mayWrite ? keyOf(control.epochAt(head)) : null;
      },
      latest() {
        const found = control.state().epochs.findLast(({ id }) => keys.has(id));
        return found === undefined ? null : keyOf(found.id);
      },
    },
  };
  return membership;
};

/** What follows from its records for this device, with the keys that it has. */
export const learnFromChain = async (
  parts: ClosedParts,
  crypto: Pick<CryptoPort, "pairSecret" | "open">,
): Promise<void> => {
  await learnPairs(parts, crypto);
  await learnSettings(parts, crypto);
  await learnNames(parts, crypto);
};

// ---------------------------------------------------------------------------------- meta data

const controlPrefix = "control/";

export const closedChange = (membership: ClosedParts): MetaChange => {
  const { network, networkId, title, device, accountSeed, recoverySeeds } = membership;
  const { networkSecret, keys, invites, proposals } = membership;
  const bytes = encodeCbor([
    ...[1, "closed", networkId, title, networkSecret, device.seed, device.xWingSeed],
    ...[accountSeed, device.certificate.bytes, recoverySeeds[0] ?? null],
    Array.from(keys, ([id, key]) => [hexToBytes(id), key] as const),
    Array.from(invites, ([id, { seed, name }]) => [hexToBytes(id), seed, name] as const),
    Array.from(proposals.values(), (proposal) => proposal.bytes),
  ]);
  return [networkPrefix + bytesToHex(network.networkHash), bytes];
};

const recoveryKey = (networkHash: Uint8Array): string => `recovery/${bytesToHex(networkHash)}`;

/** Of recovery keys behind the first. */
export const recoveryChange = ({
  network,
  recoverySeeds,
}: Pick<ClosedParts, "network" | "recoverySeeds">): MetaChange => {
  const [, ...others] = recoverySeeds;
  const bytes = others.length === 0 ? null : encodeCbor([1, others]);
  return [recoveryKey(network.networkHash), bytes];
};

/** None where they can not be read: they stand on paper. */
const readRecovery = (
  networkHash: Uint8Array,
  meta: ReadonlyMap<string, Uint8Array>,
): readonly Uint8Array[] => {
  const bytes = meta.get(recoveryKey(networkHash));
  if (bytes === undefined) return [];
  const read = readWhole(bytes, (reader) => {
    expectCount(reader, 2);
    if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
    return readList(reader, () => readSized(reader, 32));
  });
  return read.ok ? read.value : [];
};

export const recordChange = (
  { network }: Pick<ClosedParts, "network">,
  { hash, bytes }: Pick<ControlRecord, "hash" | "bytes">,
): MetaChange => [`${controlPrefix}${bytesToHex(network.networkHash)}/${hash}`, bytes];

/** All that stands of it, to be removed. */
export const closedKeys = (
  networkHash: Uint8Array,
  meta: ReadonlyMap<string, Uint8Array>,
): readonly MetaChange[] => {
  const prefix = `${controlPrefix}${bytesToHex(networkHash)}/`;
  const records = [...meta.keys()].filter((key) => key.startsWith(prefix));
  const others = [
    networkPrefix + bytesToHex(networkHash),
    ...[admissionKey(networkHash), refusedKey(networkHash), recoveryKey(networkHash)],
  ];
  return [...others, ...records].map((key) => [key, null]);
};

/** Throws `StorageFailed` where a record can not be read. */
export const readClosed = async (
  key: string,
  bytes: Uint8Array,
  meta: ReadonlyMap<string, Uint8Array>,
  crypto: CryptoPort,
): Promise<ClosedMembership> => {
  const read = readWhole(bytes, readFields);
  if (!read.ok) throw unreadable(key);
  const fields = read.value;
  const certificate = storedCertificate(fields.certificate);
  const device = await deviceOf(fields.seed, crypto);
  if (certificate === null || !equalBytes(certificate.signingKey, device.publicKey)) {
    throw unreadable(key);
  }
  const networkHash = key.slice(networkPrefix.length);
  const control = await readChain(networkHash, meta, crypto);
  if (control === null) throw unreadable(`${controlPrefix}${networkHash}`);
  const parts: ClosedParts = {
    control,
    network: { suite: 1, ...networkKeysOf(control.networkHash, fields.networkSecret) },
    device: { ...device, certificate, xWingSeed: fields.xWingSeed },
    ...{ accountSeed: fields.accountSeed, networkSecret: fields.networkSecret },
    recoverySeeds: [
      ...(fields.recoverySeed === null ? [] : [fields.recoverySeed]),
      ...readRecovery(control.networkHash, meta),
    ],
    ...{ networkId: fields.networkId, title: fields.title },
    cameBy: readAdmission(control.networkHash, meta),
    refusedJoiners: readRefused(control.networkHash, meta),
    keys: new Map(fields.keys),
    invites: new Map(fields.invites),
    proposals: proposalsOf(fields.proposals),
    ...{ pairs: new Map(), settings: new Map(), names: new Map(), knowRemoved: new Set() },
  };
  await learnFromChain(parts, crypto);
  return membershipOf(parts);
};

/** By height, so that each comes behind what it follows; null: there is none, or no genesis. */
const readChain = async (
  networkHash: string,
  meta: ReadonlyMap<string, Uint8Array>,
  crypto: CryptoPort,
): Promise<ClosedControl | null> => {
  const prefix = `${controlPrefix}${networkHash}/`;
  const records = [...meta]
    .filter(([key]) => key.startsWith(prefix))
    .flatMap(([, bytes]) => {
      const record = parseRecord(bytes);
      return record.ok ? [record.value] : [];
    })
    .sort((a, b) => a.height - b.height || a.term - b.term);
  const [genesis, ...others] = records;
  if (genesis === undefined) return null;
  const opened = await openClosedControl(genesis.bytes, crypto);
  if (!opened.ok || bytesToHex(opened.value.networkHash) !== networkHash) return null;
  // One that is damaged is missing here, and so is what follows it: peers bring both
  for (const { bytes } of others) await opened.value.append(bytes);
  return opened.value;
};

const proposalsOf = (signed: readonly Uint8Array[]): Map<string, ParsedProposal> =>
  new Map(
    signed.flatMap((bytes) => {
      const parsed = parseSignedProposal(bytes);
      return parsed.ok ? [[parsed.value.name, parsed.value] as const] : [];
    }),
  );

const readFields = (reader: CborReader) => {
  expectCount(reader, 13);
  if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
  if (reader.readText() !== "closed") reader.fail("wrongShape", "another kind of network");
  return {
    ...{ networkId: reader.readText(), title: reader.readText() },
    networkSecret: readSized(reader, 32),
    ...{ seed: readSized(reader, 32), xWingSeed: readSized(reader, 32) },
    ...{ accountSeed: readSized(reader, 32), certificate: reader.readBytes() },
    recoverySeed: readOptional(reader, () => readSized(reader, 32)),
    keys: readList(reader, () => {
      expectCount(reader, 2);
      return [shortHashOf(readSized(reader, 16)), readSized(reader, 32)] as const;
    }),
    invites: readList(reader, () => {
      expectCount(reader, 3);
      const id = bytesToHex(readSized(reader, 32));
      const seed = readSized(reader, 32);
      return [id, { seed, name: readOptional(reader, () => reader.readText()) }] as const;
    }),
    proposals: readList(reader, () => reader.readBytes()),
  };
};
