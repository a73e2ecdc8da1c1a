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

/** Lists are short (what one register or document holds at once), so a scan beats any index. */
export const includesDot = (dots: readonly Dot[], dot: Dot): boolean => {
  for (const each of dots) if (each.n === dot.n && each.writer === dot.writer) return true;
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
