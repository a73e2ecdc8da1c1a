/**
 * The port between a store and its journal: in files, or in the tables.
 */
import type { JournalRecord } from "../store.ts";

export interface Journal {
  readonly kind: "file" | "table";
  /** See `Store`. */
  readonly lastSequence: () => number;
  /** Copies, at the call; what it returns appends, after what was called before. */
  readonly prepareAppend: (
    records: readonly JournalRecord[],
  ) => (durability: "strict" | "relaxed") => Promise<void>;
  readonly read: () => AsyncIterable<JournalRecord>;
  /**
   * Before any transaction of the tables: all that was appended is flushed, so that they never
   * know of anything that the journal may still lose.
   */
  readonly flush: () => Promise<void>;
  /** What the tables should note with a transaction that absorbs up to there; null: nothing new. */
  readonly note: (absorbed: number) => PendingNote | null;
  /** A transaction that absorbed up to there is complete. */
  readonly release: (absorbed: number) => Promise<void>;
  /** After it only reading goes on. Rejects where what was appended could not be flushed. */
  readonly close: () => Promise<void>;
  /** The database is to be destroyed: lets go of everything, and every later call rejects. */
  readonly abandon: () => Promise<void>;
}

export interface PendingNote {
  readonly bytes: Uint8Array;
  /** It stands in the tables now. */
  readonly noted: () => void;
}
