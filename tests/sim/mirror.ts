/**
 * A page's copy of a live query, kept by what it is told: it must show what asking anew shows.
 */
import type { FindRequest, LiveChange } from "../../src/core/wire/requests.ts";
import { decodeRows, rowToDocument, type Row } from "../../src/core/wire/rows.ts";
import type { Live } from "../../src/engine/live.ts";
import { stableText } from "../support/model.ts";

export interface Mirror {
  readonly subscribe: (live: Live) => void;
  readonly take: (change: LiveChange) => void;
  /** The documents, as one text. */
  readonly text: () => string;
}

export const mirroredCollection = "a";

export const createMirror = (): Mirror => {
  let rows: readonly Row[] = [];
  return {
    subscribe: (live) => {
      live.subscribe(1, everythingIn(mirroredCollection));
    },
    take: (change) => {
      if (change.kind === "failed") throw new Error(change.message);
      rows = change.kind === "rows" ? decodeRows(change.rows) : patched(rows, change);
    },
    text: () => rowsText(rows),
  };
};

export const everythingIn = (collection: string): FindRequest => ({
  ...{ collection, filter: {}, limit: null, sort: [], offset: 0, after: null },
  ...{ fields: null, includeDeleted: false, meta: false },
});

export const rowsText = (rows: readonly Row[]): string => stableText(rows.map(rowToDocument));

const patched = (
  rows: readonly Row[],
  { removed, placed, rows: bytes }: Extract<LiveChange, { kind: "patch" }>,
): readonly Row[] => {
  const gone = new Set(removed);
  const next = rows.filter((_, at) => !gone.has(at));
  decodeRows(bytes).forEach((row, index) => {
    next.splice(placed[index] ?? 0, 0, row);
  });
  return next;
};
