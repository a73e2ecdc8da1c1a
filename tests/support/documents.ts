/**
 * One document that several writers edit, for tests that read like a story: each write is made from
 * what its writer sees, which is everything unless a test says otherwise.
 */
import type { Dot } from "../../src/core/base/types.ts";
import type { Change } from "../../src/core/doc/change.ts";
import { makeDelete, makeWrite } from "../../src/core/doc/diff.ts";
import { applyOp } from "../../src/core/doc/merge.ts";
import { readDocument, type DocumentView } from "../../src/core/doc/read.ts";
import type { ReadOptions } from "../../src/core/doc/resolve.ts";
import type { DocumentState } from "../../src/core/doc/state.ts";
import type { DeleteOp, Op, WriteOp } from "../../src/core/op/types.ts";
import { timeOf, writerOf } from "./model.ts";

export interface WriteOptions {
  readonly birth?: boolean;
  /** What the writer sees; `null`: nothing. */
  readonly view?: DocumentState | null;
  /** Of the op, in ms; otherwise later than all before. */
  readonly at?: number;
}

/** Nothing is ahead of this clock. */
export const readAll: ReadOptions = { strategy: "last-write-wins", now: 1e12 };

export const createTestDocument = (id = "document") => {
  const numbers = new Map<string, number>();
  let state: DocumentState | null = null;
  let clock = 0;

  const nextDot = (who: string): Dot => {
    const n = (numbers.get(who) ?? 0) + 1;
    numbers.set(who, n);
    return { writer: writerOf(who), n };
  };
  const contextOf = (who: string, { view, at }: WriteOptions) => {
    clock = Math.max(clock + 1, at ?? 0);
    const seen = view === undefined ? state : view;
    return { id, state: seen, dot: nextDot(who), time: timeOf(at ?? clock) };
  };
  const apply = <T extends Op>(op: T | null): T => {
    if (op === null) throw new Error("nothing was written");
    state = applyOp(state, op);
    return op;
  };

  return {
    state: () => state,
    apply,
    /** Throws if the changes change nothing. */
    write: (who: string, changes: readonly Change[], options: WriteOptions = {}): WriteOp =>
      apply(makeWrite(contextOf(who, options), changes, { birth: options.birth ?? false })),
    /** What would be written, or null. */
    draft: (who: string, changes: readonly Change[], options: WriteOptions = {}): WriteOp | null =>
      makeWrite(contextOf(who, options), changes, { birth: options.birth ?? false }),
    remove: (who: string, options: WriteOptions = {}): DeleteOp =>
      apply(makeDelete(contextOf(who, options))),
    view: (options: Partial<ReadOptions> = {}): DocumentView => {
      const view = readDocument(state, { ...readAll, ...options });
      if (view === null) throw new Error("the document is not alive");
      return view;
    },
    /** All fields but the id. */
    fields: (options: Partial<ReadOptions> = {}): Record<string, unknown> | null => {
      const view = readDocument(state, { ...readAll, ...options });
      if (view === null) return null;
      return Object.fromEntries(Object.entries(view.fields).filter(([name]) => name !== "id"));
    },
  };
};
