/**
 * Lists of dots: one order everywhere (writer, then n), so that equal sets of dots are equal lists.
 */
import type { Dot, WriterId } from "../base/types.ts";

/** Negative, zero or positive: by writer, then n. */
export const compareDots = (a: Dot, b: Dot): number => {
  if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1;
  return a.n - b.n;
};

export const equalDots = (a: Dot, b: Dot): boolean => a.n === b.n && a.writer === b.writer;

/**
 * Whether a sorted list holds a dot. Lists are short (what one register or document holds at once),
 * so a scan is fastest; only a stranger makes long ones, which must not cost more than they are
 * worth.
 */
export const includesDot = (dots: readonly Dot[], dot: Dot): boolean => {
  if (dots.length > scannedDotsMax) return binaryIncludes(dots, dot);
  for (const each of dots) if (each.n === dot.n && each.writer === dot.writer) return true;
  return false;
};

const scannedDotsMax = 16;

const binaryIncludes = (dots: readonly Dot[], dot: Dot): boolean => {
  let low = 0;
  let high = dots.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = dots[middle];
    const order = found === undefined ? 0 : compareDots(found, dot);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
};

/** A new list, sorted and without duplicates. */
export const sortDots = (dots: readonly Dot[]): readonly Dot[] => {
  if (dots.length < 2) return dots;
  const sorted = [...dots].sort(compareDots);
  return sorted.filter((dot, index) => {
    const before = sorted[index - 1];
    return before === undefined || !equalDots(before, dot);
  });
};

/** The highest n of each writer, as a sorted list of dots. */
export const highestDots = (dots: Iterable<Dot>): readonly Dot[] => {
  const highest = new Map<WriterId, Dot>();
  for (const dot of dots) {
    if (dot.n > (highest.get(dot.writer)?.n ?? 0)) highest.set(dot.writer, dot);
  }
  return [...highest.values()].sort(compareDots);
};
