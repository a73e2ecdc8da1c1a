/**
 * What a document's ops add up to. A state is a pure function of the set of ops read, and
 * canonical: the same set gives the same structure in whatever order it was read. Ordinary
 * documents take the plain form, all others the general one.
 */
import { compareTimes } from "../clock/hybrid.ts";
import type { Dot, Path, Stamp, Time, Value } from "../base/types.ts";
import { compareDots } from "../op/dots.ts";
import type { Shape } from "./shapes.ts";

/** Alive or deleted, ordinary or not. */
export type DocumentState = PlainState | GeneralState;

/** One living birth, and every register a path with one `set` that saw no counter. */
export interface PlainState {
  readonly kind: "plain";
  readonly id: string;
  readonly birth: Birth;
  readonly shape: Shape;
  /** As the shape's paths. */
  readonly values: readonly Value[];
  /**
   * As the shape's paths; null for what the birth wrote without an origin. Null altogether if that
   * is all.
   */
  readonly stamps: readonly (EntryStamp | null)[] | null;
  readonly deletion: Deletion | null;
}

export interface GeneralState {
  readonly kind: "general";
  readonly id: string;
  /** The living ones, sorted by dot; none: the document is deleted, or was never born. */
  readonly births: readonly Birth[];
  /** Sorted by key. */
  readonly registers: readonly PathRegisters[];
  readonly deletion: Deletion | null;
  /**
   * An op of a kind that this version does not know was read: the document waits for a newer one.
   */
  readonly parked: boolean;
}

export interface Birth {
  readonly dot: Dot;
  readonly time: Time;
}

/** What is told of a document that is gone. Replicas do not compare it. */
export interface Deletion {
  /** Of the latest delete. */
  readonly stamp: Stamp;
  /** The highest n of each writer among deletes and the births that they name. Sorted. */
  readonly vector: readonly Dot[];
}

/** Who wrote an entry, and when; `origin` is the stamp that ranks it where it is not the op's. */
export interface EntryStamp {
  readonly dot: Dot;
  readonly time: Time;
  readonly origin: Stamp | null;
}

/** All registers of one path. Each list holds the visible entries, in order. */
export interface PathRegisters {
  readonly key: string;
  readonly path: Path;
  /** By stamp. */
  readonly base: readonly HeldBase[];
  /** By the element's bytes, then stamp. */
  readonly elements: readonly HeldElement[];
  /** By the run's dot, then stamp. */
  readonly runs: readonly HeldTotal[];
}

export interface HeldEntry extends EntryStamp {
  /** The living births under which it is visible. Sorted, not empty. */
  readonly births: readonly Dot[];
}

export type HeldBase = HeldEntry & { readonly seen: readonly SeenTotal[] } & (
    { readonly kind: "set"; readonly value: Value } | { readonly kind: "unset" }
  );

/** How much of a run a base value has seen, and therefore overwritten. */
export interface SeenTotal {
  readonly run: Dot;
  readonly total: number;
}

export type HeldElement = HeldEntry & {
  readonly element: Value;
  /** The element's bytes as text: its identity. */
  readonly elementKey: string;
} & (
    | { readonly kind: "add" }
    /** Hides the element in the visible base entries that it names. Sorted, not empty. */
    | { readonly kind: "remove"; readonly bases: readonly Dot[] }
  );

export interface HeldTotal extends HeldEntry {
  readonly run: Dot;
  readonly total: number;
}

export const isAlive = (state: DocumentState | null): state is DocumentState =>
  state !== null && (state.kind === "plain" || state.births.length > 0);

export const isParked = (state: DocumentState | null): boolean =>
  state?.kind === "general" && state.parked;

/** Living births, sorted by dot. */
export const birthsOf = (state: DocumentState | null): readonly Birth[] => {
  if (state === null) return [];
  return state.kind === "plain" ? [state.birth] : state.births;
};

/** What an entry ranks by. */
export const stampOf = (entry: EntryStamp): Stamp =>
  entry.origin ?? { writer: entry.dot.writer, n: entry.dot.n, time: entry.time };

/** The one order of entries: time, writer, n of the stamp, ties by the dot. */
export const compareEntries = (a: EntryStamp, b: EntryStamp): number => {
  const byTime = compareTimes(a.origin?.time ?? a.time, b.origin?.time ?? b.time);
  if (byTime !== 0) return byTime;
  return compareDots(a.origin ?? a.dot, b.origin ?? b.dot) || compareDots(a.dot, b.dot);
};
