/**
 * Documents on their way between page and engine: leaves as bytes, since ten thousand objects cost
 * 85 ms to clone and a transferred buffer nothing. Private to one build of the program; never
 * stored, never sent to a peer.
 *
 * [[shape, …], [[shape index, id, meta or nil, value, …], …]], shape = [path, …], meta = [time,
 * peer, type, deleted, private, [[writer, n], …], [conflicting path, …], [path ahead, …]]
 */
import type { Path, Value } from "../base/types.ts";
import { buildDocument, type EntryType, type Leaf } from "../cbor/document.ts";
import { writeItem } from "../cbor/item.ts";
import { CborReader } from "../cbor/reader.ts";
import { nestingMax, readValue, writeValue } from "../cbor/value.ts";
import { CborWriter } from "../cbor/writer.ts";

/** What is told of a document besides its fields. */
export interface RowMeta {
  /** Milliseconds of the latest write that shows. */
  readonly timestamp: number;
  /** The device that made it. */
  readonly peerId: string;
  readonly entryType: EntryType;
  readonly deleted: boolean;
  /** It stays on this device when its collection is attached. */
  readonly private: boolean;
  /** Highest n by writer of all that the document was made from. */
  readonly vector: readonly (readonly [writer: string, n: number])[];
  /** Dotted paths with several values, of which one shows. */
  readonly conflicts: readonly string[];
  /** Dotted paths that show a value of a device whose clock is fast. */
  readonly ahead: readonly string[];
}

export interface Row {
  readonly id: string;
  readonly leaves: readonly Leaf[];
  readonly meta: RowMeta | null;
}

export const encodeRows = (rows: readonly Row[]): Uint8Array => {
  const shapes = new Map<string, RowShape>();
  let shape: RowShape | null = null;
  const indices = rows.map((row) => {
    // Neighbours mostly have one shape, and comparing costs less than making its key.
    if (shape === null || !hasShape(row, shape)) shape = shapeOf(shapes, row);
    return shape.index;
  });
  const writer = new CborWriter(1024);
  writer.arrayHead(2);
  writer.arrayHead(shapes.size);
  for (const { paths } of shapes.values()) writeItem(writer, paths);
  writer.arrayHead(rows.length);
  rows.forEach((row, at) => {
    writer.arrayHead(3 + row.leaves.length);
    writer.uint(indices[at] ?? 0);
    writer.text(row.id);
    writeMeta(writer, row.meta);
    for (const { value } of row.leaves) writeValue(writer, value);
  });
  return writer.take();
};

/**
 * Reads what `encodeRows` of the same build wrote; throws on anything else, which would be a bug.
 */
export const decodeRows = (bytes: Uint8Array): readonly Row[] => {
  const reader = new CborReader(bytes);
  reader.readArrayHead();
  const shapes = readList(reader, () =>
    readList(reader, () => readList(reader, () => reader.readText())),
  );
  return readList(reader, () => readRow(reader, shapes));
};

/** The document that a row shows, as a user sees it. */
export const rowToDocument = (row: Row): Record<string, Value> =>
  buildDocument(row.leaves, { id: row.id });

interface RowShape {
  readonly index: number;
  readonly paths: readonly Path[];
}

const hasShape = ({ leaves }: Row, { paths }: RowShape): boolean =>
  leaves.length === paths.length && leaves.every(({ path }, at) => equalPaths(path, paths[at]));

const equalPaths = (a: Path, b: Path | undefined): boolean =>
  a === b || (a.length === b?.length && a.every((name, at) => name === b[at]));

const shapeOf = (shapes: Map<string, RowShape>, row: Row): RowShape => {
  // Names are not empty and hold no dot, so two dots can only stand between paths.
  const key = row.leaves.map(({ path }) => path.join(".")).join("..");
  const known = shapes.get(key);
  if (known !== undefined) return known;
  const shape = { index: shapes.size, paths: row.leaves.map(({ path }) => path) };
  shapes.set(key, shape);
  return shape;
};

const writeMeta = (writer: CborWriter, meta: RowMeta | null): void => {
  writeItem(
    writer,
    meta === null
      ? null
      : [
          meta.timestamp,
          meta.peerId,
          meta.entryType,
          meta.deleted,
          meta.private,
          meta.vector.map(([name, n]) => [name, n]),
          meta.conflicts,
          meta.ahead,
        ],
  );
};

const readRow = (reader: CborReader, shapes: readonly (readonly Path[])[]): Row => {
  reader.readArrayHead();
  const paths = shapes[reader.readUint()] ?? [];
  const id = reader.readText();
  const meta = readMeta(reader);
  const leaves = paths.map((path) => ({ path, value: readValue(reader, nestingMax) }));
  return { id, leaves, meta };
};

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
