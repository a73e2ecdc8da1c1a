/**
 * This device as a writer in one scope: one incarnation, whose numbers are never used twice. Ops are numbered when they
 * are decided, encoded into runs when their commit is complete, and cut into segments later.
 */
import { NebulusError } from "../core/base/errors.ts";
import { assert } from "../core/base/result.ts";
import type { Dot, HeaderHash, ScopeId, Time, WriterId } from "../core/base/types.ts";
import type { CborItem } from "../core/cbor/item.ts";
import type { JournalPart } from "../core/journal/record.ts";
import { OpenRun, type OwnOp, type RunPart } from "../core/segment/cut.ts";
import { openingToItem, type Opening } from "../core/segment/header.ts";
import type { SegmentDraft } from "../core/segment/seal.ts";
import type { ControlHead } from "../core/network/control.ts";
import type { Place } from "../core/segment/tree.ts";

/** `apart`: ops may stand in several segments. `together`: one transaction, which stands in one. */
export type Placing = "apart" | "together";

export interface OwnWriter {
  readonly id: WriterId;
  /** The dot of the op to come. */
  next(): Dot;
  /** Uses up the dot that `next` gave. */
  take(): void;
  /** Encodes ops whose dots were taken, in order. Throws `TooLarge` or `TransactionTooLarge`; then rewind. */
  append(ops: readonly OwnOp[], placing: Placing): readonly JournalPart[];
  /** As if no op from n on had been taken. */
  rewind(n: number): void;
  /** Ops up to n are in the journal for good. */
  durable(n: number): void;
  /** A commit that the journal kept. */
  restore(part: JournalPart, lastTime: Time): void;
  /** Runs not yet cut, oldest first. */
  pending(): readonly OpenRun[];
  pendingOps(): number;
  /** The oldest run, closed, if it can be cut: full, or any that is durable where `all` is asked for. */
  nextToCut(all: boolean): OpenRun | null;
  draftOf(run: OpenRun, controlHead: ControlHead | null): SegmentDraft;
  /** The run became a segment: what is cut next follows it. */
  cut(run: OpenRun, header: HeaderHash): void;
}

export interface OwnWriterDeps {
  readonly scope: ScopeId;
  readonly id: WriterId;
  /** What the first segment says about the writer; null once that is cut. */
  readonly opening: Opening | null;
  /** The last segment that was cut, null before the first. */
  readonly head: { readonly n: number; readonly hash: HeaderHash } | null;
  readonly locate: (dot: Dot) => Place | null;
}

interface HeldRun {
  run: OpenRun;
  /** As the journal has them: brings the run back to an earlier n. */
  readonly parts: { readonly first: number; readonly part: RunPart; readonly lastTime: Time }[];
}

