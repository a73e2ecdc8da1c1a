/**
 * Keys of epochs: opened where a record seals them for this device, or carries them on under
 * another; and made, for the devices that are to have them.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import type { ShortHash } from "../../core/base/types.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import { readWhole } from "../../core/cbor/structures.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import {
  epochCommitment,
  epochToItem,
  makeEpoch,
  openEpoch,
  openEpochKey,
  readEpoch,
  type SealedEpochKey,
} from "../../core/network/closed/epoch.ts";
import { epochIdOf, headOf, type ControlRecord } from "../../core/network/closed/record.ts";
import { isRemoved, roleOf, type KeyText } from "../../core/network/closed/state.ts";
import type { ControlHead } from "../../core/network/control.ts";
import type { EpochKey } from "../../core/network/keys.ts";
import type { Engine } from "../engine.ts";
import { recordsBeside } from "./beside.ts";
import type { ClosedMembership } from "./membership.ts";

/** Opens what is sealed for this device, and the others from there; gives what is new. */
export const learnKeys = async (
  { deps: { crypto } }: Engine,
  membership: ClosedMembership,
): Promise<readonly ShortHash[]> => {
  const { control, network, device, keys } = membership;
  const { networkHash } = network;
  const before = new Set(keys.keys());
  // Beside the chain, too: what was written there is to be read
  for (const { id, bytes, height, sender } of epochsIn(control)) {
    const content = keys.has(id) ? null : readWhole(bytes, readEpoch);
    if (content?.ok !== true) continue;
    const place = { networkHash, height, sender };
    const mine = { ...place, signingKey: device.publicKey, xWingSeed: device.xWingSeed };
    const key = await openEpoch(content.value, mine, crypto);
    if (key !== null) keys.set(id, key);
  }
  await followKeys(membership, keys, crypto);
  return [...keys.keys()].filter((id) => !before.has(id));
};

/** Adds to these keys what records carry on under them, beside the chain too. */
const followKeys = async (
  { control, network: { networkHash } }: ClosedMembership,
  keys: Map<ShortHash, Uint8Array>,
  crypto: CryptoPort,
): Promise<void> => {
  // The latest first: each leads to those before it
  const carried = control.records().flatMap((record) => carriedBy(control, record));
  for (let known = -1; known < keys.size;) {
    known = keys.size;
    for (const { under, sealed } of carried.toReversed()) {
      const key = keys.has(sealed.id) ? undefined : keys.get(under);
      const opened =
        key === undefined ? null : await openEpochKey(sealed, key, networkHash, crypto);
      if (opened === null || !isRecordedKey(control, opened, networkHash)) continue;
      keys.set(opened.id, opened.key);
    }
  }
};

interface Carried {
  /** The epoch whose key opens it. */
  readonly under: ShortHash;
  readonly sealed: SealedEpochKey;
}

const carriedBy = (control: ClosedControl, record: ControlRecord): readonly Carried[] => {
  const { content, base } = record.proposal;
  if (content.kind === "term" || content.kind === "keys") {
    const under = control.epochAt(content.kind === "term" ? headOf(record) : base);
    return content.keys.map((sealed) => ({ under, sealed }));
  }
  if (content.kind !== "epoch" && content.kind !== "remove") return [];
  const read = readWhole(content.epoch, readEpoch);
  const sealed = read.ok ? read.value.previous : null;
  return sealed === null ? [] : [{ under: epochIdOf(record), sealed }];
};

/** What the present key leads to, so that all who have it have those; null: it is not here. */
const reachedKeys = async (
  { deps: { crypto } }: Engine,
  membership: ClosedMembership,
): Promise<ReadonlyMap<ShortHash, Uint8Array> | null> => {
  const { control, keys } = membership;
  const present = control.epochAt(control.head());
  const key = keys.get(present);
  if (key === undefined) return null;
  const reached = new Map([[present, key]]);
  await followKeys(membership, reached, crypto);
  return reached;
};

/** Those of this device that the present key does not lead to. */
export const skippedKeys = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<readonly EpochKey[]> => {
  const { control, keys, network } = membership;
  const reached = await reachedKeys(engine, membership);
  if (reached === null) return [];
  return Array.from(keys, ([id, key]) => ({ id, key })).filter(
    (each) => !reached.has(each.id) && isRecordedKey(control, each, network.networkHash),
  );
};

