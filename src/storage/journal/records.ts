/**
 * Reading the records of one journal file, whatever stands in it: in pieces of bounded memory, past
 * damage to the next whole record.
 */
import { journalReadBytes, journalSearchBytesMax } from "../../core/base/limits.ts";
import {
  isPossibleLength,
  isWholeRecord,
  readRecordHead,
  recordHeadBytes,
  recordsStart,
  sequenceNear,
  viewOf,
} from "./format.ts";

/** Up to `length` bytes from `at`, a copy; fewer where the file ends or is gone. */
export type ReadAt = (at: number, length: number) => Uint8Array | Promise<Uint8Array>;

export interface RecordSource {
  readonly read: ReadAt;
  /** Bytes of the file that are looked at. */
  readonly size: number;
  readonly salt: number;
  /** What the file's first record is expected to be. */
  readonly first: number;
  /** False where the file's head is lost: then the first record may be any one. */
  readonly isFirstKnown: boolean;
  /** Up to there records were flushed: one that is bad is damage, whatever follows it. */
  readonly proven: number;
}

export type JournalItem =
  | {
      readonly kind: "record";
      readonly sequence: number;
      /** The reader's own. */
      readonly payload: Uint8Array;
      /** A sequence up to which all was flushed when it was written. */
      readonly flushed: number;
      /** Where the file goes on. */
      readonly end: number;
    }
  /** Bytes that are no whole record, but were; then one of a later sequence follows. */
  | { readonly kind: "damage"; readonly at: number }
  /**
   * What stands up to the end of what was looked at. `torn`: it never was flushed, as far as can be
   * told. `unsearched`: looking for what could tell was given up.
   */
  | { readonly kind: "torn" | "unsearched"; readonly at: number; readonly bytes: number };

/** Sequences rise; one that does not is damage. */
export async function* readRecords(source: RecordSource): AsyncGenerator<JournalItem> {
  const { size, salt } = source;
  const window = createWindow(source.read, size);
  let expected = source.first;
  let isKnown = source.isFirstKnown;
  for (let at = recordsStart; at < size;) {
    const record = await recordAt(window, at, salt, expected, isKnown);
    if (record !== null) {
      yield record;
      at = record.end;
      expected = record.sequence + 1;
      isKnown = true;
      continue;
    }
    const found = await searchRecord(window, at, salt, expected);
    const isDamage =
      typeof found === "number" &&
      (expected <= source.proven || (await provesFlush(window, found, salt, expected)));
    if (!isDamage) {
      yield { kind: found === "unsearched" ? found : "torn", at, bytes: size - at };
      return;
    }
    yield { kind: "damage", at };
    at = found;
  }
}

/** Part of a file in memory, which moves on. */
interface Window {
  readonly size: number;
  /** Exactly so many bytes, which reach no further than `size`; null: the file is gone. */
  readonly take: (at: number, length: number) => Uint8Array | Promise<Uint8Array | null>;
}

const createWindow = (read: ReadAt, size: number): Window => {
  let bytes: Uint8Array = new Uint8Array();
  let from = 0;
  const held = (at: number, length: number): Uint8Array =>
    bytes.subarray(at - from, at - from + length);
  const fill = async (at: number, length: number): Promise<Uint8Array | null> => {
    bytes = await read(at, Math.min(Math.max(length, journalReadBytes), size - at));
    from = at;
    return bytes.length < length ? null : held(at, length);
  };
  return {
    size,
    take: (at, length) =>
      at >= from && at + length <= from + bytes.length ? held(at, length) : fill(at, length),
  };
};

type RecordItem = Extract<JournalItem, { kind: "record" }>;

const recordAt = async (
  window: Window,
  at: number,
  salt: number,
  expected: number,
  isKnown: boolean,
): Promise<RecordItem | null> => {
  const left = window.size - at;
  if (left < recordHeadBytes) return null;
  const headBytes = await window.take(at, recordHeadBytes);
  if (headBytes === null) return null;
  const head = readRecordHead(viewOf(headBytes), 0);
  const sequence = sequenceNear(expected, head.low);
  if (sequence < (isKnown ? expected : 1) || !Number.isSafeInteger(sequence)) return null;
  if (!isPossibleLength(head.length, left)) return null;
  const record = await window.take(at, recordHeadBytes + head.length);
  if (record === null || !isWholeRecord(record, head.check, salt)) return null;
  const payload = record.subarray(recordHeadBytes);
  const flushed = sequence - 1 - head.unflushed;
  return { kind: "record", sequence, payload, flushed, end: at + record.length };
};

/** Whether one of the whole records from `from` on was written after `lost` had been flushed. */
const provesFlush = async (
  window: Window,
  from: number,
  salt: number,
  lost: number,
): Promise<boolean> => {
  let expected = lost;
  for (let at: number | string = from; typeof at === "number";) {
    const record: RecordItem | null = await recordAt(window, at, salt, expected, true);
    if (record === null) {
      at = await searchRecord(window, at, salt, expected);
      continue;
    }
    if (record.flushed >= lost) return true;
    expected = record.sequence + 1;
    at = record.end;
  }
  return false;
};

/**
 * Where behind `bad` the next whole record stands. Only sequences that could have come so far are
 * looked for, and not without end: else whoever wrote the bytes could keep the search busy.
 */
const searchRecord = async (
  window: Window,
  bad: number,
  salt: number,
  expected: number,
): Promise<number | "torn" | "unsearched"> => {
  const { size } = window;
  const farthest = Math.ceil((size - bad) / recordHeadBytes);
  let bytesLeft = journalSearchBytesMax;
  for (let at = bad + 1; at + recordHeadBytes <= size;) {
    const length = Math.min(journalReadBytes, size - at);
    const piece = await window.take(at, length);
    if (piece === null) return "torn";
    const view = viewOf(piece);
    const end = at + length - recordHeadBytes;
    for (const from = at; at <= end; at++) {
      const head = readRecordHead(view, at - from);
      const ahead = sequenceNear(expected, head.low) - expected;
      if (ahead < 0 || ahead > farthest || !isPossibleLength(head.length, size - at)) continue;
      bytesLeft -= recordHeadBytes + head.length;
      if (bytesLeft < 0) return "unsearched";
      if ((await recordAt(window, at, salt, expected, true)) !== null) return at;
    }
  }
  return "torn";
};
