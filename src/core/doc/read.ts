/**
 * What a reader sees of a document: its fields under a conflict strategy, and what there is to tell
 * about them. Pure functions of state, strategy and clock; nothing that is read changes what is
 * held.
 */
import type { Dot, DocumentFields, Fields, Path, Stamp, Value, WriterId } from "../base/types.ts";
import { readSiblingsMax } from "../base/limits.ts";
import { buildDocument } from "../cbor/document.ts";
import { copyValue, valueKey } from "../cbor/value.ts";
import { highestDots } from "../op/dots.ts";
import { pathKey } from "../op/path.ts";
import { findRegisters, stampAt, toGeneral, valueAt } from "./pack.ts";
import {
  isQuarantined,
  latestOf,
  shownValues,
  type ReadOptions,
  type ShownValue,
} from "./resolve.ts";
import {
  birthsOf,
  isAlive,
  stampOf,
  type DocumentState,
  type EntryStamp,
  type HeldBase,
  type PathRegisters,
  type PlainState,
} from "./state.ts";

/**
 * A living document. Nothing in it is shared with the state, except dots and stamps, which are
 * never mutated.
 */
export interface DocumentView {
  readonly fields: DocumentFields;
  /** Fields that begin with `_`: the database's own, `_entryType` among them. */
  readonly ours: Fields;
  /** Made when first asked for. */
  readonly meta: DocumentMeta;
}

export interface DocumentMeta {
  /**
   * What the view was made from: the highest n of each writer among living births and visible
   * entries.
   */
  readonly vector: Readonly<Record<WriterId, number>>;
  /** The latest of the entries' stamps; of the births' where there are no entries. */
  readonly latest: Stamp;
  /** Dotted paths at which siblings differ. */
  readonly conflicts: readonly string[];
  /** Dotted paths that show a value though its stamp is ahead of this device's clock. */
  readonly quarantined: readonly string[];
}

/** A leaf that a reader sees, and what it ranks by. */
export interface StampedLeaf {
  readonly path: Path;
  readonly value: Value;
  readonly stamp: Stamp;
}

/** One concurrent value of a path; without `value`: someone unset it. */
export interface Sibling {
  readonly value?: Value;
  readonly stamp: Stamp;
  readonly dot: Dot;
}

/** Null unless the document is alive. */
export const readDocument = (
  state: DocumentState | null,
  options: ReadOptions,
): DocumentView | null => {
  if (!isAlive(state)) return null;
  const fields: Record<string, Value> & { id: string } = { id: state.id };
  const ours: Record<string, Value> = {};
  if (state.kind === "plain" && state.shape.isFlat && state.shape.showsAll) {
    // Nearly all documents: nothing to sort out
    const { paths } = state.shape;
    for (let at = 0; at < paths.length; at++) {
      fields[paths[at]?.[0] ?? ""] = copyValue(valueAt(state, at));
    }
  } else
    for (const [name, value] of fieldsOf(state, options)) {
      if (name.startsWith("_")) ours[name] = value;
      // No replica takes such a path for another document's id.
      else if (name !== "id") fields[name] = value;
    }
  let meta: DocumentMeta | null = null;
  return {
    fields,
    ours,
    get meta() {
      return (meta ??= readMeta(state, options));
    },
  };
};

/**
 * The leaves that a reader sees, each with the stamp that it ranks by: what is written anew in
 * another home.
 */
export const visibleLeaves = (
  state: DocumentState | null,
  options: ReadOptions,
): readonly StampedLeaf[] =>
  isAlive(state)
    ? shownValues(toGeneral(state).registers, options).map(({ path, value, by }) => ({
        path,
        value,
        stamp: stampOf(by),
      }))
    : [];

/** The first concurrent values of a path in the order of their stamps, and how many there are. */
export const readSiblings = (
  state: DocumentState | null,
  path: Path,
): { readonly siblings: readonly Sibling[]; readonly count: number } => {
  if (state === null) return { siblings: [], count: 0 };
  const { registers } = toGeneral(state);
  const { base } = registers[findRegisters(registers, pathKey(path))] ?? { base: [] };
  return { siblings: base.slice(0, readSiblingsMax).map(toSibling), count: base.length };
};

const toSibling = (held: HeldBase): Sibling => ({
  ...(held.kind === "set" ? { value: copyValue(held.value) } : {}),
  stamp: stampOf(held),
  dot: held.dot,
});

// --------------------------------------------------------------------------------- fields

/** Top-level names with their values, copied. */
const fieldsOf = (state: DocumentState, options: ReadOptions): Iterable<[string, Value]> => {
  if (state.kind === "plain" && state.shape.isFlat) return flatFields(state);
  return Object.entries(buildDocument(leavesOf(state, options)));
};

/** Nearly all documents: every path is one name, so nothing can hide anything. */
const flatFields = (state: PlainState): [string, Value][] =>
  state.shape.paths.map((path, index) => [pathKey(path), copyValue(valueAt(state, index))]);

const leavesOf = (
  state: DocumentState,
  options: ReadOptions,
): readonly { readonly path: Path; readonly value: Value }[] => {
  if (state.kind === "plain" && !state.shape.clashes) {
    return state.shape.paths.map((path, index) => ({ path, value: valueAt(state, index) }));
  }
  return shownValues(toGeneral(state).registers, options);
};

// ----------------------------------------------------------------------------------- meta

const readMeta = (state: DocumentState, options: ReadOptions): DocumentMeta => {
  const births = birthsOf(state).map(({ dot, time }) => ({ dot, time, origin: null }));
  const entries = visibleEntries(state);
  const dots = highestDots([...births, ...entries].map((each) => each.dot));
  const { registers } = toGeneral(state);
  // A document that moved, or was written anew, was born again, but nobody wrote to it
  const [first, ...rest] = entries.length > 0 ? entries : births;
  if (first === undefined) throw new Error("invariant broken: a living document has a birth");
  return {
    vector: Object.fromEntries(dots.map(({ writer, n }) => [writer, n])),
    latest: stampOf(latestOf([first, ...rest], options.now)),
    conflicts: registers.filter(isConflict).map((each) => each.key),
    quarantined: quarantinedPaths(state, options),
  };
};

const visibleEntries = (state: DocumentState): readonly EntryStamp[] =>
  state.kind === "plain"
    ? state.values.map((_, index) => stampAt(state, index))
    : state.registers.flatMap((each) => [...each.base, ...each.elements, ...each.runs]);

/** Equal siblings are no conflict. */
const isConflict = ({ base }: PathRegisters): boolean =>
  base.length > 1 && new Set(base.map(siblingKey)).size > 1;

const siblingKey = (held: HeldBase): string =>
  held.kind === "unset" ? "unset" : `set ${valueKey(held.value)}`;

const quarantinedPaths = (state: DocumentState, options: ReadOptions): readonly string[] => {
  if (!visibleEntries(state).some((entry) => isQuarantined(entry, options.now))) return [];
  const values = shownValues(toGeneral(state).registers, options);
  return values.filter(isShownInQuarantine).map(({ path }) => pathKey(path));
};

const isShownInQuarantine = (value: ShownValue): boolean => value.quarantined;
