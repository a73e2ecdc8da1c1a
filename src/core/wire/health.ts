/**
 * What a database says of itself, as it crosses from the engine to whoever asks: where the data is,
 * what could not be read, what is on no other device. Types only; the words are made in
 * `engine/recovery.ts`.
 */

import type { DeviceWarning } from "./deviceWarning.ts";

/** Something that storage could not give back, in words for the person whose data it is. */
export interface DamageReport {
  /** `tables`: one half of the storage went back to an older state. */
  readonly where: "tables" | "journal" | "segment" | "page" | "meta";
  /** What happened, and what is missing. */
  readonly what: string;
  /** Whether documents or changes are missing on this device because of it. */
  readonly lost: boolean | "unknown";
  /** What to do. */
  readonly advice: string;
  /** Keys and reasons, for a report of the problem. */
  readonly detail: string;
}

/** What an opening found of the life before. */
export interface RecoveryReport {
  /**
   * `tables`: IndexedDB (in Node: the tables' files) came back older than the journal; `journal`:
   * the journal came back older, or is gone. null: both go together.
   */
  readonly rolledBack: "tables" | "journal" | null;
  /** Bytes of a write that was cut off, by a crash as a rule: nobody was told that it is stored. */
  readonly tornBytes: number;
  readonly damage: readonly DamageReport[];
}

/** A collection of which documents are on no other device, as far as is known. */
export interface OnlyHere {
  readonly collection: string;
  readonly documents: number;
}

export interface EngineHealth {
  /** `memory`: everything is gone when the page closes. */
  readonly storageMode: "memory" | "indexeddb" | "file";
  /**
   * Where commits are flushed to: a file (OPFS, or a folder in Node), the tables themselves where
   * files cannot be held, or memory.
   */
  readonly journal: "file" | "table" | "memory";
  readonly durability: "strict" | "relaxed";
  /**
   * When documents were last written to their pages, in milliseconds since 1970; null: not since
   * this opening. Nothing rests on it but the time that the next opening takes.
   */
  readonly lastCheckpoint: number | null;
  /** Bytes of commits that an opening would read again. */
  readonly journalBytes: number;
  /** Bytes of pages that are held in memory. */
  readonly cachedBytes: number;
  /** How often, since the opening, a page was read and was held in memory. */
  readonly cacheHits: number;
  /** How many pages had to be read from storage since the opening. */
  readonly cacheMisses: number;
  /** What storage could not give back, up to now. */
  readonly damage: readonly DamageReport[];
  /** What this opening found of the life before. */
  readonly recovery: RecoveryReport;
  /**
   * On how many other devices all that is shared is known to be: the least over the collections
   * that are in a network, null where none is. It counts devices that are connected now and were
   * verified, by digest, to hold just what this one holds, and members' devices that acknowledged
   * all of it, under their signature, be they there or not: what became of one since then shows
   * when it is met again.
   */
  readonly otherDevices: number | null;
  /** Collections with documents that are on no other device, by the same knowledge. */
  readonly onlyHere: readonly OnlyHere[];
  /** Operations of this device in networks that no other device is known to hold. */
  readonly pendingOperations: number;
  /** Of devices in networks that have stored much, or of which two logs stand under one name. */
  readonly deviceWarnings: readonly DeviceWarning[];
  /**
   * How often something of a peer was refused, had to wait, was dropped or done again since the
   * opening, by where and why: "greeting: not-a-member", "segment refused: signature".
   */
  readonly refusals: Readonly<Record<string, number>>;
}
