/** How long to wait after failures. */
import { expect, test } from "vitest";
import { backoffMilliseconds, type Clock } from "../../../src/net/clock.ts";

const clockWith = (dice: number): Clock => ({
  now: () => 0,
  random: () => dice,
  after: () => () => undefined,
});
const bounds = { min: 100, max: 5_000 };

test("waits double up to a bound, and never overflow", () => {
  const waits = [0, 1, 2, 5, 6, 50, 5_000].map((failures) =>
    backoffMilliseconds(clockWith(1), failures, bounds),
  );
  expect(waits).toEqual([100, 200, 400, 3_200, 5_000, 5_000, 5_000]);
});

test("the dice take up to half of it", () => {
  expect(backoffMilliseconds(clockWith(0), 1, bounds)).toBe(100);
  expect(backoffMilliseconds(clockWith(0.5), 1, bounds)).toBe(150);
});
