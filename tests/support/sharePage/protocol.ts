/** What the sharing test page does for whoever drives it. */
import type { DistributedDatabase } from "../../../src/client/api.ts";

/** Done one after the other. Inserts are shared unless they are said to be private. */
export interface WriteRequest {
  readonly collection: string;
  readonly inserts?: readonly { readonly id: string; readonly [field: string]: unknown }[];
  readonly visibility?: "private";
  readonly updates?: readonly {
    readonly id: string;
    readonly set: Readonly<Record<string, unknown>>;
  }[];
  readonly deletes?: readonly string[];
}

export interface SharePage {
  readonly database: DistributedDatabase;
  /** As `database.ready`; here and in `write` errors say all that they know in their message. */
  readonly ready: () => Promise<void>;
  /** Resolves with the ids of those that were there to be updated. */
  readonly write: (request: WriteRequest) => Promise<readonly string[]>;
  /** Resolves when the networks of the database, or their sync, were told to be so. */
  readonly once: (isSo: () => boolean) => Promise<void>;
  /** Resolves when so many are connected, and each is in sync with this one, checked by digest. */
  readonly settled: (networkId: string, others: number) => Promise<void>;
  /** Of all documents with all their fields. */
  readonly digest: (
    collection: string,
  ) => Promise<{ readonly count: number; readonly sha256: string }>;
}