/** Whether each of the keys that it carries on is the right one, and skipped until now. */
export const carriesOn = async (
  engine: Engine,
  membership: ClosedMembership,
  base: ControlHead,
  carried: readonly SealedEpochKey[],
): Promise<boolean> => {
  const { control, keys, network } = membership;
  const reached = await reachedKeys(engine, membership);
  const key = control.find(base).kind === "known" ? keys.get(control.epochAt(base)) : undefined;
  if (reached === null || key === undefined) return false;
  for (const sealed of carried) {
    const opened = await openEpochKey(sealed, key, network.networkHash, engine.deps.crypto);
    if (opened === null || reached.has(opened.id)) return false;
    if (!isRecordedKey(control, opened, network.networkHash)) return false;
  }
  return true;
};

interface RecordedEpoch {
  readonly id: ShortHash;
  readonly bytes: Uint8Array;
  /** Of the record that its proposer saw last. */
  readonly height: number;
  readonly sender: Uint8Array;
  /** Of its own record. */
  readonly head: ControlHead;
}

/** Those of all records that are held, parents first. */
const epochsIn = (control: ClosedControl): RecordedEpoch[] =>
  control.records().flatMap((record) => {
    const { content, base } = record.proposal;
    const [proposer] = record.signed.signatures;
    if (proposer === undefined || (content.kind !== "epoch" && content.kind !== "remove"))
      return [];
    const made = { bytes: content.epoch, height: base.height, sender: proposer.signer };
    return [{ id: epochIdOf(record), head: headOf(record), ...made }];
  });

/**
 * Keys of epochs before which none of these devices had been removed. A removal that a term leaves
 * beside the chain is made again, and what was written meanwhile is not for whoever it is about.
 */
export const keysFor = (
  { control, keys }: Pick<ClosedMembership, "control" | "keys">,
  devices: readonly CheckedCertificate[],
): ReadonlyMap<ShortHash, Uint8Array> => {
  const kept = new Map(keys);
  for (const { id, head } of epochsIn(control)) {
    const state = control.stateAt(head);
    const isKeptFrom = devices.some(({ signingKey, account }) =>
      isRemoved(state, bytesToHex(signingKey), bytesToHex(account)),
    );
    if (isKeptFrom) kept.delete(id);
  }
  return kept;
};

/**
 * Whether a removal beside the chain left the present key with whoever it removed, who is no member
 * here: what is sealed under that key he reads too.
 */
export const isOpenBeside = (control: ClosedControl): boolean => {
  const present = control.epochAt(control.head());
  const state = control.state();
  return recordsBeside(control).some((record) => {
    if (record.proposal.content.kind !== "remove") return false;
    const there = control.stateAt(headOf(record));
    return (
      there.epochs.some(({ id }) => id === present) &&
      [...there.devices].some(
        ([name, { account }]) => isRemoved(there, name, account) && roleOf(state, name) === null,
      )
    );
  });
};

export interface NewEpoch {
  /** What its proposal rests on, to which the boxes are bound. */
  readonly base: ControlHead;
  /** What it carries on; null: nothing. */
  readonly previous: EpochKey | null;
}

/** A new key, sealed to all devices but those that go. */
export const newEpoch = async (
  { deps: { crypto } }: Engine,
  membership: ClosedMembership,
  { base, previous }: NewEpoch,
  leaving: ReadonlySet<KeyText> = new Set(),
): Promise<Uint8Array> => {
  const { control, network, device } = membership;
  const state = control.state();
  const devices = [...state.devices].flatMap(([name, { certificate }]) =>
    roleOf(state, name) === null || leaving.has(name) || certificate.xWingKey === null
      ? []
      : [{ signingKey: certificate.signingKey, xWingKey: certificate.xWingKey }],
  );
  const draft = {
    ...{ key: crypto.randomBytes(32), previous, devices },
    ...{ networkHash: network.networkHash, height: base.height },
    sender: device.publicKey,
  };
  return encodeCbor(epochToItem(await makeEpoch(draft, crypto)));
};

/** What is carried may be any bytes; the record of its own epoch commits to the key. */
export const isRecordedKey = (
  control: ClosedControl,
  { id, key }: EpochKey,
  networkHash: Uint8Array,
): boolean => {
  const recorded = epochsIn(control).find((each) => each.id === id);
  if (recorded === undefined) return false;
  const read = readWhole(recorded.bytes, readEpoch);
  return read.ok && equalBytes(read.value.commitment, epochCommitment(key, networkHash));
};
