/**
 * A range of seeds as tests, one each. `SIM_SEED=8 npx vitest run --project node tests/sim/…` runs
 * that one alone.
 */
import { test } from "vitest";
import { simulate } from "./native.ts";
import type { SimulationOptions } from "./world.ts";

export const testSeeds = (
  what: string,
  range: {
    readonly from: number;
    readonly count: number;
    /** They show bugs that are known and not mended yet. */
    readonly failing?: readonly number[];
  },
  options: SimulationOptions,
): void => {
  const alone = process.env["SIM_SEED"];
  const seeds =
    alone === undefined
      ? Array.from({ length: range.count }, (_, index) => range.from + index).filter(
          (seed) => range.failing?.includes(seed) !== true,
        )
      : [Number(alone)];
  test.for(seeds)(`${what}, seed %i`, { timeout: 300_000 }, async (seed) => {
    await simulate(seed, options);
  });
};
