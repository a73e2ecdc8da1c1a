/** The report that people read, and the parts that every benchmark shares. */
import { expect, test } from "vitest";
import { verdictsOf } from "../../bench/peers/goals.ts";
import { planOf } from "../../bench/peers/options.ts";
import { engines, participants } from "../../bench/peers/participants.ts";
import { mediansOf, type Outcome, type Results } from "../../bench/peers/results.ts";
import { reportOf } from "../../bench/peers/table.ts";
import { workloads } from "../../bench/peers/workloads.ts";
import { expectDocument, expectDocuments, samplePositions } from "../../bench/support/checks.ts";
import { isRare, makeDocument, makeDocuments } from "../../bench/support/documents.ts";
import { median, quantile, spreadOf } from "../../bench/support/statistics.ts";

const resultsOf = (outcomes: readonly Outcome[]): Results => {
  const plan = planOf(["--quick"]);
  const medians = mediansOf(outcomes);
  return {
    schema: 1,
    run: {
      ...{ time: "2026-01-02T03:04:05.000Z", commit: "abc", machine: "2 × machine" },
      ...{ browser: "Chromium 1", loads: [0.1, 2.25], plan },
    },
    participants: participants.map((each) => ({ ...each, version: "1.2.3" })),
    engines: engines.map((each) => ({ ...each, version: null })),
    ...{ workloads, outcomes, medians },
    verdicts: verdictsOf(medians, plan),
  };
};

const base = { documents: 10_000, round: 1, operations: 10_000 } as const;
const bulk = { ...base, workload: "bulk", value: 100, spread: null, error: null } as const;
const spread = { p50: 0.1, p95: 0.25, p99: 3 };
const report = reportOf(
  resultsOf([
    { ...bulk, participant: "nebulus" },
    { ...bulk, participant: "sqlite", value: 200 },
    { ...bulk, participant: "sqlite", workload: "get", operations: 2_000, spread, value: 500 },
    { ...base, participant: "dexie", workload: "bulk", error: "9 instead of 10" },
    { ...bulk, participant: "loro", workload: "sync-bytes", operations: 1, value: 2_400_000 },
  ]),
);

test("the report says ratio, goal and verdict beside each other", () => {
  const goal = "≥ 3.5 × the best peer | 100,000/s | sqlite 50,000/s | 2.00 | **missed** |";
  expect(report).toContain(`| bulk | 10,000 | ${goal}`);
});

test("only those who took part have a column, and failures are loud", () => {
  expect(report).toContain("| workload | NebulusDB | Dexie | SQLite |");
  expect(report).toContain("| 100,000/s | **FAILED** | 50,000/s |");
  expect(report).toContain("- FAILED 1 of 1: dexie, bulk, 10,000: 9 instead of 10");
});

test("single operations state p50, p95 and p99; engines their bytes", () => {
  expect(report).toContain("4,000/s; 0.10 / 0.25 / 3.00 ms");
  expect(report).toContain("| Loro | 2.40 MB |");
});

test("quantiles lie between the numbers they stand between", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([1, 2])).toBe(1.5);
  expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
  expect(median([])).toBeNaN();
  expect(spreadOf(Array.from({ length: 101 }, (_, at) => at))).toEqual({
    p50: 50,
    p95: 95,
    p99: 99,
  });
});

test("documents follow from seed and position, about 300 bytes, one in a hundred rare", () => {
  const documents = makeDocuments(2_000, 1);
  expect(documents[7]).toEqual(makeDocument(7, 1));
  expect(makeDocument(7, 1)).not.toEqual(makeDocument(7, 2));
  const bytes = JSON.stringify(documents).length / documents.length;
  expect(bytes).toBeGreaterThan(250);
  expect(bytes).toBeLessThan(350);
  expect(documents.filter(isRare).length).toBeGreaterThan(5);
});

test("a wrong, missing or additional answer is noticed", () => {
  const [first, second] = [makeDocument(1, 1), makeDocument(2, 1)];
  const { id, ...rest } = first;
  const { language, country } = first.meta;
  expect(() => expectDocument({ ...rest, id, meta: { country, language } }, first)).not.toThrow();
  expect(() => expectDocument({ ...first, score: -1 }, first)).toThrow("score is -1");
  expect(() => expectDocument(null, first)).toThrow("note-00000001 is missing");
  expect(() => expectDocuments([first, second], [first])).toThrow("2 instead of 1");
  expect(() => expectDocuments([first, first], [first, second])).toThrow(
    "note-00000002 is missing",
  );
});

test("samples are spread from the first to the last", () => {
  expect(samplePositions(100, 3)).toEqual([0, 49, 99]);
  expect(samplePositions(2, 50)).toEqual([0, 1]);
  expect(samplePositions(1, 50)).toEqual([0]);
});
