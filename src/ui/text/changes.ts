/**
 * What a person changed in a document, as an update of exactly that: what others change meanwhile
 * in other fields stays theirs.
 */
import type { DocumentFields } from "../../core/base/types.ts";
import { checkDocument } from "../../core/cbor/document.ts";
import { diffDocuments } from "../../core/query/leaves.ts";
import type { UpdateOperators } from "../../client/types.ts";

/** Null if nothing differs. Throws the database's own error for what no document can hold. */
export const updateBetween = (
  before: DocumentFields,
  after: { readonly [name: string]: unknown },
): UpdateOperators | null => {
  const set: Record<string, unknown> = {};
  const unset: string[] = [];
  for (const change of diffDocuments(before, checkDocument(after).leaves)) {
    const path = change.path.join(".");
    if ("set" in change) set[path] = change.set;
    else unset.push(path);
  }
  const isSetting = Object.keys(set).length > 0;
  if (!isSetting && unset.length === 0) return null;
  return { ...(isSetting ? { $set: set } : {}), ...(unset.length > 0 ? { $unset: unset } : {}) };
};
