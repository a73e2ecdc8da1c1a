/**
 * A document as a page sent it, on its way into the database: its op, its bytes in a page and its
 * state are made of the same value bytes, each when it is needed. A bulk insert is little more than
 * copying, and most of what it writes is never decoded here.
 */
import type { Dot, Path, Time, Value } from "../base/types.ts";
import { invalid } from "../base/errors.ts";
import { opBytesMax } from "../base/limits.ts";
import { assert } from "../base/result.ts";
import type { CborWriter } from "../cbor/writer.ts";
import type { RowShape } from "../wire/row.ts";
import type { RowsReader } from "../wire/rowsReader.ts";
import { placePaths, type Shape } from "./shapes.ts";
import type { DocumentState, PlainState } from "./state.ts";

export class EncodedInsert {
  readonly kind = "insert";
  readonly id: string;
  readonly dot: Dot;
  readonly time: Time;
  private readonly rows: RowsReader;
  private readonly row: number;
  private decoded: PlainState | null = null;

  constructor(
    place: { readonly rows: RowsReader; readonly row: number; readonly id: string } & {
      readonly dot: Dot;
      readonly time: Time;
    },
  ) {
    this.id = place.id;
    this.dot = place.dot;
    this.time = place.time;
    this.rows = place.rows;
    this.row = place.row;
  }

  /** As it came; one object a shape and message. */
  get rowShape(): RowShape {
    return this.rows.shape(this.row);
  }

  get shape(): Shape {
    return placeOf(this.rowShape).shape;
  }

  /** The state after the insert where nothing was; made once. */
  state(): PlainState {
    return (this.decoded ??= this.decode());
  }

  /**
   * The op's bytes, as `writeOp` would make them. `pathIndexes`: of the shape's paths as they came.
   * Throws TooLarge as that does.
   */
  writeOp(writer: CborWriter, dt: number, pathIndexes: readonly number[]): void {
    const start = writer.position;
    const { bytes } = this.rows;
    const leaves = this.rows.valueRanges(this.row, ranges);
    writer.arrayHead(6);
    writer.uint(0);
    writer.copy(bytes, this.rows.idStart(this.row), rangeAt(0));
    writer.uint(dt);
    writer.bool(true);
    writer.nil();
    writer.arrayHead(leaves);
    for (let leaf = 0; leaf < leaves; leaf++) {
      const [from, to] = [rangeAt(leaf), rangeAt(leaf + 1)];
      // A null value is left out, as are all nils at the end of an entry
      const isNull = bytes[from] === byteNil;
      writer.arrayHead(isNull ? 3 : 4);
      writer.uint(pathIndexes[leaf] ?? 0);
      writer.nil();
      writer.uint(0);
      if (!isNull) writer.copy(bytes, from, to);
    }
    const length = writer.position - start;
    if (length <= opBytesMax) return;
    const sizes = `${String(length)} bytes in one write, at most ${String(opBytesMax)}`;
    throw invalid("TooLarge", `document "${this.id}": ${sizes}`, this.id);
  }

  /** The values in the order of the shape's paths, back to back. */
  writeValues(writer: CborWriter): void {
    const leaves = this.rows.valueRanges(this.row, ranges);
    const { leafOf } = placeOf(this.rowShape);
    const { bytes } = this.rows;
    for (let index = 0; index < leaves; index++) {
      const leaf = leafOf[index] ?? 0;
      writer.copy(bytes, rangeAt(leaf), rangeAt(leaf + 1));
    }
  }

  private decode(): PlainState {
    const { rows, row, id, dot, time } = this;
    const leaves = rows.valueRanges(row, ranges);
    const { shape, leafOf } = placeOf(this.rowShape);
    const starts = ranges.slice(0, leaves);
    const values = leafOf.map((leaf): Value => rows.valueAt(starts[leaf] ?? 0));
    return {
      ...{ kind: "plain", id, birth: { dot, time }, shape, values },
      ...{ stamps: null, deletion: null },
    };
  }
}

/** A document in memory: its state, or what that can be made of. */
export type HeldDocument = DocumentState | EncodedInsert;

export const stateOf = (held: HeldDocument | null): DocumentState | null =>
  held?.kind === "insert" ? held.state() : held;

interface ShapePlace {
  readonly shape: Shape;
  /** By the index in the shape: which leaf of the row stands there. */
  readonly leafOf: readonly number[];
}

const placeOf = (rowShape: RowShape): ShapePlace => {
  const known = places.get(rowShape);
  if (known !== undefined) return known;
  const placement = placePaths(rowShape.paths.map((path: Path) => ({ path })));
  assert(placement !== null, "a row has a path once");
  const { shape, order } = placement;
  const leafOf = rowShape.paths.map((_, index) => index);
  order?.forEach((index, leaf) => (leafOf[index] = leaf));
  const place = { shape, leafOf };
  places.set(rowShape, place);
  return place;
};

const places = new WeakMap<RowShape, ShapePlace>();

/** Kept for all rows: an array each would cost more than the rest. */
const ranges: number[] = [];
const rangeAt = (index: number): number => ranges[index] ?? 0;

const byteNil = 0xf6;
