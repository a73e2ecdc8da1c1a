/**
 * Reading the records of one file: torn ends, damage in the middle, and what only looks like a
 * record.
 */
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../../../src/core/base/bytes.ts";
import { journalReadBytes } from "../../../../src/core/base/limits.ts";
import { recordHeadBytes, recordsStart } from "../../../../src/storage/journal/format.ts";
import type { JournalRecord } from "../../../../src/storage/store.ts";
import { record } from "../../../contract/storeBench.ts";
import { groupOf, itemsOf, journalFileOf, shortItemsOf } from "../../../support/journalFile.ts";

const flip = (file: Uint8Array, at: number): Uint8Array => {
  const copy = file.slice();
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
};

/** Four records, each flushed by itself, and where each begins. */
const records = [record(1, 1, 1), record(2, 2), record(3), record(4, 4, 4, 4, 4)];
const four = journalFileOf(records.map((one) => [one]));
const starts = records.map((_, index) =>
  records
    .slice(0, index)
    .reduce((at, { payload }) => at + recordHeadBytes + payload.length, recordsStart),
);

describe("whole files", () => {
  test("give their records, empty ones too, and where each ends", async () => {
    const items = await itemsOf(four);
    expect(items.map((item) => (item.kind === "record" ? item.end : item.kind))).toEqual([
      ...starts.slice(1),
      four.length,
    ]);
    const payloads = items.flatMap((item) => (item.kind === "record" ? [item.payload] : []));
    expect(payloads).toEqual(records.map(({ payload }) => payload));
    expect(await itemsOf(journalFileOf([]))).toEqual([]);
  });

  test("of any sequences, beyond 32 bits and across them", async () => {
    for (const first of [2 ** 32 - 2, 2 ** 32, 2 ** 45]) {
      const group = [0, 1, 2, 3].map((ahead) => record(first + ahead, ahead));
      const expected = group.map(({ sequence }) => sequence);
      expect(await shortItemsOf(journalFileOf([group]), { first })).toEqual(expected);
    }
  });

  test("with records across the pieces in which they are read, and larger ones", async () => {
    const sizes = [journalReadBytes - 30, 5, 100, journalReadBytes * 2 + 3, 0, 1];
    const large: JournalRecord[] = sizes.map((size, index) => ({
      sequence: index + 1,
      payload: new Uint8Array(size).fill(index + 1),
    }));
    const items = await itemsOf(journalFileOf([large]));
    expect(items.map((item) => (item.kind === "record" ? item.payload.length : -1))).toEqual(sizes);
    const marks = items.map((item) => (item.kind === "record" ? item.payload.at(-1) : -1));
    expect(marks).toEqual([1, 2, 3, 4, undefined, 6]);
  });
});

describe("a torn end", () => {
  test("cut at any byte, the whole records before it are there", async () => {
    for (let length = recordsStart; length < four.length; length++) {
      const items = await itemsOf(four.subarray(0, length));
      const whole = starts.filter((_, index) => (starts[index + 1] ?? four.length) <= length);
      const torn = length - (starts[whole.length] ?? four.length);
      const expected = whole.map((_, index) => index + 1);
      const sequences = items.flatMap((item) => (item.kind === "record" ? [item.sequence] : []));
      expect(sequences).toEqual(expected);
      const end = items.find(({ kind }) => kind !== "record");
      expect(end === undefined ? 0 : "bytes" in end && end.bytes).toBe(torn);
    }
  });

  test("of zeros, as a file holds them whose end was never written, is no record", async () => {
    const zeros = concatBytes(four, new Uint8Array(100));
    expect(await shortItemsOf(zeros)).toEqual([1, 2, 3, 4, "torn"]);
  });

  test("may be any part of what was not flushed, the later one too", async () => {
    const pending = groupOf([record(5, 5, 5), record(6, 6)]);
    const later = groupOf([record(7, 7)], 2);
    const file = concatBytes(four, pending, later);
    expect(await shortItemsOf(file)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const lost = flip(file, four.length + 10);
    expect(await shortItemsOf(lost)).toEqual([1, 2, 3, 4, "torn"]);
    // What was written after a flush proves that it was there
    const flushed = concatBytes(lost, groupOf([record(8, 8)]));
    expect(await shortItemsOf(flushed)).toEqual([1, 2, 3, 4, "damage", 6, 7, 8]);
    // and so does whoever knows how far it was flushed
    expect(await shortItemsOf(lost, { proven: 5 })).toEqual([1, 2, 3, 4, "damage", 6, 7]);
  });
});

describe("damage", () => {
  test("of any byte of a record loses that record alone, and shifts no number", async () => {
    for (const [index, start] of starts.entries()) {
      const end = starts[index + 1] ?? four.length;
      for (let at = start; at < end; at++) {
        const expected: (number | string)[] = [1, 2, 3, 4];
        expected[index] = index === 3 ? "torn" : "damage";
        expect(await shortItemsOf(flip(four, at)), `byte ${at}`).toEqual(expected);
      }
    }
  });

  test("of several is found one by one", async () => {
    const [, second = 0, third = 0] = starts;
    const two = flip(flip(four, second), third);
    expect(await shortItemsOf(two)).toEqual([1, "damage", 4]);
    const apart = flip(flip(four, recordsStart), third);
    expect(await shortItemsOf(apart)).toEqual(["damage", 2, "damage", 4]);
  });

  test("where the file's head is lost, its records tell their numbers", async () => {
    const group = [7, 8, 9].map((sequence) => record(sequence, sequence));
    const file = journalFileOf([group]);
    expect(await shortItemsOf(file, { first: 3, isFirstKnown: false })).toEqual([7, 8, 9]);
    expect(await shortItemsOf(file, { first: 20, isFirstKnown: false })).toEqual([7, 8, 9]);
  });

  test("a record of an earlier sequence is none", async () => {
    const file = concatBytes(four, groupOf([record(2, 22)]));
    expect(await shortItemsOf(file)).toEqual([1, 2, 3, 4, "torn"]);
  });
});

test("a record made up in a payload is not found when the one around it is damaged", async () => {
  // Checked as another generation's would be: whoever has bytes stored does not know this one's
  const made = groupOf([record(2, 99)]);
  made[0] = (made[0] ?? 0) ^ 1;
  const file = journalFileOf([
    [{ sequence: 1, payload: concatBytes(new Uint8Array(3), made, new Uint8Array(3)) }],
    [record(2, 2)],
  ]);
  const items = await itemsOf(flip(file, recordsStart + recordHeadBytes));
  expect(items.map(({ kind }) => kind)).toEqual(["damage", "record"]);
  expect(items.at(1)).toMatchObject({ sequence: 2, payload: Uint8Array.of(2) });
});
