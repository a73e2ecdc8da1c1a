/**
 * Ops as bytes for tests: tables of a segment that has only this writer's op, and op bytes made
 * from plain items, right or wrong.
 */
import type { Dot, Path, WriterId } from "../../src/core/base/types.ts";
import { encodeCbor, type CborItem } from "../../src/core/cbor/item.ts";
import { CborWriter } from "../../src/core/cbor/writer.ts";
import { decodeOp, type DecodeContext } from "../../src/core/op/decode.ts";
import { writeOp, type OpTables } from "../../src/core/op/encode.ts";
import type { DeleteOp, NoOp, Op, WriteOp } from "../../src/core/op/types.ts";
import { dotOf, timeOf, writerOf } from "./model.ts";

/** The op under test is the tenth of writer "m"; "p" and "q" stand in the table up to n = 5. */
export const own = dotOf("m:10");

export const tablePaths: readonly (Path | null)[] = [["x"], ["a", "b"], null, ["x"], ["t"], ["n"]];

const rows: readonly WriterId[] = [writerOf("m"), writerOf("p"), writerOf("q")];
const rowMax = 5;

export const context: DecodeContext = {
  dot: own,
  time: timeOf(1_000),
  paths: tablePaths,
  dotOf: (row, n): Dot | null => {
    const writer = rows[row];
    if (writer === undefined || n < 1) return null;
    return n <= (row === 0 ? own.n - 1 : rowMax) ? { writer, n } : null;
  },
};

export const tables: OpTables = {
  pathIndex: (path) =>
    tablePaths.findIndex((other) => other !== null && other.join(".") === path.join(".")),
  rowIndex: ({ writer }) => rows.indexOf(writer),
};

export const encodeOp = (op: WriteOp | DeleteOp, dt = 7, into: OpTables = tables): Uint8Array => {
  const writer = new CborWriter();
  writeOp(writer, op, dt, into);
  return writer.take();
};

export const decodeItem = (item: CborItem): Op | NoOp => decodeOp(encodeCbor(item), context);

/** A write with these entries that is right otherwise. */
export const writeItem = (...entries: readonly CborItem[]): CborItem => [
  0,
  "document",
  7,
  false,
  [1, 1],
  entries,
];
