/**
 * The bytes of an op inside a segment's body (FORMATS.md §2), positional CBOR:
 *
 * - write `[0, document id, dt, birth?, births, entries]`
 * - delete `[1, document id, dt, births removed]`
 * - entry `[path index, sub, kind, value, replaces, seen, origin]`, trailing nils left out
 *
 * kind: 0 set · 1 unset · 2 add · 3 remove · 4 increment. sub: the element for 2 and 3; for 4 the
 * run as `[row, n]`, nil where the op begins it; nil for 0 and 1. value: of a set; a run's total
 * for 4. births, replaces: `[row, n, row, n, …]` sorted, nil where empty; a birth does not name
 * itself. seen: `[[run row, run n, row, n, total], …]` sorted by run. origin: `[[ms, counter],
 * writer, n]`. A row is an index in the header's table, 0 this writer.
 */
import { hexToBytes } from "../base/bytes.ts";
import { invalid, type NebulusError } from "../base/errors.ts";
import { opBytesMax } from "../base/limits.ts";
import { unreachable } from "../base/result.ts";
import type { Dot, Path, Stamp } from "../base/types.ts";
import { writeValue } from "../cbor/value.ts";
import type { CborWriter } from "../cbor/writer.ts";
import { equalDots } from "./dots.ts";
import type { DeleteOp, Entry, SeenRun, WriteOp } from "./types.ts";

/** Where paths and dots stand in the segment's tables; what is not there yet is added. */
export interface OpTables {
  readonly pathIndex: (path: Path) => number;
  /**
   * 0 for dots of this writer, which are smaller than the op's own; else the row that covers the
   * dot.
   */
  readonly rowIndex: (dot: Dot) => number;
}

export const kindNumbers = { set: 0, unset: 1, add: 2, remove: 3, increment: 4 } as const;

/**
 * Appends an op. `dt` is its time less the time of the op before it in the segment, 0 for the
 * first. Throws TooLarge, naming the document, over 1 MiB; what was written until then is for the
 * caller to take back.
 */
export const writeOp = (
  writer: CborWriter,
  op: WriteOp | DeleteOp,
  dt: number,
  tables: OpTables,
): void => {
  const start = writer.position;
  writer.arrayHead(op.kind === "write" ? 6 : 4);
  writer.uint(op.kind === "write" ? 0 : 1);
  writer.text(op.id);
  writer.uint(dt);
  if (op.kind === "write") writeBody(writer, op, tables);
  else writeDots(writer, op.births, tables);
  if (writer.position - start > opBytesMax) throw tooLarge(op.id, writer.position - start);
};

const writeBody = (writer: CborWriter, op: WriteOp, tables: OpTables): void => {
  writer.bool(op.birth);
  const births = op.birth ? op.births.filter((birth) => !equalDots(birth, op.dot)) : op.births;
  writeDots(writer, births, tables);
  writer.arrayHead(op.entries.length);
  for (const entry of op.entries) writeEntry(writer, entry, op.dot, tables);
};

const writeEntry = (writer: CborWriter, entry: Entry, own: Dot, tables: OpTables): void => {
  const length = entryLength(entry);
  writer.arrayHead(length);
  writer.uint(tables.pathIndex(entry.path));
  writeSub(writer, entry, own, tables);
  writer.uint(kindNumbers[entry.kind]);
  if (length > 3) writeEntryValue(writer, entry);
  if (length > 4) writeDots(writer, entry.replaces, tables);
  if (length > 5) writeSeen(writer, seenOf(entry), tables);
  if (length > 6) writeOrigin(writer, entry.origin);
};

/** Up to the last element that is not nil. */
const entryLength = (entry: Entry): number => {
  if (entry.origin !== null) return 7;
  if (seenOf(entry).length > 0) return 6;
  if (entry.replaces.length > 0) return 5;
  const hasValue = entry.kind === "increment" || (entry.kind === "set" && entry.value !== null);
  return hasValue ? 4 : 3;
};

const writeSub = (writer: CborWriter, entry: Entry, own: Dot, tables: OpTables): void => {
  switch (entry.kind) {
    case "set":
    case "unset":
      writer.nil();
      return;
    case "add":
    case "remove":
      writeValue(writer, entry.element);
      return;
    case "increment":
      if (equalDots(entry.run, own)) writer.nil();
      else writeDots(writer, [entry.run], tables);
      return;
    default:
      unreachable(entry);
  }
};

const writeEntryValue = (writer: CborWriter, entry: Entry): void => {
  if (entry.kind === "set") writeValue(writer, entry.value);
  else if (entry.kind === "increment") writer.number(entry.total);
  else writer.nil();
};

const seenOf = (entry: Entry): readonly SeenRun[] =>
  entry.kind === "set" || entry.kind === "unset" ? entry.seen : [];

const writeSeen = (writer: CborWriter, seen: readonly SeenRun[], tables: OpTables): void => {
  if (seen.length === 0) {
    writer.nil();
    return;
  }
  const rows = seen.map(({ run, dot, total, alsoSaw }) => {
    // The table covers every total that was seen, although only the last is written.
    for (const other of alsoSaw) tables.rowIndex(other);
    return { at: [tables.rowIndex(run), run.n, tables.rowIndex(dot), dot.n] as const, total };
  });
  writer.arrayHead(rows.length);
  for (const { at, total } of rows.sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])) {
    writer.arrayHead(5);
    for (const number of at) writer.uint(number);
    writer.number(total);
  }
};

const writeOrigin = (writer: CborWriter, origin: Stamp | null): void => {
  if (origin === null) return;
  writer.arrayHead(3);
  writer.arrayHead(2);
  writer.uint(origin.time.ms);
  writer.uint(origin.time.counter);
  writer.bytes(hexToBytes(origin.writer));
  writer.uint(origin.n);
};

const writeDots = (writer: CborWriter, dots: readonly Dot[], tables: OpTables): void => {
  if (dots.length === 0) {
    writer.nil();
    return;
  }
  const rows = dots.map((dot) => ({ row: tables.rowIndex(dot), n: dot.n }));
  if (rows.length > 1) rows.sort((a, b) => a.row - b.row || a.n - b.n);
  writer.arrayHead(rows.length * 2);
  for (const { row, n } of rows) {
    writer.uint(row);
    writer.uint(n);
  }
};

const tooLarge = (id: string, bytes: number): NebulusError => {
  const sizes = `${String(bytes)} bytes in one write, at most ${String(opBytesMax)}`;
  return invalid("TooLarge", `document "${id}": ${sizes}`, id);
};
