/** The clock against a wall clock of nonsense, and its arithmetic against exact 64-bit numbers. */
import { expect, test } from "vitest";
import { clockAheadMillisecondsMax } from "../../../../src/core/base/limits.ts";
import { writerIdOf } from "../../../../src/core/base/ids.ts";
import type { Stamp, Time } from "../../../../src/core/base/types.ts";
import {
  addDelta,
  compareStamps,
  compareTimes,
  createHybridClock,
  isAhead,
  timeDelta,
} from "../../../../src/core/clock/hybrid.ts";
import { createRandom, type Random } from "../../../support/random.ts";

const at = (ms: number, counter = 0): Time => ({ ms, counter });
const latest = at(2 ** 48 - 1, 65_535);
const asBigInt = (time: Time): bigint => BigInt(time.ms) * 65_536n + BigInt(time.counter);

test("time follows the wall clock, and counts where it stands still or goes back", () => {
  let now = 1_000.7;
  const clock = createHybridClock({ now: () => now });
  expect(clock.next()).toEqual(at(1_000));
  expect(clock.next()).toEqual(at(1_000, 1));
  now = 900;
  expect(clock.next()).toEqual(at(1_000, 2));
  now = 2_000;
  expect(clock.next()).toEqual(at(2_000));
  expect(clock.last()).toEqual(at(2_000));
});

test("a counter that is used up moves the milliseconds on", () => {
  const clock = createHybridClock({ now: () => 5, last: at(5, 65_534) });
  expect([clock.next(), clock.next(), clock.next()]).toEqual([at(5, 65_535), at(6), at(6, 1)]);
});

test("a persisted time is never given again, even if the wall clock went back", () => {
  expect(createHybridClock({ now: () => 10, last: at(500, 7) }).next()).toEqual(at(500, 8));
});

test("what was observed comes before what is given next", () => {
  const clock = createHybridClock({ now: () => 1_000 });
  clock.observe(at(1_500, 9));
  expect(clock.next()).toEqual(at(1_500, 10));
  clock.observe(at(1_200));
  expect(clock.next()).toEqual(at(1_500, 11));
});

test("observing drags the clock at most five minutes ahead", () => {
  const bound = 1_000 + clockAheadMillisecondsMax;
  for (const far of [at(bound + 1), latest]) {
    const clock = createHybridClock({ now: () => 1_000 });
    clock.observe(far);
    expect(clock.next()).toEqual(at(1_000));
  }
  const near = createHybridClock({ now: () => 1_000 });
  near.observe(at(bound));
  expect(near.last()).toEqual(at(bound));
  expect(near.next()).toEqual(at(bound, 1));
});

test("a clock that is itself further ahead is not set back by observing", () => {
  const ahead = at(10_000_000, 3);
  const clock = createHybridClock({ now: () => 0, last: ahead });
  clock.observe(at(9_000_000));
  expect(clock.last()).toEqual(ahead);
});

test.each([Number.NaN, -5, Infinity, -Infinity, 2 ** 60])(
  "a wall clock of %s does no harm",
  (now) => {
    const clock = createHybridClock({ now: () => now });
    const first = clock.next();
    clock.observe(latest);
    const second = clock.next();
    for (const time of [first, second]) {
      expect(Number.isSafeInteger(time.ms) && time.ms >= 0 && time.ms < 2 ** 48).toBe(true);
    }
    expect(compareTimes(first, second)).toBeLessThan(0);
  },
);

test("quarantine begins beyond five minutes", () => {
  expect(isAhead(at(clockAheadMillisecondsMax), 0)).toBe(false);
  expect(isAhead(at(clockAheadMillisecondsMax, 65_535), 0)).toBe(false);
  expect(isAhead(at(clockAheadMillisecondsMax + 1), 0)).toBe(true);
});

test("stamps rank by time, then writer, then n", () => {
  const writer = (byte: number): Stamp["writer"] => writerIdOf(new Uint8Array(16).fill(byte));
  const ranked: Stamp[] = [
    { time: at(1, 1), writer: writer(0xff), n: 9 },
    { time: at(1, 2), writer: writer(0x09), n: 9 },
    { time: at(1, 2), writer: writer(0xa0), n: 2 },
    { time: at(1, 2), writer: writer(0xa0), n: 10 },
    { time: at(2, 0), writer: writer(0x00), n: 1 },
  ];
  ranked.forEach((a, i) => {
    ranked.forEach((b, j) => {
      expect(Math.sign(compareStamps(a, b))).toBe(Math.sign(i - j));
    });
  });
});

test("differences at the edges", () => {
  expect(timeDelta(at(5, 7), at(5, 7))).toBe(0);
  expect(timeDelta(at(5, 7), at(5, 6))).toBeNull();
  expect(timeDelta(at(5, 65_535), at(6))).toBe(1);
  expect(timeDelta(at(0), at(2 ** 37 - 1, 65_535))).toBe(2 ** 53 - 1);
  expect(timeDelta(at(0), at(2 ** 37))).toBeNull();
  expect(timeDelta(at(0, 1), at(2 ** 37))).toBe(2 ** 53 - 1);
  expect(timeDelta(at(0, 65_535), at(2 ** 37 + 1, 0))).toBeNull();
  expect(timeDelta(at(0), latest)).toBeNull();
  expect(timeDelta(latest, at(0))).toBeNull();
});

test("sums at the edges", () => {
  expect(addDelta(at(5, 65_535), 1)).toEqual(at(6));
  expect(addDelta(latest, 0)).toEqual(latest);
  expect(addDelta(latest, 1)).toBeNull();
  expect(addDelta(at(2 ** 48 - 1), 65_535)).toEqual(latest);
  expect(addDelta(latest, 2 ** 53 - 1)).toBeNull();
  for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) {
    expect(() => addDelta(at(0), bad)).toThrow("invariant broken");
  }
});

/** Half of them near an edge, where carries and limits are. */
const randomTime = (random: Random): Time => {
  const near = (edge: number): number => Math.max(0, edge - random.integer(3));
  return random.chance(0.5)
    ? at(random.integer(2 ** 48), random.integer(65_536))
    : at(near(random.pick([2, 2 ** 37 + 2, 2 ** 48 - 1])), near(random.pick([2, 65_535])));
};

test("differences and sums equal exact 64-bit arithmetic", () => {
  const seed = 8_181;
  const random = createRandom(seed);
  for (let run = 0; run < 20_000; run++) {
    const from = randomTime(random);
    const to = randomTime(random);
    const label = `seed ${String(seed)} run ${String(run)}`;
    const exact = asBigInt(to) - asBigInt(from);
    const isDelta = exact >= 0n && exact < 2n ** 53n;
    expect(timeDelta(from, to), label).toBe(isDelta ? Number(exact) : null);
    const delta = random.chance(0.5) ? random.integer(2 ** 53) : 2 ** 53 - 1 - random.integer(9);
    const sum = addDelta(from, delta);
    const exactSum = asBigInt(from) + BigInt(delta);
    expect(sum === null ? null : asBigInt(sum), label).toBe(exactSum < 2n ** 64n ? exactSum : null);
    if (isDelta) expect(addDelta(from, Number(exact)), label).toEqual(to);
  }
});
