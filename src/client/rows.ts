/**
 * Rows on their way to a caller: bytes to documents, with metadata where it was asked for, in the
 * shape that the collection's schema shows.
 */
import type { Value } from "../core/base/types.ts";
import { copyValue } from "../core/cbor/value.ts";
import type { Row, RowMeta } from "../core/wire/row.ts";
import { rowToDocument } from "../core/wire/rows.ts";
import { RowsReader } from "../core/wire/rowsReader.ts";
import type { CollectionSchema } from "./api.ts";
import type { Document } from "./types.ts";

/** A document as it stands in the database. */
export interface StoredFields {
  readonly id: string;
  readonly [field: string]: Value;
}

/** Each call makes new documents: what a caller does with one is the caller's. */
export const decodeDocuments = (bytes: Uint8Array, schema: CollectionSchema | null): Document[] => {
  const reader = new RowsReader(bytes);
  const documents: Document[] = [];
  for (let at = 0; at < reader.length; at++) documents.push(documentAt(reader, at, schema));
  return documents;
};

export const documentAt = (
  reader: RowsReader,
  at: number,
  schema: CollectionSchema | null,
): Document => withMeta(reader.document(at), reader.meta(at), schema);

export const documentOf = (row: Row, schema: CollectionSchema | null): Document =>
  withMeta(rowToDocument(row), row.meta, schema);

/** Without metadata and as stored, whatever the schema shows. */
export const decodeStored = (bytes: Uint8Array): StoredFields[] => {
  const reader = new RowsReader(bytes);
  const documents: StoredFields[] = [];
  for (let at = 0; at < reader.length; at++) documents.push(reader.document(at));
  return documents;
};

export const storedFields = (row: Row): StoredFields => rowToDocument(row);

/** A caller's own copy of a stored document, in the shape of the present schema. */
export const shown = (
  document: StoredFields,
  schema: CollectionSchema | null,
): Document & { readonly id: string } => ({
  ...upgraded(copyFields(document), schema),
  id: document.id,
});

/** What the schema makes of a stored document; a deleted one has no shape. */
export const upgraded = (document: Document, schema: CollectionSchema | null): Document =>
  schema?.upgrade === undefined ? document : { ...schema.upgrade(document), id: document["id"] };

const withMeta = (
  fields: Document,
  meta: RowMeta | null,
  schema: CollectionSchema | null,
): Document => {
  if (meta?.deleted === true) return { ...fields, ...metadataOf(meta), _deleted: true };
  const present = upgraded(fields, schema);
  return meta === null ? present : { ...present, ...metadataOf(meta) };
};

const copyFields = (document: StoredFields): Document => {
  const copy: Document = {};
  for (const [name, value] of Object.entries(document)) copy[name] = copyValue(value);
  return copy;
};

const metadataOf = (meta: RowMeta): Document => ({
  _vector: Object.fromEntries(meta.vector),
  _timestamp: meta.timestamp,
  _peerId: meta.peerId,
  _entryType: meta.entryType,
  _visibility: meta.private ? "private" : "shared",
  ...(meta.ahead.length > 0 ? { _ahead: meta.ahead } : {}),
});
