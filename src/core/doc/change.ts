/**
 * What a caller wants of a document, before it is an op: the changes that `diff.ts` turns into
 * entries, and the question whether a change would change anything.
 */
import type { Path, Stamp, Value } from "../base/types.ts";
import { equalValues, isArrayValue, valueKey } from "../cbor/value.ts";
import { equalDots, includesDot } from "../op/dots.ts";
import { isBelow } from "../op/path.ts";
import type { HeldBase, HeldElement, HeldTotal, PathRegisters } from "./state.ts";

/** One wish about one path. Several make one op; a later one sees what the earlier ones wrote. */
export type Change = SetChange | UnsetChange | ElementChange | IncrementChange | ReplaceChange;

export interface SetChange {
  readonly path: Path;
  readonly set: Value;
  /** The first stamp of a value that is written anew. */
  readonly origin?: Stamp;
}

export interface UnsetChange {
  readonly path: Path;
  readonly unset: true;
}

/** One element of a set. */
export type ElementChange =
  { readonly path: Path; readonly add: Value } | { readonly path: Path; readonly remove: Value };

export interface IncrementChange {
  readonly path: Path;
  readonly increment: number;
}

/** The subtree becomes exactly these leaves, each with its whole path; none: it is gone. */
export interface ReplaceChange {
  readonly path: Path;
  readonly replace: readonly ChangeLeaf[];
}

export interface ChangeLeaf {
  readonly path: Path;
  readonly value: Value;
}

/**
 * Whether the document would read the same afterwards: such a change is not written, and a value
 * keeps its first stamp. An `add` is never idle, since it stands against a remove that happens
 * elsewhere; nor is an increment, by nothing either, since it makes a counter where none was.
 */
export const isIdle = (registers: readonly PathRegisters[], change: Change): boolean => {
  if ("set" in change) return isSetIdle(registers, change);
  if ("unset" in change) return inSubtree(registers, change.path).every(showsNothing);
  if ("remove" in change) {
    const at = registers.find((each) => equalPaths(each.path, change.path));
    return at === undefined || !showsElement(at, valueKey(change.remove));
  }
  return false;
};

/**
 * Whether a path shows nothing under any strategy: no value, no element, no counter beyond what was
 * overwritten.
 */
export const showsNothing = ({ base, elements, runs }: PathRegisters): boolean =>
  base.every((held) => held.kind === "unset") &&
  elements.every((held) => held.kind === "remove") &&
  (runs.length === 0 || (base.length > 0 && base.every((held) => hasSeen(held, runs))));

/** The one sibling is this value already, and nothing above or below contradicts it. */
const isSetIdle = (
  registers: readonly PathRegisters[],
  { path, set }: { readonly path: Path; readonly set: Value },
): boolean => {
  const at = registers.find((each) => equalPaths(each.path, path));
  const [held] = at?.base ?? [];
  if (at === undefined || held?.kind !== "set" || !equalValues(held.value, set)) return false;
  const isAlone = at.base.length === 1 && at.elements.length === 0 && at.runs.length === 0;
  const around = registers.filter((each) => isBelow(each.path, path) || isBelow(path, each.path));
  return isAlone && around.every(showsNothing);
};

const hasSeen = ({ seen }: HeldBase, runs: readonly HeldTotal[]): boolean =>
  runs.every(({ run, total }) =>
    seen.some((each) => equalDots(each.run, run) && each.total === total),
  );

const inSubtree = (registers: readonly PathRegisters[], path: Path): readonly PathRegisters[] =>
  registers.filter((each) => equalPaths(each.path, path) || isBelow(path, each.path));

const showsElement = ({ base, elements }: PathRegisters, elementKey: string): boolean => {
  const held = elements.filter((each) => each.elementKey === elementKey);
  return (
    held.some((each) => each.kind === "add") ||
    base.some((each) => containsElement(each, elementKey) && !isRemoved(held, each))
  );
};

const containsElement = (held: HeldBase, elementKey: string): boolean =>
  held.kind === "set" &&
  isArrayValue(held.value) &&
  held.value.some((element) => valueKey(element) === elementKey);

const isRemoved = (elements: readonly HeldElement[], base: HeldBase): boolean =>
  elements.some((each) => each.kind === "remove" && includesDot(each.bases, base.dot));

const equalPaths = (a: Path, b: Path): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);
