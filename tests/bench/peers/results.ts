/**
 * The result file of one run, bench-results/peers.json, and how medians come of its outcomes.
 *
 * - `schema`: 1. A reader refuses any other.
 * - `run`: when (ISO 8601), the commit, the machine, the browser, the load average before and
 *   after, and the plan: sizes, rounds, seed.
 * - `participants`, `engines`: name, title, npm package and version, how each is used, and for
 *   stores what its promise is worth (`durabilities`, `durability`).
 * - `workloads`: name, title and kind. `rate`: `operations` in `value` milliseconds; `time`:
 *   `value` milliseconds; `bytes`: `value` bytes.
 * - `outcomes`: all that was measured, one by one: participant, round, workload, `documents`
 *   stored, operations, value, `spread` of single operations (p50, p95, p99 in milliseconds, or
 *   null); or `error`, in words, where the participant failed or answered wrongly.
 * - `medians`: over the rounds, by participant, workload and documents: `score` is operations a
 *   second for a rate, else the value (null: no round has one); `failed` counts those rounds.
 * - `verdicts`: each goal with its words, our score, the best peer's, and `met`, `missed` or why it
 *   was not judged.
 */
import { median, type Spread } from "../support/statistics.ts";
import type { Verdict } from "./goals.ts";
import type { EngineParticipant, Participant } from "./participants.ts";
import type { Plan } from "./options.ts";
import type { Sample } from "./protocol.ts";
import { kindOf, type Workload, type WorkloadName } from "./workloads.ts";

export interface Results {
  readonly schema: 1;
  readonly run: {
    readonly time: string;
    readonly commit: string | null;
    readonly machine: string;
    readonly browser: string;
    readonly loads: readonly [before: number, after: number];
    readonly plan: Plan;
  };
  readonly participants: readonly (Participant & { readonly version: string | null })[];
  readonly engines: readonly (EngineParticipant & { readonly version: string | null })[];
  readonly workloads: readonly (Workload & { readonly name: WorkloadName })[];
  readonly outcomes: readonly Outcome[];
  readonly medians: readonly Median[];
  readonly verdicts: readonly Verdict[];
}

interface Measured {
  readonly participant: string;
  /** From 1. */
  readonly round: number;
}

export type Outcome = Measured &
  (
    | (Sample & { readonly error: null })
    | (Pick<Sample, "workload" | "documents"> & { readonly error: string })
  );

export interface Median {
  readonly participant: string;
  readonly workload: WorkloadName;
  readonly documents: number;
  /** NaN where no round has a number. */
  readonly score: number;
  readonly spread: Spread | null;
  readonly rounds: number;
  readonly failed: number;
  /** The first failure's words. */
  readonly error: string | null;
}

export const mediansOf = (outcomes: readonly Outcome[]): readonly Median[] =>
  [...new Map(outcomes.map((outcome) => [keyOf(outcome), outcome]))].map(([key, first]) =>
    medianOf(
      first,
      outcomes.filter((outcome) => keyOf(outcome) === key),
    ),
  );

const keyOf = ({ participant, workload, documents }: Outcome): string =>
  JSON.stringify([participant, workload, documents]);

const medianOf = (first: Outcome, group: readonly Outcome[]): Median => {
  const measured = group.filter((each) => each.error === null);
  const failures = group.filter((each) => each.error !== null);
  const spreads = measured.map(({ spread }) => spread).filter((spread) => spread !== null);
  return {
    ...{ participant: first.participant, workload: first.workload, documents: first.documents },
    score: median(measured.map(scoreOf)),
    spread: spreads.length === 0 ? null : medianSpread(spreads),
    ...{ rounds: group.length, failed: failures.length },
    error: failures[0]?.error ?? null,
  };
};

const scoreOf = ({ workload, operations, value }: Sample): number =>
  kindOf(workload) === "rate" ? (operations / value) * 1_000 : value;

const medianSpread = (spreads: readonly Spread[]): Spread => ({
  p50: median(spreads.map(({ p50 }) => p50)),
  p95: median(spreads.map(({ p95 }) => p95)),
  p99: median(spreads.map(({ p99 }) => p99)),
});

export const findMedian = (
  medians: readonly Median[],
  wanted: Pick<Median, "participant" | "workload" | "documents">,
): Median | undefined =>
  medians.find(
    ({ participant, workload, documents }) =>
      participant === wanted.participant &&
      workload === wanted.workload &&
      documents === wanted.documents,
  );
