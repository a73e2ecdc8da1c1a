/**
 * The writer's side: a run of ops that will be one segment, with its two tables. Ops are encoded
 * against the tables when they are committed; cutting copies their bytes and encodes nothing again.
 * Limits are checked here, before an op gets its dot, so that every committed op stands in a legal
 * segment.
 *
 * Ops come in groups that no cut may part: a transaction, or a single op. A group that does not go
 * with the run any more (256 ops or 256 KiB would be passed, a table is full, a time does not fit)
 * wants a new run; a group that fits no run at all is too large.
 */
import { invalid, NebulusError } from "../base/errors.ts";
import {
  segmentBodyBytesMax,
  segmentBytesTarget,
  segmentOpsMax,
  segmentOpsTarget,
  segmentRowsMax,
} from "../base/limits.ts";
import { assert } from "../base/result.ts";
import type { Dot, HeaderHash, Time, WriterId } from "../base/types.ts";
import { CborWriter } from "../cbor/writer.ts";
import { timeDelta } from "../clock/hybrid.ts";
import type { ControlHead } from "../network/control.ts";
import type { EncodedInsert } from "../doc/insert.ts";
import { writeOp, type OpTables } from "../op/encode.ts";
import type { DeleteOp, WriteOp } from "../op/types.ts";
import type { RowShape } from "../wire/row.ts";
import { bodyByteCount, encodeBody } from "./body.ts";
import type { Opening } from "./header.ts";
import type { SegmentDraft } from "./seal.ts";
import { PathTable, RowTable, type IndexedPath, type IndexedRow } from "./tables.ts";
import type { Place } from "./tree.ts";

/** An op of this device, which knows its own kind. */
export type OwnOp = WriteOp | DeleteOp;

/** One that is encoded; an insert may be it from the start. */
export type RunOp = OwnOp | EncodedInsert;

/** What a commit added to a run: goes to the journal, and brings a run back by `restore`. */
export interface RunPart {
  /** Paths and rows that its ops use, whether they were in the tables before or not; by index. */
  readonly paths: readonly IndexedPath[];
  readonly rows: readonly IndexedRow[];
  /** Bytes of each op, as they will stand in the body. */
  readonly ops: readonly Uint8Array[];
}

export type AppendOutcome =
  | { readonly kind: "appended"; readonly part: RunPart }
  /** Nothing changed: begin a new run with this group. */
  | { readonly kind: "full" }
  /** Nothing changed, and no run takes this group. */
  | { readonly kind: "too-large"; readonly error: NebulusError };

/** What the writer's log so far says about the next segment. */
export interface ChainEnd {
  readonly previous: HeaderHash | null;
  /** At n = 1, else null. */
  readonly opening: Opening | null;
  /** Null in suite 0. */
  readonly controlHead: ControlHead | null;
}

export interface RunStart {
  readonly writer: WriterId;
  /** n of the first op. */
  readonly first: number;
  /** Of the first op. */
  readonly baseTime: Time;
  /**
   * Where a named op stands (tree.ts). Own ops of another incarnation are cut before they are
   * named.
   */
  readonly locate: (dot: Dot) => Place | null;
}

/** A run that is being written. A class, because every write of this device passes through it. */
export class OpenRun {
  readonly writer: WriterId;
  readonly first: number;
  readonly baseTime: Time;
  private readonly paths = new PathTable();
  private readonly rows: RowTable;
  private readonly ops: Uint8Array[] = [];
  private readonly opTables: OpTables;
  /** One for all ops: making it costs more than most ops do. */
  private readonly target = new CborWriter();
  /** Good until paths are taken back. */
  private indexesByShape = new Map<RowShape, readonly number[]>();
  /** Of the group that is being appended. */
  private readonly usedPaths = new Set<number>();
  private readonly usedRows = new Set<number>();
  private opBytes = 0;
  private lastTime: Time;

