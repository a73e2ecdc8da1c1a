/**
 * The port under a store for what stands in transactions: segments, pages, meta data, the number
 * that fences, and the journal where no files can hold it. IndexedDB stands behind it;
 * `journaledStore.ts` makes a store of it and of a journal.
 */
import type { NebulusError } from "../core/base/errors.ts";
import type { ScopeId } from "../core/base/types.ts";
import type { DamageList } from "./damage.ts";
import type { JournalRecord, PageKey, SegmentKey, StoreBatch } from "./store.ts";
import type { StoredPage, StoredSegment } from "./store.ts";

export interface TablesHome {
  /**
   * Raises the epoch in a strict transaction, above `epochAbove` too: from then on every write of
   * an earlier opening rejects with `Replaced`.
   */
  readonly open: (name: string, epochAbove: Promise<number>) => Promise<Tables>;
  /** Resolves when all of it is gone, and for a name that is not there. */
  readonly destroy: (name: string) => Promise<void>;
}

/** What an opening found, before it changed anything. Damage is listed already. */
export interface FoundTables {
  /** Nothing stands in them: they were just made, or everything is gone. */
  readonly isEmpty: boolean;
  /** 0: nothing was ever absorbed. null: damaged. */
  readonly absorbedSequence: number | null;
  /** Sequences in the journal's table; null: it is empty. */
  readonly oldestRecord: number | null;
  readonly newestRecord: number | null;
  /** See `journal/note.ts`. null: none was ever written. */
  readonly note: Uint8Array | "damaged" | null;
}

/** What stands there now, whoever wrote it. */
export interface CurrentTables {
  /** null: damaged. */
  readonly epoch: number | null;
  readonly absorbedSequence: number | null;
  readonly note: Uint8Array | null;
}

/** A record of the journal's table, or why it can not be read. */
export type TableRecord = JournalRecord | { readonly sequence: number; readonly damage: string };

/**
 * As `Store` where the names are the same. `prepare…` copies what it is given, at the call, and
 * throws for impossible keys; what it returns runs the transaction, once.
 */
export interface Tables {
  readonly epoch: number;
  readonly found: FoundTables;
  readonly damage: DamageList;
  /** Why nothing can be done with them any more: replaced, lost or closed. */
  readonly ended: () => NebulusError | null;
  readonly current: () => Promise<CurrentTables>;
  readonly meta: () => Promise<ReadonlyMap<string, Uint8Array>>;
  readonly segment: (key: SegmentKey) => Promise<Uint8Array | null>;
  readonly segments: (scope?: ScopeId) => AsyncIterable<StoredSegment>;
  readonly pages: (keys: readonly PageKey[]) => Promise<readonly (Uint8Array | null)[]>;
  readonly pagesOf: (scope: ScopeId, kind: number) => AsyncIterable<StoredPage>;
  readonly prepareWrite: (
    batch: StoreBatch,
  ) => (durability: "strict" | "relaxed", note: Uint8Array | null) => Promise<void>;
  /** The journal's table, after a sequence. */
  readonly records: (after: number) => AsyncIterable<TableRecord>;
  readonly prepareRecords: (
    records: readonly JournalRecord[],
  ) => (durability: "strict" | "relaxed") => Promise<void>;
  /** Waits for what was called before. */
  readonly close: () => Promise<void>;
}
