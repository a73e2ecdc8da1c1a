/**
 * Seeds of closed networks that failed once: own writes that stood in no log any more. Where a term
 * had undone the admission (7195); where what they changed had become void, and then the log was
 * found to go on elsewhere (7072); where they had been built on own writes that became void (7085).
 */
import { testSeeds } from "./seeds.ts";

for (const seed of [7_072, 7_085, 7_195]) {
  testSeeds("closed, again", { from: seed, count: 1 }, { suite: 1, closed: true });
}
