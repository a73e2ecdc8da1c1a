/**
 * What the page is asked and what it tells: one step after another, each measured and checked in
 * the page. A store that a step opened stays open for those that follow.
 */
import type * as measures from "../support/measures.ts";
import type { Durability } from "./participants.ts";
import type { WorkloadName } from "./workloads.ts";

export type Sample = measures.Sample<WorkloadName>;

export type Step =
  /** Opens the database, inserts them all, counts, compares some, closes. */
  | { readonly kind: "fill"; readonly documents: number; readonly durability: Durability }
  /** Of the product alone: the same into a network. */
  | { readonly kind: "fill-network"; readonly documents: number }
  /** Opens it and gets one document. */
  | { readonly kind: "open"; readonly documents: number; readonly durability: Durability }
  /** On the open database. */
  | { readonly kind: "get" | "get-many" | "update"; readonly count: number }
  | { readonly kind: "scan" | "memory-open" | "worker-scan" | "close" }
  /** On a database of their own. */
  | {
      readonly kind: "single-strict" | "single-relaxed" | "at-once";
      readonly count: number;
    }
  /** From engine to engine, in the page's memory. */
  | { readonly kind: "sync"; readonly documents: number }
  | { readonly kind: "merge"; readonly documents: number; readonly edits: number };

export interface Task {
  readonly participant: string;
  readonly seed: number;
  readonly step: Step;
}

/** Milliseconds from the navigation's start, when a page is loaded with these. */
export interface AnswerQuery {
  readonly answer: string;
  readonly seed: string;
  readonly documents: string;
  readonly durability: string;
}

declare global {
  interface Window {
    /** Set by the page. */
    runStep: (task: Task) => Promise<readonly Sample[]>;
    firstAnswer?: Promise<number>;
  }
}
