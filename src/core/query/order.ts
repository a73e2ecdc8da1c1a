/**
 * Types of values and one total order over all of them, which sorting, comparing and equality
 * share. Apart from the order of canonical bytes (core/cbor/value.ts), which replicas agree on:
 * this one is for people.
 */
import { compareBytes } from "../base/bytes.ts";
import type { Value } from "../base/types.ts";
import { compareUtf8 } from "../base/utf8.ts";
import { isArrayValue } from "../cbor/value.ts";

export type ValueType =
  "null" | "boolean" | "number" | "string" | "date" | "bytes" | "vector" | "array" | "object";

export const typeOf = (value: Value): ValueType => {
  if (value === null) return "null";
  if (typeof value !== "object") return primitiveType(value);
  if (Array.isArray(value)) return "array";
  if (value instanceof Date) return "date";
  if (value instanceof Uint8Array) return "bytes";
  return value instanceof Float32Array ? "vector" : "object";
};

/**
 * Negative, zero or positive; zero only for equal contents. Missing < null < booleans < numbers <
 * strings (by code points) < dates < bytes < vectors < arrays < objects. Arrays go element by
 * element, objects by their sorted names, each name before its value; of two where one begins the
 * other the shorter comes first.
 */
export const compareAny = (a: Value | undefined, b: Value | undefined): number => {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareUtf8(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  const left = typeOf(a);
  const right = typeOf(b);
  if (left !== right) return rankByType[left] - rankByType[right];
  return compareLists(partsOf(a), partsOf(b));
};

export const equalAny = (a: Value | undefined, b: Value | undefined): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && compareAny(a, b) === 0);

const rankByType: { readonly [type in ValueType]: number } = {
  null: 1,
  boolean: 2,
  number: 3,
  string: 4,
  date: 5,
  bytes: 6,
  vector: 7,
  array: 8,
  object: 9,
};

const primitiveType = (value: boolean | number | string): ValueType => {
  if (typeof value === "string") return "string";
  return typeof value === "number" ? "number" : "boolean";
};

const compareLists = (a: ArrayLike<Value>, b: ArrayLike<Value>): number => {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = compareAny(a[at], b[at]);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

/** What a vector, array or object is compared by, one after the other. */
const partsOf = (value: Value): ArrayLike<Value> => {
  if (typeof value !== "object" || value === null || value instanceof Date) return [];
  if (value instanceof Float32Array || value instanceof Uint8Array) return value;
  if (isArrayValue(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => compareUtf8(a, b));
  return entries.flat();
};
