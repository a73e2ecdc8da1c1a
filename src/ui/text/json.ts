/**
 * Documents as JSON text that a person edits, without loss: what JSON lacks is written as an object
 * with one `$` name (`$date`, `$bytes`, `$vector`), which no field of a document can have.
 */
import { base64UrlToBytes, bytesToBase64Url } from "../../core/base/bytes.ts";
import { fail, ok, type Result } from "../../core/base/result.ts";
import type { Value } from "../../core/base/types.ts";
import { isPlainObject } from "../../core/cbor/check.ts";
import { isArrayValue, isMapValue } from "../../core/cbor/value.ts";
import { messages } from "../messages.ts";
import { findJsonFault, type JsonFault } from "./jsonFault.ts";

/** What is wrong with a text, and where, if that is known. Lines and columns count from 1. */
export interface JsonProblem {
  readonly message: string;
  /** In UTF-16 units from the start: where the caret belongs. */
  readonly at: number | null;
  /** The line, column or dotted path in words; empty if nothing is known. */
  readonly place: string;
}

/** Two spaces a level. */
export const formatJson = (value: Value): string => JSON.stringify(plainOf(value), null, 2);

/** The text must be an object; names and values are checked when the document is written. */
export const parseJsonObject = (text: string): Result<Record<string, unknown>, JsonProblem> => {
  const parsed = parseJsonValue(text);
  if (!parsed.ok) return parsed;
  return isPlainObject(parsed.value) && !(parsed.value instanceof Date)
    ? ok({ ...parsed.value })
    : fail({ message: messages.editor.noObject, at: 0, place: "" });
};

export const parseJsonValue = (text: string): Result<unknown, JsonProblem> => {
  try {
    return ok(valueOf(JSON.parse(text, refuseRounded), ""));
  } catch (error) {
    if (error instanceof NotAValue) return fail(problemAtPath(error));
    const fault = findJsonFault(text);
    if (!(error instanceof SyntaxError) || fault === null) throw error;
    return fail(problemOf(fault, text));
  }
};

/** Whether a whole number came out as another one. Fractions are rounded as everywhere. */
export const isRounded = (source: string, value: number): boolean =>
  /^-?\d+$/.test(source) && !Number.isSafeInteger(value) && String(value) !== source;

/** What JSON can say of a value. */
export const plainOf = (value: Value): unknown => {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: bytesToBase64Url(value) };
  if (value instanceof Float32Array) return { $vector: [...value] };
  if (isArrayValue(value)) return value.map(plainOf);
  if (isMapValue(value)) return mapFields(value, plainOf);
  return value;
};

const mapFields = <T, R>(
  fields: { readonly [name: string]: T },
  change: (value: T, name: string) => R,
): Record<string, R> =>
  // unlike assignment, this keeps a field named `__proto__`, so that it can be refused by name
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value, name)]));

class NotAValue extends Error {
  readonly path: string;
  constructor(message: string, path: string) {
    super(message);
    this.path = path;
  }
}

const valueOf = (parsed: unknown, path: string): unknown => {
  if (Array.isArray(parsed)) {
    return parsed.map((element, at) => valueOf(element, `${path}[${at}]`));
  }
  if (!isPlainObject(parsed)) return parsed;
  const [entry, ...others] = Object.entries(parsed);
  const special = entry === undefined || others.length > 0 ? undefined : specials.get(entry[0]);
  if (entry !== undefined && special !== undefined) return special(entry[1], path);
  return mapFields(parsed, (value, name) => valueOf(value, path === "" ? name : `${path}.${name}`));
};

type Special = (operand: unknown, path: string) => Value;

const dateOf: Special = (operand, path) => {
  const date = typeof operand === "string" ? new Date(operand) : null;
  if (date !== null && !Number.isNaN(date.getTime())) return date;
  throw new NotAValue(messages.editor.badDate, path);
};

const bytesOf: Special = (operand, path) => {
  const bytes = typeof operand === "string" ? base64UrlToBytes(operand) : null;
  if (bytes !== null) return bytes;
  throw new NotAValue(messages.editor.badBytes, path);
};

const vectorOf: Special = (operand, path) => {
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const numbers = list.filter((element) => typeof element === "number");
  if (list === operand && numbers.length === list.length) return new Float32Array(numbers);
  throw new NotAValue(messages.editor.badVector, path);
};

const specials: ReadonlyMap<string, Special> = new Map([
  ["$date", dateOf],
  ["$bytes", bytesOf],
  ["$vector", vectorOf],
]);

/** JSON.parse rounds what it cannot hold; where it tells the source, nothing is rounded unsaid. */
const refuseRounded = (_: string, value: unknown, context?: { source?: string }): unknown => {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined) return value;
  if (!isRounded(source, value)) return value;
  throw new NotAValue(messages.editor.roundedNumber(source), "");
};

const problemAtPath = ({ message, path }: NotAValue): JsonProblem => ({
  message,
  at: null,
  place: path === "" ? "" : messages.editor.problemAtPath(path),
});

const problemOf = ({ at, message }: JsonFault, text: string): JsonProblem => {
  const before = text.slice(0, at).split("\n");
  const place = messages.editor.problemAt(before.length, (before.at(-1) ?? "").length + 1);
  return { message, at, place };
};
