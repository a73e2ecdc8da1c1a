/**
 * Which fields become columns of the grid, and how a value reads in a cell.
 */
import type { DocumentFields, Value } from "../../core/base/types.ts";
import { cutText, shownValue, titleNames } from "./summary.ts";

/** More than anybody chooses from. */
export const columnsMax = 100;
const cellCharactersMax = 200;

/**
 * The names known before, in their order, then new ones: those that titles usually have first, then
 * the most frequent. The same list where there are none.
 */
export const learnColumns = (
  known: readonly string[],
  documents: readonly DocumentFields[],
): readonly string[] => {
  const counts = new Map<string, number>();
  for (const document of documents) {
    for (const name of Object.keys(document)) {
      if (name !== "id") counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const before = new Set(known);
  const rank = (name: string): number => {
    const at = titleNames.indexOf(name);
    return at < 0 ? titleNames.length : at;
  };
  const added = [...counts]
    .filter(([name]) => !before.has(name))
    .sort(([a, countA], [b, countB]) => rank(a) - rank(b) || countB - countA || (a < b ? -1 : 1))
    .map(([name]) => name);
  return added.length === 0 ? known : [...known, ...added].slice(0, columnsMax);
};

/** One line; nothing where the document has no such field. */
export const cellText = (value: Value | undefined): string =>
  value === undefined ? "" : cutText(shownValue(value), cellCharactersMax);
