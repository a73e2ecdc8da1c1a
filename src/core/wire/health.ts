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
  readonly storageMode: "memory" | "indexeddb" | "file";
  readonly journal: "file" | "table" | "memory";
  readonly durability: "strict" | "relaxed";
  readonly lastCheckpoint: number | null;
  readonly journalBytes: number;
  readonly cachedBytes: number;
  readonly damage: readonly DamageReport[];
  readonly recovery: RecoveryReport;
  readonly otherDevices: number | null;
  readonly onlyHere: readonly OnlyHere[];
  readonly pendingOperations: number;
  readonly deviceWarnings: readonly DeviceWarning[];
  readonly refusals: Readonly<Record<string, number>>;
}
