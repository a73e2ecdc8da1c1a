/**
 * What a page asks of the engine, wherever the engine runs: plain data that can cross to a worker.
 * Documents travel as row bytes (`rows.ts`), checked where they were written.
 */
import type { Change } from "../query/update.ts";
import type { FilterData } from "../query/match.ts";
import type { UpdateData } from "../query/update.ts";
import type { SyncMode } from "./snapshots.ts";

/** `private`: the document stays on this device, whether its collection is attached or not. */
export type Visibility = "shared" | "private";
export type { Change };

/** Which documents a write touches. */
export type Target =
  | { readonly kind: "ids"; readonly ids: readonly string[] }
  | { readonly kind: "filter"; readonly filter: FilterData; readonly limit: number | null };

/** One change of documents. All of it takes effect, or none. */
export type DocumentWrite =
  | {
      readonly kind: "insert";
      readonly collection: string;
      readonly rows: Uint8Array;
      readonly visibility: Visibility | null;
    }
  /**
   * Inserts, or makes the living document equal to the row: fields that the row lacks are unset.
   */
  | { readonly kind: "upsert"; readonly collection: string; readonly rows: Uint8Array }
  /** Makes living documents equal to the rows; a missing one is left out and not counted. */
  | { readonly kind: "replace"; readonly collection: string; readonly rows: Uint8Array }
  | {
      readonly kind: "update";
      readonly collection: string;
      readonly target: Target;
      readonly update: UpdateData;
    }
  | { readonly kind: "delete"; readonly collection: string; readonly target: Target };

/** Documents that a transaction read, and when: validated when it commits. */
export interface ReadMark {
  readonly collection: string;
  /** The engine's count of commits at the reading. */
  readonly at: number;
  readonly ids: readonly string[];
  /** For queries: a document that matches by now, or stood in the answer, spoils it. */
  readonly filter: FilterData | null;
}

export type Write =
  | DocumentWrite
  /** Several writes as one commit. `together`: one transaction, never split on its way to peers. */
  | {
      readonly kind: "batch";
      readonly writes: readonly DocumentWrite[];
      readonly together: boolean;
      readonly reads: readonly ReadMark[];
    }
  | { readonly kind: "make-collection"; readonly collection: string }
  | { readonly kind: "drop"; readonly collection: string }
  | { readonly kind: "attach"; readonly collection: string; readonly networkId: string }
  | { readonly kind: "detach"; readonly collection: string }
  | {
      readonly kind: "move";
      readonly collection: string;
      readonly id: string;
      readonly to: Visibility;
    }
  | {
      readonly kind: "strategy";
      readonly collection: string;
      readonly strategy: "last-write-wins" | "first-write-wins";
    }
  | { readonly kind: "sync-mode"; readonly collection: string; readonly mode: SyncMode };

export interface WriteRequest {
  /** Made by the page: a repeat of a command answers with the first result. */
  readonly commandId: string;
  readonly write: Write;
}

export interface WriteResult {
  /** Documents matched, per write of a batch in order; one number for a single write. */
  readonly counts: readonly number[];
}

/** Sort keys in order of weight; ties are broken by id. */
export type SortData = readonly (readonly [path: string, direction: 1 | -1])[];

export interface FindRequest {
  readonly collection: string;
  readonly filter: FilterData;
  readonly sort: SortData;
  readonly limit: number | null;
  readonly offset: number;
  /** Opaque: the last row's cursor of an earlier answer. */
  readonly after: string | null;
  readonly fields: readonly string[] | null;
  readonly includeDeleted: boolean;
  /** With `_vector`, `_timestamp`, `_peerId`, `_entryType`, `_deleted`, `_visibility`. */
  readonly meta: boolean;
}

export interface GetRequest {
  readonly collection: string;
  readonly ids: readonly string[];
  readonly meta: boolean;
}

/** Rows and the count of commits that they show. */
export interface RowsAnswer {
  readonly rows: Uint8Array;
  readonly at: number;
}

/**
 * What changed in a live query's answer. Positions count in the answer as it was (removed) and as
 * it is now.
 */
export type LiveChange =
  | { readonly kind: "rows"; readonly rows: Uint8Array }
  | {
      readonly kind: "patch";
      /** Rising positions in the answer before. */
      readonly removed: readonly number[];
      /**
       * Rising positions in the answer after; `rows` holds as many rows. A changed row is removed
       * and placed.
       */
      readonly placed: readonly number[];
      readonly rows: Uint8Array;
    }
  | { readonly kind: "failed"; readonly message: string };

/** A collection as it is listed. */
export interface CollectionInfo {
  readonly name: string;
  /** How many live in it. */
  readonly documents: number;
  /** The caller's name of the network it is attached to. */
  readonly networkId: string | null;
  /** As `setConflictStrategy` set it. */
  readonly strategy: string;
}
