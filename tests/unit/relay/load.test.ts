/** A relay under a small load; `npm run relay:load` is the whole one. */
import { expect, test } from "vitest";
import { limits } from "../../../relay/limits.ts";
import { memoryGrowthBytesMax, runLoad } from "../../load/relay.ts";

test("Q-142 P-117 bad connections beyond all places keep no member from another", async () => {
  const outcome = await runLoad({
    members: 8,
    badConnections: limits.guestsMax + 1_500,
    say: () => undefined,
  });
  expect(outcome.problems).toEqual([]);
  expect(outcome.answers).toBeGreaterThan(0);
  expect(outcome.memoryGrowthBytes).toBeLessThan(memoryGrowthBytesMax);
});
