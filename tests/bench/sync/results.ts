/**
 * The result file of one run, bench-results/sync.json: as bench-results/peers.json (see
 * peers/results.ts), so that charts are drawn of both. `documents` is how many are stored, of the
 * group `members` how many members there are.
 */
import type { EngineParticipant } from "../peers/participants.ts";
import type { Median, Outcome } from "../support/measures.ts";
import type { Verdict } from "./goals.ts";
import type { Plan } from "./options.ts";
import type { Workload, WorkloadName } from "./workloads.ts";

export interface Results {
  readonly schema: 1;
  readonly run: {
    readonly time: string;
    readonly commit: string | null;
    readonly machine: string;
    readonly node: string;
    readonly loads: readonly [before: number, after: number];
    readonly plan: Plan;
  };
  readonly participants: readonly (EngineParticipant & { readonly version: string | null })[];
  readonly workloads: readonly (Workload & { readonly name: WorkloadName })[];
  readonly outcomes: readonly Outcome<WorkloadName>[];
  readonly medians: readonly Median<WorkloadName>[];
  readonly verdicts: readonly Verdict[];
}
