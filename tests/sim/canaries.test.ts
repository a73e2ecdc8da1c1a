/**
 * Runs in which somebody is gone while others go on writing: what they wrote was tried with the
 * keys of whoever was gone.
 */
import { expect, test } from "vitest";
import { simulate } from "./native.ts";

test.for([4_005, 4_009])("seed %i", { timeout: 120_000 }, async (seed) => {
  const { canaries } = await simulate(seed, { suite: 1, closed: true });
  expect(canaries).toBeGreaterThan(10);
});
