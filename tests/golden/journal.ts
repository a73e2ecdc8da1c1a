/**
 * A journal file and the note beside it as the first version wrote them (`journal.json`): they are
 * read, and written again to the same bytes.
 */
import { expect } from "vitest";
import { bytesToHex, concatBytes, hexToBytes } from "../../src/core/base/bytes.ts";
import {
  decodeFileStart,
  encodeFileStart,
  layRecords,
  recordsStart,
  saltOf,
  sealRecords,
} from "../../src/storage/journal/format.ts";
import { decodeNote, encodeNote } from "../../src/storage/journal/note.ts";
import { readRecords } from "../../src/storage/journal/records.ts";
import type { JournalRecord } from "../../src/storage/store.ts";
import golden from "./journal.json" with { type: "json" };

/** A file is mostly zeros: the parts that are not, and where they stand. */
interface SparseFile {
  readonly size: number;
  readonly parts: readonly { readonly at: number; readonly hex: string }[];
}

const fileOf = ({ size, parts }: SparseFile): Uint8Array => {
  const file = new Uint8Array(size);
  for (const { at, hex } of parts) file.set(hexToBytes(hex), at);
  return file;
};

interface GoldenRecord {
  readonly sequence: number;
  readonly payload: string;
  /** A sequence up to which all was flushed when it was written. */
  readonly flushed: number;
}

/** The file of one writer that was given these records. */
const writeJournalFile = (
  head: { readonly generation: Uint8Array; readonly first: number },
  records: readonly GoldenRecord[],
): Uint8Array => {
  const groups = records.map(({ sequence, payload, flushed }) => {
    const group: JournalRecord[] = [{ sequence, payload: hexToBytes(payload) }];
    const bytes = layRecords(group);
    sealRecords(bytes, saltOf(head.generation), sequence - 1 - flushed);
    return bytes;
  });
  return concatBytes(encodeFileStart({ ...head, isConfirmed: true }), ...groups);
};

const head = { generation: hexToBytes(golden.generation), first: golden.first };

export const checkJournalFile = async (): Promise<void> => {
  const file = fileOf(golden.file);
  expect(decodeFileStart(file.subarray(0, recordsStart))).toEqual({ ...head, isConfirmed: true });
  const records: GoldenRecord[] = [];
  const source = {
    read: (at: number, length: number): Uint8Array => file.slice(at, at + length),
    ...{ size: file.length, salt: saltOf(head.generation), first: head.first },
    ...{ isFirstKnown: true, proven: 0 },
  };
  for await (const item of readRecords(source)) {
    if (item.kind !== "record") throw new Error(`${item.kind} bytes at ${item.at}`);
    const { sequence, flushed } = item;
    records.push({ sequence, payload: bytesToHex(item.payload), flushed });
  }
  expect(records).toEqual(golden.records);
  expect(writeJournalFile(head, records)).toEqual(file);
};

export const checkJournalNote = (): void => {
  const note = decodeNote(hexToBytes(golden.note.bytes));
  if (!note.ok) throw new Error(note.error.what);
  const { generation, epochs, ...fields } = note.value;
  const read = {
    ...fields,
    generation: bytesToHex(generation),
    epochs: epochs.map((noted) => ({ ...noted, generation: bytesToHex(noted.generation) })),
  };
  expect(read).toEqual(golden.note.reads);
  expect(bytesToHex(encodeNote(note.value))).toBe(golden.note.bytes);
};
