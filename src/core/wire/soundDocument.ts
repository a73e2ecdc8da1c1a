/**
 * A caller's document written as a row in one walk, checked and copied on the way. It is the short
 * road of `checkDocument`: it knows no errors, and whatever is out of the ordinary it leaves to
 * that one, so that there is one place that says what is wrong with a document.
 */
import { documentIdBytesMax, opBytesMax, depthMax } from "../base/limits.ts";
import type { DocumentFields, Value } from "../base/types.ts";
import { compareUtf8, isWellFormed } from "../base/utf8.ts";
import { callerNameFault } from "../cbor/names.ts";
import { writeValue } from "../cbor/value.ts";
import type { CborWriter } from "../cbor/writer.ts";
import type { RowsWriter } from "./rowsWriter.ts";
import { firstStep, type Field, type Step } from "./shapeWalk.ts";

/**
 * The document as it will be stored, a copy that shares nothing with the caller's. Null where it is
 * not certain that it is sound and no secret; then no row was written.
 */
export const writeSoundDocument = (
  rows: RowsWriter,
  document: unknown,
  makeId: () => string,
): DocumentFields | null => {
  if (!isOrdinaryObject(document) || isEveryObjectLarger()) return null;
  const entryType = document["_entryType"];
  if (entryType !== undefined && entryType !== "MEMORY") return null;
  const given = document["id"];
  if (given !== undefined && !isSoundId(given)) return null;
  const id = given ?? makeId();
  rows.beginRow(id, null);
  const walk: Walk = { rows, writer: rows.values, end: rows.values.position + opBytesMax };
  const copy: { id: string; [field: string]: Value } = { id };
  const last = writeFields(walk, document, firstStep(), copy);
  if (last === null) {
    rows.takeBack();
    return null;
  }
  rows.endRow(last);
  return copy;
};

interface Walk {
  readonly rows: RowsWriter;
  readonly writer: CborWriter;
  /** Beyond this position the document is too large. */
  readonly end: number;
}

interface Plain {
  readonly [name: string]: unknown;
}

/** What a value's writer gives where it is not certain that the value is sound. */
const unsure = Symbol("unsure");
type Copied = Value | typeof unsure;

/** As most callers make them: the rest may be sound too, but it takes longer to see. */
const isOrdinaryObject = (input: unknown): input is Plain => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return false;
  const prototype: unknown = Object.getPrototypeOf(input);
  return prototype === Object.prototype || prototype === null;
};

/** Whether somebody gave all objects a field: the walks below would take it for the document's. */
const isEveryObjectLarger = (): boolean => {
  for (const _name in nothing) return true;
  return false;
};

const nothing = {};

const isSoundId = (id: unknown): id is string =>
  typeof id === "string" && id !== "" && id.length * 3 <= documentIdBytesMax && isWellFormed(id);

/** Where the walk stands after the fields of an object; null where something was unsure. */
const writeFields = (
  walk: Walk,
  input: Plain,
  start: Step,
  copy: Record<string, Value>,
): Step | null => {
  let step = start;
  // Not `Object.keys`: this makes no list, and reading the field at hand is what engines are
  // fastest at. There is nothing to inherit, see above.
  for (const name in input) {
    if (name === "id" && step.path.length === 0) continue;
    const value = input[name];
    if (value === undefined) continue;
    const field = step.field(name);
    if (field === null) return null;
    if (field.isKeptApart) continue;
    let next: Step | null;
    if (isOrdinaryObject(value)) {
      const inner: Record<string, Value> = {};
      const inside = step.enter(field);
      const last = writeFields(walk, value, inside, inner);
      if (last === null) return null;
      copy[name] = inner;
      next = last === inside ? writeNone(walk, step, field) : last.leave();
    } else {
      const copied = writeSound(walk, value, depthMax - field.path.length);
      if (copied === unsure) return null;
      copy[name] = copied;
      walk.rows.endValue();
      next = step.afterLeaf(field);
    }
    if (next === null || walk.writer.position > walk.end) return null;
    step = next;
  }
  return step;
};

/** An object without fields is a leaf itself. */
const writeNone = ({ rows, writer }: Walk, step: Step, field: Field): Step | null => {
  if (field.path.length >= depthMax) return null;
  writer.mapHead(0);
  rows.endValue();
  return step.afterLeaf(field);
};

/** Writes a value of which `nesting` more arrays and maps may be a part; gives a copy of it. */
const writeSound = (walk: Walk, input: unknown, nesting: number): Copied => {
  switch (typeof input) {
    case "string":
      return writeText(walk, input) ? input : unsure;
    case "number":
      if (!Number.isFinite(input)) return unsure;
      walk.writer.number(input);
      return input === 0 ? 0 : input;
    case "boolean":
      walk.writer.bool(input);
      return input;
    case "object":
      if (input !== null) return writeObject(walk, input, nesting);
      walk.writer.nil();
      return null;
    case "undefined":
    case "bigint":
    case "function":
    case "symbol":
      return unsure;
  }
};

const writeText = ({ writer, end }: Walk, text: string): boolean => {
  if (writer.shortAscii(text)) return true;
  // Nothing so large is set aside for what will be refused.
  if (writer.position + text.length > end || !isWellFormed(text)) return false;
  writer.text(text);
  return true;
};

const writeObject = (walk: Walk, input: object, nesting: number): Copied => {
  if (Array.isArray(input)) return writeArray(walk, input, nesting - 1);
  const copy = copyOfAtom(walk, input);
  if (copy === null) return isOrdinaryObject(input) ? writeMap(walk, input, nesting - 1) : unsure;
  if (copy !== unsure) writeValue(walk.writer, copy);
  return copy;
};

/** Of a date, bytes or a vector; null for any other object. */
const copyOfAtom = ({ writer, end }: Walk, input: object): Copied => {
  if (input instanceof Date) {
    const milliseconds = input.getTime();
    return Number.isNaN(milliseconds) ? unsure : new Date(milliseconds);
  }
  if (!(input instanceof Uint8Array) && !(input instanceof Float32Array)) return null;
  if (writer.position + input.byteLength > end) return unsure;
  if (input instanceof Uint8Array) return new Uint8Array(input);
  const copy = new Float32Array(input);
  return copy.every(Number.isFinite) ? copy : unsure;
};

const writeArray = (walk: Walk, input: readonly unknown[], nesting: number): Copied => {
  const { length } = input;
  if (nesting < 0) return unsure;
  walk.writer.arrayHead(length);
  const copy: Value[] = [];
  for (let at = 0; at < length; at++) {
    const copied = writeSound(walk, input[at], nesting);
    if (copied === unsure) return unsure;
    copy.push(copied);
  }
  return copy;
};

const writeMap = (walk: Walk, input: Plain, nesting: number): Copied => {
  if (nesting < 0) return unsure;
  // Read once and copied in the caller's order; written in the order of the names.
  const read: Record<string, unknown> = {};
  const copy: Record<string, Value> = {};
  const names: string[] = [];
  for (const name in input) {
    const value = input[name];
    if (value === undefined) continue;
    if (callerNameFault(name) !== null) return unsure;
    read[name] = value;
    copy[name] = null;
    names.push(name);
  }
  if (names.length > 1) names.sort(compareUtf8);
  walk.writer.mapHead(names.length);
  for (const name of names) {
    walk.writer.text(name);
    const copied = writeSound(walk, read[name], nesting);
    if (copied === unsure) return unsure;
    copy[name] = copied;
  }
  return copy;
};
