/**
 * The result file of one run, bench-results/sync.json: as bench-results/peers.json (see
 * peers/results.ts), so that charts are drawn of both. `documents` is how many are stored, of the
 * group `members` how many members there are.
 */
import type { EngineParticipant } from "../peers/participants.ts";
import type { RunResults } from "../support/results.ts";
import type { Verdict } from "./goals.ts";
import type { Plan } from "./options.ts";
import type { Workload, WorkloadName } from "./workloads.ts";

export interface Results extends RunResults<
  WorkloadName,
  Plan,
  Workload,
  Verdict,
  { readonly node: string }
> {
  readonly participants: readonly (EngineParticipant & { readonly version: string | null })[];
}
