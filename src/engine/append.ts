/**
 * The one place where ops meet documents, this device's and its peers' alike: whatever holds for an
 * op is written here once. What comes here was numbered or delivered, and everything that it names
 * was applied before it.
 */
import type { EncodedInsert } from "../core/doc/insert.ts";
import { applyOp } from "../core/doc/merge.ts";
import type { DocumentState } from "../core/doc/state.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import type { Home } from "./home.ts";

/** What a group of ops changed: for each home the documents as they were before. */
export type Batch = Map<Home, Map<string, DocumentState | null>>;

export const createBatch = (): Batch => new Map();

/** Applies an op in memory and notes in the batch what it changed. */
export const append = (home: Home, op: Op | NoOp, batch: Batch): void => {
  if (op.kind === "no-op") {
    home.counters.count("no-op", op.reason);
    return;
  }
  const before = home.documents.get(op.id);
  const after = applyOp(before, op);
  if (after === before) return;
  const noted = batch.get(home) ?? new Map<string, DocumentState | null>();
  batch.set(home, noted);
  if (!noted.has(op.id)) noted.set(op.id, before);
  home.documents.put(op.id, after);
  home.digest.replace(op.id, before, after);
};

/** An insert of this device where nothing was, not even a deleted document. */
export const appendInsert = (home: Home, insert: EncodedInsert, batch: Batch): void => {
  const { id } = insert;
  const noted = batch.get(home) ?? new Map<string, DocumentState | null>();
  batch.set(home, noted);
  if (!noted.has(id)) noted.set(id, null);
  home.documents.putNew(id, insert);
  home.digest.replace(id, null, insert);
};

/** Documents as they were before the batch. */
export const undoBatch = (batch: Batch): void => {
  for (const [home, documents] of batch) {
    for (const [id, before] of documents) {
      home.digest.replace(id, home.documents.peek(id), before);
      home.documents.put(id, before);
    }
  }
};
