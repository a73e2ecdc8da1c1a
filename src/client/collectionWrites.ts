/**
 * The half of a collection that writes. A plain write is one request to the engine; where plugins
 * or a schema must see what a document becomes, it is read first, in a transaction
 * (`guardedWrites.ts`).
 */
import { checkId } from "../core/cbor/document.ts";
import { assert } from "../core/base/result.ts";
import { compileUpdate } from "../core/query/update.ts";
import type { DocumentWrite, Write } from "../core/wire/requests.ts";
import { encodeRows, type Row } from "../core/wire/rows.ts";
import { refusal } from "./answer.ts";
import type { Attempt } from "./attempt.ts";
import type { CollectionContext } from "./context.ts";
import { targetOf } from "./findRequest.ts";
import { deleteIn, modifyIn, updateIn, upsertIn } from "./guardedWrites.ts";
import {
  admitRows,
  checkCount,
  prepareBatch,
  prepareOne,
  toRow,
  toRows,
  type Prepared,
} from "./prepare.ts";
import { shown, storedFields, type StoredFields } from "./rows.ts";
import type { Transact } from "./transaction.ts";
import type { CallOptions, Document, InsertOptions, Selector, UpdateEntry } from "./types.ts";

export interface CollectionWrites {
  insert(document: unknown, options?: InsertOptions): Promise<Document>;
  insertBatch(documents: readonly unknown[], options?: InsertOptions): Promise<readonly Document[]>;
  upsert(document: unknown, options?: CallOptions): Promise<Document>;
  upsertBatch(documents: readonly unknown[], options?: CallOptions): Promise<readonly Document[]>;
  update(where: Selector, update: unknown, options?: CallOptions): Promise<number>;
  updateOne(where: Selector, update: unknown, options?: CallOptions): Promise<number>;
  updateBatch(updates: readonly UpdateEntry<object>[], options?: CallOptions): Promise<number>;
  modify(
    id: string,
    change: (document: Document) => unknown,
    options?: CallOptions,
  ): Promise<Document | null>;
  delete(where: Selector, options?: CallOptions): Promise<number>;
  deleteOne(where: Selector, options?: CallOptions): Promise<number>;
  deleteBatch(selectors: readonly Selector[], options?: CallOptions): Promise<number>;
  clear(options?: CallOptions): Promise<number>;
  drop(options?: CallOptions): Promise<void>;
}

export const createCollectionWrites = (
  context: CollectionContext,
  transact: Transact,
): CollectionWrites => {
  const part: Part = { context, transact };
  const { makeId, name } = context;
  return {
    insert: (document, options) =>
      during(part, async () =>
        only(
          isSeen(context)
            ? await insert(part, [toRow(document, makeId)], options)
            : await insertPrepared(part, prepareOne(document, makeId), options),
        ),
      ),
    insertBatch: (documents, options) =>
      during(part, () =>
        isSeen(context)
          ? insert(part, toRows(documents, makeId), options)
          : insertPrepared(part, prepareBatch(documents, makeId), options),
      ),
    upsert: (document, options) =>
      during(part, async () =>
        only(
          isSeen(context)
            ? await upsert(part, [toRow(document, makeId)], options)
            : await upsertPrepared(part, prepareOne(document, makeId), options),
        ),
      ),
    upsertBatch: (documents, options) =>
      during(part, () =>
        isSeen(context)
          ? upsert(part, toRows(documents, makeId), options)
          : upsertPrepared(part, prepareBatch(documents, makeId), options),
      ),
    update: (where, update, options) =>
      during(part, () => updateAll(part, [{ where, update, one: false }], options)),
    updateOne: (where, update, options) =>
      during(part, () => updateAll(part, [{ where, update, one: true }], options)),
    updateBatch: (updates, options) =>
      during(part, () => {
        const list = updates.map(({ where, update }) => ({ where, update, one: false }));
        return updateAll(part, list, options);
      }),
    modify: (id, change, options) => during(part, () => modify(part, id, change, options)),
    delete: (where, options) =>
      during(part, () => deleteAll(part, [{ where, one: false }], options)),
    deleteOne: (where, options) =>
      during(part, () => deleteAll(part, [{ where, one: true }], options)),
    deleteBatch: (selectors, options) =>
      during(part, () => {
        const list = selectors.map((where) => ({ where, one: false }));
        return deleteAll(part, list, options);
      }),
    clear: (options) => during(part, () => deleteAll(part, [{ where: {}, one: false }], options)),
    drop: (options) =>
      during(part, async () => {
        await send(part, { kind: "drop", collection: name }, options);
      }),
  };
};

interface Part {
  readonly context: CollectionContext;
  readonly transact: Transact;
}

/** A write that is checked when it is called, not when the database is open. */
const during = <T>({ context }: Part, run: () => Promise<T>): Promise<T> =>
  context.session.during(async () => run());

const send = async (
  { context }: Part,
  write: Write,
  options: CallOptions | undefined,
): Promise<readonly number[]> => {
  await context.prepared;
  return context.session.write(write, options?.signal);
};

