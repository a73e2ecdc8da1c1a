/** How outcomes become medians, and medians verdicts. */
import { expect, test } from "vitest";
import { goals, verdictsOf, type Goal, type Verdict } from "../../bench/peers/goals.ts";
import { mediansOf, type Median, type Outcome } from "../../bench/peers/results.ts";
import type { WorkloadName } from "../../bench/peers/workloads.ts";

const documents = 100_000;
const stored = { documents, synced: 10_000 };

const outcome = (
  participant: string,
  workload: WorkloadName,
  value: number,
  rest: { readonly operations?: number; readonly round?: number; readonly p95?: number } = {},
): Outcome => {
  const { operations = 1, round = 1, p95 } = rest;
  const spread = p95 === undefined ? null : { p50: p95 / 2, p95, p99: p95 * 2 };
  return { ...{ participant, workload, documents, operations, round, value, spread }, error: null };
};

const failure = (participant: string, workload: WorkloadName, round: number): Outcome => ({
  ...{ participant, workload, documents, round, error: "7 instead of 8" },
});

test("a rate's score is operations a second, the median of the rounds", () => {
  const medians = mediansOf([
    outcome("dexie", "bulk", 1_000, { operations: 5_000, p95: 2 }),
    outcome("dexie", "bulk", 2_000, { operations: 5_000, round: 2, p95: 4 }),
    outcome("dexie", "bulk", 500, { operations: 5_000, round: 3, p95: 9 }),
    outcome("dexie", "disk", 77),
  ]);
  expect(medians).toMatchObject([
    { participant: "dexie", workload: "bulk", score: 5_000, rounds: 3, failed: 0 },
    { workload: "disk", score: 77, spread: null },
  ]);
  expect(medians[0]?.spread).toEqual({ p50: 2, p95: 4, p99: 8 });
});

test("a round that failed has no number, and is told", () => {
  const [median] = mediansOf([failure("rxdb", "get", 1), outcome("rxdb", "get", 9, { round: 2 })]);
  expect(median).toMatchObject({ rounds: 2, failed: 1, error: "7 instead of 8" });
  expect(median?.score).toBeCloseTo(1_000 / 9);
  expect(mediansOf([failure("rxdb", "get", 1)])[0]?.score).toBeNaN();
});

const scored = (participant: string, workload: WorkloadName, score: number): Median => ({
  ...{ participant, workload, documents, score, spread: null },
  ...{ rounds: 1, failed: 0, error: null },
});

const verdict = (workload: WorkloadName, text: string, medians: readonly Median[]): Verdict => {
  const goal = goals.find((each) => each.workload === workload && each.text === text);
  // A goal that is not there fails the test by its own message.
  const [found] = verdictsOf(medians, stored, goal === undefined ? [] : [goal]);
  if (found === undefined) throw new Error(`no goal "${text}" of ${workload}`);
  return found;
};

test("a rate is compared with the fastest peer, never with ourselves", () => {
  const peers = [scored("dexie", "bulk", 10), scored("sqlite", "bulk", 100)];
  const text = "≥ 3.5 × the best peer";
  expect(verdict("bulk", text, [scored("nebulus", "bulk", 350), ...peers])).toMatchObject({
    ...{ ours: 350, other: 100, otherName: "sqlite", ratio: 3.5, verdict: "met" },
  });
  expect(verdict("bulk", text, [scored("nebulus", "bulk", 349), ...peers]).verdict).toBe("missed");
});

test("a time is compared with the shortest, and less is better", () => {
  const peers = [scored("dexie", "open-get", 100), scored("sqlite", "open-get", 300)];
  const text = "≤ 0.4 × the best peer";
  const told = (ours: number): Verdict =>
    verdict("open-get", text, [scored("nebulus", "open-get", ours), ...peers]);
  expect(told(40)).toMatchObject({ otherName: "dexie", ratio: 0.4, verdict: "met" });
  expect(told(41).verdict).toBe("missed");
});

test("peers that answer from memory do not count where persistent ones are meant", () => {
  const medians = [
    ...[scored("nebulus", "get-many", 400), scored("tinybase", "get-many", 9_000)],
    scored("sqlite", "get-many", 100),
  ];
  const text = "≥ 3.5 × the best persistent peer";
  expect(verdict("get-many", text, medians)).toMatchObject({ otherName: "sqlite", verdict: "met" });
});

test("peers that failed are not compared with; nobody to compare with is not measured", () => {
  const medians = [scored("nebulus", "bulk", 5), scored("dexie", "bulk", Number.NaN)];
  expect(verdict("bulk", "≥ 3.5 × the best peer", medians).verdict).toBe("not measured");
  expect(verdict("bulk", "≥ 200,000/s", []).verdict).toBe("not measured");
});

test("what is meant for 100,000 documents is not judged at fewer", () => {
  const medians = [{ ...scored("nebulus", "bulk", 500_000), documents: 10 }];
  const goal = goals.filter(({ text }) => text === "≥ 200,000/s");
  const [found] = verdictsOf(medians, { documents: 10, synced: 10 }, goal);
  expect(found).toMatchObject({ ours: 500_000, verdict: "not judged" });
});

test("single operations are judged by p95, growth by our own smaller size", () => {
  const spread = { p50: 1, p95: 9.9, p99: 30 };
  const get = { ...scored("nebulus", "get", 900), spread };
  expect(verdict("get", "p95 < 10 ms", [get])).toMatchObject({ ours: 9.9, verdict: "met" });
  const slow = { ...get, spread: { ...spread, p95: 10 } };
  expect(verdict("get", "p95 < 10 ms", [slow]).verdict).toBe("missed");
  const opens = [
    { ...scored("nebulus", "open-get", 10), documents: 10_000 },
    { ...scored("nebulus", "open-get", 16), documents: 1_000_000 },
  ];
  expect(verdict("open-get", "flat: at a million ≤ 1.5 × at 10,000", opens)).toMatchObject({
    ...{ ratio: 1.6, verdict: "missed" },
  });
});

test("engines are judged at what they exchange", () => {
  const sync = { ...scored("nebulus", "sync-time", 120), documents: 10_000 };
  expect(verdict("sync-time", "≤ 150 ms", [sync]).verdict).toBe("met");
});

test("every goal says how it is judged, once", () => {
  const names = goals.map(({ workload, text }: Goal) => `${workload} ${text}`);
  expect(new Set(names).size).toBe(goals.length);
});
