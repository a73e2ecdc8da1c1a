/**
 * Two failures in one life, by seeds; and a part of the single ones where no slot fences, and where
 * the journal stands in the tables. `npm run faults` tries all of them, and more pairs.
 */
import { expect, test } from "vitest";
import { tryEach, tryPairs } from "./plans.ts";

test.for(["asking", "tables"] as const)(
  "some calls fail once: %s",
  { timeout: 600_000 },
  async (mode) => {
    const { trials, problems } = await tryEach(mode, { part: 5, of: 24 });
    expect(problems).toEqual([]);
    expect(trials).toBeGreaterThan(30);
  },
);

test("two calls fail", { timeout: 600_000 }, async () => {
  const { trials, problems } = await tryPairs("files", 1, 100);
  expect(problems).toEqual([]);
  expect(trials).toBe(100);
});
