/**
 * The product's merge against the reference model, all writers honest. Apart from the histories
 * with a liar so that both run at once. A failure names its seed: `node
 * tests/property/merge.long.ts --from <seed> --to <seed>` runs odd seeds as this does, even ones
 * with a liar.
 */
import { test } from "vitest";
import { runHistory } from "../support/histories.ts";

test("1,000 histories of 20 steps equal the model after every step", { timeout: 300_000 }, () => {
  for (let seed = 1; seed < 2_000; seed += 2) runHistory(seed, { steps: 20, hostile: false });
});