/** Whether plugins or a schema are to see what is inserted or put. */
const isSeen = ({ hooks, schema }: CollectionContext): boolean =>
  hooks.onInsert || hooks.onUpdate || schema !== null;

const insert = async (
  part: Part,
  rows: readonly Row[],
  options: InsertOptions | undefined,
): Promise<readonly StoredFields[]> => {
  if (rows.length === 0) return [];
  const { context } = part;
  // What is wrong with the call is said before plugins act.
  visibilityOf(options);
  const admitted = await admitRows(rows, context);
  const encoded = { rows: encodeRows(admitted), documents: admitted.map(storedFields) };
  const stored = await insertPrepared(part, encoded, options);
  if (context.hooks.onInsert) {
    for (const row of admitted) await context.hooks.afterInsert(storedFields(row));
  }
  return stored;
};

const insertPrepared = async (
  part: Part,
  { rows, documents }: Prepared,
  options: InsertOptions | undefined,
): Promise<readonly StoredFields[]> => {
  if (documents.length === 0) return [];
  const visibility = visibilityOf(options);
  await send(part, { kind: "insert", collection: part.context.name, rows, visibility }, options);
  return documents;
};

const upsert = async (
  part: Part,
  rows: readonly Row[],
  options: CallOptions | undefined,
): Promise<readonly StoredFields[]> => {
  if (rows.length === 0) return [];
  const { context } = part;
  if (context.hooks.onInsert || context.hooks.onUpdate) {
    return guarded(part, (attempt) => upsertIn(attempt, context, rows), options);
  }
  const admitted = await admitRows(rows, context);
  const encoded = { rows: encodeRows(admitted), documents: admitted.map(storedFields) };
  return upsertPrepared(part, encoded, options);
};

const upsertPrepared = async (
  part: Part,
  { rows, documents }: Prepared,
  options: CallOptions | undefined,
): Promise<readonly StoredFields[]> => {
  if (documents.length > 0) {
    await send(part, { kind: "upsert", collection: part.context.name, rows }, options);
  }
  return documents;
};

const updateAll = async (
  part: Part,
  updates: readonly { where: Selector; update: unknown; one: boolean }[],
  options: CallOptions | undefined,
): Promise<number> => {
  const { context } = part;
  const writes = updates.map(({ where, update, one }): DocumentWrite => ({
    kind: "update",
    collection: context.name,
    target: targetOf(where, one),
    update: compileUpdate(update),
  }));
  if (!context.hooks.onUpdate && context.schema === null) return sendAll(part, writes, options);
  return guarded(
    part,
    (attempt) =>
      inOrder(updates, ({ where, update, one }) =>
        updateIn(attempt, context, where, update, { one }),
      ),
    options,
  );
};

const deleteAll = async (
  part: Part,
  deletes: readonly { where: Selector; one: boolean }[],
  options: CallOptions | undefined,
): Promise<number> => {
  const { context } = part;
  const writes = deletes.map(({ where, one }): DocumentWrite => ({
    kind: "delete",
    collection: context.name,
    target: targetOf(where, one),
  }));
  if (!context.hooks.onDelete) return sendAll(part, writes, options);
  return guarded(
    part,
    (attempt) => inOrder(deletes, ({ where, one }) => deleteIn(attempt, context, where, { one })),
    options,
  );
};

const modify = async (
  part: Part,
  id: string,
  change: (document: Document) => unknown,
  options: CallOptions | undefined,
): Promise<Document | null> => {
  checkId(id, "id");
  const { context } = part;
  const modified = await guarded(
    part,
    (attempt) => modifyIn(attempt, context, id, change),
    options,
  );
  return modified === null ? null : shown(modified, context.schema);
};

/** Several writes are one commit, so that none is there without the others. */
const sendAll = async (
  part: Part,
  writes: readonly DocumentWrite[],
  options: CallOptions | undefined,
): Promise<number> => {
  checkCount(writes.length);
  const [single] = writes;
  if (single === undefined) return 0;
  const write: Write =
    writes.length === 1 ? single : { kind: "batch", writes, together: false, reads: [] };
  return sum(await send(part, write, options));
};

const guarded = async <T>(
  { context, transact }: Part,
  work: (attempt: Attempt) => Promise<T>,
  options: CallOptions | undefined,
): Promise<T> => {
  await context.prepared;
  return transact(work, { together: false, signal: options?.signal });
};

const inOrder = async <T>(
  items: readonly T[],
  run: (item: T) => Promise<number>,
): Promise<number> => {
  let total = 0;
  for (const item of items) total += await run(item);
  return total;
};

const visibilityOf = (options: InsertOptions | undefined): "shared" | "private" | null => {
  const visibility: unknown = options?.visibility;
  if (visibility === undefined) return null;
  if (visibility === "shared" || visibility === "private") return visibility;
  throw refusal("InvalidArgument", 'visibility: "shared" or "private"', "visibility");
};

const only = (documents: readonly StoredFields[]): StoredFields => {
  const [document] = documents;
  assert(document !== undefined, "one document was stored");
  return document;
};

const sum = (counts: readonly number[]): number => counts.reduce((total, n) => total + n, 0);
