/**
 * Every call of the disk that the workload makes fails once in every way, half of them here: the
 * files run at once.
 */
import { expect, test } from "vitest";
import { tryEach } from "./plans.ts";

test("each call fails once, part 1 of 2", { timeout: 600_000 }, async () => {
  const { trials, problems } = await tryEach("files", { part: 0, of: 2 });
  expect(problems).toEqual([]);
  expect(trials).toBeGreaterThan(600);
});
