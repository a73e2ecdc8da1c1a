/**
 * Who decides, and when it may: a profile that was rolled back does not know of its last decisions,
 * and would decide anew at heights that are taken. So a sequencer decides only after another
 * member's device named a head that it holds, or nobody was there to name one for a while.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { sequencerHearMillisecondsMax } from "../../core/base/limits.ts";
import type { ControlContent } from "../../core/network/closed/content.ts";
import { roleOf } from "../../core/network/closed/state.ts";
import type { ControlHead } from "../../core/network/control.ts";
import type { ClosedMembership } from "./membership.ts";

/** Records are this device's to make; one that opens a term is its new sequencer's. */
export const decidesHere = (membership: ClosedMembership, content: ControlContent): boolean => {
  const { publicKey } = membership.device;
  return content.kind === "term"
    ? equalBytes(content.sequencer, publicKey)
    : isSequencer(membership);
};

export const isSequencer = ({ control, device }: ClosedMembership): boolean =>
  control.state().sequencer === bytesToHex(device.publicKey);

/** False: it waits to hear of decisions that it may have forgotten. */
export const mayDecide = (membership: ClosedMembership): boolean => {
  if (!hasOthers(membership)) heard.add(membership);
  return heard.has(membership);
};

/** A member said where it stands. True: by that this device may decide from now on. */
export const hearHead = (membership: ClosedMembership, head: ControlHead): boolean => {
  if (heard.has(membership) || membership.control.find(head).kind !== "known") return false;
  heard.add(membership);
  return isSequencer(membership);
};

/** Told each second while this device is online: whether a member is, too. */
export const noteCompany = (membership: ClosedMembership, isAlone: boolean, now: number): void => {
  const before = alone.get(membership);
  // Whoever was offline meanwhile met nobody
  const isSame = before !== undefined && now - before.last < gapMilliseconds;
  const since = isSame ? before.since : now;
  if (isAlone) alone.set(membership, { since, last: now });
  else alone.delete(membership);
  if (isAlone && now - since >= sequencerHearMillisecondsMax) heard.add(membership);
};

/** For as long as the database stays open: what it decides from then on it knows. */
const heard = new WeakSet<ClosedMembership>();
const alone = new WeakMap<ClosedMembership, { readonly since: number; readonly last: number }>();
const gapMilliseconds = 5_000;

const hasOthers = ({ control, device }: ClosedMembership): boolean => {
  const state = control.state();
  const self = bytesToHex(device.publicKey);
  return [...state.devices.keys()].some((name) => name !== self && roleOf(state, name) !== null);
};
