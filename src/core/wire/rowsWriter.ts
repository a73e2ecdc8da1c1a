/**
 * Writes a message of rows (the layout stands in `rows.ts`) front to back into one buffer. Apart
 * from `rows.ts` because rows are written from two sides: from leaves, and from a caller's document
 * while it is being checked.
 */
import { assert } from "../base/result.ts";
import { rowsReservedBytesMax } from "../base/limits.ts";
import { writeItem } from "../cbor/item.ts";
import { CborWriter } from "../cbor/writer.ts";
import type { RowMeta, RowShape } from "./row.ts";

export const footWords = 2;
export const wordBytes = 4;

export class RowsWriter {
  /** For the values of the row that was begun; each is told of by `endValue`. */
  readonly values = new CborWriter(firstBytes);
  /** Where each row starts; then the foot. */
  private readonly words: Uint32Array<ArrayBuffer>;
  private rows = 0;
  private readonly shapes = new Map<RowShape, number>();
  /** Of the row before: neighbours mostly have one shape. */
  private latest: RowShape | null = null;
  private latestIndex = 0;
  /** Where the id of the row that is being written ends, then each of its values. */
  private readonly ends: number[] = [];
  private ended = 0;

  /** No more than `rowsMax` may be written. */
  constructor(rowsMax: number) {
    this.words = new Uint32Array(rowsMax + footWords);
  }

  /** The values of its leaves must follow, in the order of its shape, then `endRow`. */
  beginRow(id: string, meta: RowMeta | null): void {
    const { values, words, rows } = this;
    assert(rows + footWords < words.length, "no more rows than were announced");
    words[rows] = values.position;
    if (meta === null) values.nil();
    else writeMeta(values, meta);
    values.text(id);
    this.ended = 0;
    this.endValue();
  }

  endValue(): void {
    this.ends[this.ended++] = this.values.position;
  }

  /** Shapes are told apart by identity. */
  endRow(shape: RowShape): void {
    const { ends, values } = this;
    if (shape !== this.latest) this.turnTo(shape);
    for (let at = this.ended - 1; at > 0; at--) {
      values.backwardLength((ends[at] ?? 0) - (ends[at - 1] ?? 0));
    }
    values.backwardLength(this.latestIndex);
    if (++this.rows === rowsSampled) this.reserve();
  }

  /** As if the row had never been begun. */
  takeBack(): void {
    this.values.truncate(this.words[this.rows] ?? 0);
  }

  /** The message, not copied: this writer is used up. */
  take(): Uint8Array<ArrayBuffer> {
    const { values, words, rows } = this;
    const shapesAt = values.position;
    values.arrayHead(this.shapes.size);
    for (const { paths } of this.shapes.keys()) writeItem(values, paths);
    while (values.position % wordBytes !== 0) values.nil();
    words[rows] = rows;
    words[rows + 1] = shapesAt;
    values.raw(new Uint8Array(words.buffer, 0, (rows + footWords) * wordBytes));
    return values.written();
  }

  private turnTo(shape: RowShape): void {
    this.latest = shape;
    this.latestIndex = this.shapes.get(shape) ?? this.shapes.size;
    this.shapes.set(shape, this.latestIndex);
  }

  /**
   * Growing by doubling would touch three times the memory, and touching what is fresh costs more
   * than writing to it. What is reserved and never written to costs nothing.
   */
  private reserve(): void {
    const left = this.words.length - footWords - this.rows;
    const bytes = (this.values.position / this.rows + wordBytes) * left * sparedFactor;
    this.values.reserve(Math.min(bytes, rowsReservedBytesMax));
  }
}

/** One row of the usual size. */
const firstBytes = 448;
/** After so many rows the size of all is guessed, with some to spare. */
const rowsSampled = 32;
const sparedFactor = 1.25;

const writeMeta = (writer: CborWriter, meta: RowMeta): void => {
  writeItem(writer, [
    meta.timestamp,
    meta.peerId,
    meta.entryType,
    meta.deleted,
    meta.private,
    meta.vector.map(([name, n]) => [name, n]),
    meta.conflicts,
    meta.ahead,
  ]);
};
