/**
 * One commit in the making: ops are numbered and applied to memory as they are added, so that a
 * later one sees the earlier; at the end they are encoded for the journal as a whole, or all is
 * taken back. Nothing else adds ops of this device.
 */
import type { Dot, Path, Stamp, Time, Value } from "../core/base/types.ts";
import type { HybridClock } from "../core/clock/hybrid.ts";
import type { Change } from "../core/doc/change.ts";
import { makeDelete, makeReissue, makeWrite } from "../core/doc/diff.ts";
import { isAlive } from "../core/doc/state.ts";
import type { JournalPart } from "../core/journal/record.ts";
import { EncodedInsert } from "../core/doc/insert.ts";
import type { OwnOp, RunOp } from "../core/segment/cut.ts";
import type { RowsReader } from "../core/wire/rowsReader.ts";
import { append, appendInsert, createBatch, type Batch } from "./append.ts";
import type { Home } from "./home.ts";
import { DamagedPage, PageMiss } from "./pages/pageMiss.ts";
import type { OwnWriter, Placing } from "./writer.ts";

export interface StampedLeaf {
  readonly path: Path;
  readonly value: Value;
  readonly stamp: Stamp;
}

export interface Draft {
  /** What the ops so far changed, by home. */
  readonly batch: Batch;
  /** Writes a document, giving birth to it where it does not live. False: nothing would change. */
  write(home: Home, id: string, changes: readonly Change[]): boolean;
  /** A document as a page sent it, where nothing was, not even a deleted one. */
  insert(home: Home, id: string, rows: RowsReader, row: number): void;
  /** False: it does not live here. */
  remove(home: Home, id: string): boolean;
  /**
   * Writes a document of another home into this one, a birth of its own; values rank by their first
   * stamps.
   */
  reissue(home: Home, id: string, leaves: readonly StampedLeaf[]): void;
  /** An op made elsewhere, under the dot and time that it gets here; null: none is made. */
  put(home: Home, make: (dot: Dot, time: Time) => OwnOp | null): void;
  /** Runs when the draft is taken back, latest first: for what is not a document. */
  onUndo(undo: () => void): void;
  /** Runs when the journal has kept the draft. */
  onDurable(run: () => void): void;
  /**
   * For the journal; empty if nothing changed. Throws `TooLarge` or `TransactionTooLarge`. Called
   * once.
   */
  encode(placing: Placing): readonly JournalPart[];
  /** The journal has kept it. */
  durable(): void;
  /** Numbers, runs and what is not a document, as before; the documents are the caller's. */
  rewind(): void;
}

export interface DraftDeps {
  readonly clock: HybridClock;
  /** This device's writer in a home; a new incarnation begins where none is. */
  readonly writerOf: (home: Home) => OwnWriter;
}

interface Numbered {
  readonly dot: Dot;
  readonly time: Time;
}

interface Written {
  readonly writer: OwnWriter;
  /** n of its first op in this draft. */
  readonly first: number;
  readonly ops: RunOp[];
}

export const beginDraft = (deps: DraftDeps): Draft => {
  const batch = createBatch();
  const { written, take, nextIn } = createNumbers(deps);
  const undos: (() => void)[] = [];
  const afterwards: (() => void)[] = [];

  const add = (home: Home, op: OwnOp): void => {
    take(home, op);
    append(home, op, batch);
  };

  return {
    batch,
    write(home, id, changes) {
      const state = home.documents.get(id);
      const op = makeWrite({ id, state, ...nextIn(home) }, changes, { birth: !isAlive(state) });
      if (op !== null) add(home, op);
      return op !== null;
    },
    insert(home, id, rows, row) {
      const insert = new EncodedInsert({ rows, row, id, ...nextIn(home) });
      take(home, insert);
      appendInsert(home, insert, batch);
    },
    remove(home, id) {
      const state = home.documents.get(id);
      if (!isAlive(state)) return false;
      const op = makeDelete({ id, state, ...nextIn(home) });
      if (op !== null) add(home, op);
      return op !== null;
    },
    reissue(home, id, leaves) {
      const next = numbering(nextIn(home).dot, deps.clock);
      for (const op of makeReissue(id, leaves, next)) add(home, op);
    },
    put(home, make) {
      const { dot, time } = nextIn(home);
      const op = make(dot, time);
      if (op !== null) add(home, op);
    },
    onUndo: (undo) => void undos.push(undo),
    onDurable: (run) => void afterwards.push(run),
    encode: (placing) =>
      [...written.values()].flatMap(({ writer, ops }) =>
        ops.length === 0 ? [] : writer.append(ops, placing),
      ),
    durable() {
      for (const { writer, first, ops } of written.values()) writer.durable(first + ops.length - 1);
      for (const run of afterwards) run();
    },
    rewind() {
      for (const { writer, first } of written.values()) writer.rewind(first);
      for (const undo of undos.reverse()) undo();
    },
  };
};

/** Which numbers the draft uses up, and for what. */
interface Numbers {
  readonly written: ReadonlyMap<Home, Written>;
  readonly nextIn: (home: Home) => Numbered;
  readonly take: (home: Home, op: RunOp) => void;
}

const createNumbers = ({ writerOf, clock }: DraftDeps): Numbers => {
  const written = new Map<Home, Written>();
  const writtenIn = (home: Home): Written => {
    const known = written.get(home);
    if (known !== undefined) return known;
    // What its documents name is not what the tree calls it: they are read anew first
    if (home.isRenamed) throw new PageMiss(() => Promise.reject(new DamagedPage(home.scope)));
    const writer = writerOf(home);
    const fresh = { writer, first: writer.next().n, ops: [] };
    written.set(home, fresh);
    return fresh;
  };
  return {
    written,
    nextIn: (home) => ({ dot: writtenIn(home).writer.next(), time: clock.next() }),
    take(home, op) {
      const { writer, ops } = writtenIn(home);
      writer.take();
      ops.push(op);
    },
  };
};

/** Names and times for ops that are made before any of them is added. */
const numbering = (first: Dot, clock: HybridClock): (() => Numbered) => {
  let { n } = first;
  return () => ({ dot: { writer: first.writer, n: n++ }, time: clock.next() });
};
