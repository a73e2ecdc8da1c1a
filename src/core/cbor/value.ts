/**
 * Users' values (FORMATS.md §2, Values) as canonical CBOR and back. A `Value` that reaches
 * `writeValue` went through `checkValue` (a caller's) or `readValue` (a peer's); each holds all
 * rules on its side.
 */
import { bytesToLatin1 } from "../base/bytes.ts";
import { depthMax } from "../base/limits.ts";
import type { Result } from "../base/result.ts";
import type { Value } from "../base/types.ts";
import { compareUtf8, utf8Length } from "../base/utf8.ts";
import { readForm, type FormError } from "./form.ts";
import { nameFault } from "./names.ts";
import { CborReader, major, tagDate, tagFloat32Array } from "./reader.ts";
import { CborWriter, headSize } from "./writer.ts";

/** What a leaf under one name may nest: path length and nesting share `depthMax`. */
export const nestingMax = depthMax - 1;

/** By a writer that is kept for it: most values are small, and are asked for often. */
export const encodeValue = (value: Value): Uint8Array => {
  scratch.truncate(0);
  writeValue(scratch, value);
  const bytes = scratch.take();
  // One huge value must not hold its memory for ever.
  if (scratch.capacity > scratchBytesMax) scratch = new CborWriter();
  return bytes;
};

/** How many bytes `encodeValue` gives, without making them: asked for every value of a document. */
export const encodedLength = (value: Value): number => {
  if (typeof value === "string") return lengthWithHead(utf8Length(value));
  if (value === null || typeof value === "boolean") return 1;
  if (typeof value === "number") return numberLength(value);
  if (value instanceof Date) return 10;
  if (value instanceof Uint8Array) return lengthWithHead(value.length);
  if (value instanceof Float32Array) return 2 + lengthWithHead(value.length * 4);
  let length = 0;
  if (isArrayValue(value)) {
    for (const element of value) length += encodedLength(element);
    return headSize(value.length) + length;
  }
  const entries = Object.entries(value);
  for (const [name, inner] of entries) {
    length += lengthWithHead(utf8Length(name)) + encodedLength(inner);
  }
  return headSize(entries.length) + length;
};

/** Exactly one value in canonical form, or what is wrong with it. */
export const decodeValue = (
  bytes: Uint8Array,
  nesting: number = nestingMax,
): Result<Value, FormError> =>
  readForm(() => {
    const reader = new CborReader(bytes);
    const value = readValue(reader, nesting);
    reader.expectEnd();
    return value;
  });

/**
 * The canonical bytes as text, for keys of a Map: the order of code units is the order of the
 * bytes.
 */
export const valueKey = (value: Value): string => bytesToLatin1(encodeValue(value));

/** Whether two values are one value to every replica: the same canonical bytes. */
export const equalValues = (a: Value, b: Value): boolean => {
  if (a === b) return true;
  const bothNest = typeof a === "object" && typeof b === "object" && a !== null && b !== null;
  return bothNest && valueKey(a) === valueKey(b);
};

/** 0 for a scalar (dates, bytes and vectors too), 1 + the deepest inside for an array or map. */
export const nestingOf = (value: Value): number => {
  if (!isArrayValue(value) && !isMapValue(value)) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, nestingOf(inner));
  return 1 + deepest;
};

export const isArrayValue = (value: Value): value is readonly Value[] => Array.isArray(value);

export const isMapValue = (value: Value): value is { readonly [name: string]: Value } =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !ArrayBuffer.isView(value);

/** A copy that shares nothing mutable with the value. */
export const copyValue = (value: Value): Value => {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Float32Array) return new Float32Array(value);
  if (isArrayValue(value)) return value.map(copyValue);
  const copy: Record<string, Value> = {};
  for (const [name, inner] of Object.entries(value)) copy[name] = copyValue(inner);
  return copy;
};

export const writeValue = (writer: CborWriter, value: Value): void => {
  if (value === null) writer.nil();
  else if (typeof value === "number") writer.number(value);
  else if (typeof value === "string") writer.text(value);
  else if (typeof value === "boolean") writer.bool(value);
  else if (value instanceof Date) writeDate(writer, value);
  else if (value instanceof Uint8Array) writer.bytes(value);
  else if (value instanceof Float32Array) writeVector(writer, value);
  else if (isArrayValue(value)) {
    writer.arrayHead(value.length);
    for (const element of value) writeValue(writer, element);
  } else writeMap(writer, value);
};

