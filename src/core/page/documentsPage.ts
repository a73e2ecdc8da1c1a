/**
 * A page: the states of documents whose ids stand next to each other, at rest. It is read lazily:
 * opening finds the ids, a state is decoded when it is asked for, and writing the page again copies
 * the bytes of those that did not change.
 *
 * page = [version u8, form u8 (0 plain, 1 deflate-raw), length of the body u32 LE, body]
 * body = [tables, base ms, [id, …], ends, states]: ids rise by UTF-16 code units; `ends` holds, as
 * u32 LE, where each state ends in `states`, which are back to back (stateCodec.ts)
 */
import { pageBytesTarget, pageTableEntriesMax } from "../base/limits.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { readForm } from "../cbor/form.ts";
import { CborReader } from "../cbor/reader.ts";
import { nestingMax } from "../cbor/value.ts";
import { CborWriter } from "../cbor/writer.ts";
import type { HeldDocument } from "../doc/insert.ts";
import { birthsOf, isAlive, type DocumentState } from "../doc/state.ts";
import { compressBody, inflateBody } from "../segment/compress.ts";
import type { RowsWriter } from "../wire/rowsWriter.ts";
import { readState, skipToValues, writeDocument } from "./stateCodec.ts";
import { PageTables } from "./tables.ts";

/** A page made, and what a directory says of it. */
export interface MadePage {
  readonly bytes: Uint8Array;
  readonly first: string;
  readonly last: string;
  /** Documents in it, and those of them that live. */
  readonly count: number;
  readonly living: number;
}

/**
 * A document on its way into a page: as it is now, or as it stands in the page that is replaced.
 */
export type PageDocument =
  | { readonly id: string; readonly state: HeldDocument }
  | { readonly id: string; readonly index: number };

/** The body of a page, opened. A class, since every document that is read passes through it. */
export class DocumentsPage {
  readonly ids: readonly string[];
  readonly tables: PageTables;
  readonly baseMs: number;
  private readonly ends: Uint32Array;
  private readonly states: Uint8Array;

  constructor(parts: {
    readonly ids: readonly string[];
    readonly tables: PageTables;
    readonly baseMs: number;
    readonly ends: Uint32Array;
    readonly states: Uint8Array;
  }) {
    this.ids = parts.ids;
    this.tables = parts.tables;
    this.baseMs = parts.baseMs;
    this.ends = parts.ends;
    this.states = parts.states;
  }

