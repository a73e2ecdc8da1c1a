/**
 * Journal files made by hand, and read without a store: the bytes that tests cut, flip and mix.
 */
import { concatBytes } from "../../src/core/base/bytes.ts";
import {
  encodeFileStart,
  layRecords,
  saltOf,
  sealRecords,
} from "../../src/storage/journal/format.ts";
import { readRecords, type JournalItem } from "../../src/storage/journal/records.ts";
import type { JournalRecord } from "../../src/storage/store.ts";

export const testGeneration = Uint8Array.from({ length: 16 }, (_, index) => index * 7 + 1);

/** Groups of records as they are flushed one by one. */
export const journalFileOf = (groups: readonly (readonly JournalRecord[])[]): Uint8Array => {
  const first = groups.flat().at(0)?.sequence ?? 1;
  const start = encodeFileStart({ generation: testGeneration, first, isConfirmed: true });
  return concatBytes(start, ...groups.map((group) => groupOf(group)));
};

/** `unflushed`: what stands before it and is not flushed. */
export const groupOf = (records: readonly JournalRecord[], unflushed = 0): Uint8Array => {
  const bytes = layRecords(records);
  sealRecords(bytes, saltOf(testGeneration), unflushed);
  return bytes;
};

export interface ReadOptions {
  readonly first?: number;
  readonly isFirstKnown?: boolean;
  readonly proven?: number;
}

export const itemsOf = async (
  file: Uint8Array,
  { first = 1, isFirstKnown = true, proven = 0 }: ReadOptions = {},
): Promise<readonly JournalItem[]> => {
  const items: JournalItem[] = [];
  const source = {
    read: (at: number, length: number): Uint8Array => file.slice(at, at + length),
    ...{ size: file.length, salt: saltOf(testGeneration), first, isFirstKnown, proven },
  };
  for await (const item of readRecords(source)) items.push(item);
  return items;
};

/** In short: sequences of records, and how what is none is called. */
export const shortItemsOf = async (
  file: Uint8Array,
  options?: ReadOptions,
): Promise<readonly (number | string)[]> =>
  (await itemsOf(file, options)).map((item) =>
    item.kind === "record" ? item.sequence : item.kind,
  );