/** The reader's next value. Breaches of name rules and limits are form faults like all others. */
export const readValue = (reader: CborReader, nesting: number): Value => {
  switch (reader.peekMajor()) {
    case major.text:
      return reader.readText();
    case major.simple:
      return reader.readSimple();
    case major.bytes:
      return reader.readBytes();
    case major.array:
      return readArray(reader, nesting);
    case major.map:
      return readMap(reader, nesting);
    case major.tag:
      return readTagged(reader);
    default:
      return reader.readInteger();
  }
};

const scratchBytesMax = 65_536;
let scratch = new CborWriter();

const lengthWithHead = (length: number): number => headSize(length) + length;

const numberLength = (value: number): number => {
  if (!Number.isSafeInteger(value)) return 9;
  return headSize(value < 0 ? -1 - value : value);
};

const writeDate = (writer: CborWriter, date: Date): void => {
  writer.tag(tagDate);
  writer.float(date.getTime() / 1_000);
};

/** Little-endian on every machine. */
const writeVector = (writer: CborWriter, vector: Float32Array): void => {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < vector.length; at++) view.setFloat32(at * 4, vector[at] ?? 0, true);
  writer.tag(tagFloat32Array);
  writer.bytes(bytes);
};

const writeMap = (writer: CborWriter, map: { readonly [name: string]: Value }): void => {
  const names = Object.keys(map);
  // What was read from CBOR is in order.
  if (!isRising(names)) names.sort(compareUtf8);
  writer.mapHead(names.length);
  for (const name of names) {
    writer.text(name);
    writeValue(writer, map[name] ?? null);
  }
};

const isRising = (names: readonly string[]): boolean => {
  for (let at = 1; at < names.length; at++) {
    if (compareUtf8(names[at - 1] ?? "", names[at] ?? "") > 0) return false;
  }
  return true;
};

const readArray = (reader: CborReader, nesting: number): readonly Value[] => {
  const inner = reader.enter(nesting);
  const values: Value[] = [];
  for (let left = reader.readArrayHead(); left > 0; left--) values.push(readValue(reader, inner));
  return values;
};

const readMap = (reader: CborReader, nesting: number): Value => {
  const inner = reader.enter(nesting);
  // A plain object is safe: the name rules refuse `__proto__`, the only name that would meet a
  // setter.
  const map: Record<string, Value> = {};
  let before: string | null = null;
  for (let left = reader.readMapHead(); left > 0; left--) {
    const start = reader.offset;
    const name = reader.readKey(before);
    const fault = nameFault(name);
    if (fault !== null) reader.fail("wrongShape", fault, start);
    map[name] = readValue(reader, inner);
    before = name;
  }
  return map;
};

const readTagged = (reader: CborReader): Value => {
  const start = reader.offset;
  const tag = reader.readTag();
  if (tag === tagDate) return readDate(reader, start);
  if (tag === tagFloat32Array) return readVector(reader, start);
  return reader.fail("unsupported", `tag ${String(tag)} in a value`, start);
};

const readDate = (reader: CborReader, start: number): Date => {
  const seconds = reader.readFloat();
  const rounded = Math.round(seconds * 1_000);
  // Multiplying back is off by one far from 1970; one of the three gives these very seconds, if any
  // does.
  const ms = [rounded, rounded - 1, rounded + 1].find((candidate) => candidate / 1_000 === seconds);
  const date = new Date(ms ?? Number.NaN);
  if (Number.isNaN(date.getTime())) {
    reader.fail("wrongShape", "a date that is no whole millisecond or out of range", start);
  }
  return date;
};

const readVector = (reader: CborReader, start: number): Float32Array => {
  const bytes = reader.readBytes();
  if (bytes.length % 4 !== 0) reader.fail("wrongShape", "a vector of broken length", start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vector = new Float32Array(bytes.length / 4);
  for (let at = 0; at < vector.length; at++) {
    const element = view.getFloat32(at * 4, true);
    if (!Number.isFinite(element))
      reader.fail("badNumber", "NaN or an infinity in a vector", start);
    vector[at] = element;
  }
  return vector;
};
