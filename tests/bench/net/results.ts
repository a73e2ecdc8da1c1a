/**
 * The result file of one run, bench-results/net.json: as bench-results/sync.json (see
 * sync/results.ts). Participants are `nebulus`, `bare` (a data channel with nothing around it, in
 * the same pages) and `alone` (the product where nobody else is there).
 */
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
    readonly chromium: string | null;
    readonly loads: readonly [before: number, after: number];
    readonly plan: Plan;
  };
  readonly workloads: readonly (Workload & { readonly name: WorkloadName })[];
  readonly outcomes: readonly Outcome<WorkloadName>[];
  readonly medians: readonly Median<WorkloadName>[];
  readonly verdicts: readonly Verdict[];
}
