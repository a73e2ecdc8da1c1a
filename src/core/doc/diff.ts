/**
 * From what a caller wants of a document to the one op that says so. The op names, register by
 * register, every entry that its writer sees there, and every living birth: nothing unseen is ever
 * replaced or deleted.
 */
import { invalid } from "../base/errors.ts";
import { unsetEntriesPerOpMax, writeEntriesPerOpMax } from "../base/limits.ts";
import { assert } from "../base/result.ts";
import type { Dot, Path, Stamp, Time, Value } from "../base/types.ts";
import { equalValues } from "../cbor/value.ts";
import { sortDots } from "../op/dots.ts";
import { pathKey } from "../op/path.ts";
import type { DeleteOp, Entry, WriteOp } from "../op/types.ts";
import { isIdle, type Change, type ReplaceChange, type SetChange } from "./change.ts";
import { createDraft, type Draft } from "./draft.ts";
import { emptyState, stampAt, toGeneral, valueAt } from "./pack.ts";
import type { StampedLeaf } from "./read.ts";
import { placePaths } from "./shapes.ts";
import { birthsOf, isAlive, type DocumentState } from "./state.ts";

/** The op's name and time, and what its writer sees of the document. */
export interface WriteContext {
  readonly id: string;
  readonly state: DocumentState | null;
  readonly dot: Dot;
  readonly time: Time;
}

/**
 * One op for all changes; a later change sees what the earlier ones wrote. Null where nothing would
 * change: no op is written and no number used. `birth`: the document is born with it, which a
 * document that is not alive needs. Throws TooLarge, naming the document, over 256 values or 16,384
 * removals. Paths and values must have been checked.
 */
export const makeWrite = (
  context: WriteContext,
  changes: readonly Change[],
  { birth }: { readonly birth: boolean },
): WriteOp | null => {
  const { id, state, dot, time } = context;
  assert(birth || isAlive(state), "only a birth writes to a document that is not alive");
  const entries = entriesOf(context, changes, birth);
  if (entries.length === 0 && !birth) return null;
  const seen = birthsOf(state).map((each) => each.dot);
  const births = birth ? sortDots([...seen, dot]) : seen;
  return { kind: "write", id, dot, time, birth, births, entries: withinLimits(id, entries) };
};

/** Deletes the births that the writer sees, and no others. Null where none lives. */
export const makeDelete = ({ id, state, dot, time }: WriteContext): DeleteOp | null => {
  const births = birthsOf(state).map((each) => each.dot);
  return births.length === 0 ? null : { kind: "delete", id, dot, time, births };
};

/**
 * Writes a document that lives elsewhere into this scope: a birth of its own, whose values rank by
 * their first stamps, beside what the scope may hold of that id. Values that are equal there are
 * written too, and are no conflict: were they left out, a delete of the other birth would take them
 * away and leave half a document. More than one op only for a document that a merge made larger
 * than one can be. `next` gives each op its name and time.
 */
export const makeReissue = (
  id: string,
  leaves: readonly StampedLeaf[],
  next: () => Pick<WriteContext, "dot" | "time">,
): readonly WriteOp[] => {
  const entries = leaves.map(({ path, value, stamp }) => plainSet(path, value, stamp));
  const first = next();
  const births = [first.dot];
  const head = entries.slice(0, writeEntriesPerOpMax);
  const ops: WriteOp[] = [{ kind: "write", id, ...first, birth: true, births, entries: head }];
  for (let at = writeEntriesPerOpMax; at < entries.length; at += writeEntriesPerOpMax) {
    const part = entries.slice(at, at + writeEntriesPerOpMax);
    ops.push({ kind: "write", id, ...next(), birth: false, births, entries: part });
  }
  return ops;
};

const plainSet = (path: Path, value: Value, origin: Stamp | null): Entry => ({
  kind: "set",
  path,
  value,
  replaces: [],
  seen: [],
  origin,
});

const entriesOf = (
  { id, state, dot }: WriteContext,
  changes: readonly Change[],
  birth: boolean,
): readonly Entry[] => {
  // A document born again must not lean on values that only the older birth keeps alive.
  const isComplete = birth && isAlive(state);
  const short = isAlive(state)
    ? overwriteEntries(state, changes, isComplete)
    : freshEntries(changes);
  if (short !== null) return short;
  const held = toGeneral(state ?? emptyState(id)).registers;
  const draft = createDraft(held, dot);
  const isDue = (change: Change): boolean => (isComplete && isSet(change)) || !isIdle(held, change);
  for (const change of changes) {
    if ("replace" in change) replaceSubtree(draft, change, isDue);
    else if (draft.touches(change.path) || isDue(change)) applyChange(draft, change);
  }
  return draft.entries();
};

/** An insert, nearly always: nothing is seen, and no two changes meet. Null otherwise. */
const freshEntries = (changes: readonly Change[]): readonly Entry[] | null => {
  if (!changes.every(isSet)) return null;
  const placement = placePaths(changes);
  if (placement === null || placement.shape.clashes) return null;
  return changes.map((change) => plainSet(change.path, change.set, change.origin ?? null));
};

/**
 * Fields of an ordinary document that get another value: nothing above or below is held. Null
 * otherwise.
 */
const overwriteEntries = (
  state: DocumentState,
  changes: readonly Change[],
  isComplete: boolean,
): readonly Entry[] | null => {
  if (state.kind !== "plain" || state.shape.clashes || !changes.every(isSet)) return null;
  if (changes.length > 1 && placePaths(changes) === null) return null;
  const entries: Entry[] = [];
  for (const { path, set, origin } of changes) {
    const index = state.shape.indexByKey.get(pathKey(path));
    if (index === undefined) return null;
    if (!isComplete && equalValues(valueAt(state, index), set)) continue;
    const replaces = [stampAt(state, index).dot];
    entries.push({ ...plainSet(path, set, origin ?? null), replaces });
  }
  return entries;
};

const isSet = (change: Change): change is SetChange => "set" in change;

const applyChange = (draft: Draft, change: Exclude<Change, ReplaceChange>): void => {
  if ("set" in change) draft.set(change.path, change.set, change.origin ?? null);
  else if ("unset" in change) draft.unset(change.path);
  else if ("add" in change) draft.add(change.path, change.add);
  else if ("remove" in change) draft.remove(change.path, change.remove);
  else draft.increment(change.path, change.increment);
};

const replaceSubtree = (
  draft: Draft,
  { path, replace }: ReplaceChange,
  isDue: (change: Change) => boolean,
): void => {
  draft.clear(path, new Set(replace.map((leaf) => pathKey(leaf.path))));
  for (const leaf of replace) {
    const isWritten = isDue({ path: leaf.path, set: leaf.value });
    if (isWritten) draft.set(leaf.path, leaf.value, null);
  }
};

const withinLimits = (id: string, entries: readonly Entry[]): readonly Entry[] => {
  const removals = entries.filter((each) => each.kind === "unset" || each.kind === "remove").length;
  refuseOver(id, entries.length - removals, writeEntriesPerOpMax, "values");
  refuseOver(id, removals, unsetEntriesPerOpMax, "removals");
  return entries;
};

const refuseOver = (id: string, count: number, most: number, what: string): void => {
  if (count <= most) return;
  const counts = `${String(count)} ${what} in one write, at most ${String(most)}`;
  throw invalid("TooLarge", `document "${id}": ${counts}`, id);
};
