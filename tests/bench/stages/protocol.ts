/**
 * What the benchmark's page and worker are asked, and what they tell.
 */
import type { BenchOptions, Measured } from "./measure.ts";
import type { WireBytes } from "./paths.ts";

export interface Task extends BenchOptions {
  readonly documents: number;
  readonly seed: number;
}

/** Bytes of all documents, in the forms that they take. */
export interface Sizes {
  readonly json: number;
  readonly jsonGzip: number;
  readonly rows: number;
  readonly ops: number;
  readonly journalRecord: number;
  readonly segments: number;
  readonly segmentCount: number;
  readonly wire: WireBytes;
}

export type FromWorker =
  | { readonly kind: "measured"; readonly measured: Measured }
  | { readonly kind: "done"; readonly sizes: Sizes }
  | { readonly kind: "failed"; readonly message: string };
