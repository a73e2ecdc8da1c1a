/**
 * What becomes due in a closed network while it is online: decisions that waited until nobody said
 * otherwise, names of who came in, and keys that are to be replaced.
 */
import type { Engine } from "../engine.ts";
import { admissionRefusal } from "./admission.ts";
import { proposeAnew } from "./anew.ts";
import { carryKeys } from "./carry.ts";
import { settleCollections } from "./collections.ts";
import { followLate, sequenceWaiting } from "./decide.ts";
import { isEpochDue, renewEpoch } from "./epochs.ts";
import type { ClosedMembership } from "./membership.ts";
import { nameNewcomers } from "./naming.ts";
import { noteCompany } from "./order.ts";

/** Since the last time its invite expired: that is no record, so nothing else tells pages. */
export const hasLostHope = (membership: ClosedMembership, nowMs: number): boolean => {
  if (admissionRefusal(membership, nowMs) !== "invite-expired") return false;
  const isNew = !hopeless.has(membership);
  hopeless.add(membership);
  return isNew;
};

const hopeless = new WeakSet<ClosedMembership>();

/** Asked once a second. True: the chain says something else by now. */
export const tend = async (
  engine: Engine,
  membership: ClosedMembership,
  isAlone: boolean,
): Promise<boolean> => {
  noteCompany(membership, isAlone, engine.deps.timers.now());
  const hasSettled = membership.settling.ticksLeft === 1;
  membership.settling.ticksLeft = Math.max(0, membership.settling.ticksLeft - 1);
  const hasFollowed = (await followLate(engine, membership)) || hasSettled;
  const hasShared = await settleCollections(engine, membership);
  const hasNamed = await nameNewcomers(engine, membership);
  const hasRemade = await proposeAnew(engine, membership);
  const hasCarried = await carryKeys(engine, membership);
  const hasProposed = hasFollowed || hasShared || hasNamed || hasRemade || hasCarried;
  const hasDecided = (await sequenceWaiting(engine, membership)) || hasProposed;
  if (!isEpochDue(membership, engine.deps.timers.now())) return hasDecided;
  await renewEpoch(engine, membership);
  return true;
};
