/**
 * When a network's key is replaced though nobody was removed: by the sequencer, after 90 days,
 * where a device was handed keys and is not let in, and where one that was let in can lack a key.
 */
import { epochForcedMillisecondsMin, epochMillisecondsMax } from "../../core/base/limits.ts";
import type { ChainFault } from "../../core/network/closed/chain.ts";
import { readWhole } from "../../core/cbor/structures.ts";
import { readEpoch } from "../../core/network/closed/epoch.ts";
import type { ControlContent } from "../../core/network/closed/content.ts";
import {
  roleOf,
  type ControlState,
  type EpochState,
  type KeyText,
} from "../../core/network/closed/state.ts";
import type { EpochKey } from "../../core/network/keys.ts";
import type { Engine } from "../engine.ts";
import { decide, type Decision } from "./decide.ts";
import { newEpoch } from "./keys.ts";
import type { ClosedMembership } from "./membership.ts";
import { isSequencer, mayDecide } from "./order.ts";

/** `previous`: which key it carries on; the latest where nothing is said. */
export const renewEpoch = (
  engine: Engine,
  membership: ClosedMembership,
  previous: EpochKey | null = membership.epochs.latest(),
): Promise<Decision> =>
  decide(engine, membership, async (base) => ({
    kind: "epoch",
    epoch: await newEpoch(engine, membership, { base, previous }),
  }));

export interface DueEpoch {
  readonly previous: EpochKey | null;
}

/** What this device is to do now; null: nothing. */
export const dueEpoch = (membership: ClosedMembership, nowMs: number): DueEpoch | null => {
  const { control, epochs } = membership;
  if (control.isFrozen()) return null;
  const state = control.state();
  const last = state.epochs.at(-1);
  const decides = isSequencer(membership) && mayDecide(membership);
  // Its making was cut short
  if (last === undefined) return decides ? { previous: null } : null;
  const age = nowMs - last.madeMs;
  if (decides && age > epochMillisecondsMax) return { previous: epochs.latest() };
  if (decides && age < epochForcedMillisecondsMin) return null;
  const isLeaked = (leaked.get(membership) ?? -1) >= last.recordHeight;
  if (decides && isLeaked) return { previous: epochs.latest() };
  return lackedEpoch(membership, decides);
};

/**
 * A key that some lack is carried on by the next, by whoever has it: the sequencer, or owners where
 * the sequencer is one of those.
 */
const lackedEpoch = (membership: ClosedMembership, decides: boolean): DueEpoch | null => {
  const { control, keys, proposals } = membership;
  const state = control.state();
  const lacked = state.epochs.findLast(
    (epoch) => isLackedBySome(state, epoch) && !isCarriedOn(state, epoch),
  );
  const key = lacked === undefined ? undefined : keys.get(lacked.id);
  if (lacked === undefined || key === undefined) return null;
  const isOwners = isLackedBy(state, lacked, state.sequencer) && membership.standing() === "owner";
  const isUnderWay = [...proposals.values()].some(
    ({ proposal }) => proposal.content.kind === "epoch",
  );
  return (decides || isOwners) && !isUnderWay ? { previous: { id: lacked.id, key } } : null;
};

/**
 * The sequencer refused a proposal. The maker of an invite hands its keys over before it knows
 * that: then they are in the hands of somebody who is no member.
 */
export const noteRefusal = (
  membership: ClosedMembership,
  { kind }: ControlContent,
  fault: ChainFault,
): void => {
  if (kind !== "admit" && kind !== "device") return;
  // Its device is in already
  if (fault === "nonce-used" || fault === "known-device") return;
  leaked.set(membership, membership.control.head().height);
};

/** The height at which it came out. */
const leaked = new WeakMap<ClosedMembership, number>();

const isLackedBySome = (state: ControlState, epoch: EpochState): boolean =>
  [...state.devices.keys()].some((name) => isLackedBy(state, epoch, name));

/**
 * A device that was let in while the epoch was on its way to the sequencer has no part in it, and
 * one whose admission was on its way then was handed the key before.
 */
const isLackedBy = (state: ControlState, epoch: EpochState, name: KeyText): boolean => {
  const device = state.devices.get(name);
  if (device === undefined || roleOf(state, name) === null) return false;
  const { since, proposedAt } = device;
  const isLeftOut = since > epoch.height && since < epoch.recordHeight;
  return isLeftOut || (since > epoch.recordHeight && proposedAt < epoch.recordHeight);
};

/** By a later epoch, which all who lack it have a part in. */
const isCarriedOn = ({ epochs }: ControlState, { id }: EpochState): boolean =>
  epochs.some(({ bytes }) => {
    const read = readWhole(bytes, readEpoch);
    return read.ok && read.value.previous?.id === id;
  });
