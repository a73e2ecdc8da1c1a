/** What the benchmark of sync runs, how it judges, and what its report says. */
import { expect, test } from "vitest";
import { planOf as benchPlanOf } from "../../bench/peers/options.ts";
import { engines } from "../../bench/peers/participants.ts";
import { mediansBy, type Outcome } from "../../bench/support/measures.ts";
import { goals, verdictsOf, type Verdict } from "../../bench/sync/goals.ts";
import { planOf, syncWordsOf, tasksOf } from "../../bench/sync/options.ts";
import { reportOf } from "../../bench/sync/report.ts";
import { workloadsOf } from "../../bench/sync/tasks.ts";
import { kindOf, workloads, type WorkloadName } from "../../bench/sync/workloads.ts";

const outcome = (
  workload: WorkloadName,
  value: number,
  { participant = "nebulus", documents = 10_000, round = 1 } = {},
): Outcome<WorkloadName> => ({
  ...{ participant, workload, documents, round, operations: 1, value, spread: null, error: null },
});

const failure = (workload: WorkloadName, documents: number): Outcome<WorkloadName> => ({
  ...{ participant: "nebulus", workload, documents, round: 1, error: "a document is missing" },
});

const judged = (
  outcomes: readonly Outcome<WorkloadName>[],
  workload: WorkloadName,
  members: readonly number[] = [],
): Verdict | undefined =>
  verdictsOf(mediansBy(outcomes, kindOf), { members }).find((each) => each.workload === workload);

test("every engine begins a round, and what the product does alone ends each", () => {
  const plan = planOf(["--only", "nebulus,yjs,json"]);
  expect(plan).toMatchObject({ rounds: 5, documents: 10_000, edits: 1_000, arriving: 100_000 });
  const told = (round: number): readonly string[] =>
    tasksOf(plan, round).map(({ participant, kind }) => `${participant} ${kind}`);
  const exchanges = ["nebulus sync", "nebulus merge", "yjs sync", "yjs merge", "json sync"];
  expect(told(1).slice(0, 5)).toEqual(exchanges);
  expect(told(2).slice(0, 5)).toEqual([...exchanges.slice(2), ...exchanges.slice(0, 2)]);
  expect(told(1).slice(5)).toEqual(
    ["stages", "quiet", "repair", "crowd", "crowd", "arrival"].map((kind) => `nebulus ${kind}`),
  );
  expect(tasksOf(planOf(["--only", "yjs"]), 1).map(({ kind }) => kind)).toEqual(["sync", "merge"]);
});

test("many members are measured once, and only when they are asked for", () => {
  const plan = planOf(["quick", "--members"]);
  expect(plan).toMatchObject({ rounds: 1, arriving: 20_000, members: [5, 10, 20, 40] });
  const sizes = (round: number): readonly number[] =>
    tasksOf(plan, round).flatMap((task) => (task.kind === "members" ? [task.members] : []));
  expect(sizes(1)).toEqual([5, 10, 20, 40]);
  expect(sizes(2)).toEqual([]);
  expect(() => planOf(["--million"])).toThrow("--million is no option\nnpm run bench:sync");
});

test("every workload is measured by a task, and every goal's workload is one", () => {
  const tasks = [...tasksOf(planOf(["--members"]), 1)];
  const measured = new Set(tasks.flatMap(workloadsOf));
  expect([...measured].sort()).toEqual(workloads.map(({ name }) => name).sort());
  for (const { workload } of goals) expect(measured).toContain(workload);
});

test("npm run bench hands its rounds, seed and engines on", () => {
  expect(syncWordsOf(benchPlanOf(["--quick", "--seed", "7", "--only", "dexie,yjs"]))).toEqual([
    "--quick",
    "--rounds",
    "1",
    "--seed",
    "7",
    "--only",
    "yjs",
  ]);
  expect(syncWordsOf(benchPlanOf(["--only", "dexie"]))).toBeNull();
  expect(syncWordsOf(benchPlanOf(["--workloads", "bulk"]))).toBeNull();
});

test("a limit is met up to itself, by the median, and stands beside the best of the others", () => {
  const rounds = [150, 90, 151].map((value, at) => outcome("sync-time", value, { round: at + 1 }));
  const others = [
    outcome("sync-time", 400, { participant: "yjs" }),
    outcome("sync-time", 300, { participant: "loro" }),
  ];
  expect(judged([...rounds, ...others], "sync-time")).toMatchObject({
    ...{ ours: 150, ratio: 1, verdict: "met" },
    best: { participant: "loro", score: 300 },
  });
  expect(judged([outcome("sync-time", 151)], "sync-time")).toMatchObject({
    ...{ verdict: "missed", best: null },
  });
});

test("another size is not judged, and what has no number is not measured", () => {
  const few = outcome("arrival-kept", 1e6, { documents: 20_000 });
  expect(judged([few], "arrival-kept")).toMatchObject({
    ...{ verdict: "not judged", reason: "judged at 100,000" },
  });
  expect(judged([], "repair-bytes")).toMatchObject({ verdict: "not measured" });
  expect(judged([failure("quiet-bytes", 10_000)], "quiet-bytes")).toMatchObject({
    verdict: "not measured",
  });
});

test("growth is judged from the fewest to the most members, against the logarithm", () => {
  const at = (documents: number, value: number): Outcome<WorkloadName> =>
    outcome("members-traffic", value, { documents });
  // ln 25 / ln 5 = 2
  const grown = (last: number): Verdict | undefined =>
    judged([at(5, 100), at(10, 900), at(25, last)], "members-traffic", [5, 10, 25]);
  expect(grown(199)?.verdict).toBe("met");
  expect(grown(201)?.verdict).toBe("missed");
  expect(judged([at(5, 100)], "members-traffic", [5, 25])?.verdict).toBe("not measured");
});

test("the report has all in one table, stages with their share, and says what is missing", () => {
  const plan = planOf(["quick", "--members"]);
  const outcomes = [
    outcome("sync-bytes", 758_025),
    outcome("sync-bytes", 3_100_000, { participant: "yjs" }),
    outcome("quiet-bytes", 606),
    outcome("stage-merge", 30),
    outcome("stage-digest", 10),
    outcome("fan-in-state", 5_000, { documents: 40 }),
    failure("five-time", 5_000),
  ];
  const medians = mediansBy(outcomes, kindOf);
  const report = reportOf({
    schema: 1,
    run: {
      ...{ time: "2026-01-02T03:04:05.000Z", commit: "abc", machine: "2 × machine" },
      ...{ node: "24.0.0", loads: [0.1, 2.25], plan },
    },
    participants: engines.map((each) => ({ ...each, version: null })),
    ...{ workloads, outcomes, medians, verdicts: verdictsOf(medians, plan) },
  });
  expect(report).toContain("| sync-bytes | ≤ 0.85 MB | 0.76 MB | 0.89 | yjs 3.10 MB | met |");
  expect(report).toContain("| initial sync, bytes on the wire | 10,000 | 0.76 MB | 3.10 MB |");
  expect(report).toContain("| nothing to send, bytes after the greeting | 10,000 | 0.6 kB |");
  expect(report).toContain("| merge | 30.0 ms | 75 % |");
  expect(report).toMatch(/^\| .*storage \| {2}\| {2}\| {2}\| 5.0 kB \|$/m);
  expect(report).toContain("- FAILED 1 of 1: nebulus, five-time, 5,000: a document is missing");
});
