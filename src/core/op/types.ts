/**
 * One change to one document, as it stands in memory: writers resolved, times absolute (FORMATS.md
 * §2). `encode.ts` and `decode.ts` hold its bytes, `../doc/merge.ts` what it means.
 */
import type { Dot, Path, Stamp, Time, Value } from "../base/types.ts";

/** The total of a run that a `set` or `unset` saw. */
export interface SeenRun {
  readonly run: Dot;
  /** Of the entry that held the total. */
  readonly dot: Dot;
  readonly total: number;
  /**
   * Other totals of that run that stood beside it (only a fork or a lie makes them). Not written,
   * so empty in an op that was read; but the segment's table must cover them, since they were read
   * before.
   */
  readonly alsoSaw: readonly Dot[];
}

/**
 * A document is a set of registers: a path, an element of a set under a path, or a counter's run
 * under a path. Kind and fields of an entry say which register of its path it writes.
 */
export interface EntryBase {
  readonly path: Path;
  /**
   * Dots of the entries of this register (and, for `remove`, of the base values) that the writer
   * saw. Sorted.
   */
  readonly replaces: readonly Dot[];
  /** The first stamp of a value that is written anew elsewhere: it ranks by that. */
  readonly origin: Stamp | null;
}

/** `seen`: one for each run of that path that the writer saw, sorted by run. */
export type Entry =
  | (EntryBase & { readonly kind: "set"; readonly value: Value; readonly seen: readonly SeenRun[] })
  | (EntryBase & { readonly kind: "unset"; readonly seen: readonly SeenRun[] })
  | (EntryBase & { readonly kind: "add" | "remove"; readonly element: Value })
  /** `total` is the run's sum so far. A run is named by the dot of the op that began it. */
  | (EntryBase & { readonly kind: "increment"; readonly run: Dot; readonly total: number });

interface OpBase {
  readonly dot: Dot;
  readonly time: Time;
  readonly id: string;
}

export interface WriteOp extends OpBase {
  readonly kind: "write";
  /** The document is born, or born again, with this op. */
  readonly birth: boolean;
  /**
   * Living births that the writer saw, its own included. The op is visible while one of them lives.
   * Sorted.
   */
  readonly births: readonly Dot[];
  readonly entries: readonly Entry[];
}

export interface DeleteOp extends OpBase {
  readonly kind: "delete";
  /** The births that the writer saw, named one by one: absence is never evidence of deletion. */
  readonly births: readonly Dot[];
}

/**
 * Of a kind that this version does not know: its document is parked until a version comes that
 * does.
 */
export interface UnknownOp extends OpBase {
  readonly kind: "unknown";
}

export type Op = WriteOp | DeleteOp | UnknownOp;

/** An op that means nothing, the same for everyone. Its n is used up all the same. */
export interface NoOp {
  readonly kind: "no-op";
  readonly dot: Dot;
  readonly reason: string;
}
