/**
 * Reads a message of rows (the layout stands in `rows.ts`) in any order, and only what is asked
 * for: an id, the bytes of one value, a value, a whole document. Apart from `rows.ts` because the
 * engine takes value bytes from here without ever decoding them.
 */
import type { DocumentFields, Path, Value } from "../base/types.ts";
import { buildDocument, type Leaf } from "../cbor/document.ts";
import { CborReader } from "../cbor/reader.ts";
import { nestingMax, readValue } from "../cbor/value.ts";
import { TextWindow } from "../cbor/textWindow.ts";
import { lengthInWord } from "../cbor/writer.ts";
import { createShapePlan, readByPlan, type ShapePlan } from "./shapePlan.ts";
import type { Row, RowMeta, RowShape } from "./row.ts";
import { footWords, wordBytes } from "./rowsWriter.ts";

export class RowsReader {
  /** How many rows there are; they count from 0, as do the leaves of each. */
  readonly length: number;
  /** What the ranges are ranges of. */
  readonly bytes: Uint8Array;
  /** Where each row starts, then the foot. */
  private readonly words: Uint32Array;
  private readonly shapesAt: number;
  private readonly shapes: readonly PlannedShape[];
  private readonly reader: CborReader;
  /** For documents: their texts live and go together. */
  private documents: CborReader | null = null;
  /** Where lengths are read next, backwards. */
  private lengthsAt = 0;

  /** Throws for what no `RowsWriter` of this build wrote, which would be a bug. */
  constructor(bytes: Uint8Array) {
    const [length = 0, shapesAt = 0] = lastWords(bytes, footWords);
    this.bytes = bytes;
    this.length = length;
    this.words = lastWords(bytes, length + footWords);
    this.shapesAt = shapesAt;
    this.reader = new CborReader(bytes, shapesAt);
    this.shapes = readList(this.reader, () => new PlannedShape(readPaths(this.reader)));
    const unused = bytes.length - this.words.length * wordBytes - this.reader.offset;
    if (unused < 0 || unused >= wordBytes) throw notRows();
  }

  /** One object a shape and message. */
  shape(row: number): RowShape {
    return this.plannedShape(row);
  }

  id(row: number): string {
    this.reader.offset = this.idStart(row);
    return this.reader.readText();
  }

  meta(row: number): RowMeta | null {
    this.reader.offset = this.start(row);
    return readMeta(this.reader);
  }

  /** Where the id begins: CBOR text, up to where the first value begins. */
  idStart(row: number): number {
    const start = this.start(row);
    if (this.bytes[start] === byteNil) return start + 1;
    this.reader.offset = start;
    readMeta(this.reader);
    return this.reader.offset;
  }

  /**
   * Where the values stand, as `writeValue` makes them, without reading them: `into[n]` becomes the
   * start of leaf n and `into[n + 1]` its end. Gives how many leaves there are.
   */
  valueRanges(row: number, into: number[]): number {
    const { paths } = this.plannedShape(row);
    let at = endOfText(this.bytes, this.idStart(row));
    into[0] = at;
    for (let leaf = 1; leaf <= paths.length; leaf++) {
      at += this.lengthBefore();
      into[leaf] = at;
    }
    return paths.length;
  }

  /** The value that begins at such a place; a new one each time. */
  valueAt(start: number): Value {
    this.reader.offset = start;
    return readValue(this.reader, nestingMax);
  }

  row(row: number): Row {
    const { paths } = this.plannedShape(row);
    const meta = this.meta(row);
    const id = this.reader.readText();
    return { id, leaves: readLeaves(this.reader, paths), meta };
  }

  /** As a user sees it; a new one each time. Not for texts that are to be kept for long. */
  document(row: number): DocumentFields {
    const { paths, plan } = this.plannedShape(row);
    const reader = (this.documents ??= this.makeDocumentReader());
    reader.offset = this.idStart(row);
    const document = { id: reader.readText() };
    if (plan === null) return documentOf(document.id, readLeaves(reader, paths));
    readByPlan(reader, plan, document);
    return document;
  }

