/**
 * What is asked of those that bring a state from one replica to another, without storage between
 * them: both replicas stand in one memory, a page's or a process's.
 */
import type { BenchDocument } from "../support/documents.ts";

export interface Engine {
  /** A holds all documents, B none. */
  readonly prepare: (documents: readonly BenchDocument[]) => Promise<Pair>;
}

export interface Pair {
  /** What A does once, before anything can be sent to anyone. Absent: all is done by `transfer`. */
  readonly seal?: () => Promise<void>;
  /** Brings B to A's state, as bytes; resolves with their count when B can answer. */
  readonly transfer: () => Promise<number>;
  /** All that B holds. */
  readonly received: () => Promise<readonly BenchDocument[]>;
  /** Absent: it does not merge. */
  readonly merge?: Merging;
  readonly close: () => Promise<void>;
}

export interface Merging {
  /** On each side, without the other's knowledge. */
  readonly edit: (edits: readonly Edit[]) => Promise<void>;
  /** Both are given the other's edits, as so many bytes; resolves when they are equal. */
  readonly join: () => Promise<number>;
  /** What the two sides hold of these. */
  readonly both: (ids: readonly string[]) => Promise<readonly [Answer, Answer]>;
}

export type Answer = readonly BenchDocument[];

/** One field of one document, written by both sides with these values. */
export interface Edit {
  readonly id: string;
  readonly field: "title" | "body" | "source" | "time" | "score";
  readonly a: string | number;
  readonly b: string | number;
}
