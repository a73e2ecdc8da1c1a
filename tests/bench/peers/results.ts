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
import * as measures from "../support/measures.ts";
import type { RunResults } from "../support/results.ts";
import type { Verdict } from "./goals.ts";
import type { EngineParticipant, Participant } from "./participants.ts";
import type { Plan } from "./options.ts";
import { kindOf, type Workload, type WorkloadName } from "./workloads.ts";

export interface Results extends RunResults<
  WorkloadName,
  Plan,
  Workload,
  Verdict,
  { readonly browser: string }
> {
  readonly participants: readonly (Participant & { readonly version: string | null })[];
  readonly engines: readonly (EngineParticipant & { readonly version: string | null })[];
}

export type Outcome = measures.Outcome<WorkloadName>;
export type Median = measures.Median<WorkloadName>;

export const mediansOf = (outcomes: readonly Outcome[]): readonly Median[] =>
  measures.mediansBy(outcomes, kindOf);
