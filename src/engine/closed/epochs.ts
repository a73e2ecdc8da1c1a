/**
 * When a network's key is replaced though nobody was removed: by the sequencer, after 90 days,
 * where a device was handed keys and is not let in, and where one that was let in can lack the
 * present key.
 */
import { epochForcedMillisecondsMin, epochMillisecondsMax } from "../../core/base/limits.ts";
import type { ChainFault } from "../../core/network/closed/chain.ts";
import type { ControlContent } from "../../core/network/closed/content.ts";
import { roleOf, type ControlState, type EpochState } from "../../core/network/closed/state.ts";
import type { Engine } from "../engine.ts";
import { decide, type Decision } from "./decide.ts";
import { newEpoch } from "./keys.ts";
import type { ClosedMembership } from "./membership.ts";
import { isSequencer, mayDecide } from "./order.ts";

export const renewEpoch = (engine: Engine, membership: ClosedMembership): Promise<Decision> =>
  decide(engine, membership, async (base) => ({
    kind: "epoch",
    epoch: await newEpoch(engine, membership, base),
  }));

/** Whether this device is to do it now. */
export const isEpochDue = (membership: ClosedMembership, nowMs: number): boolean => {
  const { control } = membership;
  if (!isSequencer(membership) || control.isFrozen() || !mayDecide(membership)) return false;
  const state = control.state();
  const last = state.epochs.at(-1);
  // Its making was cut short
  if (last === undefined) return true;
  const age = nowMs - last.madeMs;
  if (age > epochMillisecondsMax) return true;
  if (age < epochForcedMillisecondsMin) return false;
  return isLackedBySome(state, last) || (leaked.get(membership) ?? -1) >= last.recordHeight;
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

/**
 * A device that was let in while the epoch was on its way to the sequencer has no part in it, and
 * one whose admission was on its way then was handed the key before.
 */
const isLackedBySome = (state: ControlState, epoch: EpochState): boolean =>
  [...state.devices].some(([name, { since, proposedAt }]) => {
    if (roleOf(state, name) === null) return false;
    const isLeftOut = since > epoch.height && since < epoch.recordHeight;
    return isLeftOut || (since > epoch.recordHeight && proposedAt < epoch.recordHeight);
  });
