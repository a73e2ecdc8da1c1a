/**
 * Maps and sets that are made anew at each change, apart from Svelte's state, which would watch
 * every entry.
 */
import type { DocumentFields } from "../../core/base/types.ts";

export type Rows = ReadonlyMap<string, DocumentFields>;

export const noRows: Rows = new Map();
export const noIds: ReadonlySet<string> = new Set();

/** With these, too. Beyond `max` what was there goes. */
export const withRows = (rows: Rows, found: readonly DocumentFields[], max: number): Rows => {
  const kept = new Map(rows.size > max ? [] : rows);
  for (const document of found) kept.set(document.id, document);
  return kept;
};

export const idsOf = (documents: readonly DocumentFields[]): ReadonlySet<string> =>
  new Set(documents.map(({ id }) => id));

/** Names that begin with a `_` are the database's own. */
export const withoutMetadata = (document: DocumentFields): DocumentFields => ({
  ...Object.fromEntries(Object.entries(document).filter(([name]) => !name.startsWith("_"))),
  id: document.id,
});

/** Ids of marked ones, of rows that are still kept. */
export const withMarked = <D extends DocumentFields>(
  known: Iterable<string>,
  found: readonly D[],
  rows: Rows,
  isMarked: (document: D) => boolean,
): ReadonlySet<string> => {
  const ids = new Set([...known].filter((id) => rows.has(id)));
  for (const document of found) {
    if (isMarked(document)) ids.add(document.id);
    else ids.delete(document.id);
  }
  return ids;
};
