/**
 * Turns what a caller passes in into a `Value`, or throws a typed error that names the place. The
 * result shares nothing with the input, so neither side can change the other's data later.
 */
import { invalid, type NebulusError } from "../base/errors.ts";
import type { Value } from "../base/types.ts";
import { isWellFormed } from "../base/utf8.ts";
import { callerNameFault } from "./names.ts";
import { nestingMax } from "./value.ts";

/**
 * A deep copy of a caller's value. Fields that are `undefined` are left out; an `undefined` element
 * of an array is refused. `nesting` is how many arrays and maps may enclose the deepest scalar: 16
 * less the names of the path. Throws InvalidDocument with the dotted path, such as
 * `meta.items[3].x`.
 */
export const checkValue = (input: unknown, path: string, nesting: number = nestingMax): Value => {
  // Nearly all values, and no place needs to be kept for a complaint.
  if (isSoundScalar(input)) return input === 0 ? 0 : input;
  return check(input, { trail: [path], around: [] }, nesting);
};

/**
 * An object that is only its fields: made by a literal, by JSON or a structured clone, in any
 * realm.
 */
export const isPlainObject = (input: unknown): input is { readonly [name: string]: unknown } => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return false;
  const prototype: unknown = Object.getPrototypeOf(input);
  if (prototype === null || prototype === Object.prototype) return true;
  // Another realm's Object.prototype: nothing stands above it.
  return typeof prototype === "object" && Object.getPrototypeOf(prototype) === null;
};

/** What a thing is, in the words of an error message. */
export const describe = (input: unknown): string => {
  if (input === null) return "null";
  if (Array.isArray(input)) return "an array";
  if (typeof input !== "object")
    return typeof input === "undefined" ? "undefined" : `a ${typeof input}`;
  if (isPlainObject(input)) return "an object";
  const prototype: unknown = Object.getPrototypeOf(input);
  const maker =
    typeof prototype === "object" && prototype !== null ? prototype.constructor : undefined;
  return typeof maker === "function" && maker.name !== "" ? `a ${maker.name}` : "a class instance";
};

/** `parent.name` as text; a name too long to read is cut. */
export const pathBelow = (parent: string, name: string): string => {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return parent === "" ? shown : `${parent}.${shown}`;
};

/**
 * Where the check stands: names and indices from the root (made into a path only when needed),
 * objects around it.
 */
interface Place {
  readonly trail: (string | number)[];
  readonly around: object[];
}

const isSoundScalar = (input: unknown): input is string | number | boolean | null => {
  if (typeof input === "string") return isWellFormed(input);
  if (typeof input === "number") return Number.isFinite(input);
  return typeof input === "boolean" || input === null;
};

const check = (input: unknown, place: Place, nesting: number): Value => {
  switch (typeof input) {
    case "boolean":
      return input;
    case "string":
      if (!isWellFormed(input)) throw refuse(place, "text with a lone surrogate");
      return input;
    case "number":
      if (!Number.isFinite(input)) throw refuse(place, `${String(input)}, which no store can hold`);
      return input === 0 ? 0 : input;
    case "object":
      return input === null ? null : checkObject(input, place, nesting);
    case "bigint":
      throw refuse(place, "a bigint; store it as text");
    case "undefined":
    case "function":
    case "symbol":
      throw refuse(place, describe(input));
  }
};

const checkObject = (input: object, place: Place, nesting: number): Value => {
  if (input instanceof Date) {
    if (Number.isNaN(input.getTime())) throw refuse(place, "an invalid Date");
    return new Date(input.getTime());
  }
  // Not `slice`: a Buffer's shares its memory.
  if (input instanceof Uint8Array) return new Uint8Array(input);
  if (input instanceof Float32Array) return checkVector(input, place);
  if (place.around.includes(input)) throw refuse(place, "an object that contains itself");
  const isArray = Array.isArray(input);
  if (!isArray && !isPlainObject(input))
    throw refuse(place, `${describe(input)}; ${advice(input)}`);
  if (nesting < 1) throw refuse(place, "nested too deep; path and nesting together may be 16");
  place.around.push(input);
  const copy = isArray
    ? checkArray(input, place, nesting - 1)
    : checkMap(input, place, nesting - 1);
  place.around.pop();
  return copy;
};

const checkVector = (input: Float32Array, place: Place): Float32Array => {
  const wrong = input.findIndex((element) => !Number.isFinite(element));
  if (wrong < 0) return new Float32Array(input);
  place.trail.push(wrong);
  throw refuse(place, `${String(input[wrong])} in a vector`);
};

const checkArray = (input: readonly unknown[], place: Place, nesting: number): Value => {
  const copy: Value[] = [];
  for (let at = 0; at < input.length; at++) {
    place.trail.push(at);
    const element = input[at];
    if (element === undefined) {
      throw refuse(place, at in input ? "undefined in an array; use null" : "a hole in an array");
    }
    copy.push(check(element, place, nesting));
    place.trail.pop();
  }
  return copy;
};

const checkMap = (
  input: { readonly [name: string]: unknown },
  place: Place,
  nesting: number,
): Value => {
  // A plain object is safe: the name rules refuse `__proto__`, the only name that would meet a
  // setter.
  const copy: Record<string, Value> = {};
  for (const name of Object.keys(input)) {
    const field = input[name];
    if (field === undefined) continue;
    place.trail.push(name);
    const fault = callerNameFault(name);
    if (fault !== null) throw refuse(place, fault);
    copy[name] = check(field, place, nesting);
    place.trail.pop();
  }
  return copy;
};

const refuse = (place: Place, what: string): NebulusError => {
  const path = pathOf(place);
  return invalid("InvalidDocument", `${path === "" ? "value" : path}: ${what}`, path);
};

const pathOf = (place: Place): string => {
  let path = "";
  for (const step of place.trail) {
    path = typeof step === "number" ? `${path}[${String(step)}]` : pathBelow(path, step);
  }
  return path;
};

const advice = (input: object): string => {
  if (ArrayBuffer.isView(input) || input instanceof ArrayBuffer) {
    return "store bytes as Uint8Array and vectors as Float32Array";
  }
  if (input instanceof Map) return "store a plain object";
  if (input instanceof Set) return "store an array";
  return "store plain objects, arrays, Date, Uint8Array or Float32Array";
};