  /** -1: no such document. */
  indexOf(id: string): number {
    let low = 0;
    let high = this.ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.ids[middle] ?? "";
      if (found === id) return middle;
      if (found < id) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Throws a `FormFault` where the bytes are none that this program wrote. */
  stateAt(index: number): DocumentState {
    const id = this.ids[index] ?? "";
    const reader = new CborReader(this.states, this.startOf(index), this.ends[index]);
    const state = readState(reader, id, { tables: this.tables, baseMs: this.baseMs });
    reader.expectEnd();
    return state;
  }

  /**
   * Writes the document as a row of a message, its values copied and none of them decoded. False:
   * nothing was written, for it is not alive or does not show as it stands.
   */
  copyRow(index: number, writer: RowsWriter): boolean {
    const reader = new CborReader(this.states, this.startOf(index), this.ends[index]);
    const shape = skipToValues(reader, { tables: this.tables, baseMs: this.baseMs });
    if (shape === null || !shape.showsAll) return false;
    writer.beginRow(this.ids[index] ?? "", null);
    for (let left = shape.paths.length; left > 0; left--) {
      const start = reader.offset;
      reader.skip(nestingMax);
      writer.values.copy(this.states, start, reader.offset);
      writer.endValue();
    }
    writer.endRow(shape);
    return true;
  }

  bytesAt(index: number): Uint8Array {
    return this.states.subarray(this.startOf(index), this.ends[index]);
  }

  private startOf(index: number): number {
    return index === 0 ? 0 : (this.ends[index - 1] ?? 0);
  }
}

/** Why bytes are no page; whoever asks makes it anew from the log. */
export const openPage = (bytes: Uint8Array): Result<DocumentsPage, string> => {
  const [version, form] = bytes;
  if (version !== pageVersion) return fail(`page version ${String(version)} is not known`);
  if (bytes.length < headBytes) return fail("a page has a head");
  const length = viewOf(bytes).getUint32(2, true);
  const stored = bytes.subarray(headBytes);
  if (form === 0) return stored.length === length ? readBody(stored) : fail("a body cut short");
  if (form !== 1 || length > stored.length * inflationMax) return fail("a form that is not known");
  const body = inflateBody(stored, length);
  return body.ok ? readBody(body.value) : body;
};

/** What it takes in memory once it is opened, roughly. */
export const plainByteCount = (bytes: Uint8Array): number =>
  bytes.length < headBytes ? bytes.length : viewOf(bytes).getUint32(2, true) * 2;

/** Deflated, where that is smaller; the same page. */
export const compressPage = (bytes: Uint8Array): Uint8Array => {
  if (bytes[1] !== 0) return bytes;
  const { form, bytes: body } = compressBody(bytes.subarray(headBytes));
  return form === 0 ? bytes : withHead(1, body, bytes.length - headBytes);
};

export const isCompressed = (bytes: Uint8Array): boolean => bytes[1] === 1;

/**
 * As many pages as these documents fill, which stand in order; none for none. `before`: the page
 * that holds those that are given by index.
 */
export const makePages = (
  documents: readonly PageDocument[],
  before: DocumentsPage | null,
  bytesTarget = pageBytesTarget,
): readonly MadePage[] => {
  const source = before === null || before.tables.size > pageTableEntriesMax ? null : before;
  const first = documents.find((document) => "state" in document);
  const maker: Maker = {
    source,
    before,
    tables: source === null ? new PageTables() : copyTables(source.tables),
    baseMs: source?.baseMs ?? (first === undefined ? 0 : birthMs(first.state)),
    writer: new CborWriter(bytesTarget * 2),
    pages: [],
  };
  let part = emptyPart();
  for (const document of documents) {
    addTo(maker, part, document);
    if (maker.writer.position < bytesTarget) continue;
    finish(maker, part);
    part = emptyPart();
  }
  if (part.ids.length > 0) finish(maker, part);
  return maker.pages;
};

interface Maker {
  /** Where bytes can be copied from; null: they have other tables. */
  readonly source: DocumentsPage | null;
  readonly before: DocumentsPage | null;
  readonly tables: PageTables;
  readonly baseMs: number;
  readonly writer: CborWriter;
  readonly pages: MadePage[];
}

interface Part {
  readonly ids: string[];
  readonly ends: number[];
  living: number;
}

const emptyPart = (): Part => ({ ids: [], ends: [], living: 0 });

const addTo = (maker: Maker, part: Part, document: PageDocument): void => {
  const { writer, source, before, tables, baseMs } = maker;
  if ("index" in document && source !== null) {
    const bytes = source.bytesAt(document.index);
    writer.raw(bytes);
    if (isAliveIn(bytes)) part.living += 1;
  } else {
    const state = "state" in document ? document.state : before?.stateAt(document.index);
    if (state === undefined) return;
    writeDocument(writer, state, { tables, baseMs });
    if (state.kind === "insert" || isAlive(state)) part.living += 1;
  }
  part.ids.push(document.id);
  part.ends.push(writer.position);
};

/** By the first bytes of a state: a plain one lives, a general one where it has births. */
const isAliveIn = ([head, kind, births]: Uint8Array): boolean =>
  head !== fiveElements || kind !== 1 || births !== noElements;

const fiveElements = 0x85;
const noElements = 0x80;

const finish = (maker: Maker, { ids, ends, living }: Part): void => {
  const { writer: states, tables, baseMs } = maker;
  const body = new CborWriter(states.position + ids.length * 48 + 1_024);
  body.arrayHead(5);
  tables.write(body);
  body.uint(baseMs);
  body.arrayHead(ids.length);
  for (const id of ids) body.text(id);
  body.bytes(packEnds(ends));
  body.bytes(states.written());
  states.truncate(0);
  const written = body.written();
  maker.pages.push({
    bytes: withHead(0, written, written.length),
    ...{ first: ids[0] ?? "", last: ids.at(-1) ?? "", count: ids.length, living },
  });
};

const withHead = (form: 0 | 1, body: Uint8Array, length: number): Uint8Array => {
  const bytes = new Uint8Array(headBytes + body.length);
  const view = viewOf(bytes);
  view.setUint8(0, pageVersion);
  view.setUint8(1, form);
  view.setUint32(2, length, true);
  bytes.set(body, headBytes);
  return bytes;
};

const copyTables = (tables: PageTables): PageTables => {
  const copy = new PageTables();
  for (const writer of tables.writers) copy.writerIndex(writer);
  for (const path of tables.paths) copy.pathIndex(path);
  for (const shape of tables.shapes) copy.shapeIndex(shape);
  return copy;
};

const birthMs = (state: HeldDocument): number =>
  (state.kind === "insert" ? state.time : birthsOf(state)[0]?.time)?.ms ?? 0;

const packEnds = (ends: readonly number[]): Uint8Array => {
  const packed = new Uint8Array(ends.length * 4);
  const view = viewOf(packed);
  ends.forEach((end, index) => {
    view.setUint32(index * 4, end, true);
  });
  return packed;
};

const unpackEnds = (reader: CborReader, count: number): Uint32Array => {
  const packed = reader.readBytes();
  if (packed.length !== count * 4) reader.fail("wrongShape", "an end for each state");
  const view = viewOf(packed);
  return Uint32Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true));
};

const readBody = (body: Uint8Array): Result<DocumentsPage, string> => {
  const read = readForm(() => {
    const reader = new CborReader(body);
    if (reader.readArrayHead() !== 5) reader.fail("wrongShape", "a page has five parts");
    const tables = PageTables.read(reader);
    const baseMs = reader.readUint();
    const ids: string[] = [];
    for (let left = reader.readArrayHead(); left > 0; left--) ids.push(reader.readText());
    if (!rises(ids)) reader.fail("wrongShape", "ids in order");
    const ends = unpackEnds(reader, ids.length);
    const states = reader.readBytes();
    reader.expectEnd();
    const isCovered = ends.every((end, index) => end > (ends[index - 1] ?? 0));
    if (!isCovered || (ends.at(-1) ?? 0) !== states.length) {
      reader.fail("wrongShape", "states back to back");
    }
    return new DocumentsPage({ ids, tables, baseMs, ends, states });
  });
  return read.ok ? ok(read.value) : fail(read.error.what);
};

const rises = (ids: readonly string[]): boolean =>
  ids.every((id, index) => index === 0 || (ids[index - 1] ?? "") < id);

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const pageVersion = 1;
const headBytes = 6;
/** Deflate never makes more of a byte. */
const inflationMax = 1_100;
