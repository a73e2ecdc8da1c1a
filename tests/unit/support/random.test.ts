/** The dice themselves: seeds must mean the same on every machine. */
import { expect, test } from "vitest";
import { createRandom } from "../../support/random.ts";

test("one seed, one sequence: mulberry32's own", () => {
  const random = createRandom(42);
  expect([random.next(), random.next(), random.next()].map((p) => Math.floor(p * 2 ** 32))).toEqual(
    [2_581_720_956, 1_925_393_290, 3_661_312_704],
  );
  expect(createRandom(7).bytes(64)).toEqual(createRandom(7).bytes(64));
  expect(createRandom(7).bytes(64)).not.toEqual(createRandom(8).bytes(64));
});

test("ranges, picks and shuffles", () => {
  const random = createRandom(1);
  const counts = new Map<number, number>();
  for (let run = 0; run < 6_000; run++) {
    const thrown = random.integer(6);
    counts.set(thrown, (counts.get(thrown) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(Math.min(...counts.values())).toBeGreaterThan(800);
  expect(random.chance(0)).toBe(false);
  expect(random.chance(1)).toBe(true);
  expect(() => random.pick([])).toThrow(RangeError);
  const list = Array.from({ length: 50 }, (_, at) => at);
  const shuffled = random.shuffle(list);
  expect(shuffled).not.toEqual(list);
  expect(shuffled.sort((a, b) => a - b)).toEqual(list);
});
