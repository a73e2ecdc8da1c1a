/**
 * What `health()` answers: where the data is, on how many devices, and what went wrong.
 */
import type { DeviceWarning } from "../core/wire/deviceWarning.ts";
import type { DamageReport, OnlyHere, RecoveryReport } from "../core/wire/health.ts";

export interface Health {
  readonly open: boolean;
  /** `memory`: everything is gone when the page closes. */
  readonly storageMode: "memory" | "indexeddb" | "file";
  /**
   * Where commits are flushed to: a file (OPFS, or a folder in Node), the tables themselves where
   * files cannot be held, or memory.
   */
  readonly journal: "file" | "table" | "memory";
  readonly durability: "strict" | "relaxed";
  /** Whether the browser promised not to evict the data; null where nobody can say. */
  readonly persisted: boolean | null;
  /** Bytes, as the browser estimates them for the whole origin; null where nobody can say. */
  readonly usage: { readonly used: number; readonly quota: number } | null;
  /**
   * When documents were last written to their pages, in milliseconds since 1970; null: not since
   * this opening. Nothing rests on it but the time that the next opening takes.
   */
  readonly lastCheckpoint: number | null;
  /** Bytes of commits that an opening would read again. */
  readonly journalBytes: number;
  /** Bytes of pages that are held in memory. */
  readonly cachedBytes: number;
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
