/**
 * A bound on how often something is done: a burst, refilled by and by.
 */

export interface Bucket {
  /** Whether it may be done once more at this time, in milliseconds; if so, it counts as done. */
  readonly take: (now: number) => boolean;
}

/** A clock that jumps back refills nothing. */
export const createBucket = (burst: number, perSecond: number, begun: number): Bucket => {
  let left = burst;
  let filledAt = begun;
  return {
    take: (now) => {
      const seconds = Math.max(0, now - filledAt) / 1_000;
      filledAt = now;
      left = Math.min(burst, left + seconds * perSecond);
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
};
