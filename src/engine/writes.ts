/**
 * What each kind of write means for documents: from the request to the ops of a draft. Nothing here
 * waits: a write is decided against one state of the database, and either fits whole or leaves
 * nothing.
 */
import { invalid, NebulusError } from "../core/base/errors.ts";
import { unreachable } from "../core/base/result.ts";
import type { DocumentFields } from "../core/base/types.ts";
import type { Leaf } from "../core/cbor/document.ts";
import type { Change } from "../core/doc/change.ts";
import { readDocument } from "../core/doc/read.ts";
import { changesFor, dependsOnFields } from "../core/query/update.ts";
import type { DocumentWrite, Target, Visibility } from "../core/wire/requests.ts";
import { decodeRows, type Row } from "../core/wire/rows.ts";
import { RowsReader } from "../core/wire/rowsReader.ts";
import { homeOf, isAliveIn, needDocuments, privateField, type Collection } from "./collections.ts";
import type { Draft } from "./draft.ts";
import type { Home } from "./home.ts";
import { findShown, type Readable } from "./query.ts";

export interface WriteDeps {
  readonly now: () => number;
  /** Makes the collection known where it is not yet. */
  readonly collection: (name: string, draft: Draft) => Collection;
  readonly readable: (collection: string) => Readable;
  /** Documents are private there unless they are shared one by one. */
  readonly isPrivateIn: (home: Home) => boolean;
}

/**
 * Throws one `PageMiss` for all documents that the writes name: if each asked for its own, all
 * those before it would be decided again for every page.
 */
export const needNamed = (
  writes: readonly DocumentWrite[],
  readable: WriteDeps["readable"],
): void => {
  const idsByCollection = new Map<string, string[]>();
  for (const write of writes) {
    const ids = idsByCollection.get(write.collection) ?? [];
    for (const id of namedBy(write)) ids.push(id);
    idsByCollection.set(write.collection, ids);
  }
  for (const [collection, ids] of idsByCollection) readable(collection).need(ids);
};

const namedBy = (write: DocumentWrite): readonly string[] => {
  if (!("rows" in write)) return write.target.kind === "ids" ? write.target.ids : [];
  const rows = new RowsReader(write.rows);
  return Array.from({ length: rows.length }, (_, row) => rows.id(row));
};

/**
 * Adds a write's ops to the draft. The count of documents that it matched; throws with the draft
 * half filled.
 */
export const applyWrite = (draft: Draft, write: DocumentWrite, deps: WriteDeps): number => {
  switch (write.kind) {
    case "insert":
      return insertRows(draft, write, deps);
    case "upsert":
      return putRows(draft, write, deps, "insert");
    case "replace":
      return putRows(draft, write, deps, "skip");
    case "update":
      return updateDocuments(draft, write, deps);
    case "delete":
      return deleteDocuments(draft, write, deps);
    default:
      return unreachable(write);
  }
};

/**
 * Ids are collected before anything is written: a write that changes what it selects by still meets
 * all of them.
 */
export const targetIds = (
  target: Target,
  readable: Readable,
  collection: string,
): readonly string[] => {
  if (target.kind === "ids") return [...new Set(target.ids)];
  const { filter, limit } = target;
  const request = {
    ...{ collection, filter, limit, sort: [], offset: 0, after: null },
    ...{ fields: null, includeDeleted: false, meta: false },
  };
  return findShown(readable, request).map(({ id }) => id);
};

const insertRows = (
  draft: Draft,
  write: DocumentWrite & { readonly kind: "insert" },
  deps: WriteDeps,
): number => {
  const collection = deps.collection(write.collection, draft);
  const rows = new RowsReader(write.rows);
  const ids = Array.from({ length: rows.length }, (_, row) => rows.id(row));
  needDocuments(collection, ids);
  const isPrivate = (write.visibility ?? usualVisibility(collection, deps)) === "private";
  const home = isPrivate || collection.shared === null ? collection.local : collection.shared;
  ids.forEach((id, row) => {
    if (isAliveIn(collection, id)) throw duplicateId(write.collection, id);
    if (!isPrivate && home.documents.peek(id) === null) draft.insert(home, id, rows, row);
    else insertRow(draft, home, rows.row(row), isPrivate);
  });
  return ids.length;
};

