/**
 * The storage port: where a database's log, journal and meta data live. An adapter makes stores; a
 * store is one exclusive, open handle. Everything above knows this file only; every adapter passes
 * `tests/contract/store.ts`.
 *
 * The log is the database: a commit is durable when its journal record is, segments are cut from
 * the journal later, and what stands in memory can be rebuilt from both.
 */
import type { HeaderHash, ScopeId, WriterId } from "../core/base/types.ts";

/** Makes stores. The same adapter and name open the same data again after `close`. */
export interface StorageAdapter {
  readonly kind: "memory" | "indexeddb" | "file";
  /** Rejects with `AlreadyOpen`, `NewerFormat`, `QuotaExceeded` or `StorageFailed`. */
  open(name: string): Promise<Store>;
  /**
   * Deletes all data of that name; resolves when it is gone, and for a name that is not there.
   * Stores that are open on it can only fail with `Replaced`, reads included.
   */
  destroy(name: string): Promise<void>;
}

/** A segment's place. `header` keeps the branches of a forked writer apart (FORMATS.md §3). */
export interface SegmentKey {
  readonly scope: ScopeId;
  readonly writer: WriterId;
  /** n of the first op. */
  readonly first: number;
  readonly header: HeaderHash;
}

export interface StoredSegment {
  readonly key: SegmentKey;
  /** As received or cut: header, signature, body, verbatim. */
  readonly bytes: Uint8Array;
}

/**
 * A page's place. What kinds there are, and what stands in them, is the engine's affair
 * (`engine/pages`): pages are its checkpoint of the log.
 */
export interface PageKey {
  readonly scope: ScopeId;
  /** 0 to 255. */
  readonly kind: number;
  /** 0 to 2^32 − 1. */
  readonly number: number;
}

export interface StoredPage {
  readonly key: PageKey;
  readonly bytes: Uint8Array;
}

/** One durable commit. Sequences rise by one from 1, for the life of the database. */
export interface JournalRecord {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/**
 * One atomic change: all of it is durable when `write` resolves, or none of it ever shows. Segments
 * and pages are removed before others are stored; storing a key again replaces its bytes.
 */
export interface StoreBatch {
  readonly segments?: readonly StoredSegment[];
  readonly removedSegments?: readonly SegmentKey[];
  readonly pages?: readonly StoredPage[];
  readonly removedPages?: readonly PageKey[];
  /** All pages of these scopes go, before others are stored. */
  readonly clearedPages?: readonly ScopeId[];
  /** Journal records up to this sequence stand in segments now and are dropped. */
  readonly absorbedSequence?: number;
  /** Small named values; null removes. */
  readonly meta?: ReadonlyMap<string, Uint8Array | null>;
  /** `relaxed` only for what can be fetched again from a peer. Default strict: flushed to disk. */
  readonly durability?: "strict" | "relaxed";
}

/**
 * What was found unreadable while opening or reading: shown to the person, never dropped unsaid.
 */
export interface Damage {
  readonly where: "segment" | "page" | "journal" | "meta";
  readonly key: string;
  readonly reason: string;
}

/** What an opening found of the life before, that no ordinary end explains. */
export interface OpeningReport {
  /**
   * `tables`: segments, pages and meta data are older than the journal, so writes between the two
   * are missing. `journal`: it is older than what was absorbed of it, or gone, so what was not
   * absorbed is missing. null: both go together.
   */
  readonly rolledBack: "tables" | "journal" | null;
  /** Bytes at the journal's end that were no whole record: a write that nobody was told of. */
  readonly tornBytes: number;
}

/**
 * Bytes are copied in, at the call, and out: neither side sees what the other does to its own
 * later. Writes take effect in the order of their calls; a read that begins after a write resolved
 * sees it. A failed write left nothing behind and may be tried again. Impossible sequences and keys
 * are mistakes of this program: the call rejects with an `Error`, and nothing is written.
 */
export interface Store {
  /**
   * Rises with every opening. Every write re-reads it in its transaction: a store that was replaced
   * by a later opening rejects with `Replaced` and changes nothing. Its reads need not fail.
   */
  readonly epoch: number;
  readonly absorbedSequence: number;
  /** Of the journal's end, damaged and absorbed records counted: the next record is one higher. */
  readonly lastSequence: number;
  /** Where commits are flushed to: a file beside the tables, or the tables themselves. */
  readonly journalKind: "file" | "table" | "memory";
  readonly opening: OpeningReport;
  /**
   * True where own writers may go on after a reopening because the journal proves that nothing was
   * lost.
   */
  readonly journalProvesContinuity: boolean;
  meta(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Records not yet absorbed, by rising sequence. A gap in them is listed as damage. */
  journal(): AsyncIterable<JournalRecord>;
  /**
   * Durable when it resolves; all records or none. Sequences go on where the journal ends, absorbed
   * records counted.
   */
  appendJournal(records: readonly JournalRecord[], durability: "strict" | "relaxed"): Promise<void>;
  /** An absorbed sequence never goes back, nor beyond the journal's end. */
  write(batch: StoreBatch): Promise<void>;
  /** null: not there, or damaged and then listed. */
  segment(key: SegmentKey): Promise<Uint8Array | null>;
  /**
   * Segments of a scope (all scopes without one) in key order, in pages of bounded memory. What is
   * written or removed while it runs may show or not; what stands all the while shows once.
   */
  segments(scope?: ScopeId): AsyncIterable<StoredSegment>;
  /** In the order of the keys; null: not there, or damaged and then listed. One reading of all. */
  pages(keys: readonly PageKey[]): Promise<readonly (Uint8Array | null)[]>;
  /** The pages of one kind by rising number, in steps of bounded memory; as `segments`. */
  pagesOf(scope: ScopeId, kind: number): AsyncIterable<StoredPage>;
  /** What this store met so far; it goes on after `close`. */
  damage(): readonly Damage[];
  /** Waits for what was called before. Later calls reject with `Closed`. */
  close(): Promise<void>;
}
