/**
 * The goals of sync over memory (table "Sync"), and whether a run met them. A ratio is ours to the
 * goal's limit, so what is met is at most 1.
 */
import { ours } from "../peers/participants.ts";
import { findMedian, type Median } from "../support/measures.ts";
import type { Plan } from "./options.ts";
import type { WorkloadName } from "./workloads.ts";

export interface Goal {
  readonly workload: WorkloadName;
  readonly text: string;
  readonly rule: Rule;
}

type Rule =
  /** Judged only with so many documents. */
  | { readonly kind: "limit"; readonly limit: number; readonly documents: number }
  /** From the smallest network to the greatest no faster than the logarithm of members. */
  | { readonly kind: "logarithm" };

export interface Verdict {
  readonly workload: WorkloadName;
  readonly goal: string;
  readonly ours: number | null;
  readonly ratio: number | null;
  /** The best of the others in the same run, where they take part. */
  readonly best: { readonly participant: string; readonly score: number } | null;
  readonly verdict: "met" | "missed" | "not measured" | "not judged";
  /** Why it was not judged. */
  readonly reason: string | null;
}

const limit = (workload: WorkloadName, text: string, most: number, documents = 10_000): Goal => ({
  workload,
  text,
  rule: { kind: "limit", limit: most, documents },
});

const logarithm = (workload: WorkloadName): Goal => ({
  ...{ workload, text: "grows no faster than ln(members)", rule: { kind: "logarithm" } },
});

export const goals: readonly Goal[] = [
  limit("sync-bytes", "≤ 0.85 MB", 0.85e6),
  limit("sync-time", "≤ 150 ms", 150),
  limit("merge-bytes", "≤ 40 kB", 40e3),
  limit("merge-time", "≤ 25 ms", 25),
  limit("quiet-bytes", "≤ 2 kB", 2e3),
  limit("quiet-trips", "≤ 2 round trips", 2),
  limit("repair-bytes", "≤ 20 kB", 20e3),
  limit("repair-trips", "≤ 5 round trips", 5),
  limit("three-time", "≤ 3 s", 3_000, 3_000),
  limit("five-time", "≤ 5 s", 5_000, 5_000),
  limit("arrival-kept", "≤ 150 MB", 150e6, 100_000),
  logarithm("members-traffic"),
  logarithm("members-state"),
  logarithm("fan-in-traffic"),
  logarithm("fan-in-state"),
];

type Medians = readonly Median<WorkloadName>[];

export const verdictsOf = (
  medians: Medians,
  plan: Pick<Plan, "members">,
  judged: readonly Goal[] = goals,
): readonly Verdict[] =>
  judged.map((goal) =>
    goal.rule.kind === "limit"
      ? limitVerdict(goal, goal.rule, medians)
      : growthVerdict(goal, plan.members, medians),
  );

const limitVerdict = (
  { workload, text }: Goal,
  rule: Rule & { readonly kind: "limit" },
  medians: Medians,
): Verdict => {
  const measured = medians.filter((each) => each.workload === workload && isNumber(each.score));
  const mine = measured.find(({ participant }) => participant === ours);
  if (mine === undefined) return notMeasured(workload, text);
  const others = measured.filter(({ participant }) => participant !== ours);
  const best = others.toSorted((a, b) => a.score - b.score)[0] ?? null;
  const ratio = mine.score / rule.limit;
  const told = { workload, goal: text, ours: mine.score, ratio, best: best && named(best) };
  if (mine.documents === rule.documents) {
    return { ...told, verdict: ratio <= 1 ? "met" : "missed", reason: null };
  }
  const reason = `judged at ${rule.documents.toLocaleString("en")}`;
  return { ...told, verdict: "not judged", reason };
};

const growthVerdict = (
  { workload, text }: Goal,
  members: Plan["members"],
  medians: Medians,
): Verdict => {
  const [fewest, most] = [Math.min(...members), Math.max(...members)];
  const scoreAt = (documents: number): number | undefined =>
    findMedian(medians, { participant: ours, workload, documents })?.score;
  const [first, last] = [scoreAt(fewest), scoreAt(most)];
  if (first === undefined || last === undefined || fewest === most) {
    return notMeasured(workload, text);
  }
  const ratio = last / first / (Math.log(most) / Math.log(fewest));
  const told = { workload, goal: text, ours: last, ratio, best: null, reason: null };
  return { ...told, verdict: ratio <= 1 ? "met" : "missed" };
};

const isNumber = (score: number): boolean => !Number.isNaN(score);

const named = ({ participant, score }: Median<WorkloadName>): Verdict["best"] => ({
  participant,
  score,
});

const notMeasured = (workload: WorkloadName, goal: string): Verdict => ({
  ...{ workload, goal, ours: null, ratio: null, best: null },
  ...{ verdict: "not measured", reason: null },
});
