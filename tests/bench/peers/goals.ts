/**
 * The goals (tables "Documents" and "Open", the scan of "Queries" and the line "Sync" in
 * memory), and whether a run met them. A ratio is ours to the best peer's, medians of the same run.
 */
import { findMedian } from "../support/measures.ts";
import { ours, participants } from "./participants.ts";
import type { Median } from "./results.ts";
import { kindOf, type WorkloadName } from "./workloads.ts";

export interface Goal {
  readonly workload: WorkloadName;
  readonly text: string;
  /** Judged only with so many documents stored; null: with as many as the run stores. */
  readonly documents: number | null;
  readonly rule: Rule;
}

type Rule =
  /** To the best of the peers: of all, of those that read from storage, or one by name. */
  | { readonly kind: "ratio"; readonly limit: number; readonly among: "all" | "storage" | "yjs" }
  | { readonly kind: "score"; readonly limit: number }
  /** Milliseconds of single operations. */
  | { readonly kind: "p95"; readonly limit: number }
  /** The score to our own at fewer documents. */
  | { readonly kind: "growth"; readonly limit: number; readonly from: number };

export interface Verdict {
  readonly workload: WorkloadName;
  readonly documents: number;
  readonly goal: string;
  readonly ours: number | null;
  /** What ours is compared with, and whose it is. */
  readonly other: number | null;
  readonly otherName: string | null;
  readonly ratio: number | null;
  readonly verdict: "met" | "missed" | "not measured" | "not judged";
  /** Why it was not judged. */
  readonly reason: string | null;
}

const local = 10;
const hundredThousand = 100_000;
const million = 1_000_000;

const ratio = (
  workload: WorkloadName,
  text: string,
  limit: number,
  among: "all" | "storage" | "yjs" = "all",
): Goal => ({ workload, text, documents: null, rule: { kind: "ratio", limit, among } });

const score = (
  workload: WorkloadName,
  text: string,
  limit: number,
  documents: number | null = hundredThousand,
): Goal => ({ workload, text, documents, rule: { kind: "score", limit } });

const p95 = (workload: WorkloadName): Goal => ({
  ...{ workload, text: "p95 < 10 ms", documents: null },
  rule: { kind: "p95", limit: local },
});

export const goals: readonly Goal[] = [
  ratio("bulk", "≥ 3.5 × the best peer", 3.5),
  score("bulk", "≥ 200,000/s", 200_000),
  score("bulk-network", "≥ 80,000/s", 80_000),
  ratio("single-strict", "≥ 1.25 × the best peer that flushes", 1.25),
  p95("single-strict"),
  ratio("single-relaxed", "≥ 1.4 × the best peer", 1.4),
  p95("single-relaxed"),
  ratio("at-once", "≥ 12 × the best peer", 12),
  score("get", "≥ 10,000/s", 10_000),
  ratio("get", "> every persistent peer", 1, "storage"),
  p95("get"),
  ratio("get-many", "≥ 3.5 × the best persistent peer", 3.5, "storage"),
  ratio("update", "≥ 4 × the best peer", 4),
  score("merge", "≥ 50,000/s", 50_000, null),
  ratio("disk", "≤ Yjs", 1, "yjs"),
  ratio("load-answer", "≤ 0.8 × the best peer", 0.8),
  ratio("open-get", "≤ 0.4 × the best peer", 0.4),
  {
    ...{ workload: "open-get", text: "flat: at a million ≤ 1.5 × at 10,000", documents: million },
    rule: { kind: "growth", limit: 1.5, from: 10_000 },
  },
  score("worker-open", "≤ 40 MB", 40e6),
  score("worker-open", "≤ 200 MB at a million", 200e6, million),
  score("worker-scan", "≤ 600 MB at a million", 600e6, million),
  score("scan-warm", "≤ 25 ms", 25),
  score("scan-first", "≤ 150 ms", 150),
  score("sync-bytes", "≤ 0.85 MB", 0.85e6, null),
  score("sync-time", "≤ 150 ms", 150, null),
];

export interface Stored {
  /** What the main workloads store, and what engines exchange. */
  readonly documents: number;
  readonly synced: number;
}

export const verdictsOf = (
  medians: readonly Median[],
  stored: Stored,
  judged: readonly Goal[] = goals,
): readonly Verdict[] => judged.map((goal) => verdictOf(goal, medians, stored));

const verdictOf = (goal: Goal, medians: readonly Median[], stored: Stored): Verdict => {
  const { workload, rule, text } = goal;
  const documents = sizeOf(goal, stored);
  const mine = findMedian(medians, { participant: ours, workload, documents });
  const base = { workload, documents, goal: text, reason: null };
  const nothing = { other: null, otherName: null, ratio: null };
  if (mine === undefined || Number.isNaN(mine.score)) {
    return { ...base, ours: null, ...nothing, verdict: "not measured" };
  }
  if (rule.kind === "p95") {
    const value = mine.spread?.p95 ?? null;
    if (value === null) return { ...base, ours: null, ...nothing, verdict: "not measured" };
    return { ...base, ours: value, ...nothing, verdict: word(value < rule.limit) };
  }
  if (rule.kind === "score") {
    const verdict = word(isReached(workload, mine.score, rule.limit));
    const told = { ...base, ours: mine.score, ...nothing };
    const wanted = goal.documents;
    if (wanted === null || wanted === documents) return { ...told, verdict };
    return { ...told, verdict: "not judged", reason: `judged at ${wanted.toLocaleString("en")}` };
  }
  const other =
    rule.kind === "growth" ? earlier(mine, rule.from, medians) : best(mine, rule.among, medians);
  if (other === undefined)
    return { ...base, ours: mine.score, ...nothing, verdict: "not measured" };
  const quotient = mine.score / other.score;
  return {
    ...{ ...base, ours: mine.score, other: other.score, otherName: other.participant },
    ratio: quotient,
    verdict: word(isReached(workload, quotient, rule.limit)),
  };
};

/** Engines exchange their own number of documents; a million is measured apart. */
const sizeOf = ({ workload, documents }: Goal, stored: Stored): number => {
  if (["merge", "sync-bytes", "sync-time"].includes(workload)) return stored.synced;
  return documents === million ? million : stored.documents;
};

const earlier = (
  { participant, workload }: Median,
  documents: number,
  medians: readonly Median[],
): Median | undefined => {
  const found = findMedian(medians, { participant, workload, documents });
  return found === undefined || Number.isNaN(found.score) ? undefined : found;
};

const best = (
  { workload, documents }: Median,
  among: "all" | "storage" | "yjs",
  medians: readonly Median[],
): Median | undefined => {
  const isPeer = (name: string): boolean => {
    if (name === ours) return false;
    if (among === "yjs") return name === among;
    if (among === "all") return true;
    return participants.some((each) => each.name === name && each.reads === "storage");
  };
  return medians
    .filter((each) => each.workload === workload && each.documents === documents)
    .filter(({ participant, score: theirs }) => isPeer(participant) && !Number.isNaN(theirs))
    .reduce<Median | undefined>(
      (leader, each) =>
        leader === undefined || isReached(workload, each.score, leader.score) ? each : leader,
      undefined,
    );
};

const isReached = (workload: WorkloadName, value: number, limit: number): boolean =>
  kindOf(workload) === "rate" ? value >= limit : value <= limit;

const word = (isMet: boolean): "met" | "missed" => (isMet ? "met" : "missed");
