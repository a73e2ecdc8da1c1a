/**
 * How a page follows a live query: the change that the engine sent, applied to the rows that it
 * held.
 */
import { unreachable } from "../base/result.ts";
import type { LiveChange } from "./requests.ts";

/** What a holder of `rows` shows once a change has arrived. */
export const applyLiveChange = <T>(
  rows: readonly T[],
  change: LiveChange,
  decode: (bytes: Uint8Array) => readonly T[],
): readonly T[] => {
  switch (change.kind) {
    case "rows":
      return decode(change.rows);
    case "patch":
      return patchRows(rows, change.removed, change.placed, decode(change.rows));
    case "failed":
      return rows;
    default:
      return unreachable(change);
  }
};

const patchRows = <T>(
  rows: readonly T[],
  removed: readonly number[],
  placed: readonly number[],
  arrived: readonly T[],
): readonly T[] => {
  const gone = new Set(removed);
  const stayed = rows.filter((_, at) => !gone.has(at));
  const result: T[] = [];
  let from = 0;
  placed.forEach((at, index) => {
    while (result.length < at && from < stayed.length) result.push(...stayed.slice(from, ++from));
    result.push(...arrived.slice(index, index + 1));
  });
  return [...result, ...stayed.slice(from)];
};