  private makeDocumentReader(): CborReader {
    const { bytes, shapesAt } = this;
    return new CborReader(bytes, 0, shapesAt, Infinity, new TextWindow(bytes));
  }

  /** Lengths can be read from there on. */
  private plannedShape(row: number): PlannedShape {
    this.lengthsAt = row + 1 < this.length ? this.start(row + 1) : this.shapesAt;
    const shape = row < this.length ? this.shapes[this.lengthBefore()] : undefined;
    if (shape === undefined) throw new RangeError(`there is no row ${String(row)}`);
    return shape;
  }

  private start(row: number): number {
    return this.words[row] ?? 0;
  }

  private lengthBefore(): number {
    const { bytes } = this;
    const length = bytes[--this.lengthsAt] ?? 0;
    if (length < lengthInWord) return length;
    const at = (this.lengthsAt -= wordBytes);
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    return low + (bytes[at + 3] ?? 0) * 0x1000000;
  }
}

class PlannedShape implements RowShape {
  readonly paths: readonly Path[];
  private made: ShapePlan | null | undefined;

  constructor(paths: readonly Path[]) {
    this.paths = paths;
  }

  /** Null: its documents are built leaf by leaf. */
  get plan(): ShapePlan | null {
    if (this.made === undefined) this.made = createShapePlan(this.paths);
    return this.made;
  }
}

const byteNil = 0xf6;

const lastWords = (bytes: Uint8Array, words: number): Uint32Array => {
  const start = bytes.length - words * wordBytes;
  if (start < 0) throw notRows();
  const at = bytes.byteOffset + start;
  // Never so in a message of its own; a view elsewhere in a buffer may begin at any byte.
  if (at % wordBytes !== 0) return new Uint32Array(bytes.slice(start).buffer);
  return new Uint32Array(bytes.buffer, at, words);
};

/** Of text of at most 65,535 bytes, which ids are. */
const endOfText = (bytes: Uint8Array, start: number): number => {
  const info = (bytes[start] ?? 0) & 31;
  if (info < 24) return start + 1 + info;
  const first = bytes[start + 1] ?? 0;
  return info === 24 ? start + 2 + first : start + 3 + first * 0x100 + (bytes[start + 2] ?? 0);
};

/** The long road; a leaf that is called `id` has no say. */
const documentOf = (id: string, leaves: readonly Leaf[]): DocumentFields => ({
  ...buildDocument(leaves, { id }),
  id,
});

const readLeaves = (reader: CborReader, paths: readonly Path[]): readonly Leaf[] =>
  paths.map((path) => ({ path, value: readValue(reader, nestingMax) }));

const readPaths = (reader: CborReader): readonly Path[] =>
  readList(reader, () => readList(reader, () => reader.readText()));

const readMeta = (reader: CborReader): RowMeta | null => {
  if (reader.peekNil()) {
    reader.readNil();
    return null;
  }
  reader.readArrayHead();
  const timestamp = reader.readUint();
  const peerId = reader.readText();
  const entryType = reader.readText() === "AUTH" ? "AUTH" : "MEMORY";
  const deleted = reader.readBoolean();
  const isPrivate = reader.readBoolean();
  const vector = readList(reader, (): readonly [string, number] => {
    reader.readArrayHead();
    return [reader.readText(), reader.readUint()];
  });
  const conflicts = readList(reader, () => reader.readText());
  const ahead = readList(reader, () => reader.readText());
  return { timestamp, peerId, entryType, deleted, private: isPrivate, vector, conflicts, ahead };
};

const readList = <T>(reader: CborReader, read: () => T): T[] => {
  const count = reader.readArrayHead();
  const list: T[] = [];
  for (let at = 0; at < count; at++) list.push(read());
  return list;
};

const notRows = (): RangeError => new RangeError("these bytes are no message of rows");
