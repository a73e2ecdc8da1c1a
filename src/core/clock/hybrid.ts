/**
 * The hybrid logical clock (DESIGN.md §3, Time) and the arithmetic of its times: 48 bits of
 * milliseconds over a 16-bit counter. As one number ms * 65,536 + counter it has 64 bits, too many
 * for a double, so sums are taken in two parts.
 */
import { assert } from "../base/result.ts";
import {
  clockAheadMillisecondsMax,
  clockCounterMax,
  clockMillisecondsMax,
} from "../base/limits.ts";
import type { Stamp, Time } from "../base/types.ts";

export interface HybridClock {
  /** Later than every time given or observed before, and not before the wall clock. */
  readonly next: () => Time;
  /**
   * Takes note of another's time, so that what is written from now on comes after it; not of one
   * that is more than 5 minutes ahead.
   */
  readonly observe: (time: Time) => void;
  /** The latest time given or observed: what to persist. */
  readonly last: () => Time;
}

/** `now` is the wall clock in ms since 1970; `last` what the clock said when it was persisted. */
export const createHybridClock = (deps: {
  readonly now: () => number;
  readonly last?: Time;
}): HybridClock => {
  let last: Time = deps.last ?? { ms: 0, counter: 0 };
  return {
    next: () => {
      const ms = wallMilliseconds(deps.now());
      last = ms > last.ms ? { ms, counter: 0 } : successor(last);
      return last;
    },
    observe: (time) => {
      // A fast or lying clock elsewhere must not carry ours away: what is in quarantine is ignored.
      if (isAhead(time, wallMilliseconds(deps.now()))) return;
      if (compareTimes(time, last) > 0) last = time;
    },
    last: () => last,
  };
};

/** Null only if both are. */
export const laterTime = (a: Time | null, b: Time | null): Time | null => {
  if (a === null || b === null) return a ?? b;
  return compareTimes(a, b) < 0 ? b : a;
};

/** Negative, zero or positive. */
export const compareTimes = (a: Time, b: Time): number => a.ms - b.ms || a.counter - b.counter;

/** The one order of siblings: time, then writer, then n. Quarantine is the caller's. */
export const compareStamps = (a: Stamp, b: Stamp): number =>
  compareTimes(a.time, b.time) || compareText(a.writer, b.writer) || a.n - b.n;

/** Whether a stamp is so far ahead of this device's clock that its value waits in quarantine. */
export const isAhead = (time: Time, now: number): boolean =>
  time.ms > now + clockAheadMillisecondsMax;

/** An op's dt: the exact difference `to - from` as one number, or null unless 0 <= dt < 2^53. */
export const timeDelta = (from: Time, to: Time): number | null => {
  // Doubles hold every difference below 2^53 exactly, and round none above it to below.
  const delta = (to.ms - from.ms) * counterStates + (to.counter - from.counter);
  return delta >= 0 && delta <= Number.MAX_SAFE_INTEGER ? delta : null;
};

/** The inverse of `timeDelta`; null beyond 2^64 - 1. */
export const addDelta = (time: Time, delta: number): Time | null => {
  assert(Number.isSafeInteger(delta) && delta >= 0, "a time delta is 0 to 2^53 - 1");
  const counters = time.counter + (delta % counterStates);
  const carried = counters > clockCounterMax ? 1 : 0;
  const ms = time.ms + Math.floor(delta / counterStates) + carried;
  if (ms > clockMillisecondsMax) return null;
  return { ms, counter: counters - carried * counterStates };
};

const counterStates = clockCounterMax + 1;

/** A counter that is used up borrows from the millisecond to come. */
const successor = (time: Time): Time => {
  const next = addDelta(time, 1);
  assert(next !== null, "the clock's last time is not its end");
  return next;
};

/** The platform's clock may be fractional, or set to nonsense; observed times leave room too. */
const wallMilliseconds = (now: number): number =>
  Math.floor(Math.min(Math.max(now, 0), wallMillisecondsMax)) || 0;

const wallMillisecondsMax = clockMillisecondsMax - clockAheadMillisecondsMax - 1;

const compareText = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};
