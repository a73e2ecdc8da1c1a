/**
 * Distributed documents to and from elements, and to and from what users see. A document that is
 * one element is written without `_elements`: its own fields say it all, and a document made by
 * hand is such a one.
 */
import { invalid, type NebulusError } from "../base/errors.ts";
import type { DocumentFields, Fields, Value } from "../base/types.ts";
import { checkValue, describe, isPlainObject, pathBelow } from "../cbor/check.ts";
import { checkId } from "../cbor/document.ts";
import { isMetadataName, nameFault } from "../cbor/names.ts";
import { copyValue } from "../cbor/value.ts";
import type { VectorClock } from "../clock/vector.ts";
import { equalAny } from "../query/order.ts";
import { joinElements, readElements, type Reading } from "./elements.ts";
import { EntryType, type DistributedDocument, type Element } from "./types.ts";

/** A document taken apart. Nothing in it is shared with the document. */
export interface Parts {
  readonly id: string;
  /** Not empty, and a join. */
  readonly elements: readonly Element[];
  /** Local to the device: merging neither sets nor clears it. */
  readonly stage: string | undefined;
}

/**
 * `timestamp` (ms since 1970) is when the document was made: the core has no clock of its own.
 * Fields that begin with `_` are made anew, except `_entryType`. Throws InvalidDocument, for an
 * absent id too, or InvalidArgument.
 */
export const toDistributedDocument = (
  document: { readonly id: string; readonly [field: string]: unknown },
  peerId: string,
  timestamp: number,
): DistributedDocument => {
  const input = objectOf(document, "");
  const vector = Object.fromEntries([[checkText(peerId, "peerId", "InvalidArgument"), 1]]);
  const own: Element = {
    kind: "document",
    vector,
    timestamp: checkTime(timestamp, "timestamp"),
    peerId,
    fields: fullFields(input, ""),
    unset: [],
  };
  return toDocument({ id: checkId(input["id"], "id"), elements: [own], stage: undefined });
};

/** The user's own fields and the id, copied. Nothing gives null. */
export function toRegularDocument(document: DistributedDocument): DocumentFields;
export function toRegularDocument(
  document: DistributedDocument | null | undefined,
): DocumentFields | null;
export function toRegularDocument(
  document: DistributedDocument | null | undefined,
): DocumentFields | null {
  if (document === null || document === undefined) return null;
  const input = objectOf(document, "");
  const fields = Object.entries(changedFields(input, "")).filter(([name]) => !name.startsWith("_"));
  return { ...Object.fromEntries(fields), id: checkId(input["id"], "id") };
}

/** Throws InvalidDocument or InvalidEntryType, `path` naming the place. */
export const toParts = (document: DistributedDocument): Parts => {
  const input = objectOf(document, "");
  const id = checkId(input["id"], "id");
  const stage = input["_stage"];
  const own: Element = {
    kind: input["_deleted"] === true ? "delete" : "document",
    vector: checkVector(input["_vector"], "_vector"),
    timestamp: checkTime(input["_timestamp"], "_timestamp"),
    peerId: checkText(input["_peerId"], "_peerId"),
    fields: fullFields(input, ""),
    unset: [],
  };
  return {
    id,
    elements: elementsOf(own, input["_elements"]),
    stage: typeof stage === "string" && stage !== "" ? stage : undefined,
  };
};

export const toDocument = ({ id, elements, stage }: Parts): DistributedDocument => {
  const { deleted, fields, vector, timestamp, peerId } = readElements(elements);
  const [only] = elements;
  const saysItAll = elements.length === 1 && only?.kind !== "update";
  // Copied, since _elements may hold the same values: who changes one must not rewrite the other.
  const shown = Object.entries(fields).map(([name, value]) => [name, copyValue(value)] as const);
  return {
    ...Object.fromEntries(shown),
    id,
    _entryType: checkEntryType(fields["_entryType"], "_entryType"),
    _vector: vector,
    _timestamp: timestamp,
    _peerId: peerId,
    ...(stage === undefined ? {} : { _stage: stage }),
    ...(deleted ? { _deleted: true } : {}),
    ...(saysItAll ? {} : { _elements: elements }),
  };
};

/**
 * All fields of a document and its kind, checked and copied. `parent` is the path of the object
 * they stand in.
 */
export const fullFields = (input: { readonly [name: string]: unknown }, parent: string): Fields => {
  const path = pathBelow(parent, "_entryType");
  return { ...changedFields(input, parent), _entryType: checkEntryType(input["_entryType"], path) };
};

