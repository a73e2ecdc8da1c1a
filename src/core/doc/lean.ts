/**
 * Which ops a document's state leans on, and whether it can be written anew without them: for
 * trimming a log that nobody else has.
 */
import type { Dot } from "../base/types.ts";
import { toGeneral } from "./pack.ts";
import { visibleLeaves, type StampedLeaf } from "./read.ts";
import { birthsOf, type DocumentState, type PathRegisters } from "./state.ts";

/** The ops without which the state would be another: births, and what is visible under them. */
export const dotsOf = (state: DocumentState): readonly Dot[] => {
  const births = birthsOf(state).map(({ dot }) => dot);
  if (state.kind === "plain") {
    const stamps = state.stamps ?? [];
    return [...births, ...stamps.flatMap((stamp) => (stamp === null ? [] : [stamp.dot]))];
  }
  const entries = state.registers.flatMap(({ base, elements, runs }) => [
    ...[...base, ...elements, ...runs].map(({ dot }) => dot),
    ...runs.map(({ run }) => run),
    ...base.flatMap(({ seen }) => seen.map(({ run }) => run)),
  ]);
  return [...births, ...entries];
};

/**
 * What a reader sees of it, if that is all it holds; null: siblings or clashing paths are left for
 * a person to decide, and would be gone.
 */
export const soleLeaves = (state: DocumentState, now: number): readonly StampedLeaf[] | null => {
  if (birthsOf(state).length !== 1) return null;
  const leaves = visibleLeaves(state, { strategy: "last-write-wins", now });
  if (state.kind === "plain") return state.shape.clashes ? null : leaves;
  const { registers } = toGeneral(state);
  if (registers.some(({ base }) => base.length > 1)) return null;
  return registers.filter(showsValue).length === leaves.length ? leaves : null;
};

const showsValue = ({ base, elements, runs }: PathRegisters): boolean =>
  base.some(({ kind }) => kind === "set") ||
  elements.some(({ kind }) => kind === "add") ||
  runs.length > 0;
