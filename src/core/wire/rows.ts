/**
 * Documents on their way between page and engine: leaves as bytes, since ten thousand objects cost
 * 85 ms to clone and a transferred buffer nothing. Private to one build of the program and to one
 * machine; never stored, never sent to a peer.
 *
 * body, shapes, nils up to a whole word, then 32-bit words in the machine's own order: where each
 * row starts, how many rows there are, where the shapes start. shapes = CBOR [[path, …], …]. A row
 * in the body is CBOR: meta or nil, the id, its values in canonical form (`writeValue`) back to
 * back, which can so be copied without being read; then lengths, which are read backwards from the
 * row's end: the number of its shape, then how many bytes each value takes, from the first to the
 * last. A length is one byte; from 255 on a word, the lowest byte first, before a byte 255. meta =
 * [time, peer, type, deleted, private, [[writer, n], …], [conflicting path, …], [path ahead, …]]
 */
import type { DocumentFields, Path } from "../base/types.ts";
import { buildDocument } from "../cbor/document.ts";
import { writeValue } from "../cbor/value.ts";
import type { Row, RowShape } from "./row.ts";
import { RowsReader } from "./rowsReader.ts";
import { RowsWriter } from "./rowsWriter.ts";

export type { Row, RowMeta } from "./row.ts";

export const encodeRows = (rows: readonly Row[]): Uint8Array => {
  const writer = new RowsWriter(rows.length);
  const addRow = createRowAdder(writer);
  for (const row of rows) addRow(row);
  return writer.take();
};

/** For a message that is not made of leaves alone. */
export const createRowAdder = (writer: RowsWriter): ((row: Row) => void) => {
  const shapes = new Map<string, RowShape>();
  let shape: RowShape | null = null;
  return (row) => {
    // Neighbours mostly have one shape, and comparing costs less than making its key.
    if (shape === null || !hasShape(row, shape)) shape = shapeOf(shapes, row);
    writer.beginRow(row.id, row.meta);
    for (const { value } of row.leaves) {
      writeValue(writer.values, value);
      writer.endValue();
    }
    writer.endRow(shape);
  };
};

/**
 * Reads what `encodeRows` of the same build wrote; throws on anything else, which would be a bug.
 */
export const decodeRows = (bytes: Uint8Array): readonly Row[] => {
  const reader = new RowsReader(bytes);
  const rows: Row[] = [];
  for (let at = 0; at < reader.length; at++) rows.push(reader.row(at));
  return rows;
};

/** The document that a row shows, as a user sees it; a leaf that is called `id` has no say. */
export const rowToDocument = ({ id, leaves }: Row): DocumentFields => ({
  ...buildDocument(leaves, { id }),
  id,
});

const hasShape = ({ leaves }: Row, { paths }: RowShape): boolean => {
  if (leaves.length !== paths.length) return false;
  for (let at = 0; at < paths.length; at++) {
    if (!equalPaths(leaves[at]?.path, paths[at])) return false;
  }
  return true;
};

const equalPaths = (a: Path | undefined, b: Path | undefined): boolean => {
  if (a === b) return true;
  if (a === undefined || a.length !== b?.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
};

const shapeOf = (shapes: Map<string, RowShape>, row: Row): RowShape => {
  const paths = row.leaves.map(({ path }) => path);
  // Names are not empty and hold no dot, so two dots can only stand between paths.
  const key = paths.map((path) => path.join(".")).join("..");
  const known = shapes.get(key);
  if (known !== undefined) return known;
  const shape = { paths };
  shapes.set(key, shape);
  return shape;
};
