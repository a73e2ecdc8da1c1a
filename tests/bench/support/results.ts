/** What result files of runs have alike; peers/results.ts says what each field is. */
import type { Median, Outcome } from "./measures.ts";

/** `Run`: what is told of a run besides; `Workload` and `Verdict`: as each benchmark has them. */
export interface RunResults<Name extends string, Plan, Workload, Verdict, Run> {
  readonly schema: 1;
  readonly run: Run & {
    readonly time: string;
    readonly commit: string | null;
    readonly machine: string;
    readonly loads: readonly [before: number, after: number];
    readonly plan: Plan;
  };
  readonly workloads: readonly (Workload & { readonly name: Name })[];
  readonly outcomes: readonly Outcome<Name>[];
  readonly medians: readonly Median<Name>[];
  readonly verdicts: readonly Verdict[];
}
