/**
 * Paths of registers: their text, and which lies above which.
 */
import type { Path } from "../base/types.ts";

/** One-to-one, because names hold no dot. */
export const pathKey = (path: Path): string => {
  const [first] = path;
  return path.length === 1 && first !== undefined ? first : path.join(".");
};

/** Text order of keys: what "sorted by path" means in a document's state. */
export const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether `path` lies strictly below `above`. */
export const isBelow = (above: Path, path: Path): boolean =>
  path.length > above.length && above.every((name, index) => name === path[index]);

/** Whether one lies strictly below the other: a value cannot stand at both. */
export const isRelated = (a: Path, b: Path): boolean =>
  a[0] === b[0] && (isBelow(a, b) || isBelow(b, a));
