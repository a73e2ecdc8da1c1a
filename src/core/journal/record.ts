/**
 * The payload of one journal record (FORMATS.md §4): one commit, with the ops it added to each
 * writer's open run, so that runs, their path tables and their row tables can be rebuilt exactly as
 * they were. Each part says all that its ops refer to, so that it can be read where the records
 * before it can not.
 *
 * [sequence, command id, [ms, counter], result, [[scope, writer, first n, first n of the run,
 * [ms, counter], opening or nil, [[index, path], …], [[index, row], …], ops], …]]
 */
import { bytesToHex, hexToBytes } from "../base/bytes.ts";
import type { Path, ScopeId, ShortHash, Time, WriterId } from "../base/types.ts";
import type { Result } from "../base/result.ts";
import type { FormError } from "../cbor/form.ts";
import { type CborItem, writeItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import {
  expectCount,
  readList,
  readSized,
  readTime,
  readWhole,
  writeList,
} from "../cbor/structures.ts";
import { CborWriter } from "../cbor/writer.ts";
import { bodyDepthMax } from "../base/limits.ts";

/** A row of a run's table: (writer, highest n named, hash of the header that holds it). */
export interface JournalRow {
  readonly index: number;
  readonly writer: WriterId;
  readonly n: number;
  readonly header: ShortHash;
}

/** A path of a run's table. */
export interface JournalPath {
  readonly index: number;
  readonly path: Path;
}

/** What one commit added to one run. */
export interface JournalPart {
  readonly scope: ScopeId;
  readonly writer: WriterId;
  /** n of the first op of this part. */
  readonly first: number;
  /** n of the first op of its run: the same as `first` where a run begins with this part. */
  readonly runFirst: number;
  /** Of the first op of this part. */
  readonly time: Time;
  /** At n = 1, as it will stand in the header; else nil. */
  readonly opening: CborItem;
  /** All that its ops use, whichever part brought it in. */
  readonly paths: readonly JournalPath[];
  readonly rows: readonly JournalRow[];
  /** Bytes of each op, as they will stand in the body. */
  readonly ops: readonly Uint8Array[];
}

export interface Commit {
  readonly sequence: number;
  readonly commandId: string;
  readonly time: Time;
  /** Documents matched, per write. */
  readonly result: readonly number[];
  readonly parts: readonly JournalPart[];
}

export const encodeCommit = (commit: Commit): Uint8Array => {
  const bytes = commit.parts.reduce((sum, { ops }) => sum + byteCount(ops), 1_024);
  const writer = new CborWriter(bytes);
  writer.arrayHead(5);
  writer.uint(commit.sequence);
  writer.text(commit.commandId);
  writeItem(writer, [commit.time.ms, commit.time.counter]);
  writeItem(writer, commit.result);
  writeList(writer, commit.parts, (part) => {
    writePart(writer, part);
  });
  return writer.written();
};

/** What ops take, each with a head of at most five bytes. */
const byteCount = (ops: readonly Uint8Array[]): number =>
  ops.reduce((sum, op) => sum + op.length + 5, 256);

/** Reads what `encodeCommit` wrote; a record that passed its checksum and fails here is damage. */
export const decodeCommit = (bytes: Uint8Array): Result<Commit, FormError> =>
  readWhole(bytes, (reader) => {
    expectCount(reader, 5);
    const sequence = reader.readUint();
    const commandId = reader.readText();
    const time = readTime(reader);
    const result = readList(reader, () => reader.readUint());
    const parts = readList(reader, () => readPart(reader));
    return { sequence, commandId, time, result, parts };
  });

const writePart = (writer: CborWriter, part: JournalPart): void => {
  writer.arrayHead(9);
  writer.bytes(hexToBytes(part.scope));
  writer.bytes(hexToBytes(part.writer));
  writer.uint(part.first);
  writer.uint(part.runFirst);
  writeItem(writer, [part.time.ms, part.time.counter]);
  writeItem(writer, part.opening);
  writeList(writer, part.paths, ({ index, path }) => {
    writeItem(writer, [index, path]);
  });
  writeList(writer, part.rows, ({ index, writer: id, n, header }) => {
    writeItem(writer, [index, [hexToBytes(id), n, hexToBytes(header)]]);
  });
  writeList(writer, part.ops, (op) => {
    writer.bytes(op);
  });
};

const readPart = (reader: CborReader): JournalPart => {
  expectCount(reader, 9);
  // A scope is whatever sixteen bytes this database wrote; `readHex` has checked their number.
  const scope = readHex(reader, 16) as ScopeId;
  const writer = readWriter(reader);
  const first = reader.readUint();
  const runFirst = reader.readUint();
  const time = readTime(reader);
  const opening = reader.readItem(bodyDepthMax);
  const paths = readList(reader, () => readPath(reader));
  const rows = readList(reader, () => readRow(reader));
  const ops = readList(reader, () => reader.readBytes());
  return { scope, writer, first, runFirst, time, opening, paths, rows, ops };
};

const readPath = (reader: CborReader): JournalPath => {
  expectCount(reader, 2);
  return { index: reader.readUint(), path: readList(reader, () => reader.readText()) };
};

const readRow = (reader: CborReader): JournalRow => {
  expectCount(reader, 2);
  const index = reader.readUint();
  expectCount(reader, 3);
  const writer = readWriter(reader);
  const n = reader.readUint();
  // Sixteen bytes, checked by `readHex`.
  const header = readHex(reader, 16) as ShortHash;
  return { index, writer, n, header };
};

// Sixteen bytes, checked by `readHex`.
const readWriter = (reader: CborReader): WriterId => readHex(reader, 16) as WriterId;

const readHex = (reader: CborReader, length: number): string =>
  bytesToHex(readSized(reader, length));
