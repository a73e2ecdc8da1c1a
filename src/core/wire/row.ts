/**
 * What a document is on its way between page and engine: leaves, and what is told of it besides.
 * Apart from `rows.ts`, which its writer and its reader stand below.
 */
import type { Path } from "../base/types.ts";
import type { EntryType, Leaf } from "../cbor/document.ts";

/** What is told of a document besides its fields. */
export interface RowMeta {
  /** Milliseconds of the latest write that shows. */
  readonly timestamp: number;
  /** The device that made it. */
  readonly peerId: string;
  readonly entryType: EntryType;
  readonly deleted: boolean;
  /** It stays on this device when its collection is attached. */
  readonly private: boolean;
  /** Highest n by writer of all that the document was made from. */
  readonly vector: readonly (readonly [writer: string, n: number])[];
  /** Dotted paths with several values, of which one shows. */
  readonly conflicts: readonly string[];
  /** Dotted paths that show a value of a device whose clock is fast. */
  readonly ahead: readonly string[];
}

export interface Row {
  readonly id: string;
  readonly leaves: readonly Leaf[];
  readonly meta: RowMeta | null;
}

/** The leaves of rows that are alike. Known by identity: one object stands for many rows. */
export interface RowShape {
  readonly paths: readonly Path[];
}
