/**
 * What a checkpoint says of one scope, beside the pages of its documents (all of it private to this
 * program, versioned, and made anew from the log where it can not be read):
 *
 * record = [1, op version, next page, header pages, documents [living, parked], digest 32 or nil,
 * [[writer, n], …] applied beyond its log, [hash of a segment delivered and not read, …], [[writer,
 * header bytes, signature or nil], …] own heads, [ms, counter] of the latest own op or nil, trimmed
 * n of each writer [[writer, n], …], births that live of each writer [[writer, count], …]]
 * directory = [[number, first id, last id, count, living, bytes], …] in the order of ids
 * headers = [[hash 32, writer 16, first, count, ms, bytes, previous 32 or nil, control head or nil,
 * [signing key, certificate or nil] or nil], …] in the order of delivery, the last where there is
 * no previous
 * fresh = [[writer 16, first, hash 32], …]: segments that were stored and that no checkpoint holds
 */
import { hexToBytes } from "../base/bytes.ts";
import { headerHashOf, writerIdOf } from "../base/ids.ts";
import type { Dot, HeaderHash, Time, WriterId } from "../base/types.ts";
import type { Result } from "../base/result.ts";
import type { FormError } from "../cbor/form.ts";
import { encodeCbor, type CborItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import {
  expectCount,
  readList,
  readOptional,
  readSized,
  readTime,
  readWhole,
} from "../cbor/structures.ts";
import { storedCertificate } from "../network/certificate.ts";
import { controlHeadToItem, readControlHead } from "../network/control.ts";
import type { WriterOrigin } from "../segment/branches.ts";
import type { HeaderRecord } from "../segment/tree.ts";

/**
 * What ops this version understands, how it hashes documents and what it counts. A database whose
 * pages an older one made is read from its log anew, where parked documents may have become
 * readable.
 */
export const opVersion = 3;

export interface OwnHead {
  readonly writer: WriterId;
  readonly header: Uint8Array;
  readonly signature: Uint8Array | null;
}

export interface HomeRecord {
  readonly opVersion: number;
  readonly nextPage: number;
  readonly headerPages: number;
  readonly living: number;
  readonly parked: number;
  readonly digest: Uint8Array | null;
  /** This device's ops that the pages hold although they were not cut then, each writer's last. */
  readonly applied: readonly Dot[];
  readonly unread: readonly HeaderHash[];
  readonly ownHeads: readonly OwnHead[];
  readonly lastTime: Time | null;
  /** Up to which n each writer's log was let go; only in `local`. */
  readonly trimmed: readonly Dot[];
  /** How many births live of each writer, as its `n`. */
  readonly born: readonly Dot[];
}

export interface DirectoryEntry {
  readonly number: number;
  readonly first: string;
  readonly last: string;
  readonly count: number;
  readonly living: number;
  readonly bytes: number;
}

export interface FreshSegment {
  readonly writer: WriterId;
  readonly first: number;
  readonly header: HeaderHash;
}

/** Numbers of a scope's pages by kind. */
export const pageKinds = { home: 0, documents: 1, headers: 2, fresh: 3 } as const;
/** Under the kind `home`. */
export const homePages = { record: 0, directory: 1 } as const;

export const encodeHomeRecord = (record: HomeRecord): Uint8Array =>
  encodeCbor([
    1,
    record.opVersion,
    record.nextPage,
    record.headerPages,
    [record.living, record.parked],
    record.digest,
    record.applied.map(dotToItem),
    record.unread.map(hexToBytes),
    record.ownHeads.map(({ writer, header, signature }) => [hexToBytes(writer), header, signature]),
    record.lastTime === null ? null : [record.lastTime.ms, record.lastTime.counter],
    record.trimmed.map(dotToItem),
    record.born.map(dotToItem),
  ]);

export const decodeHomeRecord = (bytes: Uint8Array): Result<HomeRecord, FormError> =>
  readWhole(bytes, (reader) => {
    // Until version 3 nobody counted births
    const parts = reader.readArrayHead();
    if (parts !== 12 && parts !== 11) reader.fail("wrongShape", "12 parts");
    if (reader.readUint() !== 1) reader.fail("wrongShape", "a version that is not known");
    const version = reader.readUint();
    const nextPage = reader.readUint();
    const headerPages = reader.readUint();
    expectCount(reader, 2);
    const [living, parked] = [reader.readUint(), reader.readUint()];
    const digest = readOptional(reader, () => readSized(reader, 32));
    const applied = readList(reader, () => readDot(reader));
    const unread = readList(reader, () => readHash(reader));
    const ownHeads = readList(reader, (): OwnHead => {
      expectCount(reader, 3);
      const writer = writerIdOf(readSized(reader, 16));
      const header = reader.readBytes();
      return { writer, header, signature: readOptional(reader, () => reader.readBytes()) };
    });
    const lastTime = readOptional(reader, () => readTime(reader));
    const trimmed = readList(reader, () => readDot(reader));
    const born = parts === 11 ? [] : readList(reader, () => readDot(reader));
    return {
      ...{ opVersion: version, nextPage, headerPages, living, parked, digest },
      ...{ applied, unread, ownHeads, lastTime, trimmed, born },
    };
  });

export const encodeDirectory = (entries: readonly DirectoryEntry[]): Uint8Array =>
  encodeCbor(
    entries.map((each) => [
      ...[each.number, each.first, each.last],
      ...[each.count, each.living, each.bytes],
    ]),
  );

export const decodeDirectory = (bytes: Uint8Array): Result<readonly DirectoryEntry[], FormError> =>
  readWhole(bytes, (reader) => {
    let before = "";
    return readList(reader, (): DirectoryEntry => {
      expectCount(reader, 6);
      const number = reader.readUint();
      const [first, last] = [reader.readText(), reader.readText()];
      if (first <= before || last < first) reader.fail("wrongShape", "pages in order");
      before = last;
      const [count, living] = [reader.readUint(), reader.readUint()];
      return { number, first, last, count, living, bytes: reader.readUint() };
    });
  });

export const encodeHeaders = (records: readonly HeaderRecord[]): Uint8Array =>
  encodeCbor(records.map(headerToItem));

export const decodeHeaders = (bytes: Uint8Array): Result<readonly HeaderRecord[], FormError> =>
  readWhole(bytes, (reader) => readList(reader, () => readHeader(reader)));

export const encodeFresh = (segments: readonly FreshSegment[]): Uint8Array =>
  encodeCbor(
    segments.map(({ writer, first, header }) => [hexToBytes(writer), first, hexToBytes(header)]),
  );

export const decodeFresh = (bytes: Uint8Array): Result<readonly FreshSegment[], FormError> =>
  readWhole(bytes, (reader) =>
    readList(reader, () => {
      expectCount(reader, 3);
      const writer = writerIdOf(readSized(reader, 16));
      return { writer, first: reader.readUint(), header: readHash(reader) };
    }),
  );

const headerToItem = (record: HeaderRecord): CborItem => [
  hexToBytes(record.hash),
  hexToBytes(record.writer),
  record.first,
  record.count,
  record.ms,
  record.bytes,
  record.previous === null ? null : hexToBytes(record.previous),
  record.controlHead === null ? null : controlHeadToItem(record.controlHead),
  record.origin === null
    ? null
    : [record.origin.signingKey, record.origin.certificate?.bytes ?? null],
];

const readHeader = (reader: CborReader): HeaderRecord => {
  expectCount(reader, 9);
  const hash = readHash(reader);
  const writer = writerIdOf(readSized(reader, 16));
  const [first, count, ms] = [reader.readUint(), reader.readUint(), reader.readUint()];
  const bytes = reader.readUint();
  const previous = readOptional(reader, () => readHash(reader));
  const controlHead = readOptional(reader, () => readControlHead(reader));
  const origin = readOptional(reader, () => readOrigin(reader));
  if ((origin === null) !== (previous !== null)) reader.fail("wrongShape", "one origin a writer");
  return { hash, writer, first, count, bytes, ms, previous, controlHead, origin };
};

const readOrigin = (reader: CborReader): WriterOrigin => {
  expectCount(reader, 2);
  const signingKey = reader.readBytes();
  const bytes = readOptional(reader, () => reader.readBytes());
  const certificate = bytes === null ? null : storedCertificate(bytes);
  if (bytes !== null && certificate === null) reader.fail("wrongShape", "no certificate");
  return { signingKey, certificate };
};

const dotToItem = ({ writer, n }: Dot): CborItem => [hexToBytes(writer), n];

const readDot = (reader: CborReader): Dot => {
  expectCount(reader, 2);
  return { writer: writerIdOf(readSized(reader, 16)), n: reader.readUint() };
};

const readHash = (reader: CborReader): HeaderHash => headerHashOf(readSized(reader, 32));
