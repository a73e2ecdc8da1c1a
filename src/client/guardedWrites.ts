/**
 * Writes inside a transaction's run: the documents concerned are read first, so that plugins and
 * schemas see what they would become. Collections with either take this road for every update and
 * delete.
 */
import type { NebulusError } from "../core/base/errors.ts";
import { compileUpdate, type UpdateData } from "../core/query/update.ts";
import type { Target, Visibility } from "../core/wire/requests.ts";
import { encodeRows, type Row } from "../core/wire/rows.ts";
import { updated } from "./applyChanges.ts";
import type { Attempt } from "./attempt.ts";
import { refusal } from "./answer.ts";
import type { CollectionContext } from "./context.ts";
import { findRequest, targetOf } from "./findRequest.ts";
import { admitRow, admitRows, rowOfHooked } from "./prepare.ts";
import { checkSchema } from "./schema.ts";
import { shown, storedFields, type StoredFields } from "./rows.ts";
import type { Document, Selector } from "./types.ts";

/** The documents as they will be stored: copies. */
export const insertIn = async (
  attempt: Attempt,
  context: CollectionContext,
  rows: readonly Row[],
  visibility: Visibility | null,
): Promise<readonly StoredFields[]> => {
  const { name, hooks } = context;
  const alive = rows.find(({ id }) => (attempt.written(name, id) ?? null) !== null);
  if (alive !== undefined) throw duplicateId(name, alive.id);
  const admitted = await admitRows(rows, context);
  const documents = admitted.map(storedFields);
  attempt.add(
    { kind: "insert", collection: name, rows: encodeRows(admitted), visibility },
    new Map(documents.map((document) => [document.id, document])),
  );
  attempt.afterCommit(async () => {
    for (const document of documents) await hooks.afterInsert(document);
  });
  return admitted.map(storedFields);
};

/** Each row is met as an insert or as an update, as it is one. */
export const upsertIn = async (
  attempt: Attempt,
  context: CollectionContext,
  rows: readonly Row[],
): Promise<readonly StoredFields[]> => {
  const { name, hooks } = context;
  const known = await attempt.get(
    name,
    rows.map(({ id }) => id),
  );
  const previousById = new Map(known.map((document) => [document.id, document]));
  const admitted: Row[] = [];
  for (const row of rows) {
    const previous = previousById.get(row.id);
    if (previous === undefined) admitted.push(await admitRow(row, context));
    else admitted.push(await admitUpdate(row, previous, context));
  }
  attempt.add(
    { kind: "upsert", collection: name, rows: encodeRows(admitted) },
    new Map(admitted.map((row) => [row.id, storedFields(row)])),
  );
  attempt.afterCommit(async () => {
    for (const document of admitted.map(storedFields)) {
      const previous = previousById.get(document.id);
      if (previous === undefined) await hooks.afterInsert(document);
      else await hooks.afterUpdate(document, previous);
    }
  });
  return admitted.map(storedFields);
};

export const updateIn = async (
  attempt: Attempt,
  context: CollectionContext,
  where: Selector,
  update: unknown,
  options: { readonly one: boolean } = { one: false },
): Promise<number> => {
  const steps = compileUpdate(update);
  const found = await read(attempt, context, targetOf(where, options.one));
  const updates = await Promise.all(found.map((previous) => updateOf(previous, steps, context)));
  write(attempt, context, steps, updates);
  attempt.afterCommit(async () => {
    for (const { next, previous } of updates) await context.hooks.afterUpdate(next, previous);
  });
  return found.length;
};

export const deleteIn = async (
  attempt: Attempt,
  context: CollectionContext,
  where: Selector,
  options: { readonly one: boolean } = { one: false },
): Promise<number> => {
  const { name, hooks } = context;
  const found = await read(attempt, context, targetOf(where, options.one));
  for (const document of found) await hooks.beforeDelete(document);
  const ids = found.map(({ id }) => id);
  if (ids.length > 0) {
    attempt.add(
      { kind: "delete", collection: name, target: { kind: "ids", ids } },
      new Map(ids.map((id) => [id, null])),
    );
  }
  attempt.afterCommit(async () => {
    for (const document of found) await hooks.afterDelete(document);
  });
  return found.length;
};

/** Stores what `change` returns for the document; null leaves it. The document as it is then. */
export const modifyIn = async (
  attempt: Attempt,
  context: CollectionContext,
  id: string,
  change: (document: Document) => unknown,
): Promise<StoredFields | null> => {
  const [previous] = await attempt.get(context.name, [id]);
  if (previous === undefined) return null;
  const returned = await change(shown(previous, context.schema));
  if (returned === null) return previous;
  if (returned === undefined) {
    const advice = "return the new document, or null to leave it as it is";
    throw refusal("InvalidArgument", `modify: the function returned nothing; ${advice}`, "change");
  }
  const row = await admitUpdate(rowOfHooked(returned, id), previous, context);
  const next = storedFields(row);
  attempt.add(
    { kind: "replace", collection: context.name, rows: encodeRows([row]) },
    new Map([[id, next]]),
  );
  attempt.afterCommit(() => context.hooks.afterUpdate(next, previous));
  return next;
};

export const duplicateId = (collection: string, id: string): NebulusError =>
  refusal("DuplicateId", `"${collection}" holds a document with the id "${id}" already.`, id);

/**
 * What one document becomes; `row` where a plugin made something else of it than the update says.
 */
interface DocumentUpdate {
  readonly previous: StoredFields;
  readonly next: StoredFields;
  readonly row: Row | null;
}

const updateOf = async (
  previous: StoredFields,
  steps: UpdateData,
  context: CollectionContext,
): Promise<DocumentUpdate> => {
  const next = updated(previous, steps);
  const hooked = await context.hooks.beforeUpdate(next, previous);
  const row = hooked === next ? null : rowOfHooked(hooked, previous.id);
  const stored = row === null ? next : storedFields(row);
  await checkSchema(stored, context.schema);
  return { previous, next: stored, row };
};

const write = (
  attempt: Attempt,
  { name }: CollectionContext,
  update: UpdateData,
  updates: readonly DocumentUpdate[],
): void => {
  const plain = updates.filter(({ row }) => row === null);
  const rows = updates.flatMap(({ row }) => row ?? []);
  const effects = (some: readonly DocumentUpdate[]): ReadonlyMap<string, StoredFields> =>
    new Map(some.map(({ next }) => [next.id, next]));
  if (plain.length > 0) {
    const target: Target = { kind: "ids", ids: plain.map(({ next }) => next.id) };
    attempt.add({ kind: "update", collection: name, target, update }, effects(plain));
  }
  if (rows.length > 0) {
    const replaced = updates.filter(({ row }) => row !== null);
    attempt.add({ kind: "replace", collection: name, rows: encodeRows(rows) }, effects(replaced));
  }
};

const admitUpdate = async (
  row: Row,
  previous: StoredFields,
  { hooks, schema }: CollectionContext,
): Promise<Row> => {
  const next = storedFields(row);
  const hooked = await hooks.beforeUpdate(next, previous);
  const admitted = hooked === next ? row : rowOfHooked(hooked, row.id);
  await checkSchema(storedFields(admitted), schema);
  return admitted;
};

const read = (
  attempt: Attempt,
  { name }: CollectionContext,
  target: Target,
): Promise<readonly StoredFields[]> => {
  if (target.kind === "ids") return attempt.get(name, target.ids);
  const { filter, limit } = target;
  return attempt.find({ ...findRequest(name, filter, undefined), limit });
};
