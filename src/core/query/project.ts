/**
 * The part of a document that a query asks for.
 */
import { invalid } from "../base/errors.ts";
import type { DocumentFields, Fields, Value } from "../base/types.ts";
import { describe } from "../cbor/check.ts";
import { isArrayValue, isMapValue } from "../cbor/value.ts";

/**
 * Keeps `id` and the dotted fields named; of an array of objects the named part of each. A field
 * that is not there is left out; null or no list keeps everything. Throws InvalidQuery for a list
 * that names nothing one could mean.
 */
export const compileProjection = (
  fields: readonly string[] | null | undefined,
): ((row: DocumentFields) => DocumentFields) => {
  if (fields === null || fields === undefined) return (row) => row;
  const wanted: Wanted = new Map();
  for (const [at, field] of fields.entries()) want(wanted, namesOf(field, at));
  return (row) => ({ ...pick(row, wanted), id: row.id });
};

export const projectFields = (
  row: DocumentFields,
  fields?: readonly string[] | null,
): DocumentFields => compileProjection(fields)(row);

/** By name: what is wanted of it, null for all. */
type Wanted = Map<string, Wanted | null>;

const namesOf = (field: unknown, at: number): readonly string[] => {
  const path = `fields[${String(at)}]`;
  if (typeof field !== "string") {
    throw invalid("InvalidQuery", `${path}: a field's name, not ${describe(field)}`, path);
  }
  const names = field.split(".");
  if (names.includes("")) throw invalid("InvalidQuery", `${path}: an empty name`, path);
  return names;
};

const want = (wanted: Wanted, [name = "", ...rest]: readonly string[]): void => {
  const held = wanted.get(name);
  if (held === null) return;
  if (rest.length === 0) {
    wanted.set(name, null);
    return;
  }
  const inside: Wanted = held ?? new Map<string, Wanted | null>();
  wanted.set(name, inside);
  want(inside, rest);
};

const pick = (fields: Fields, wanted: Wanted): Fields =>
  // In the document's own order; fromEntries makes a field of any name.
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]): [string, Value][] => {
      const inside = wanted.get(name);
      if (inside === undefined) return [];
      const picked = inside === null ? value : pickInside(value, inside);
      return picked === undefined ? [] : [[name, picked]];
    }),
  );

/** Undefined where the way ends: a scalar has no part. */
const pickInside = (value: Value, wanted: Wanted): Value | undefined => {
  if (isArrayValue(value)) {
    return value.flatMap((element) => (isMapValue(element) ? [pick(element, wanted)] : []));
  }
  return isMapValue(value) ? pick(value, wanted) : undefined;
};
