/**
 * The order of a query's rows, and cursors: opaque texts that say after which row the next page
 * begins.
 */
import { base64UrlToBytes, bytesToBase64Url } from "../base/bytes.ts";
import { invalid, type NebulusError } from "../base/errors.ts";
import type { DocumentFields, Fields, Value } from "../base/types.ts";
import { compareUtf8 } from "../base/utf8.ts";
import { describe, isPlainObject } from "../cbor/check.ts";
import { decodeValue, encodeValue, isArrayValue, isMapValue } from "../cbor/value.ts";
import { compareAny, equalAny } from "./order.ts";

/** Sort keys in order of weight, dotted paths. */
export type SortData = readonly (readonly [path: string, direction: 1 | -1])[];

/** Total: ties of all keys are broken by id, ascending. */
export type Compare = (a: DocumentFields, b: DocumentFields) => number;

/**
 * Takes `{ field: 1 | -1 | "asc" | "desc" }` or a list of `[field, direction]`. An object's names
 * that are whole numbers come first in JavaScript whatever their place: use a list for those.
 * Throws InvalidQuery.
 */
export const normaliseSort = (sort: unknown): SortData => {
  const keys = entriesOf(sort).map(parseKey);
  const paths = keys.map(([path]) => path);
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined) throw refuse(`sort by "${twice}" twice`, "sort");
  return keys;
};

/** Takes what `normaliseSort` takes; no sort is the order of ids. */
export const compileSort = (sort: unknown): Compare => {
  const keys = normaliseSort(sort).map(([path, direction]) => ({
    names: path.split("."),
    direction,
  }));
  return (a, b) => {
    for (const { names, direction } of keys) {
      const difference = compareAny(valueAt(a, names), valueAt(b, names));
      if (difference !== 0) return difference * direction;
    }
    return compareUtf8(a.id, b.id);
  };
};

/** Names a row's place in the order, also once the row is gone: base64url text. */
export const encodeCursor = (row: DocumentFields, sort: SortData): string => {
  const place: Record<string, Value> = {};
  // The shorter path first: it holds what a longer one names.
  const paths = sort.map(([path]) => path.split(".")).sort((a, b) => a.length - b.length);
  for (const names of paths) {
    const value = valueAt(row, names);
    if (value !== undefined && valueAt(place, names) === undefined) setAt(place, names, value);
  }
  return bytesToBase64Url(encodeValue([sort, place, row.id]));
};

/**
 * What stands in the row's place: of the fields that the sort looks at just enough, and its id.
 * Rows that `compileSort(sort)` puts behind it come after the cursor. Throws InvalidQuery for text
 * that is no cursor, or one of another sort.
 */
export const decodeCursor = (text: string, sort: SortData): DocumentFields => {
  const bytes = base64UrlToBytes(text);
  const decoded = bytes === null ? null : decodeValue(bytes, cursorNestingMax);
  if (decoded?.ok !== true || !isArrayValue(decoded.value)) throw refuse(noCursor, "after");
  const [madeFor = null, place = null, id = null] = decoded.value;
  if (!isMapValue(place) || typeof id !== "string") throw refuse(noCursor, "after");
  if (!equalAny(madeFor, sort)) {
    throw refuse("a cursor of another sort; begin again without one", "after");
  }
  return { ...place, id };
};

const entriesOf = (sort: unknown): readonly (readonly [unknown, unknown])[] => {
  if (sort === undefined || sort === null) return [];
  if (isPlainObject(sort)) return Object.entries(sort);
  if (!Array.isArray(sort)) {
    const example = '{ name: 1 } or [["name", "desc"]]';
    throw refuse(`sort is ${example}, not ${describe(sort)}`, "sort");
  }
  return Array.from<unknown>(sort).map((pair, at) => {
    if (Array.isArray(pair) && pair.length === 2) return [pair[0], pair[1]];
    throw refuse('a list of pairs such as ["name", "desc"]', `sort[${String(at)}]`);
  });
};

const parseKey = ([path, direction]: readonly [unknown, unknown]): [string, 1 | -1] => {
  if (typeof path !== "string") throw refuse(`a field's name, not ${describe(path)}`, "sort");
  const place = `sort.${path}`;
  if (path.split(".").includes("")) throw refuse("an empty name in the path", place);
  if (path.startsWith("$")) throw refuse("a field's name, not an operator", place);
  if (direction === 1 || direction === "asc") return [path, 1];
  if (direction === -1 || direction === "desc") return [path, -1];
  throw refuse('the direction is 1, -1, "asc" or "desc"', place);
};

/** Into objects by name, into arrays by index; an array as a whole is one value of the order. */
const valueAt = (row: Fields, names: readonly string[]): Value | undefined => {
  let value: Value | undefined = row;
  for (const name of names) {
    if (value === undefined) return undefined;
    if (isArrayValue(value)) value = /^[0-9]+$/.test(name) ? value[Number(name)] : undefined;
    else value = isMapValue(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
};

/** Indices become names: a cursor is read by `valueAt` only, which takes both. */
const setAt = (place: Record<string, Value>, names: readonly string[], value: Value): void => {
  const [name = "", ...rest] = names;
  if (rest.length === 0) {
    place[name] = value;
    return;
  }
  const held = place[name];
  const inside: Record<string, Value> = held !== undefined && isMapValue(held) ? { ...held } : {};
  setAt(inside, rest, value);
  place[name] = inside;
};

const refuse = (what: string, path: string): NebulusError =>
  invalid("InvalidQuery", `${path}: ${what}`, path);

const noCursor = "not a cursor; take one that an earlier answer gave";
/**
 * A cursor's own arrays and the deepest value that a document can hold; merged ones may be deeper.
 */
const cursorNestingMax = 32;
