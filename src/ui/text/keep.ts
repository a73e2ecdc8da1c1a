/**
 * Maps and sets that are made anew at each change, apart from Svelte's state, which would watch
 * every entry.
 */
import type { DocumentFields } from "../../core/base/types.ts";

export type Rows = ReadonlyMap<string, DocumentFields>;

export const noRows: Rows = new Map();

/** With these, too. Beyond `max` what was there goes. */
export const withRows = (rows: Rows, found: readonly DocumentFields[], max: number): Rows => {
  const kept = new Map(rows.size > max ? [] : rows);
  for (const document of found) kept.set(document.id, document);
  return kept;
};

export const idsOf = (documents: readonly DocumentFields[]): ReadonlySet<string> =>
  new Set(documents.map(({ id }) => id));
