/**
 * How much an engine keeps in memory and leaves to an opening. Those of limits.ts, but for tests.
 */
import {
  dirtyDocumentsMax,
  historyMilliseconds,
  journalHeldBytesMax,
  pageBytesTarget,
  pageCacheBytesMax,
  trimOpsMin,
} from "../core/base/limits.ts";

/** Small ones make a test meet in a few writes what otherwise takes thousands. */
export interface StorageBounds {
  /** Of opened pages in memory. */
  readonly pageCacheBytes: number;
  /** Of one page. */
  readonly pageBytes: number;
  /** Documents that change before a checkpoint is made. */
  readonly dirtyDocuments: number;
  /** How long the log of `local` keeps ops that mean nothing any more. */
  readonly historyMilliseconds: number;
  /** Older ops that it holds before it is trimmed. */
  readonly trimOps: number;
  /** Of the journal before it is let go. */
  readonly journalHeldBytes: number;
  /**
   * Whether pages are deflated. IndexedDB in Chromium compresses by itself: there it saved a tenth
   * of the disk and cost a third of the speed of reads. In files it saves more than half.
   */
  readonly deflatesPages: boolean;
}

/** Of one device in a network, before what it writes is slowed; and how fast it is then. */
export interface DeviceBounds {
  readonly deviceQuotaBytes: number;
  readonly deviceQuotaDocuments: number;
  readonly slowedBytesPerSecond: number;
}

export type Bounds = StorageBounds & DeviceBounds;

export const defaultBounds: StorageBounds = {
  pageCacheBytes: pageCacheBytesMax,
  pageBytes: pageBytesTarget,
  dirtyDocuments: dirtyDocumentsMax,
  historyMilliseconds,
  trimOps: trimOpsMin,
  journalHeldBytes: journalHeldBytesMax,
  deflatesPages: false,
};
