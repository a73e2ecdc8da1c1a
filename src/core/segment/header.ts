/**
 * A segment's header (FORMATS.md §3), the part that is signed and that names the segment: its
 * SHA-256 is the `HeaderHash`. A CBOR array of exactly 14:
 *
 *  0 version 1 · 1 suite · 2 writer (16 bytes) · 3 n of the first op · 4 op count
 *  5 previous header's SHA-256, nil at n = 1
 *  6 opening [signing key 32, incarnation 16, certificate bstr (nil in suite 0), extensions]
 *    at n = 1, else nil
 *  7 rows [[writer 16, highest n named, H16 of the header that holds it], …]
 *  8 control head [term, height, H16], nil in suite 0
 *  9 keys [[epoch id 16, salt 32, commitment 32]] in suite 1, [] in suite 0
 * 10 time [ms, counter] · 11 body form [length before compression, form] · 12 body hash 32
 * 13 extensions [[id, critical?, bytes], …]
 */
import { hexToBytes } from "../base/bytes.ts";
import { headerHashOf, shortHashOf, writerIdOf } from "../base/ids.ts";
import {
  clockCounterMax,
  clockMillisecondsMax,
  segmentBodyBytesMax,
  segmentHeaderBytesMax,
  segmentOpsMax,
  segmentRowsMax,
} from "../base/limits.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { HeaderHash, ShortHash, Time, WriterId } from "../base/types.ts";
import { readForm } from "../cbor/form.ts";
import { encodeCbor, type CborItem } from "../cbor/item.ts";
import { CborReader } from "../cbor/reader.ts";
import { controlHeadToItem, readControlHead, type ControlHead } from "../network/control.ts";
import { extensionsToItem, readExtensions, type Extension } from "../network/extensions.ts";

/**
 * 0: checksum only (`local`, test networks). 1: sealed and signed. The network's genesis fixes
 * which.
 */
export type Suite = 0 | 1;

/** 0 plain, 1 deflate-raw. */
export type BodyForm = 0 | 1;

/** What a writer's first segment says about who writes. */
export interface Opening {
  readonly signingKey: Uint8Array;
  readonly incarnation: Uint8Array;
  /** As received; null in suite 0. */
  readonly certificate: Uint8Array | null;
  readonly extensions: readonly Extension[];
}

/**
 * One line of the header's table: what the segment depends on, and the meaning of a row's index in
 * its ops.
 */
export interface Row {
  readonly writer: WriterId;
  /** The highest n that an op of this segment names. */
  readonly n: number;
  /** H16 of the header that holds that n: lower ones are found along `previous` from there. */
  readonly header: ShortHash;
}

/** How the body was sealed. The key itself is derived from the epoch key and the salt. */
export interface BodyKey {
  readonly epoch: ShortHash;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
}

