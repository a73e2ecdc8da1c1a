/**
 * Keys of epochs: opened where a record seals them for this device, or carries them under a later
 * one; and made, for the devices that are to have them.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import type { ShortHash } from "../../core/base/types.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import { readWhole } from "../../core/cbor/structures.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import {
  epochCommitment,
  epochToItem,
  makeEpoch,
  openEpoch,
  openEpochKey,
  openPrevious,
  readEpoch,
} from "../../core/network/closed/epoch.ts";
import { epochIdOf, headOf } from "../../core/network/closed/record.ts";
import { isRemoved, roleOf, type KeyText } from "../../core/network/closed/state.ts";
import type { ControlHead } from "../../core/network/control.ts";
import type { EpochKey } from "../../core/network/keys.ts";
import type { Engine } from "../engine.ts";
import type { ClosedMembership } from "./membership.ts";

/** Opens what is sealed for this device, and the earlier ones from there; gives what is new. */
export const learnKeys = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<readonly ShortHash[]> => {
  const { crypto } = engine.deps;
  const { control, network, device, keys } = membership;
  const { networkHash } = network;
  const gained: ShortHash[] = [];
  const keep = (id: ShortHash, key: Uint8Array): void => {
    keys.set(id, key);
    gained.push(id);
  };
  // Beside the chain, too: what was written there is to be read
  for (const { id, bytes, height, sender } of epochsIn(control).reverse()) {
    const content = readWhole(bytes, readEpoch);
    if (!content.ok) continue;
    if (!keys.has(id)) {
      const place = { networkHash, height, sender };
      const mine = { ...place, signingKey: device.publicKey, xWingSeed: device.xWingSeed };
      const key = await openEpoch(content.value, mine, crypto);
      if (key !== null) keep(id, key);
    }
    const key = keys.get(id);
    if (key === undefined) continue;
    const previous = await openPrevious(content.value, key, networkHash, crypto);
    if (previous === null || keys.has(previous.id)) continue;
    if (isRecordedKey(control, previous, networkHash)) keep(previous.id, previous.key);
  }
  return [...gained, ...(await learnTermKeys(engine, membership))];
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

/** What terms carry of epochs that stand beside the chain; gives what is new. */
const learnTermKeys = async (
  { deps: { crypto } }: Engine,
  { control, network, keys }: ClosedMembership,
): Promise<readonly ShortHash[]> => {
  const { networkHash } = network;
  const gained: ShortHash[] = [];
  for (const record of control.from(0)) {
    const { content } = record.proposal;
    if (content.kind !== "term") continue;
    const key = keys.get(control.epochAt(headOf(record)));
    if (key === undefined) continue;
    for (const sealed of content.keys.filter(({ id }) => !keys.has(id))) {
      const opened = await openEpochKey(sealed, key, networkHash, crypto);
      if (opened === null || !isRecordedKey(control, opened, networkHash)) continue;
      keys.set(opened.id, opened.key);
      gained.push(opened.id);
    }
  }
  return gained;
};
