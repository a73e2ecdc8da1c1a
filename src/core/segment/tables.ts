/**
 * The two tables of a run: paths, and rows of (writer, highest n, header). Both only grow while ops
 * are committed, so that op bytes stay right; what a group of ops added can be taken back if the
 * group turns out not to fit.
 */
import { shortened, shortHashOf, writerIdOf } from "../base/ids.ts";
import { assert } from "../base/result.ts";
import type { Dot, Path, ShortHash, WriterId } from "../base/types.ts";
import { encodeCbor } from "../cbor/item.ts";
import { pathKey } from "../op/path.ts";
import type { Row } from "./header.ts";
import type { Place } from "./tree.ts";

/** A row and its index as ops name it, from 1. */
export type IndexedRow = Row & { readonly index: number };

/** A path and its index as ops name it, from 0. */
export interface IndexedPath {
  readonly index: number;
  readonly path: Path;
}

/** Paths in order of first use, from 0. */
export class PathTable {
  private readonly entries: IndexedPath[] = [];
  /** As they will stand in the body. */
  readonly encoded: Uint8Array[] = [];
  private readonly indexByKey = new Map<string, number>();
  private bytes = 0;
  private marked = 0;

  get count(): number {
    return this.entries.length;
  }

  /** Of all encoded paths together. */
  get byteCount(): number {
    return this.bytes;
  }

  indexOf(path: Path): number {
    const key = pathKey(path);
    const known = this.indexByKey.get(key);
    if (known !== undefined) return known;
    return this.set(this.entries.length, path);
  }

  private set(index: number, path: Path): number {
    const encoded = encodeCbor(path);
    this.bytes += encoded.length - (this.encoded[index]?.length ?? 0);
    this.encoded[index] = encoded;
    this.entries[index] = { index, path };
    this.indexByKey.set(pathKey(path), index);
    return index;
  }

  at(index: number): IndexedPath {
    const entry = this.entries[index];
    assert(entry !== undefined, "a path that is named is in the table");
    return entry;
  }

  /** Puts back a path of the journal. Those of records that are lost may be missing before it. */
  restore({ index, path }: IndexedPath): void {
    while (this.entries.length < index) this.set(this.entries.length, noPath);
    const known = this.entries[index]?.path ?? noPath;
    if (known === noPath) this.set(index, path);
  }

  /** A group of ops begins. */
  mark(): void {
    this.marked = this.entries.length;
  }

  /** Back to the mark. */
  undo(): void {
    const undone = this.entries.splice(this.marked);
    for (const { path } of undone) this.indexByKey.delete(pathKey(path));
    for (const encoded of this.encoded.splice(this.marked)) this.bytes -= encoded.length;
  }
}

/** Nobody can name it: it stands for one that is lost. */
const noPath: Path = [];

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

  at(index: number): IndexedRow {
    return { index, ...this.rowAt(index) };
  }

  /**
   * Puts back a row of the journal: a new one, or one that reaches further. Below it the rows of
   * records that are lost may be missing.
   */
  restore({ index, writer, n, header }: IndexedRow): void {
    while (this.rows.length < index) this.rows.push(noRow);
    const before = this.rowAt(index);
    if (before === noRow) this.put(index, { writer, n }, { writer, n, header });
    else if (n > before.n) this.stretch(index, n, header);
  }

  /** A group of ops begins. */
  mark(): void {
    this.undos = [];
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
    this.put(index, dot, row);
    return index;
  }

  private put(index: number, dot: Dot, row: Row): void {
    this.rows[index - 1] = row;
    this.set(this.indexByName, dot.writer, index);
    this.set(this.indexByHeader, headerKey(row.writer, row.header), index);
  }

  private stretch(index: number, n: number, header: ShortHash): void {
    const before = this.rowAt(index);
    this.rows[index - 1] = { writer: before.writer, n, header };
    this.undos.push(() => (this.rows[index - 1] = before));
    // The header of before keeps pointing here: it lies on the way from the new one down.
    this.set(this.indexByHeader, headerKey(before.writer, header), index);
  }

  private set<K>(map: Map<K, number>, key: K, index: number): void {
    const before = map.get(key);
    map.set(key, index);
    this.undos.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
  }
}

/** Names nothing: it stands for one that is lost. */
const noRow: Row = {
  writer: writerIdOf(new Uint8Array(16)),
  n: 0,
  header: shortHashOf(new Uint8Array(16)),
};

const headerKey = (writer: WriterId, header: ShortHash): string => writer + header;
