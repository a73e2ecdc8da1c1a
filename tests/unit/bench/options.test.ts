/** What the benchmark's command line may say, and what it refuses. */
import { expect, test } from "vitest";
import { planOf } from "../../bench/peers/options.ts";

test("without options: all of it, five rounds over 100,000 documents", () => {
  const plan = planOf([]);
  expect(plan).toMatchObject({ documents: 100_000, rounds: 5, singles: 2_000, edits: 50_000 });
  expect(plan.growth).toEqual([1_000, 10_000]);
  expect(plan.participants).toEqual(
    expect.arrayContaining(["nebulus", "sqlite", "yjs", "automerge", "json"]),
  );
  expect(plan.participants.filter((name) => name === "yjs")).toHaveLength(1);
  expect(plan.workloads).toContain("open-get");
  expect(plan.million).toBe(false);
});

test("quick is smaller, with or without dashes, and can be changed further", () => {
  expect(planOf(["--quick"])).toEqual(planOf(["quick"]));
  expect(planOf(["--quick"])).toMatchObject({ documents: 10_000, rounds: 1, growth: [] });
  expect(planOf(["--quick", "--rounds", "2", "--documents", "5_000"])).toMatchObject({
    ...{ rounds: 2, documents: 5_000, singles: 500 },
  });
});

test("participants and workloads are chosen by name and kept in their own order", () => {
  const plan = planOf(["--only", "dexie,nebulus", "--workloads", "get,bulk", "--million"]);
  expect(plan.participants).toEqual(["nebulus", "dexie"]);
  expect(plan.workloads).toEqual(["bulk", "get"]);
  expect(plan.million).toBe(true);
});

test.each([
  [["--fast"], "--fast is no option"],
  [["documents", "5"], "documents is no option"],
  [["--only", "oracle"], "oracle is none of nebulus"],
  [["--workloads", "bulk,fly"], "fly is none of bulk"],
  [["--documents"], "--documents takes a value"],
  [["--rounds", "--quick"], "--rounds takes a value"],
  [["--rounds", "0"], "--rounds takes a whole number above 0"],
  [["--documents", "1.5"], "--documents takes a whole number above 0"],
] as const)("%j is refused", (words, reason) => {
  expect(() => planOf(words)).toThrow(reason);
});
