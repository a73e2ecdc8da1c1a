/**
 * The product's merge against the reference model while one member lies about what it replaces,
 * which births it saw, what it names and when. Lies may hurt what the liar writes; they never split
 * replicas.
 */
import { test } from "vitest";
import { runHistory } from "../support/histories.ts";

test("1,000 histories of 20 steps equal the model after every step", { timeout: 300_000 }, () => {
  for (let seed = 2; seed <= 2_000; seed += 2) runHistory(seed, { steps: 20, hostile: true });
});

test("20 histories of 80 steps equal the model after every step", { timeout: 300_000 }, () => {
  for (let seed = 1; seed <= 20; seed++) runHistory(seed, { steps: 80, hostile: seed % 2 === 0 });
});
