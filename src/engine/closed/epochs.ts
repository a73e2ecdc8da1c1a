/**
 * When a network's key is replaced though nobody was removed: by the sequencer, after 90 days,
 * where a device was handed keys and is not let in, and where one that was let in can lack a key.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { epochForcedMillisecondsMin, epochMillisecondsMax } from "../../core/base/limits.ts";
import type { ChainFault } from "../../core/network/closed/chain.ts";
import type { ParsedProposal } from "../../core/network/closed/record.ts";
import {
  roleOf,
  type ControlState,
  type EpochState,
  type KeyText,
} from "../../core/network/closed/state.ts";
import type { Engine } from "../engine.ts";
import { decide, type Decision } from "./decide.ts";
import { isOpenBeside, newEpoch } from "./keys.ts";
import type { ClosedMembership } from "./membership.ts";
import { isSequencer, mayDecide } from "./order.ts";

/** What this device can of the keys before goes on with it. */
export const renewEpoch = (engine: Engine, membership: ClosedMembership): Promise<Decision> =>
  decide(engine, membership, async (base) => ({
    kind: "epoch",
    epoch: await newEpoch(engine, membership, { base, previous: membership.epochs.latest() }),
  }));

/** Whether this device is to replace the key now. */
export const isEpochDue = (membership: ClosedMembership, nowMs: number): boolean => {
  const { control } = membership;
  const decides = !control.isFrozen() && isSequencer(membership) && mayDecide(membership);
  if (!decides) return false;
  const state = control.state();
  const last = state.epochs.at(-1);
  // Its making was cut short
  if (last === undefined) return true;
  const age = nowMs - last.madeMs;
  if (age > epochMillisecondsMax) return true;
  // Made by a clock that ran ahead, it would be too young for years
  if (age >= 0 && age < epochForcedMillisecondsMin) return false;
  // What was skipped before is carried on by whoever has it (carry.ts)
  const isLeaked = (leaked.get(membership) ?? -1) >= last.recordHeight || isOpenBeside(control);
  return isLeaked || isLackedBySome(state, last);
};

/**
 * The sequencer refused a proposal. The maker of an invite hands its keys over before it knows
 * that: then they are in the hands of somebody who is no member. Whoever is no member has none to
 * hand over: what it asks for tells of no leak.
 */
export const noteRefusal = (
  membership: ClosedMembership,
  { proposal: { content }, signed }: ParsedProposal,
  fault: ChainFault,
): void => {
  if (content.kind !== "admit" && content.kind !== "device") return;
  // Its device is in already, or nobody knows whose wish it is
  if (fault === "nonce-used" || fault === "known-device" || fault === "signature") return;
  const state = membership.control.state();
  const isOfMember = signed.signatures.some(
    ({ signer }) => roleOf(state, bytesToHex(signer)) !== null,
  );
  if (!isOfMember) return;
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
