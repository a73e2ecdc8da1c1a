/**
 * The result file of one run, bench-results/net.json: as bench-results/sync.json (see
 * sync/results.ts). Participants are `nebulus`, `bare` (a data channel with nothing around it, in
 * the same pages) and `alone` (the product where nobody else is there).
 */
import type { RunResults } from "../support/results.ts";
import type { Verdict } from "./goals.ts";
import type { Plan } from "./options.ts";
import type { Workload, WorkloadName } from "./workloads.ts";

export type Results = RunResults<
  WorkloadName,
  Plan,
  Workload,
  Verdict,
  { readonly node: string; readonly chromium: string | null }
>;
