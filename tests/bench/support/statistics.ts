/**
 * What is told of many measured numbers: apart, since every benchmark tells it in the same way.
 */

/** What is told of single operations, in milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export const spreadOf = (numbers: readonly number[]): Spread => ({
  p50: quantile(numbers, 0.5),
  p95: quantile(numbers, 0.95),
  p99: quantile(numbers, 0.99),
});

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** 0 ≤ part ≤ 1: 0.5 is the median. */
export const quantile = (numbers: readonly number[], part: number): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
};
