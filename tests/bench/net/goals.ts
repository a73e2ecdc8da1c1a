/**
 * The goals of sync between browsers (GOALS.md, "Sync"), and whether a run met them. A ratio is
 * ours to what is allowed, so what is met is at most 1, whether more or less is better.
 */
import { findMedian, type Median } from "../support/measures.ts";
import type { Participant } from "./steps/step.ts";
import type { WorkloadName } from "./workloads.ts";

export interface Goal {
  readonly workload: WorkloadName;
  readonly text: string;
  readonly rule: Rule;
}

/** `documents`: judged only where so many were there. */
type Rule =
  | { readonly kind: "most"; readonly limit: number; readonly documents: number | null }
  | { readonly kind: "least"; readonly limit: number }
  /** At most so many milliseconds over the reference. */
  | { readonly kind: "over"; readonly reference: Reference; readonly milliseconds: number }
  /** At least so large a part of the reference. */
  | { readonly kind: "part"; readonly reference: Reference; readonly part: number };

interface Reference {
  readonly participant: Participant;
  readonly workload: WorkloadName;
}

export interface Verdict {
  readonly workload: WorkloadName;
  readonly goal: string;
  readonly ours: number | null;
  /** What it is measured beside in the same run. */
  readonly reference: (Reference & { readonly score: number }) | null;
  readonly ratio: number | null;
  readonly verdict: "met" | "missed" | "not measured" | "not judged";
  /** Why it was not judged. */
  readonly reason: string | null;
}

const most = (
  workload: WorkloadName,
  text: string,
  limit: number,
  documents: number | null = null,
): Goal => ({ workload, text: `≤ ${text}`, rule: { kind: "most", limit, documents } });

const bareOf = (workload: WorkloadName): Reference => ({ participant: "bare", workload });

export const goals: readonly Goal[] = [
  most("load-time", "1.5 s", 1_500),
  most("load-bytes", "2 kB", 2_000),
  most("load-far-time", "2.5 s", 2_500),
  most("initial-direct", "1 s", 1_000, 10_000),
  most("initial-relayed", "2 s", 2_000, 10_000),
  {
    workload: "large-direct",
    text: "≥ 60 % of a bare data channel",
    rule: { kind: "part", reference: bareOf("large-direct"), part: 0.6 },
  },
  {
    workload: "visible-p50",
    text: "≤ round trip + 10 ms",
    rule: { kind: "over", reference: bareOf("round-trip"), milliseconds: 10 },
  },
  most("visible-p95", "50 ms", 50),
  most("visible-relayed-p95", "100 ms", 100),
  { workload: "batched", text: "≥ 5,000/s", rule: { kind: "least", limit: 5_000 } },
  { workload: "awaited", text: "≥ 1,000/s", rule: { kind: "least", limit: 1_000 } },
  {
    workload: "awaited",
    text: "≥ 90 % of A alone",
    rule: { kind: "part", reference: { participant: "alone", workload: "awaited" }, part: 0.9 },
  },
  most("three-time", "3 s", 3_000, 3_000),
  most("five-time", "5 s", 5_000, 5_000),
  most("reconnect", "3 s", 3_000, 2_000),
  most("shaped-visible-p95", "250 ms", 250),
  most("shaped-initial", "4 s", 4_000, 10_000),
  most("shaped-trips", "2 round trips", 2),
  most("arrival-task", "50 ms", 50, 100_000),
  most("arrival-answers", "50 ms", 50, 100_000),
  most("arrival-worker", "150 MB", 150e6, 100_000),
  most("arrival-page", "60 MB", 60e6, 100_000),
];

type Medians = readonly Median<WorkloadName>[];

export const verdictsOf = (medians: Medians, judged: readonly Goal[] = goals): readonly Verdict[] =>
  judged.map((goal) => verdictOf(goal, medians));

const verdictOf = ({ workload, text, rule }: Goal, medians: Medians): Verdict => {
  const mine = measuredOf(medians, { participant: "nebulus", workload });
  const asked = "reference" in rule ? rule.reference : null;
  const beside = asked === null ? null : measuredOf(medians, asked);
  const reference = asked === null || beside === null ? null : { ...asked, score: beside.score };
  const told = { workload, goal: text, ours: mine?.score ?? null, reference };
  if (mine === null || (asked !== null && reference === null)) {
    return { ...told, ratio: null, verdict: "not measured", reason: null };
  }
  const ratio = ratioOf(rule, mine.score, reference?.score ?? Number.NaN);
  const documents = rule.kind === "most" ? rule.documents : null;
  if (documents !== null && documents !== mine.documents) {
    const reason = `judged at ${documents.toLocaleString("en")}`;
    return { ...told, ratio, verdict: "not judged", reason };
  }
  return { ...told, ratio, verdict: ratio <= 1 ? "met" : "missed", reason: null };
};

/** The one of most documents. */
const measuredOf = (
  medians: Medians,
  { participant, workload }: Reference,
): Median<WorkloadName> | null => {
  const counts = medians
    .filter((each) => each.participant === participant && each.workload === workload)
    .filter(({ score }) => !Number.isNaN(score))
    .map(({ documents }) => documents);
  const documents = Math.max(...counts);
  return findMedian(medians, { participant, workload, documents }) ?? null;
};

const ratioOf = (rule: Rule, mine: number, reference: number): number => {
  switch (rule.kind) {
    case "most":
      return mine / rule.limit;
    case "least":
      return rule.limit / mine;
    case "over":
      return mine / (reference + rule.milliseconds);
    case "part":
      return (reference * rule.part) / mine;
  }
};