export interface SegmentHeader {
  readonly suite: Suite;
  readonly writer: WriterId;
  /** n of the first op. */
  readonly first: number;
  readonly count: number;
  readonly previous: HeaderHash | null;
  readonly opening: Opening | null;
  readonly rows: readonly Row[];
  readonly controlHead: ControlHead | null;
  readonly key: BodyKey | null;
  /** Of the first op. */
  readonly time: Time;
  /** Bytes of the body before compression. */
  readonly bodyLength: number;
  readonly bodyForm: BodyForm;
  /** SHA-256 of the body as stored. */
  readonly bodyHash: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** Why bytes are no header. */
export type HeaderFault =
  /** More bytes than any header may have. */
  | "header-too-long"
  /** Not canonical CBOR, or not the 14 fields in their shapes. */
  | "header-form"
  /**
   * Another version than 1, or a suite that this version does not have: a newer program wrote it.
   */
  | "header-version"
  /** n or count out of bounds. */
  | "header-numbers"
  /**
   * Previous and opening do not go with n: exactly the first segment has an opening, the others a
   * previous.
   */
  | "header-chain"
  /** Too many rows, or two that are equal. */
  | "header-rows"
  /** Certificate, control head and keys do not go with the suite. */
  | "header-suite"
  /** A time that no clock shows. */
  | "header-time"
  /** An unknown body form, or a longer body than allowed. */
  | "header-body";

/** Fields 0 to 11, which the sealed body is bound to, part by part. */
export const boundFieldCount = 12;

export const encodeHeader = (header: SegmentHeader): Uint8Array =>
  encodeCbor(headerToItems(header));

/** The 14 fields in order. */
export const headerToItems = (header: SegmentHeader): readonly CborItem[] => [
  1,
  header.suite,
  hexToBytes(header.writer),
  header.first,
  header.count,
  header.previous === null ? null : hexToBytes(header.previous),
  header.opening === null ? null : openingToItem(header.opening),
  header.rows.map(rowToItem),
  header.controlHead === null ? null : controlHeadToItem(header.controlHead),
  header.key === null ? [] : [keyToItem(header.key)],
  [header.time.ms, header.time.counter],
  [header.bodyLength, header.bodyForm],
  header.bodyHash,
  extensionsToItem(header.extensions),
];

/** What is decoded here encodes to the same bytes again. */
export const decodeHeader = (bytes: Uint8Array): Result<SegmentHeader, HeaderFault> => {
  if (bytes.length > segmentHeaderBytesMax) return fail("header-too-long");
  const read = readForm(() => readHeader(new CborReader(bytes)));
  if (!read.ok) return fail("header-form");
  if (read.value === "header-version") return fail("header-version");
  const fault = ruleBroken(read.value);
  return fault === null ? ok(read.value) : fail(fault);
};

const fieldCount = 14;

export const openingToItem = (opening: Opening): CborItem => [
  opening.signingKey,
  opening.incarnation,
  opening.certificate,
  extensionsToItem(opening.extensions),
];

export const rowToItem = (row: Row): CborItem => [
  hexToBytes(row.writer),
  row.n,
  hexToBytes(row.header),
];

const keyToItem = (key: BodyKey): CborItem => [hexToBytes(key.epoch), key.salt, key.commitment];

/** Shapes only; another version may have any shape after its number, so that is looked at first. */
const readHeader = (reader: CborReader): SegmentHeader | "header-version" => {
  const fields = reader.readArrayHead();
  if (reader.readUint() !== 1) return "header-version";
  const suite = reader.readUint();
  if (suite !== 0 && suite !== 1) return "header-version";
  if (fields !== fieldCount) reader.fail("wrongShape", "a header has 14 fields");
  const writer = readWriterId(reader);
  const first = reader.readUint();
  const count = reader.readUint();
  const previous = orNil(reader, readHeaderHash);
  const opening = orNil(reader, readOpening);
  const rows = readList(reader, readRow);
  const controlHead = orNil(reader, readControlHead);
  const keys = readList(reader, readKey);
  if (keys.length !== suite) reader.fail("wrongShape", "one key in suite 1, none in suite 0");
  const time = readTime(reader);
  const [bodyLength, bodyForm] = readBodyForm(reader);
  const bodyHash = readFixed(reader, 32);
  const extensions = readExtensions(reader);
  reader.expectEnd();
  return {
    ...{ suite, writer, first, count, previous, opening, rows, controlHead },
    ...{ key: keys[0] ?? null, time, bodyLength, bodyForm, bodyHash, extensions },
  };
};

const readOpening = (reader: CborReader): Opening => {
  if (reader.readArrayHead() !== 4) reader.fail("wrongShape", "an opening has four parts");
  return {
    signingKey: readFixed(reader, 32),
    incarnation: readFixed(reader, 16),
    certificate: orNil(reader, (inner) => inner.readBytes()),
    extensions: readExtensions(reader),
  };
};

/** Throws FormFault for any other shape. */
export const readRow = (reader: CborReader): Row => {
  if (reader.readArrayHead() !== 3) reader.fail("wrongShape", "a row has three parts");
  const writer = readWriterId(reader);
  const n = reader.readUint();
  if (n === 0) reader.fail("wrongShape", "n counts from 1");
  return { writer, n, header: readShortHash(reader) };
};

const readKey = (reader: CborReader): BodyKey => {
  if (reader.readArrayHead() !== 3) reader.fail("wrongShape", "a key has three parts");
  return {
    epoch: readShortHash(reader),
    salt: readFixed(reader, 32),
    commitment: readFixed(reader, 32),
  };
};

const readTime = (reader: CborReader): Time => {
  if (reader.readArrayHead() !== 2) reader.fail("wrongShape", "a time has two parts");
  return { ms: reader.readUint(), counter: reader.readUint() };
};

/** Any form number is a sound shape; which are known is a rule. */
const readBodyForm = (reader: CborReader): readonly [number, BodyForm] => {
  if (reader.readArrayHead() !== 2) reader.fail("wrongShape", "a body form has two parts");
  const length = reader.readUint();
  const form = reader.readUint();
  // A length beyond every limit makes an unknown form fail as `header-body` below.
  return form === 0 || form === 1 ? [length, form] : [Number.MAX_SAFE_INTEGER, 0];
};

const readFixed = (reader: CborReader, size: number): Uint8Array => {
  const bytes = reader.readBytes();
  if (bytes.length !== size) reader.fail("wrongShape", `${String(size)} bytes are due`);
  return bytes;
};

const readWriterId = (reader: CborReader): WriterId => writerIdOf(readFixed(reader, 16));
const readHeaderHash = (reader: CborReader): HeaderHash => headerHashOf(readFixed(reader, 32));
const readShortHash = (reader: CborReader): ShortHash => shortHashOf(readFixed(reader, 16));

const orNil = <T>(reader: CborReader, read: (reader: CborReader) => T): T | null => {
  if (!reader.peekNil()) return read(reader);
  reader.readNil();
  return null;
};

const readList = <T>(reader: CborReader, read: (reader: CborReader) => T): readonly T[] => {
  const list: T[] = [];
  for (let left = reader.readArrayHead(); left > 0; left--) list.push(read(reader));
  return list;
};

/** The rules that go beyond the shape of single fields. */
const ruleBroken = (header: SegmentHeader): HeaderFault | null => {
  const { suite, first, count, opening, time } = header;
  const last = first + count - 1;
  const isCounted = first >= 1 && count >= 1 && count <= segmentOpsMax;
  if (!isCounted || !Number.isSafeInteger(last)) return "header-numbers";
  const isFirst = first === 1;
  if ((header.previous === null) !== isFirst || (opening !== null) !== isFirst) {
    return "header-chain";
  }
  if (header.rows.length > segmentRowsMax || hasEqualRows(header.rows)) return "header-rows";
  const isSigned = suite === 1;
  if ((header.controlHead !== null) !== isSigned) return "header-suite";
  if (opening !== null && (opening.certificate !== null) !== isSigned) return "header-suite";
  if (time.ms > clockMillisecondsMax || time.counter > clockCounterMax) return "header-time";
  return header.bodyLength > segmentBodyBytesMax ? "header-body" : null;
};

const hasEqualRows = (rows: readonly Row[]): boolean =>
  new Set(rows.map(({ writer, header }) => writer + header)).size !== rows.length;
