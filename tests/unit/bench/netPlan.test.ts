/**
 * The benchmark between browsers without a browser: what its words ask for, how its goals are
 * judged, and what its report says.
 */
import { expect, test } from "vitest";
import { planOf as benchPlanOf } from "../../bench/peers/options.ts";
import { goals, verdictsOf, type Verdict } from "../../bench/net/goals.ts";
import { netWordsOf, planOf } from "../../bench/net/options.ts";
import { reportOf } from "../../bench/net/report.ts";
import { stepNames, stepWorkloads } from "../../bench/net/steps/names.ts";
import { kindOf, workloads, type WorkloadName } from "../../bench/net/workloads.ts";
import { mediansBy, type Outcome } from "../../bench/support/measures.ts";

const outcome = (
  workload: WorkloadName,
  value: number,
  { participant = "nebulus", documents = 0, operations = 1, round = 1 } = {},
): Outcome<WorkloadName> => ({
  ...{ participant, workload, documents, round, operations, value, spread: null, error: null },
});

const failure = (workload: WorkloadName): Outcome<WorkloadName> => ({
  ...{ participant: "nebulus", workload, documents: 0, round: 1, error: "a document is missing" },
});

const judged = (outcomes: readonly Outcome<WorkloadName>[], text: string): Verdict | undefined =>
  verdictsOf(mediansBy(outcomes, kindOf)).find((each) => each.goal === text);

test("without options all steps in three rounds; quick is smaller; steps keep their order", () => {
  expect(planOf([])).toMatchObject({ rounds: 3, arriving: 100_000, offlineMilliseconds: 30_000 });
  expect(planOf([]).steps).toEqual(stepNames);
  expect(planOf(["--quick"])).toMatchObject({ rounds: 1, documents: 10_000, arriving: 20_000 });
  expect(planOf(["--steps", "load,bare"]).steps).toEqual(["initial", "bare", "load"]);
  expect(() => planOf(["--steps", "fly"])).toThrow("--steps: fly is none of initial, bare");
  expect(() => planOf(["--documents", "5"])).toThrow("--documents is no option\nnpm run bench:net");
});

test("npm run bench hands on its rounds, at most three, where the product takes part", () => {
  expect(netWordsOf(benchPlanOf(["--quick", "--seed", "7"]))).toEqual([
    ...["--quick", "--rounds", "1", "--seed", "7"],
  ]);
  expect(netWordsOf(benchPlanOf([]))).toEqual(["--rounds", "3", "--seed", "1"]);
  expect(netWordsOf(benchPlanOf(["--only", "yjs"]))).toBeNull();
  expect(netWordsOf(benchPlanOf(["--workloads", "bulk"]))).toBeNull();
});

test("every workload is measured by one step, and every goal's workload is one", () => {
  const measured = Object.values(stepWorkloads).flat();
  expect([...measured].sort()).toEqual(workloads.map(({ name }) => name).sort());
  for (const { workload } of goals) expect(measured).toContain(workload);
});

test("a limit is judged by the median, where as many documents were there", () => {
  const rounds = [900, 1_000, 4_000].map((value, at) =>
    outcome("initial-direct", value, { documents: 10_000, round: at + 1 }),
  );
  expect(judged(rounds, "≤ 1 s")).toMatchObject({ ours: 1_000, ratio: 1, verdict: "met" });
  expect(judged([outcome("visible-p95", 51)], "≤ 50 ms")).toMatchObject({ verdict: "missed" });
  expect(judged([outcome("arrival-worker", 1, { documents: 20_000 })], "≤ 150 MB")).toMatchObject({
    ...{ verdict: "not judged", reason: "judged at 100,000" },
  });
  expect(judged([failure("load-bytes")], "≤ 2 kB")).toMatchObject({ verdict: "not measured" });
});

test("what is judged beside something has no verdict without it", () => {
  const waits = outcome("visible-p50", 11);
  expect(judged([waits], "≤ round trip + 10 ms")?.verdict).toBe("not measured");
  const bare = outcome("round-trip", 0.5, { participant: "bare" });
  expect(judged([waits, bare], "≤ round trip + 10 ms")).toMatchObject({
    ...{ verdict: "missed", reference: { participant: "bare", score: 0.5 } },
  });
  const near = outcome("visible-p50", 10.5);
  expect(judged([near, bare], "≤ round trip + 10 ms")?.verdict).toBe("met");
});

test("a rate may be a part of its reference, and no less than a number", () => {
  const awaited = (milliseconds: number): readonly Outcome<WorkloadName>[] => [
    outcome("awaited", milliseconds, { operations: 1_000 }),
    outcome("awaited", 450, { operations: 1_000, participant: "alone" }),
  ];
  expect(judged(awaited(500), "≥ 90 % of A alone")).toMatchObject({ ratio: 1, verdict: "met" });
  expect(judged(awaited(501), "≥ 90 % of A alone")?.verdict).toBe("missed");
  expect(judged(awaited(1_000), "≥ 1,000/s")?.verdict).toBe("met");
  expect(judged(awaited(1_001), "≥ 1,000/s")?.verdict).toBe("missed");
});

test("the report says what was reached, what it stands beside, and what failed", () => {
  const plan = planOf(["quick"]);
  const outcomes = [
    outcome("awaited", 500, { operations: 1_000 }),
    outcome("awaited", 450, { operations: 1_000, participant: "alone" }),
    outcome("round-trip", 0.8, { participant: "bare" }),
    outcome("initial-direct", 700, { documents: 10_000 }),
    failure("five-time"),
  ];
  const medians = mediansBy(outcomes, kindOf);
  const report = reportOf({
    schema: 1,
    run: {
      ...{ time: "2026-01-02T03:04:05.000Z", commit: "abc", machine: "2 × machine" },
      ...{ node: "24.0.0", chromium: "Chromium 1", loads: [0.1, 2.25], plan },
    },
    ...{ workloads, outcomes, medians, verdicts: verdictsOf(medians) },
  });
  expect(report).toContain(
    "| awaited | ≥ 90 % of A alone | 2,000/s | alone 2,222/s | 1.00 | met |",
  );
  expect(report).toContain("| initial sync, direct | 10,000 | 700.0 ms |  |  |  |");
  expect(report).toContain("| round trip of a bare data channel, p50 |  |  |  | 0.8 ms |  |");
  expect(report).toContain("- FAILED 1 of 1: five-time: a document is missing");
  expect(report).toContain("| load-time | ≤ 1.5 s | – |  | – | not measured |");
});