export const createOwnWriter = (deps: OwnWriterDeps): OwnWriter => {
  const { id, scope, locate } = deps;
  let previous = deps.head?.hash ?? null;
  let nextN = (deps.head?.n ?? 0) + 1;
  let durableN = nextN - 1;
  let held: HeldRun[] = [];
  /** The last run takes no more ops: it is being cut. */
  let closed = true;

  const begin = (first: number, baseTime: Time): HeldRun => {
    const run = new OpenRun({ writer: id, first, baseTime, locate });
    const fresh: HeldRun = { run, parts: [] };
    held.push(fresh);
    closed = false;
    return fresh;
  };

  /** One group into the open run, or into a new one. */
  const appendGroup = (group: readonly OwnOp[], placing: Placing): JournalPart => {
    const [op] = group;
    assert(op !== undefined, "a group holds an op");
    const open = closed ? undefined : held.at(-1);
    const added = open === undefined ? null : tryAppend(open, group, placing, false);
    if (added !== null) return added;
    const fresh = begin(op.dot.n, op.time);
    const first = tryAppend(fresh, group, placing, true);
    assert(first !== null, "an empty run is not full");
    return first;
  };

  const tryAppend = (
    into: HeldRun,
    group: readonly OwnOp[],
    placing: Placing,
    isNew: boolean,
  ): JournalPart | null => {
    const first = into.run.nextN;
    const outcome = into.run.append(group);
    if (outcome.kind === "full") return null;
    if (outcome.kind === "too-large") {
      if (isNew) held.pop();
      closed = true;
      throw placing === "together" && group.length > 1 ? transactionTooLarge() : outcome.error;
    }
    const lastTime = group.at(-1)?.time ?? into.run.baseTime;
    into.parts.push({ first, part: outcome.part, lastTime });
    const { run } = into;
    const start = isNew ? { first, time: run.baseTime, opening: openingAt(first) } : null;
    return { scope, writer: id, first, start, ...outcome.part };
  };

  const openingAt = (n: number): CborItem => {
    if (n > 1) return null;
    assert(deps.opening !== null, "a new writer has an opening");
    return openingToItem(deps.opening);
  };

  /** The run as it was before op n was appended. */
  const shorten = (run: HeldRun, n: number): void => {
    const { first, baseTime } = run.run;
    run.run = new OpenRun({ writer: id, first, baseTime, locate });
    const kept = run.parts.findIndex((each) => each.first >= n);
    if (kept >= 0) run.parts.length = kept;
    for (const { part, lastTime } of run.parts) run.run.restore(part, lastTime);
  };

  return {
    id,
    next: () => ({ writer: id, n: nextN }),
    take: () => {
      nextN += 1;
    },
    append: (ops, placing) =>
      mergeParts(
        (placing === "together" ? [ops] : ops.map((op) => [op])).map((group) =>
          appendGroup(group, placing),
        ),
      ),
    rewind(n) {
      nextN = n;
      const before = held.length;
      held = held.filter(({ run }) => run.first < n);
      if (held.length < before) closed = true;
      const last = held.at(-1);
      if (last !== undefined && last.run.nextN > n) shorten(last, n);
    },
    durable: (n) => {
      durableN = Math.max(durableN, n);
    },
    restore(part, lastTime) {
      const last = part.start === null ? held.at(-1) : begin(part.first, part.start.time);
      assert(last?.run.nextN === part.first, "the journal has no gaps");
      last.run.restore(part, lastTime);
      last.parts.push({ first: part.first, part, lastTime });
      nextN = part.first + part.ops.length;
      durableN = nextN - 1;
    },
    pending: () => held.map(({ run }) => run),
    pendingOps: () => held.reduce((sum, { run }) => sum + run.count, 0),
    nextToCut(all) {
      const [oldest] = held;
      if (oldest === undefined || oldest.run.nextN - 1 > durableN) return null;
      const isLast = held.length === 1 && !closed;
      if (isLast && !all && !oldest.run.isDue) return null;
      if (isLast) closed = true;
      return oldest.run;
    },
    draftOf: (run, controlHead) =>
      run.toDraft({ previous, opening: run.first === 1 ? deps.opening : null, controlHead }),
    cut(run, header) {
      const done = held.shift();
      assert(done?.run === run, "runs are cut in order");
      previous = header;
    },
  };
};

/** Neighbours in one run as one part: what a bulk insert adds is one entry of the journal a segment. */
const mergeParts = (parts: readonly JournalPart[]): readonly JournalPart[] => {
  const merged: { -readonly [Key in keyof JournalPart]: JournalPart[Key] }[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (last === undefined || part.start !== null) {
      merged.push({ ...part, paths: [...part.paths], rows: [...part.rows], ops: [...part.ops] });
      continue;
    }
    last.paths = [...last.paths, ...part.paths];
    last.rows = [...last.rows, ...part.rows];
    last.ops = [...last.ops, ...part.ops];
  }
  return merged;
};

const transactionTooLarge = (): NebulusError =>
  new NebulusError({
    code: "TransactionTooLarge",
    message:
      "A transaction takes at most 4,096 writes and 1 MiB a collection: split it, or use a batch.",
    retryable: false,
    outcome: "not committed",
  });
