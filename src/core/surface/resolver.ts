/**
 * Merging of distributed documents and operations: the source designs' surface, laid over one join
 * (elements.ts). `resolveConflict` is commutative, associative and idempotent, and operations may
 * come in any order, several times.
 */
import { invalid } from "../base/errors.ts";
import { checkId } from "../cbor/document.ts";
import {
  changedFields,
  checkEntryType,
  checkText,
  checkTime,
  checkVector,
  fullFields,
  isKeptApart,
  objectOf,
  toDocument,
  toParts,
  type Parts,
} from "./document.ts";
import { joinElements } from "./elements.ts";
import {
  OperationType,
  type CRDTOperation,
  type DistributedDocument,
  type Element,
} from "./types.ts";

/**
 * The document that holds what both hold; either may be missing. Throws InvalidArgument for two
 * different ids, InvalidDocument for what is no document.
 */
export function resolveConflict(
  local: DistributedDocument,
  remote: DistributedDocument | null | undefined,
): DistributedDocument;
export function resolveConflict(
  local: DistributedDocument | null | undefined,
  remote: DistributedDocument,
): DistributedDocument;
export function resolveConflict(
  local: DistributedDocument | null | undefined,
  remote: DistributedDocument | null | undefined,
): DistributedDocument | null;
export function resolveConflict(
  local: DistributedDocument | null | undefined,
  remote: DistributedDocument | null | undefined,
): DistributedDocument | null {
  const given = [local, remote].filter((one) => one !== null && one !== undefined);
  const [first, second] = given.map(toParts);
  if (first === undefined) return null;
  return toDocument(second === undefined ? first : joinParts(first, second));
}

/**
 * The document with the operation in it. An operation without anything to write (an INSERT without
 * data) changes nothing; a DELETE of a document that was never seen leaves its tombstone. Throws
 * InvalidArgument for an operation of another document or of wrong shape.
 */
export const applyOperation = (
  document: DistributedDocument | null | undefined,
  operation: CRDTOperation,
): DistributedDocument | null => {
  const id = checkId(objectOf(operation, "operation")["documentId"], "documentId");
  const element = elementOf(operation);
  const parts = document === null || document === undefined ? null : toParts(document);
  if (element === null) return parts === null ? null : toDocument(parts);
  const change: Parts = { id, elements: [element], stage: undefined };
  return toDocument(parts === null ? change : joinParts(parts, change));
};

const joinParts = (a: Parts, b: Parts): Parts => {
  if (a.id !== b.id) {
    const both = `"${a.id}" and "${b.id}"`;
    throw invalid("InvalidArgument", `id: ${both} are different documents`, "id");
  }
  return {
    id: a.id,
    elements: joinElements(a.elements, b.elements),
    // The same from both sides; and a document that waits goes on waiting.
    stage: [a.stage, b.stage]
      .filter((stage) => stage !== undefined)
      .sort()
      .at(-1),
  };
};

const elementOf = (operation: CRDTOperation): Element | null => {
  const made = {
    vector: checkVector(operation.vector, "vector"),
    timestamp: checkTime(operation.timestamp, "timestamp"),
    peerId: checkText(operation.peerId, "peerId"),
  };
  const data = operation.data === undefined || operation.data === null ? null : operation.data;
  const input = data === null ? {} : objectOf(data, "data");
  switch (operation.type) {
    case OperationType.INSERT:
      if (data === null) return null;
      return { kind: "document", ...made, fields: fullFields(input, "data"), unset: [] };
    case OperationType.UPDATE: {
      const unset = unsetNames(input, operation.unset ?? []);
      const fields = changedFields(input, "data");
      const isEmpty = Object.keys(fields).length === 0 && unset.length === 0;
      return isEmpty ? null : { kind: "update", ...made, fields, unset };
    }
    case OperationType.DELETE: {
      const _entryType = checkEntryType(input["_entryType"], "data._entryType");
      return { kind: "delete", ...made, fields: { _entryType }, unset: [] };
    }
    default:
      throw invalid("InvalidArgument", "type: insert, update or delete", "type");
  }
};

/** A name with a value is not taken away, whatever the list says. */
const unsetNames = (
  input: { readonly [name: string]: unknown },
  listed: unknown,
): readonly string[] => {
  if (!Array.isArray(listed)) throw invalid("InvalidDocument", "unset: a list of names", "unset");
  const names = Array.from<unknown>(listed).map((name) => checkText(name, "unset"));
  const hasValue = (name: string): boolean =>
    Object.hasOwn(input, name) && input[name] !== undefined;
  const unset = [...Object.keys(input), ...names].filter(
    (name) => !hasValue(name) && !isKeptApart(name),
  );
  return [...new Set(unset)].sort();
};
