/**
 * The journal of a store on files: records by rising sequence in a row of files, of which whole
 * ones go once they are absorbed. Behind an interface of its own, so that another journal can take
 * its place.
 *
 * `journal-<k>` = ["NBR1", first sequence u64 LE, CRC-32C of both u32 LE, records…]
 * record = [length of the payload u32 LE, CRC-32C u32 LE, sequence u64 LE, payload]
 * The checksum covers marker (manifest.ts), sequence and payload. The highest bit of the sequence
 * says that the next record was written with this one: both count, or neither. The second highest
 * says that what stands before it in the file was on the disk by then. A file is flushed before the
 * next one begins, so only the last can end in writes that were cut off; what is broken elsewhere,
 * or before a record that says it was on the disk, is damage.
 */
import type { FileFolder } from "../files.ts";
import { checkContinues } from "../sequences.ts";
import type { JournalRecord } from "../store.ts";
import { createAppendFile, type AppendFile } from "./appendFile.ts";
import { beforeWriting } from "./guardedFolder.ts";
import {
  encodeLogBeginning,
  encodeLogRecord,
  logBeginningBytes,
  readLogFile,
  type LogPiece,
} from "./recordLogFile.ts";

export interface RecordLog {
  /** Of the oldest record that is held; one more than `last` where none is. */
  readonly first: () => number;
  readonly last: () => number;
  /** All of them or none, as in `AppendFile`. */
  readonly append: (
    records: readonly JournalRecord[],
    durability: "strict" | "relaxed",
  ) => Promise<void>;
  readonly flush: () => void;
  /** Records after `sequence`; what is missing or damaged among them is told to `onFault`. */
  readonly read: (sequence: number) => AsyncIterable<JournalRecord>;
  /** What stands up to `sequence` is needed no more; whole files of it go. */
  readonly drop: (sequence: number) => Promise<void>;
  readonly close: () => void;
}

export interface OpenedLog {
  readonly log: RecordLog;
  /** It ended before what was absorbed of it, or no file of it was there. */
  readonly isBehind: boolean;
  readonly tornBytes: number;
}

export interface LogDeps {
  readonly folder: FileFolder;
  readonly marker: Uint8Array;
  /** A file that holds more is followed by another. */
  readonly fileBytesMax: number;
  /** A file that holds so much is let go when all of it is absorbed. */
  readonly idleBytesMax: number;
  readonly onFault: (key: string, reason: string) => void;
}

interface LogFile {
  readonly number: number;
  readonly name: string;
  first: number;
  /** first − 1 where it holds none. */
  last: number;
}

/** `absorbed`: where sequences begin when no file says it. */
export const openRecordLog = async (deps: LogDeps, absorbed: number): Promise<OpenedLog> => {
  const { folder } = deps;
  const numbers = (await folder.list()).flatMap(({ name }) => logNumber(name) ?? []);
  const files: LogFile[] = [];
  let end = 0;
  let tornBytes = 0;
  for (const number of numbers.sort((a, b) => a - b)) {
    const isLast = number === numbers.at(-1);
    const before = files.at(-1)?.last ?? null;
    const found = await inspect(deps, { number, before, isLast, absorbed });
    ({ end } = found);
    tornBytes += found.tornBytes;
    files.push(found.file);
  }
  const lastFound = files.at(-1)?.last ?? 0;
  // A file that was never begun is begun again
  const unbegun = end < logBeginningBytes ? files.pop() : undefined;
  const newest = files.at(-1);
  const next = unbegun?.number ?? (newest?.number ?? 0) + 1;
  const state: LogState = { files, current: null, next };
  // Nothing can be appended behind what the tables absorbed
  if (newest === undefined || unbegun !== undefined || lastFound < absorbed) {
    await begin(deps, state, Math.max(absorbed, lastFound) + 1);
  } else {
    state.current = createAppendFile(await folder.open(newest.name), end);
  }
  const isBehind = numbers.length === 0 || lastFound < absorbed;
  return { log: createRecordLog(deps, state), isBehind, tornBytes };
};

/** The number in a file's name; null: another file. */
export const logNumber = (name: string): number | null => {
  const digits = /^journal-([1-9][0-9]{0,14})$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
};

interface LogState {
  /** In order; the last one is written to. */
  readonly files: LogFile[];
  /** null: the next append must begin a file first. */
  current: AppendFile | null;
  /** The number of the file to come. */
  next: number;
}

interface Inspected {
  readonly file: LogFile;
  readonly end: number;
  readonly tornBytes: number;
}

const inspect = async (
  deps: LogDeps,
  place: {
    readonly number: number;
    readonly before: number | null;
    readonly isLast: boolean;
    readonly absorbed: number;
  },
): Promise<Inspected> => {
  const { number, before, isLast, absorbed } = place;
  const name = logName(number);
  const pieces: LogPiece[] = [];
  for await (const piece of readLogFile({ ...deps, name, before })) {
    pieces.push(piece.kind === "record" ? { ...piece, payload: noBytes } : piece);
  }
  const size = pieces.at(-1)?.to ?? 0;
  if (isLast) cutTail(pieces);
  const end = pieces.at(-1)?.to ?? 0;
  const records = pieces.filter((piece) => piece.kind === "record");
  const announced = pieces.find((piece) => piece.kind === "beginning")?.first;
  const first = announced ?? records[0]?.sequence ?? (before ?? absorbed) + 1;
  for (const piece of pieces) {
    if (piece.kind === "broken") deps.onFault(`${name} at ${piece.at}`, "damaged");
  }
  const missing = missingTo(deps);
  if (before !== null) missing(before + 1, first - 1);
  let last = first - 1;
  for (const { sequence } of records) {
    missing(last + 1, sequence - 1);
    last = sequence;
  }
  return {
    file: { number, name, first, last },
    end,
    tornBytes: size - end,
  };
};

