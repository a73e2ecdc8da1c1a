/** What is done for a network one call after another, by what it is about. */
import { createTurns, type Turns } from "../../core/base/turns.ts";
import type { ClosedMembership } from "./membership.ts";

export type TurnsOfAll = WeakMap<ClosedMembership, Turns>;

export const turnsOf = (all: TurnsOfAll, membership: ClosedMembership): Turns => {
  const known = all.get(membership) ?? createTurns();
  all.set(membership, known);
  return known;
};
