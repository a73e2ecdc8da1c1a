/**
 * The port of blobs: bytes of any size, named by their SHA-256, beside the documents that refer to
 * them. They go in and come out as streams, never whole in memory, and are checked on both ways.
 * Which are needed, whoever sweeps says; every adapter passes `tests/contract/blobs.ts`.
 */
import type { Brand } from "../core/base/brand.ts";

/** SHA-256 of a blob's bytes, as 64 lower-case hexadecimal digits. */
export type BlobHash = Brand<string, "BlobHash">;

/** A `Uint8Array` must stay as it is until the call is done. */
export type BlobSource = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Uint8Array;

export interface BlobStat {
  readonly hash: BlobHash;
  /** CIDv1 of the same (FORMATS.md §10), as documents hold it. */
  readonly cid: string;
  /** Bytes. */
  readonly size: number;
}

/** Bytes from `from` up to, but without, `to`; what lies beyond the blob's end is left out. */
export interface BlobRange {
  readonly from?: number;
  readonly to?: number;
}

export interface BlobCallOptions {
  /** The call rejects with `Aborted`, and a `put` leaves nothing. */
  readonly signal?: AbortSignal;
}

export interface BlobDamage {
  readonly hash: string;
  readonly reason: string;
}

export interface SweepOptions {
  /** Documents, history, what is parked or staged, and open transactions count. */
  readonly isReferenced: (hash: BlobHash) => boolean | Promise<boolean>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface SweepReport {
  readonly removed: readonly BlobHash[];
  /** Bytes of what was removed. */
  readonly removedBytes: number;
  /** Blobs that were begun and never finished, by a crash or a full disk. */
  readonly removedDrafts: number;
}

export interface BlobStore {
  /**
   * On the disk and read back when it resolves. Bytes that are there already are stored anew,
   * which mends them. Rejects with what the source throws, `QuotaExceeded`, `Aborted` or
   * `StorageFailed`; then nothing is there but what the next sweeps remove.
   */
  put(source: BlobSource, options?: BlobCallOptions): Promise<BlobStat>;
  /**
   * null: not there, or damaged and then listed. Every piece was checked before it is handed on;
   * where the next one is damaged or gone, the iteration throws `StorageFailed`.
   */
  get(
    hash: BlobHash,
    range?: BlobRange,
    options?: BlobCallOptions,
  ): Promise<AsyncIterable<Uint8Array> | null>;
  /** null: not there, or damaged and then listed. */
  stat(hash: BlobHash): Promise<BlobStat | null>;
  /** By hash; those whose head is damaged are listed as damage instead. */
  list(): Promise<readonly BlobStat[]>;
  /** Whether somebody refers to it or not. Nothing where it is not there. */
  remove(hash: BlobHash): Promise<void>;
  /**
   * Removes what nobody has referred to for 24 hours, as far as sweeps have seen it, and drafts of
   * that age; never what was put or read meanwhile.
   */
  sweep(options: SweepOptions): Promise<SweepReport>;
  /** What this store met so far. */
  damage(): readonly BlobDamage[];
  /** Later calls reject with `Closed`; those under way end as they can. */
  close(): Promise<void>;
}