  constructor({ writer, first, baseTime, locate }: RunStart) {
    this.writer = writer;
    this.first = first;
    this.baseTime = baseTime;
    this.lastTime = baseTime;
    this.rows = new RowTable(locate);
    this.opTables = {
      pathIndex: (path) => using(this.usedPaths, this.paths.indexOf(path)),
      rowIndex: (dot) => (dot.writer === writer ? 0 : using(this.usedRows, this.rows.indexOf(dot))),
    };
  }

  get count(): number {
    return this.ops.length;
  }

  /** n of the op to come. */
  get nextN(): number {
    return this.first + this.ops.length;
  }

  /**
   * Ops of one group; their n go on from `nextN`, their times from the last. All are taken, or
   * none.
   */
  append(group: readonly RunOp[]): AppendOutcome {
    const { opBytes, lastTime } = this;
    const before = this.ops.length;
    this.paths.mark();
    this.rows.mark();
    this.usedPaths.clear();
    this.usedRows.clear();
    const refusal = this.addAll(group) ?? this.limitBroken(before);
    if (refusal === null) {
      const ops = this.ops.slice(before);
      return { kind: "appended", part: { ...this.used(), ops } };
    }
    this.ops.length = before;
    this.opBytes = opBytes;
    this.lastTime = lastTime;
    this.undoPaths();
    this.rows.undo();
    return refusal;
  }

  /**
   * As many of these inserts from one on as go with the run, each a group of its own; the same as
   * `append` for one after the other. None: the next wants a new run or, where this one is empty,
   * fits no run.
   */
  appendInserts(inserts: readonly EncodedInsert[], from: number): RunPart | null {
    this.usedPaths.clear();
    this.usedRows.clear();
    let shape: RowShape | null = null;
    const countBefore = this.ops.length;
    const ends: number[] = [];
    this.target.truncate(0);
    for (let at = from, insert = inserts[at]; insert !== undefined; insert = inserts[++at]) {
      const start = this.target.position;
      this.paths.mark();
      const bytes = this.tryInsert(insert, countBefore + ends.length);
      if (bytes < 0) {
        this.undoPaths();
        this.target.truncate(start);
        break;
      }
      ends.push(this.target.position);
      // Most have the shape of the one before
      if (insert.rowShape !== shape) this.usePathsOf(insert.rowShape);
      shape = insert.rowShape;
      this.opBytes += bytes;
      this.lastTime = insert.time;
    }
    if (ends.length === 0) return null;
    const arena = this.target.take();
    const ops = ends.map((end, index) => arena.subarray(ends[index - 1] ?? 0, end));
    for (const op of ops) this.ops.push(op);
    return { ...this.used(), ops };
  }

  private used(): Pick<RunPart, "paths" | "rows"> {
    return {
      paths: inOrder(this.usedPaths).map((index) => this.paths.at(index)),
      rows: inOrder(this.usedRows).map((index) => this.rows.at(index)),
    };
  }

  private usePathsOf(shape: RowShape): void {
    for (const index of this.pathIndexesOf(shape)) this.usedPaths.add(index);
  }

  /** The bytes it took, -1 where it does not go with the run, which holds `count` ops so far. */
  private tryInsert(insert: EncodedInsert, count: number): number {
    const delta = timeDelta(this.lastTime, insert.time);
    if (delta === null || count >= segmentOpsTarget) return -1;
    const start = this.target.position;
    try {
      insert.writeOp(this.target, delta, this.pathIndexesOf(insert.rowShape));
    } catch (error) {
      if (error instanceof NebulusError) return -1;
      throw error;
    }
    const bytes = this.target.position - start;
    const all = this.opBytes + bytes;
    if (count > 0 && all > segmentBytesTarget) return -1;
    const body = bodyByteCount(this.paths, { count: count + 1, byteCount: all });
    return body > segmentBodyBytesMax ? -1 : bytes;
  }

  private undoPaths(): void {
    this.paths.undo();
    this.indexesByShape = new Map();
  }