/** Fields that are there, without id, kind and what is computed. */
export const changedFields = (
  input: { readonly [name: string]: unknown },
  parent: string,
): Fields =>
  Object.fromEntries(
    Object.entries(input).flatMap(([name, value]): [string, Value][] => {
      if (value === undefined || isKeptApart(name)) return [];
      const path = pathBelow(parent, name);
      const fault = nameFault(name);
      if (fault !== null) throw refuse(path, fault);
      return [[name, checkValue(value, path)]];
    }),
  );

export const isKeptApart = (name: string): boolean =>
  name === "id" || name === "_entryType" || name === "_elements" || isMetadataName(name);

/** A clock that is missing is empty. */
export const checkVector = (input: unknown, path: string): VectorClock => {
  if (input === undefined || input === null) return {};
  const counters = Object.entries(objectOf(input, path)).map(([peer, counter]) => {
    const isCounter = typeof counter === "number" && Number.isSafeInteger(counter) && counter >= 0;
    if (!isCounter) throw refuse(pathBelow(path, peer), "a counter is a whole number from 0");
    return [peer, counter === 0 ? 0 : counter] as const;
  });
  return Object.fromEntries(counters);
};

export const checkTime = (input: unknown, path: string): number => {
  if (typeof input === "number" && Number.isFinite(input)) return input === 0 ? 0 : input;
  const given = typeof input === "number" ? String(input) : describe(input);
  throw refuse(path, `milliseconds since 1970, not ${given}`);
};

export const checkText = (
  input: unknown,
  path: string,
  code: "InvalidDocument" | "InvalidArgument" = "InvalidDocument",
): string => {
  if (typeof input === "string" && input !== "") return input;
  const given = input === "" ? "an empty text" : describe(input);
  throw invalid(code, `${path}: text, not ${given}`, path);
};

export const checkEntryType = (input: unknown, path: string): EntryType => {
  if (input === undefined || input === EntryType.MEMORY) return EntryType.MEMORY;
  if (input === EntryType.AUTH) return EntryType.AUTH;
  throw invalid("InvalidEntryType", `${path}: MEMORY or AUTH, not ${describe(input)}`, path);
};

export const objectOf = (input: unknown, path: string): { readonly [name: string]: unknown } => {
  if (isPlainObject(input)) return input;
  throw refuse(path, `a plain object, not ${describe(input)}`);
};

/**
 * What a document was made of. One that was changed by hand since counts as a state of its own,
 * made by someone who had seen the elements.
 */
const elementsOf = (own: Element, input: unknown): readonly Element[] => {
  if (input === undefined) return [own];
  if (!Array.isArray(input) || input.length === 0) {
    throw refuse("_elements", "a list with something in it, as merging made it");
  }
  const held = joinElements(
    Array.from<unknown>(input).map((element, at) =>
      checkElement(element, `_elements[${String(at)}]`),
    ),
  );
  return isReadingOf(own, readElements(held)) ? held : joinElements(held, [own]);
};

const isReadingOf = (own: Element, reading: Reading): boolean =>
  (own.kind === "delete") === reading.deleted &&
  own.timestamp === reading.timestamp &&
  own.peerId === reading.peerId &&
  equalAny(own.vector, reading.vector) &&
  equalAny(own.fields, { _entryType: EntryType.MEMORY, ...reading.fields });

const checkElement = (input: unknown, path: string): Element => {
  const { kind, vector, timestamp, peerId, fields, unset } = objectOf(input, path);
  if (kind !== "document" && kind !== "update" && kind !== "delete") {
    throw refuse(pathBelow(path, "kind"), "document, update or delete");
  }
  if (!Array.isArray(unset)) throw refuse(pathBelow(path, "unset"), "a list of names");
  const named = objectOf(fields, pathBelow(path, "fields"));
  const place = pathBelow(path, "fields");
  return {
    kind,
    vector: checkVector(vector, pathBelow(path, "vector")),
    timestamp: checkTime(timestamp, pathBelow(path, "timestamp")),
    peerId: checkText(peerId, pathBelow(path, "peerId")),
    fields: kind === "update" ? changedFields(named, place) : fullFields(named, place),
    unset: Array.from<unknown>(unset).map((name) => checkText(name, pathBelow(path, "unset"))),
  };
};

const refuse = (path: string, what: string): NebulusError =>
  invalid("InvalidDocument", path === "" ? what : `${path}: ${what}`, path);
