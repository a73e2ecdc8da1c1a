/**
 * The journal's two rules, checked by every adapter before it touches anything: sequences rise by
 * one, and only what was written can be absorbed. Breaking one is this program's mistake, and
 * thrown.
 */
import { assert } from "../core/base/result.ts";
import type { JournalRecord } from "./store.ts";

/** Returns the last sequence after these records. */
export const checkContinues = (
  last: number,
  records: readonly Pick<JournalRecord, "sequence">[],
): number => {
  for (const [index, { sequence }] of records.entries()) {
    const expected = last + 1 + index;
    assert(sequence === expected, `journal sequence ${String(sequence)}, not ${String(expected)}`);
  }
  return last + records.length;
};

/** Returns what is absorbed after a batch that may move it on. */
export const checkAbsorbs = (absorbed: number, last: number, next: number | undefined): number => {
  if (next === undefined) return absorbed;
  const possible = Number.isSafeInteger(next) && next >= absorbed && next <= last;
  assert(possible, `absorbed sequence ${String(next)} outside ${String(absorbed)}…${String(last)}`);
  return next;
};