  private pathIndexesOf(shape: RowShape): readonly number[] {
    const known = this.indexesByShape.get(shape);
    if (known !== undefined) return known;
    const indexes = shape.paths.map((path) => this.paths.indexOf(path));
    this.indexesByShape.set(shape, indexes);
    return indexes;
  }

  /** Takes back in what the journal kept. `lastTime` is that of the part's last op. */
  restore(part: RunPart, lastTime: Time): void {
    for (const path of part.paths) this.paths.restore(path);
    for (const row of part.rows) this.rows.restore(row);
    for (const op of part.ops) this.push(op);
    this.lastTime = lastTime;
  }

  /** What is sealed and signed next. */
  toDraft(end: ChainEnd): SegmentDraft {
    assert(this.ops.length > 0, "a segment has ops");
    assert((this.first === 1) === (end.opening !== null), "the first segment has the opening");
    return {
      ...end,
      writer: this.writer,
      first: this.first,
      count: this.ops.length,
      rows: [...this.rows.rows],
      time: this.baseTime,
      body: encodeBody(this.paths.encoded, this.ops),
    };
  }

  private push(op: Uint8Array): void {
    this.ops.push(op);
    this.opBytes += op.length;
  }

  private addAll(group: readonly RunOp[]): AppendOutcome | null {
    for (const [index, op] of group.entries()) {
      assert(op.dot.writer === this.writer && op.dot.n === this.nextN, "dots go on");
      const delta = timeDelta(this.lastTime, op.time);
      if (delta === null) {
        // Only the first op of a group can lie years after what was written before.
        assert(index === 0 && this.ops.length > 0, "times within a group go on");
        return { kind: "full" };
      }
      const bytes = this.encode(op, delta);
      if (!(bytes instanceof Uint8Array)) return bytes;
      this.push(bytes);
      this.lastTime = op.time;
    }
    return null;
  }

  /** Encoding against the tables is what makes them grow. */
  private encode(op: RunOp, delta: number): Uint8Array | AppendOutcome {
    this.target.truncate(0);
    try {
      if (op.kind === "insert") {
        op.writeOp(this.target, delta, this.pathIndexesOf(op.rowShape));
        this.usePathsOf(op.rowShape);
      } else writeOp(this.target, op, delta, this.opTables);
    } catch (error) {
      // The one thing that a sound op can be is too large.
      if (error instanceof NebulusError) return { kind: "too-large", error };
      throw error;
    }
    return this.target.take();
  }

  /** Judges the run with the group, `before` being its ops without. */
  private limitBroken(before: number): AppendOutcome | null {
    const isOverTarget = this.ops.length > segmentOpsTarget || this.opBytes > segmentBytesTarget;
    const isFull = before > 0;
    if (isFull && isOverTarget) return { kind: "full" };
    const why = this.formatLimitBroken();
    if (why === null) return null;
    return isFull ? { kind: "full" } : tooLarge(why);
  }

  private formatLimitBroken(): string | null {
    if (this.ops.length > segmentOpsMax) return `more than ${String(segmentOpsMax)} changes`;
    const bytes = bodyByteCount(this.paths, { count: this.ops.length, byteCount: this.opBytes });
    if (bytes > segmentBodyBytesMax) {
      return `more than ${String(segmentBodyBytesMax)} bytes`;
    }
    if (this.rows.rows.length <= segmentRowsMax) return null;
    return `changes by more than ${String(segmentRowsMax)} writers replaced`;
  }
}

const using = (used: Set<number>, index: number): number => {
  used.add(index);
  return index;
};

const inOrder = (indexes: ReadonlySet<number>): readonly number[] =>
  [...indexes].sort((a, b) => a - b);

const tooLarge = (what: string): AppendOutcome => ({
  kind: "too-large",
  error: invalid("TooLarge", `Cannot be written as one: ${what}. Split it.`),
});
