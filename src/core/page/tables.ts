/**
 * What the documents of one page share: writers, paths and shapes, each named once and meant by its
 * index. Tables only grow, so that a document's bytes stay right when the page is written again.
 *
 * tables = [[writer 16, …], [path, …], [[path index, …], …]], a path being an array of names
 */
import { bytesToHex, hexToBytes } from "../base/bytes.ts";
import type { Path, WriterId } from "../base/types.ts";
import { writeItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import type { CborWriter } from "../cbor/writer.ts";
import { placePaths, type Shape } from "../doc/shapes.ts";
import { pathKey } from "../op/path.ts";

export class PageTables {
  readonly writers: WriterId[] = [];
  readonly paths: Path[] = [];
  readonly shapes: Shape[] = [];
  private readonly writerIndexes = new Map<WriterId, number>();
  private readonly pathIndexes = new Map<string, number>();
  private readonly shapeIndexes = new Map<Shape, number>();

  /** Entries of all tables together. */
  get size(): number {
    return this.writers.length + this.paths.length + this.shapes.length;
  }

  writerIndex(writer: WriterId): number {
    return indexIn(this.writerIndexes, this.writers, writer, writer);
  }

  pathIndex(path: Path): number {
    return indexIn(this.pathIndexes, this.paths, pathKey(path), path);
  }

  shapeIndex(shape: Shape): number {
    return indexIn(this.shapeIndexes, this.shapes, shape, shape);
  }

  write(writer: CborWriter): void {
    const shapes = this.shapes.map(({ paths }) => paths.map((path) => this.pathIndex(path)));
    writer.arrayHead(3);
    writeItem(writer, this.writers.map(hexToBytes));
    writeItem(writer, this.paths);
    writeItem(writer, shapes);
  }

  /** Throws a `FormError` by the reader for what `write` did not write. */
  static read(reader: CborReader): PageTables {
    const tables = new PageTables();
    if (reader.readArrayHead() !== 3) reader.fail("wrongShape", "three tables");
    readAll(reader, () => {
      const bytes = reader.readBytes();
      if (bytes.length !== 16) reader.fail("wrongShape", "a writer has 16 bytes");
      // Sixteen bytes in hexadecimal, as was just checked
      tables.writerIndex(bytesToHex(bytes) as WriterId);
    });
    readAll(reader, () => {
      const names: string[] = [];
      readAll(reader, () => names.push(reader.readText()));
      tables.pathIndex(names);
    });
    readAll(reader, () => {
      const holders: { readonly path: Path }[] = [];
      readAll(reader, () => holders.push({ path: tables.pathAt(reader, reader.readUint()) }));
      const placement = placePaths(holders);
      if (placement?.order !== null) return reader.fail("wrongShape", "a shape's paths are sorted");
      return tables.shapeIndex(placement.shape);
    });
    return tables;
  }

  /** Of a page that is read: an index beyond the table is no page of ours. */
  writerAt(reader: CborReader, index: number): WriterId {
    return this.writers[index] ?? reader.fail("wrongShape", "a writer beyond the table");
  }

  pathAt(reader: CborReader, index: number): Path {
    return this.paths[index] ?? reader.fail("wrongShape", "a path beyond the table");
  }

  shapeAt(reader: CborReader, index: number): Shape {
    return this.shapes[index] ?? reader.fail("wrongShape", "a shape beyond the table");
  }
}

const indexIn = <K, T>(indexes: Map<K, number>, list: T[], key: K, item: T): number => {
  const known = indexes.get(key);
  if (known !== undefined) return known;
  const index = list.push(item) - 1;
  indexes.set(key, index);
  return index;
};

const readAll = (reader: CborReader, read: () => unknown): void => {
  for (let left = reader.readArrayHead(); left > 0; left--) read();
};