/** Of a document of which nothing is said. */
const usualVisibility = ({ shared }: Collection, { isPrivateIn }: WriteDeps): Visibility =>
  shared !== null && isPrivateIn(shared) ? "private" : "shared";

/** Born again, or with a mark of its own. */
const insertRow = (draft: Draft, home: Home, { id, leaves }: Row, isPrivate: boolean): void => {
  const changes: Change[] = leaves.map(({ path, value }) => ({ path, set: value }));
  if (isPrivate) changes.push({ path: [privateField], set: true });
  draft.write(home, id, changes);
};

const putRows = (
  draft: Draft,
  write: DocumentWrite & { readonly kind: "upsert" | "replace" },
  deps: WriteDeps,
  missing: "insert" | "skip",
): number => {
  const collection = deps.collection(write.collection, draft);
  const isPrivate = usualVisibility(collection, deps) === "private";
  const { local } = collection;
  const usual = isPrivate ? local : (collection.shared ?? local);
  let count = 0;
  const rows = decodeRows(write.rows);
  needDocuments(
    collection,
    rows.map(({ id }) => id),
  );
  for (const row of rows) {
    const home = homeOf(collection, row.id);
    if (home === null && missing === "skip") continue;
    count += 1;
    if (home === null) {
      insertRow(draft, usual, row, isPrivate);
      continue;
    }
    const view = readDocument(home.documents.get(row.id), viewOptions(collection, deps));
    draft.write(home, row.id, view === null ? setAll(row.leaves) : makeEqual(view.fields, row));
  }
  return count;
};

const setAll = (leaves: readonly Leaf[]): readonly Change[] =>
  leaves.map(({ path, value }) => ({ path, set: value }));

/**
 * Field by field: it becomes what the row says, and goes where the row says nothing. What is equal
 * is not written.
 */
const makeEqual = (fields: DocumentFields, row: Row): readonly Change[] => {
  const leavesByName = new Map<string, Leaf[]>();
  for (const leaf of row.leaves) {
    const [name = ""] = leaf.path;
    const leaves = leavesByName.get(name) ?? [];
    leaves.push(leaf);
    leavesByName.set(name, leaves);
  }
  const gone = Object.keys(fields).filter((name) => name !== "id" && !leavesByName.has(name));
  return [
    ...[...leavesByName].map(([name, replace]): Change => ({ path: [name], replace })),
    ...gone.map((name): Change => ({ path: [name], unset: true })),
  ];
};

const updateDocuments = (
  draft: Draft,
  write: DocumentWrite & { readonly kind: "update" },
  deps: WriteDeps,
): number => {
  const collection = deps.collection(write.collection, draft);
  let count = 0;
  const ids = targetIds(write.target, deps.readable(write.collection), write.collection);
  needDocuments(collection, ids);
  const options = viewOptions(collection, deps);
  const isBlind = !dependsOnFields(write.update);
  const blind = isBlind ? changesFor(write.update, null) : [];
  for (const id of ids) {
    const home = homeOf(collection, id);
    if (home === null) continue;
    const view = isBlind ? null : readDocument(home.documents.get(id), options);
    draft.write(home, id, isBlind ? blind : changesFor(write.update, view?.fields ?? null));
    count += 1;
  }
  return count;
};

const deleteDocuments = (
  draft: Draft,
  write: DocumentWrite & { readonly kind: "delete" },
  deps: WriteDeps,
): number => {
  const collection = deps.collection(write.collection, draft);
  let count = 0;
  const ids = targetIds(write.target, deps.readable(write.collection), write.collection);
  needDocuments(collection, ids);
  for (const id of ids) {
    const { local, shared } = collection;
    const inShared = shared !== null && draft.remove(shared, id);
    if (draft.remove(local, id) || inShared) count += 1;
  }
  return count;
};

const viewOptions = (
  { strategy }: Collection,
  deps: WriteDeps,
): { readonly strategy: Collection["strategy"]; readonly now: number } => ({
  strategy,
  now: deps.now(),
});

const duplicateId = (collection: string, id: string): NebulusError =>
  invalid(
    "DuplicateId",
    `"${collection}" holds a document with the id "${id}" already: update it, or use upsert.`,
    id,
  );
