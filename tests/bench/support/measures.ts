/**
 * What a benchmark measured, and how medians come of the rounds. Pure, and the same for all that
 * compare NebulusDB with others.
 */
import { median, type Spread } from "./statistics.ts";

/**
 * `rate`: operations in milliseconds, more a second is better. `time`: milliseconds, `bytes`:
 * bytes, `count`: of whatever the title says; of these fewer is better.
 */
export type Kind = "rate" | "time" | "bytes" | "count";

export interface Sample<W extends string> {
  readonly workload: W;
  /** So many are stored. */
  readonly documents: number;
  /** How many operations took the time; 1 where the whole is one. */
  readonly operations: number;
  /** Milliseconds or bytes: the workload's kind says which. */
  readonly value: number;
  /** Of single operations, where there were several. */
  readonly spread: Spread | null;
}

interface Measured {
  readonly participant: string;
  /** From 1. */
  readonly round: number;
}

export type Outcome<W extends string> = Measured &
  (
    | (Sample<W> & { readonly error: null })
    | (Pick<Sample<W>, "workload" | "documents"> & { readonly error: string })
  );

export interface Median<W extends string> {
  readonly participant: string;
  readonly workload: W;
  readonly documents: number;
  /** NaN where no round has a number. */
  readonly score: number;
  readonly spread: Spread | null;
  readonly rounds: number;
  readonly failed: number;
  /** The first failure's words. */
  readonly error: string | null;
}

export const mediansBy = <W extends string>(
  outcomes: readonly Outcome<W>[],
  kindOf: (workload: W) => Kind,
): readonly Median<W>[] =>
  [...new Map(outcomes.map((outcome) => [keyOf(outcome), outcome]))].map(([key, first]) =>
    medianOf(
      first,
      outcomes.filter((outcome) => keyOf(outcome) === key),
      kindOf(first.workload),
    ),
  );

const keyOf = <W extends string>({ participant, workload, documents }: Outcome<W>): string =>
  JSON.stringify([participant, workload, documents]);

const medianOf = <W extends string>(
  first: Outcome<W>,
  group: readonly Outcome<W>[],
  kind: Kind,
): Median<W> => {
  const measured = group.filter((each) => each.error === null);
  const failures = group.filter((each) => each.error !== null);
  const spreads = measured.map(({ spread }) => spread).filter((spread) => spread !== null);
  return {
    ...{ participant: first.participant, workload: first.workload, documents: first.documents },
    score: median(measured.map((sample) => scoreOf(sample, kind))),
    spread: spreads.length === 0 ? null : medianSpread(spreads),
    ...{ rounds: group.length, failed: failures.length },
    error: failures[0]?.error ?? null,
  };
};

const scoreOf = (
  { operations, value }: Pick<Sample<string>, "operations" | "value">,
  kind: Kind,
): number => (kind === "rate" ? (operations / value) * 1_000 : value);

const medianSpread = (spreads: readonly Spread[]): Spread => ({
  p50: median(spreads.map(({ p50 }) => p50)),
  p95: median(spreads.map(({ p95 }) => p95)),
  p99: median(spreads.map(({ p99 }) => p99)),
});

export const findMedian = <W extends string>(
  medians: readonly Median<W>[],
  wanted: Pick<Median<W>, "participant" | "workload" | "documents">,
): Median<W> | undefined =>
  medians.find(
    ({ participant, workload, documents }) =>
      participant === wanted.participant &&
      workload === wanted.workload &&
      documents === wanted.documents,
  );

/** A score in words. */
export const shownAs = (kind: Kind, value: number): string => {
  if (kind === "rate") return `${Math.round(value).toLocaleString("en")}/s`;
  if (kind === "time") return `${value.toFixed(1)} ms`;
  if (kind === "count") return value.toLocaleString("en", { maximumFractionDigits: 1 });
  return value < bytesInKilobytes
    ? `${(value / 1e3).toFixed(1)} kB`
    : `${(value / 1e6).toFixed(2)} MB`;
};

/** Below it megabytes would show too few digits. */
const bytesInKilobytes = 100_000;
