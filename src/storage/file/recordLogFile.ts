/**
 * The bytes of one file of the journal (recordLog.ts), written and read back, past damage.
 */
import { concatBytes, equalBytes } from "../../core/base/bytes.ts";
import { crc32c } from "../../core/base/crc32c.ts";
import { journalRecordBytesMax } from "../../core/base/limits.ts";
import { assert } from "../../core/base/result.ts";
import type { FileFolder } from "../files.ts";
import type { JournalRecord } from "../store.ts";
import { createWindow, type ReadAt } from "./fileWindow.ts";

/** What stands from `at` up to `to`. */
export type LogPiece = { readonly at: number; readonly to: number } & (
  | { readonly kind: "beginning"; readonly first: number }
  | {
      readonly kind: "record";
      readonly sequence: number;
      readonly payload: Uint8Array;
      readonly flags: LogFlags;
    }
  | { readonly kind: "broken" }
);

export interface LogFlags {
  /** The next record is of the same group: it counts with this one, or neither does. */
  readonly goesOn: boolean;
  /** What stands before it in the file was on the disk when it was written. */
  readonly isSolid: boolean;
}

export const logBeginningBytes = 16;
export const logRecordHeadBytes = 16;

export const encodeLogBeginning = (first: number): Uint8Array => {
  const bytes = new Uint8Array(logBeginningBytes);
  bytes.set(magic);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(4, BigInt(first), true);
  view.setUint32(12, crc32c(bytes.subarray(0, 12)), true);
  return bytes;
};

/** Returns how many bytes were written. */
export const encodeLogRecord = (
  { sequence, payload }: JournalRecord,
  place: {
    readonly marker: Uint8Array;
    readonly into: Uint8Array;
    readonly at: number;
    readonly flags: LogFlags;
  },
): number => {
  const { marker, into, at, flags } = place;
  assert(payload.length <= journalRecordBytesMax, `a record of ${payload.length} bytes`);
  const view = new DataView(into.buffer, into.byteOffset + at, logRecordHeadBytes);
  view.setUint32(0, payload.length, true);
  const bits = (flags.goesOn ? goesOnBit : 0n) | (flags.isSolid ? solidBit : 0n);
  view.setBigUint64(8, BigInt(sequence) | bits, true);
  into.set(payload, at + logRecordHeadBytes);
  const covered = into.subarray(at + 8, at + logRecordHeadBytes + payload.length);
  view.setUint32(4, checksum(marker, covered), true);
  return logRecordHeadBytes + payload.length;
};

interface LogFilePlace {
  readonly folder: FileFolder;
  readonly name: string;
  readonly marker: Uint8Array;
  /** The last sequence of the file before it; null: not known. */
  readonly before: number | null;
}

/** From front to back; payloads are views. Nothing where the file is gone. */
export async function* readLogFile(place: LogFilePlace): AsyncGenerator<LogPiece> {
  const { folder, name, marker } = place;
  const read: ReadAt = async (at, length) => (await folder.read(name, at, length)) ?? noBytes;
  const readAt = createWindow(read, windowBytes);
  const beginning = await readAt(0, logBeginningBytes);
  if (beginning.length === 0) return;
  const first = decodeLogBeginning(beginning);
  const to = Math.min(logBeginningBytes, beginning.length);
  if (first === null) yield { kind: "broken", at: 0, to };
  else yield { kind: "beginning", at: 0, to, first };
  let last = first === null ? place.before : first - 1;
  for (let at = to; ;) {
    const record = await readRecord(readAt, { at, last, marker });
    if (record === "end") return;
    const next = record ?? (await findRecord(readAt, { at: at + 1, last, marker }));
    if (next.at > at) yield { kind: "broken", at, to: next.at };
    if (next.kind === "end") return;
    yield next;
    last = next.sequence;
    at = next.to;
  }
}

type FoundRecord = Extract<LogPiece, { readonly kind: "record" }>;

interface Spot {
  readonly at: number;
  /** The sequence before it; null: not known. */
  readonly last: number | null;
  readonly marker: Uint8Array;
}

/** null: what stands there is no whole record of a higher sequence. */
const readRecord = async (readAt: ReadAt, spot: Spot): Promise<FoundRecord | "end" | null> => {
  const { at, last, marker } = spot;
  const head = await readAt(at, logRecordHeadBytes);
  if (head.length === 0) return "end";
  const plausible = decodeRecordHead(head, last);
  if (plausible === null) return null;
  const { length, sequence, flags, expected } = plausible;
  const bytes = await readAt(at, logRecordHeadBytes + length);
  if (bytes.length < logRecordHeadBytes + length) return null;
  if (checksum(marker, bytes.subarray(8)) !== expected) return null;
  const payload = bytes.subarray(logRecordHeadBytes);
  return { kind: "record", at, to: at + bytes.length, sequence, payload, flags };
};

/** The next whole record, or where the file ends. */
const findRecord = async (
  readAt: ReadAt,
  { at, last, marker }: Spot,
): Promise<FoundRecord | { readonly kind: "end"; readonly at: number }> => {
  for (let from = at; ; from += searchBytes) {
    const bytes = await readAt(from, searchBytes + logRecordHeadBytes);
    for (let offset = 0; offset < Math.min(searchBytes, bytes.length); offset++) {
      if (decodeRecordHead(bytes.subarray(offset), last) === null) continue;
      const found = await readRecord(readAt, { at: from + offset, last, marker });
      if (found !== null && found !== "end") return found;
    }
    if (bytes.length < searchBytes) return { kind: "end", at: from + bytes.length };
  }
};

interface RecordHead {
  readonly length: number;
  readonly expected: number;
  readonly sequence: number;
  readonly flags: LogFlags;
}

const decodeRecordHead = (head: Uint8Array, last: number | null): RecordHead | null => {
  if (head.length < logRecordHeadBytes) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = view.getUint32(0, true);
  if (length > journalRecordBytesMax) return null;
  const bits = view.getBigUint64(8, true);
  const flags = { goesOn: (bits & goesOnBit) !== 0n, isSolid: (bits & solidBit) !== 0n };
  const sequence = Number(bits & ~(goesOnBit | solidBit));
  const skipped = last === null ? 0 : sequence - last - 1;
  const isPlausible = sequence > 0 && skipped >= 0 && skipped <= sequencesSkippedMax;
  return isPlausible ? { length, sequence, flags, expected: view.getUint32(4, true) } : null;
};

const decodeLogBeginning = (bytes: Uint8Array): number | null => {
  if (bytes.length < logBeginningBytes || !equalBytes(bytes.subarray(0, 4), magic)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isWhole = crc32c(bytes.subarray(0, 12)) === view.getUint32(12, true);
  return isWhole ? Number(view.getBigUint64(4, true)) : null;
};

const checksum = (marker: Uint8Array, covered: Uint8Array): number =>
  crc32c(concatBytes(marker, covered));

const magic = Uint8Array.of(0x4e, 0x42, 0x52, 0x31);
const goesOnBit = 1n << 63n;
const solidBit = 1n << 62n;
const noBytes = new Uint8Array();
const windowBytes = 1_048_576;
const searchBytes = 65_536;
/** So many records one damage may take; it bounds what passes for a sequence. */
const sequencesSkippedMax = 1 << 24;
