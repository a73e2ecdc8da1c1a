/**
 * The two tables of a run: paths, and rows of (writer, highest n, header). Both only grow while ops
 * are committed, so that op bytes stay right; what a group of ops added can be taken back if the
 * group turns out not to fit.
 */
import { shortened } from "../base/ids.ts";
import { assert } from "../base/result.ts";
import type { Dot, Path, ShortHash, WriterId } from "../base/types.ts";
import { encodeCbor } from "../cbor/item.ts";
import { pathKey } from "../op/path.ts";
import type { Row } from "./header.ts";
import type { Place } from "./tree.ts";

/** A row and its index as ops name it, from 1. */
export type IndexedRow = Row & { readonly index: number };

/** Paths in order of first use, from 0. */
export class PathTable {
  readonly paths: Path[] = [];
  /** As they will stand in the body. */
  readonly encoded: Uint8Array[] = [];
  private readonly indexByKey = new Map<string, number>();
  private bytes = 0;
  private marked = 0;

  get count(): number {
    return this.paths.length;
  }

  /** Of all encoded paths together. */
  get byteCount(): number {
    return this.bytes;
  }

  indexOf(path: Path): number {
    const key = pathKey(path);
    const known = this.indexByKey.get(key);
    if (known !== undefined) return known;
    const encoded = encodeCbor(path);
    this.bytes += encoded.length;
    this.encoded.push(encoded);
    const index = this.paths.push(path) - 1;
    this.indexByKey.set(key, index);
    return index;
  }

  /** A group of ops begins. */
  mark(): void {
    this.marked = this.paths.length;
  }

  /** What was added since the mark. */
  added(): readonly Path[] {
    return this.paths.slice(this.marked);
  }

  /** Back to the mark. */
  undo(): void {
    for (const path of this.paths.splice(this.marked)) this.indexByKey.delete(pathKey(path));
    for (const encoded of this.encoded.splice(this.marked)) this.bytes -= encoded.length;
  }
}

/**
 * Rows in order of first use, from 1. A row is found by the name of an op's writer or, where forks
 * gave one header's ops several names, by the header: no two rows may be equal in (writer, header).
 */
export class RowTable {
  readonly rows: Row[] = [];
  private readonly locate: (dot: Dot) => Place | null;
  private readonly indexByName = new Map<WriterId, number>();
  private readonly indexByHeader = new Map<string, number>();
  /** How to take back what was done since the mark, last first. */
  private undos: (() => void)[] = [];
  private readonly changed = new Set<number>();

  constructor(locate: (dot: Dot) => Place | null) {
    this.locate = locate;
  }

  /** The row through which the dot can be named, made or stretched where there is none yet. */
  indexOf(dot: Dot): number {
    const named = this.indexByName.get(dot.writer);
    if (named !== undefined && dot.n <= this.rowAt(named).n) return named;
    const place = this.locate(dot);
    assert(place !== null, "an op that is named is delivered");
    const header = shortened(place.header);
    const index = this.indexByHeader.get(headerKey(place.writer, header)) ?? named;
    if (index === undefined) return this.push(dot, { writer: place.writer, n: dot.n, header });
    if (index !== named) this.set(this.indexByName, dot.writer, index);
    if (dot.n > this.rowAt(index).n) this.stretch(index, dot.n, header);
    return index;
  }

  /** Puts back a row of the journal: a new one, or one that reaches further. */
  restore({ index, writer, n, header }: IndexedRow): void {
    if (index === this.rows.length + 1) this.push({ writer, n }, { writer, n, header });
    else this.stretch(index, n, header);
  }

  /** A group of ops begins. */
  mark(): void {
    this.undos = [];
    this.changed.clear();
  }

  /** Rows that are new or reach further since the mark, by index. */
  changes(): readonly IndexedRow[] {
    const indexes = [...this.changed].sort((a, b) => a - b);
    return indexes.map((index) => ({ index, ...this.rowAt(index) }));
  }

  /** Back to the mark. */
  undo(): void {
    for (const undo of this.undos.reverse()) undo();
    this.mark();
  }

  private rowAt(index: number): Row {
    const row = this.rows[index - 1];
    assert(row !== undefined, "a row's index counts from 1");
    return row;
  }

  private push(dot: Dot, row: Row): number {
    const index = this.rows.push(row);
    this.undos.push(() => this.rows.pop());
    this.set(this.indexByName, dot.writer, index);
    this.set(this.indexByHeader, headerKey(row.writer, row.header), index);
    this.changed.add(index);
    return index;
  }

  private stretch(index: number, n: number, header: ShortHash): void {
    const before = this.rowAt(index);
    this.rows[index - 1] = { writer: before.writer, n, header };
    this.undos.push(() => (this.rows[index - 1] = before));
    // The header of before keeps pointing here: it lies on the way from the new one down.
    this.set(this.indexByHeader, headerKey(before.writer, header), index);
    this.changed.add(index);
  }

  private set<K>(map: Map<K, number>, key: K, index: number): void {
    const before = map.get(key);
    map.set(key, index);
    this.undos.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
  }
}

const headerKey = (writer: WriterId, header: ShortHash): string => writer + header;
