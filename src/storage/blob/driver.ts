/**
 * What a blob store asks of the platform: where drafts and blobs stand. Hashing, checking and
 * sweeping are above it (blobStore.ts), written once.
 */
import type { BlobHash } from "../blobs.ts";
import type { StoredRecord } from "./record.ts";

/** A blob in the making. Chunks come in order, all of 1 MiB but the last. */
export interface BlobDraft {
  readonly write: (index: number, chunk: Uint8Array) => Promise<void>;
  /** All of it is on the disk when it resolves. */
  readonly finish: (record: StoredRecord) => Promise<void>;
  /** As the disk has it. */
  readonly read: (index: number, length: number) => Promise<Uint8Array | null>;
  /** It is the blob of that name from then on; one that was there before is gone. */
  readonly place: (hash: BlobHash) => Promise<void>;
  /** Instead of `place`, at any time. */
  readonly discard: () => Promise<void>;
}

/** `modified`: milliseconds since 1970; 0 where nobody knows. */
export interface BlobEntry {
  readonly hash: BlobHash;
  readonly modified: number;
}

export interface DraftEntry {
  readonly id: string;
  readonly modified: number;
}

export interface BlobDriver {
  readonly begin: (id: string) => Promise<BlobDraft>;
  readonly blobs: () => Promise<readonly BlobEntry[]>;
  readonly drafts: () => Promise<readonly DraftEntry[]>;
  /** null: not there. What is damaged in it is for others to see. */
  readonly record: (hash: BlobHash) => Promise<StoredRecord | null>;
  /** null: not there. */
  readonly chunk: (hash: BlobHash, index: number, length: number) => Promise<Uint8Array | null>;
  readonly remove: (hash: BlobHash) => Promise<void>;
  readonly removeDraft: (id: string) => Promise<void>;
  /** Notes of the sweeps; null: none. */
  readonly notes: () => Promise<Uint8Array | null>;
  readonly keepNotes: (notes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The hash in a name; null: it holds none. */
export const toBlobHash = (text: string): BlobHash | null =>
  // The shape was just checked: 32 bytes of lower-case hexadecimal
  /^[0-9a-f]{64}$/.test(text) ? (text as BlobHash) : null;
