/**
 * The journal as one sequence of records: out of files and, where it once stood there, out of the
 * tables. What is missing in between is damage, listed here and nowhere else, so that an opening
 * and every later reading name it alike.
 */
import type { DamageList } from "../damage.ts";
import type { JournalRecord } from "../store.ts";
import type { TableRecord } from "../tables.ts";
import { readRecords, type ReadAt } from "./records.ts";

export interface ReadableFile {
  readonly name: string;
  readonly read: ReadAt;
  readonly size: number;
  readonly salt: number;
  readonly first: number | null;
  readonly limit: number;
}

/** Where the counted part of a file ends. */
export interface FileEnd {
  /** null: no record of it counts. */
  readonly oldest: number | null;
  readonly newest: number | null;
  /** Bytes behind the last whole record that are none, where nothing says that one stood there. */
  readonly tornBytes: number;
  /** What stands behind the last whole record could not be searched to its end. */
  readonly isUnsearched: boolean;
}

export interface JournalReading {
  /** By rising records. */
  readonly files: readonly ReadableFile[];
  /** By rising sequence; null: none. */
  readonly tableRecords: AsyncIterable<TableRecord> | null;
  readonly after: number;
  /** Later records are not shown. */
  readonly upTo: number;
  /** What is missing up to here is damage, even at the end. */
  readonly known: number;
  /** As it stands in the moment of asking: what was absorbed since is not missing. */
  readonly absorbed: () => number;
  readonly damage: DamageList;
  readonly ended?: (name: string, end: FileEnd) => void;
}

export async function* readJournalRecords(reading: JournalReading): AsyncGenerator<JournalRecord> {
  const { after, upTo, known, damage } = reading;
  let expected = after + 1;
  const missing = (last: number, reason: string | null): void => {
    const from = Math.max(expected, reading.absorbed() + 1);
    if (from <= last) damage.add("journal", `${from}…${last}`, reason ?? "missing");
  };
  const tail = { reason: null };
  for await (const entry of merge(readFiles(reading, tail), reading.tableRecords)) {
    if (entry.sequence < expected) continue;
    if (entry.sequence > upTo) break;
    missing(entry.sequence - 1, "reason" in entry ? entry.reason : null);
    expected = entry.sequence + 1;
    if ("payload" in entry) yield { sequence: entry.sequence, payload: entry.payload };
    else damage.add("journal", String(entry.sequence), entry.damage);
  }
  missing(known, tail.reason);
}

interface FileRecord extends JournalRecord {
  /** What stood before it instead of records; null: nothing. */
  readonly reason: string | null;
}

/** `tail` gets what stands at the end instead of records. */
async function* readFiles(
  { files, after, known, ended }: JournalReading,
  tail: { reason: string | null },
): AsyncGenerator<FileRecord> {
  let near = after + 1;
  let reason: string | null = null;
  for (const file of files) {
    let oldest: number | null = null;
    let newest: number | null = null;
    let [tornBytes, isUnsearched] = [0, false];
    const { read, size, salt, first, name } = file;
    // A file is flushed before the next one begins, and before its end is noted
    const proven = file.limit === Infinity ? known : file.limit;
    const isFirstKnown = first !== null;
    const source = { read, size, salt, first: first ?? near, isFirstKnown, proven };
    for await (const item of readRecords(source)) {
      if (item.kind !== "record") {
        reason = `unreadable bytes in ${name} at ${item.at}`;
        isUnsearched = item.kind === "unsearched";
        tornBytes = item.kind === "torn" ? item.bytes : 0;
        continue;
      }
      const { sequence, payload } = item;
      if (sequence > file.limit) break;
      oldest ??= sequence;
      newest = sequence;
      near = sequence + 1;
      if (sequence <= after) continue;
      yield { sequence, payload, reason };
      reason = null;
    }
    ended?.(name, { oldest, newest, tornBytes, isUnsearched });
  }
  tail.reason = reason;
}

/** Both rise; so does what comes out. A sequence that both have comes from the file. */
async function* merge(
  files: AsyncGenerator<FileRecord>,
  table: AsyncIterable<TableRecord> | null,
): AsyncGenerator<FileRecord | TableRecord> {
  if (table === null) {
    yield* files;
    return;
  }
  const rows = table[Symbol.asyncIterator]();
  try {
    let row = await rows.next();
    for await (const record of files) {
      for (; row.done !== true && row.value.sequence < record.sequence; row = await rows.next()) {
        yield row.value;
      }
      yield record;
    }
    for (; row.done !== true; row = await rows.next()) yield row.value;
  } finally {
    await rows.return?.();
  }
}
