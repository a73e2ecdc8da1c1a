/**
 * Sets of elements and their join. A distributed document is such a set, and what one sees of it is
 * a pure function of the set, so that merging is commutative, associative and idempotent whatever
 * is merged in whatever order.
 *
 * The join is the union without what is superseded. An element is superseded when all that it
 * speaks of was spoken of again by elements whose makers had seen it (their vectors are strictly
 * after its own). Being superseded is transitive: what superseded an element and was superseded
 * itself leaves something behind that supersedes both. So it makes no difference whether elements
 * are dropped early or late.
 */
import type { Fields, Value } from "../base/types.ts";
import { compareUtf8 } from "../base/utf8.ts";
import { valueKey } from "../cbor/value.ts";
import { vectorClock, type VectorClock } from "../clock/vector.ts";
import type { Element } from "./types.ts";

/** What one sees of a set of elements. */
export interface Reading {
  readonly deleted: boolean;
  /** The component-wise greatest of all: nothing that is superseded counts higher. */
  readonly vector: VectorClock;
  readonly timestamp: number;
  readonly peerId: string;
  readonly fields: Fields;
}

/** Sorted by their canonical bytes, each once. */
export const joinElements = (...sets: readonly (readonly Element[])[]): readonly Element[] => {
  const byKey = new Map(sets.flat().map((element) => [valueKey(element), element]));
  const all = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, element]) => element);
  return all.filter((element) => !isSuperseded(element, all));
};

/**
 * A delete wins over everything that had not seen it: only a whole document written by someone who
 * had supersedes it. Among elements that have not seen each other the later timestamp wins field by
 * field, then the greater peer id; a field that only one of them has stays. `elements` is a join
 * and not empty.
 */
export const readElements = (elements: readonly Element[]): Reading => {
  const deletes = elements.filter(({ kind }) => kind === "delete");
  const deleted = deletes.length > 0;
  const shown = deleted ? deletes : elements;
  const { timestamp, peerId } = latestOf(shown.filter((one) => !isSeenByAny(one, shown)));
  return {
    deleted,
    vector: elements.map(({ vector }) => vector).reduce(vectorClock.merge),
    timestamp,
    peerId,
    fields: readFields(shown),
  };
};

const isSuperseded = (element: Element, all: readonly Element[]): boolean => {
  const later = all.filter((other) => hasSeen(other, element));
  if (later.length === 0) return false;
  if (element.kind !== "update") return later.some(({ kind }) => kind !== "update");
  return namesIn(element).every((name) => later.some((other) => speaksOf(other, name)));
};

const hasSeen = (later: Element, earlier: Element): boolean =>
  vectorClock.strictlyBefore(earlier.vector, later.vector);

const isSeenByAny = (element: Element, others: readonly Element[]): boolean =>
  others.some((other) => hasSeen(other, element));

const speaksOf = (element: Element, name: string): boolean =>
  element.kind !== "update" || namesIn(element).includes(name);

const namesIn = ({ fields, unset }: Element): readonly string[] => [
  ...Object.keys(fields),
  ...unset,
];

const readFields = (shown: readonly Element[]): Fields => {
  const names = new Set(shown.flatMap(namesIn));
  const entries = [...names].flatMap((name): [string, Value][] => {
    const value = fieldOf(latestOf(speakersOf(name, shown)), name);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
};

/** Those that name the field and were not followed by any that spoke of it. */
const speakersOf = (name: string, shown: readonly Element[]): readonly Element[] =>
  shown.filter(
    (element) =>
      namesIn(element).includes(name) &&
      !shown.some((other) => hasSeen(other, element) && speaksOf(other, name)),
  );

/**
 * By timestamp, then peer; of equals the first, and elements stand in an order that all agree on.
 */
const latestOf = (elements: readonly Element[]): Element =>
  elements.reduce((latest, element) => {
    const difference =
      element.timestamp - latest.timestamp || compareUtf8(element.peerId, latest.peerId);
    return difference > 0 ? element : latest;
  });

const fieldOf = ({ fields }: Element, name: string): Value | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;
