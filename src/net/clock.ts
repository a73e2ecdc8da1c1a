/**
 * Time and dice of the network layer, as one injected thing, so that redialing can be tested
 * without waiting.
 */
export interface Clock {
  /** Milliseconds; only differences are used. */
  now(): number;
  /** 0 ≤ x < 1; for jitter only, never for secrets. */
  random(): number;
  /** Runs once after so many milliseconds; the answer cancels it. */
  after(milliseconds: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  random: () => Math.random(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
};

/**
 * How long to wait after so many failures in a row: doubled each time between `min` and `max`
 * milliseconds, and at random between half and all of that, so that the pages of one relay do not
 * return in step.
 */
export const backoffMilliseconds = (
  clock: Clock,
  failures: number,
  bounds: { readonly min: number; readonly max: number },
): number => {
  const whole = Math.min(bounds.max, bounds.min * 2 ** Math.min(failures, 32));
  return whole * (0.5 + clock.random() / 2);
};
