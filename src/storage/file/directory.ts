/**
 * What stands where in a tables file: every key with the place of its value. It is all that a store
 * on files holds in memory, and is made anew from the heads of the records at each opening.
 */
import type { Place, RecordHead } from "./tableRecord.ts";

export interface Directory {
  readonly segments: ReadonlyMap<string, Place>;
  readonly pages: ReadonlyMap<string, Place>;
  readonly meta: ReadonlyMap<string, Place>;
  /** What a copy of all that counts would take, about. */
  readonly liveBytes: () => number;
  readonly apply: (head: RecordHead) => void;
}

export const createDirectory = (): Directory => {
  const segments = new Map<string, Place>();
  const pages = new Map<string, Place>();
  const meta = new Map<string, Place>();
  let liveBytes = 0;
  const remove = (table: Map<string, Place>, key: string): void => {
    const place = table.get(key);
    if (place === undefined) return;
    table.delete(key);
    liveBytes -= costOf(key, place);
  };
  const store = (table: Map<string, Place>, key: string, place: Place): void => {
    remove(table, key);
    table.set(key, place);
    liveBytes += costOf(key, place);
  };
  const clear = (scopes: ReadonlySet<string>): void => {
    if (scopes.size === 0) return;
    for (const key of pages.keys()) if (scopes.has(key.slice(0, scopeDigits))) remove(pages, key);
  };
  return {
    ...{ segments, pages, meta },
    liveBytes: () => liveBytes,
    apply: (head) => {
      for (const key of head.removedSegments) remove(segments, key);
      for (const [key, place] of head.segments) store(segments, key, place);
      clear(new Set(head.clearedPages));
      for (const key of head.removedPages) remove(pages, key);
      for (const [key, place] of head.pages) store(pages, key, place);
      for (const [key, place] of head.meta) {
        if (place === null) remove(meta, key);
        else store(meta, key, place);
      }
    },
  };
};

const scopeDigits = 32;

/** Keys of segments and pages are hexadecimal; lengths and frames are small change. */
const costOf = (key: string, place: Place): number => place.length + key.length / 2 + 8;