/** What a crash left of writes that were not on the disk yet, from the first that is broken on. */
const cutTail = (pieces: LogPiece[]): void => {
  const solid = pieces.findLastIndex((piece) => piece.kind === "record" && piece.flags.isSolid);
  const broken = pieces.findIndex((piece, at) => piece.kind === "broken" && at > solid);
  if (broken !== -1) pieces.splice(broken);
  const isCutOff = (piece: LogPiece | undefined): boolean =>
    piece?.kind === "record" && piece.flags.goesOn;
  while (isCutOff(pieces.at(-1))) pieces.pop();
};

/**
 * Starts the next file. One that was begun and failed is begun again: until it stands, nothing may
 * be appended to the one before it.
 */
const begin = async (deps: LogDeps, state: LogState, first: number): Promise<AppendFile> => {
  const { files, current } = state;
  current?.flush();
  state.current = null;
  current?.close();
  const number = state.next;
  const handle = await deps.folder.open(logName(number));
  try {
    handle.truncate(0);
    handle.write(encodeLogBeginning(first), 0);
    state.current = createAppendFile(handle, logBeginningBytes);
  } catch (cause) {
    handle.close();
    throw cause;
  }
  files.push({ number, name: logName(number), first, last: first - 1 });
  state.next = number + 1;
  return state.current;
};

const createRecordLog = (deps: LogDeps, state: LogState): RecordLog => {
  const { files } = state;
  const newest = (): LogFile => {
    const file = files.at(-1);
    if (file === undefined) throw new Error("a journal without a file");
    return file;
  };
  const first = (): number => files[0]?.first ?? 1;
  const last = (): number => newest().last;
  const writable = async (): Promise<AppendFile> => {
    const { current } = state;
    if (current !== null && current.end() < deps.fileBytesMax) return current;
    return begin(deps, state, last() + 1);
  };
  return {
    first,
    last,
    append: async (records, durability) => {
      const next = checkContinues(last(), records);
      if (records.length === 0) return;
      const file = await beforeWriting(writable);
      // Only then can the record say so of what stands before it
      if (durability === "strict") file.flush();
      const isSolid = file.flushedTo() === file.end();
      file.append(encodeGroup(records, { marker: deps.marker, isSolid }), durability);
      newest().last = next;
    },
    flush: () => {
      state.current?.flush();
    },
    read: (sequence) => readRecords(deps, state, sequence),
    drop: async (sequence) => {
      const { current } = state;
      const isIdle = current !== null && sequence >= last() && current.end() > deps.idleBytesMax;
      if (isIdle) await begin(deps, state, last() + 1);
      for (let oldest = files[0]; oldest !== undefined; oldest = files[0]) {
        if (files.length === 1 || oldest.last > sequence) return;
        await deps.folder.remove(oldest.name);
        files.shift();
      }
    },
    close: () => {
      state.current?.flush();
      state.current?.close();
      state.current = null;
    },
  };
};

async function* readRecords(
  deps: LogDeps,
  state: LogState,
  after: number,
): AsyncGenerator<JournalRecord> {
  const { files } = state;
  const until = files.at(-1)?.last ?? 0;
  const missing = missingTo(deps);
  let expected = after + 1;
  for (const file of [...files]) {
    if (file.last < expected) continue;
    const place = { ...deps, name: file.name, before: file.first - 1 };
    for await (const piece of readLogFile(place)) {
      // What is absorbed while the caller takes its time may go
      if (!files.includes(file)) break;
      const isTail = file === files.at(-1) && piece.at >= (state.current?.end() ?? Infinity);
      if (piece.kind === "broken" && !isTail)
        deps.onFault(`${file.name} at ${piece.at}`, "damaged");
      if (piece.kind !== "record" || piece.sequence < expected) continue;
      if (piece.sequence > until) return;
      missing(expected, piece.sequence - 1);
      expected = piece.sequence + 1;
      yield { sequence: piece.sequence, payload: piece.payload.slice() };
    }
  }
  missing(Math.max(expected, files[0]?.first ?? 0), until);
}

const missingTo =
  (deps: LogDeps) =>
  (first: number, last: number): void => {
    if (first <= last) deps.onFault(`${first}…${last}`, "missing");
  };

const encodeGroup = (
  records: readonly JournalRecord[],
  { marker, isSolid }: { readonly marker: Uint8Array; readonly isSolid: boolean },
): Uint8Array => {
  let length = 0;
  for (const { payload } of records) length += payload.length + 16;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const [index, record] of records.entries()) {
    const flags = { goesOn: index < records.length - 1, isSolid: isSolid && index === 0 };
    at += encodeLogRecord(record, { marker, into: bytes, at, flags });
  }
  return bytes;
};

const logName = (number: number): string => `journal-${number}`;
const noBytes = new Uint8Array();
