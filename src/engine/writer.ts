/**
 * This device as a writer in one scope: one incarnation, whose numbers are never used twice. Ops
 * are numbered when they are decided, encoded into runs when their commit is complete, and cut into
 * segments later.
 */
import { NebulusError } from "../core/base/errors.ts";
import { assert } from "../core/base/result.ts";
import type { Dot, HeaderHash, ScopeId, Time, WriterId } from "../core/base/types.ts";
import type { CborItem } from "../core/cbor/item.ts";
import type { JournalPart } from "../core/journal/record.ts";
import type { EncodedInsert } from "../core/doc/insert.ts";
import { OpenRun, type RunOp, type RunPart } from "../core/segment/cut.ts";
import { openingToItem, type Opening } from "../core/segment/header.ts";
import type { SegmentDraft } from "../core/segment/seal.ts";
import type { ControlHead } from "../core/network/control.ts";
import type { Place } from "../core/segment/tree.ts";

/** `apart`: ops may stand in several segments. `together`: one transaction, which stands in one. */
export type Placing = "apart" | "together";

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

/** A class, because every write of this device passes through it. */
export class OwnWriter {
  readonly id: WriterId;
  private readonly deps: OwnWriterDeps;
  private previous: HeaderHash | null;
  private nextN: number;
  private durableN: number;
  private held: HeldRun[] = [];
  /** How many of the oldest runs are sealed and maybe not stored, and the last one's header. */
  private sealedRuns = 0;
  private sealedTip: HeaderHash | null = null;
  /** The last run takes no more ops: it is being cut, or another one failed to begin. */
  private isClosed = true;

  constructor(deps: OwnWriterDeps) {
    this.deps = deps;
    this.id = deps.id;
    this.previous = deps.head?.hash ?? null;
    this.nextN = (deps.head?.n ?? 0) + 1;
    this.durableN = this.nextN - 1;
  }

  /** The last segment that was cut. */
  get head(): HeaderHash | null {
    return this.previous;
  }

  /** The dot of the op to come. */
  next(): Dot {
    return { writer: this.id, n: this.nextN };
  }

  /** Uses up the dot that `next` gave. */
  take(): void {
    this.nextN += 1;
  }

  /**
   * Encodes ops whose dots were taken, in order. Throws `TooLarge` or `TransactionTooLarge`; then
   * rewind.
   */
  append(ops: readonly RunOp[], placing: Placing): readonly JournalPart[] {
    if (placing === "apart" && ops.every((op) => op.kind === "insert")) {
      return this.appendInserts(ops);
    }
    const groups = placing === "together" ? [ops] : ops.map((op) => [op]);
    return mergeParts(groups.map((group) => this.appendGroup(group, placing)));
  }

  /** As if no op from n on had been taken. */
  rewind(n: number): void {
    this.nextN = n;
    const kept = this.held.filter(({ run }) => run.first < n);
    if (kept.length < this.held.length) this.isClosed = true;
    this.held = kept;
    const last = kept.at(-1);
    if (last !== undefined && last.run.nextN > n) this.shorten(last, n);
  }

  /** Ops up to n are in the journal for good. */
  durable(n: number): void {
    this.durableN = Math.max(this.durableN, n);
  }

  /** What comes next begins a run. */
  close(): void {
    this.isClosed = true;
  }

  /**
   * A commit that the journal kept. Where records before it are lost it begins a run that is no
   * whole one, and is never cut: this incarnation ends.
   */
  restore(part: JournalPart, lastTime: Time): void {
    const { first, runFirst, time } = part;
    const open = first === runFirst ? undefined : this.held.at(-1);
    const into = open?.run.nextN === first ? open : this.begin(first, time);
    into.run.restore(part, lastTime);
    into.parts.push({ first, part, lastTime });
    this.nextN = part.first + part.ops.length;
    this.durableN = this.nextN - 1;
  }

  /** Runs not yet cut, oldest first. */
  pending(): readonly OpenRun[] {
    return this.held.map(({ run }) => run);
  }

  pendingOps(): number {
    return this.held.reduce((sum, { run }) => sum + run.count, 0);
  }

  /**
   * Whether sealed runs may be stored or not: then nothing may follow them before the database is
   * opened again.
   */
  get isInDoubt(): boolean {
    return this.sealedRuns > 0;
  }

  /** The oldest run not sealed, closed, if all of it is durable. */
  nextToCut(): OpenRun | null {
    const oldest = this.held[this.sealedRuns];
    if (oldest === undefined || oldest.run.nextN - 1 > this.durableN) return null;
    const isOpen = this.held.length === this.sealedRuns + 1 && !this.isClosed;
    if (isOpen) this.isClosed = true;
    return oldest.run;
  }

  draftOf(run: OpenRun, controlHead: ControlHead | null): SegmentDraft {
    const opening = run.first === 1 ? this.deps.opening : null;
    const previous = this.sealedTip ?? this.previous;
    return run.toDraft({ previous, opening, controlHead });
  }

  /** The run became a segment: what is sealed next follows it. */
  sealed(run: OpenRun, header: HeaderHash): void {
    assert(this.held[this.sealedRuns]?.run === run, "runs are cut in order");
    this.sealedRuns += 1;
    this.sealedTip = header;
  }

  /** What was sealed is stored: the store has these ops now, not the writer. */
  stored(): void {
    this.held.splice(0, this.sealedRuns);
    this.previous = this.sealedTip ?? this.previous;
    this.unsealed();
  }

  /** What was sealed is not stored, and will be sealed anew. */
  unsealed(): void {
    this.sealedRuns = 0;
    this.sealedTip = null;
  }

  private begin(first: number, baseTime: Time): HeldRun {
    const run = new OpenRun({ writer: this.id, first, baseTime, locate: this.deps.locate });
    const fresh: HeldRun = { run, parts: [] };
    this.held.push(fresh);
    this.isClosed = false;
    return fresh;
  }

  /** What a bulk insert adds: a part for each run that it fills. */
  private appendInserts(inserts: readonly EncodedInsert[]): readonly JournalPart[] {
    const parts: JournalPart[] = [];
    for (let at = 0; at < inserts.length;) {
      const open = this.isClosed ? undefined : this.held.at(-1);
      const part =
        (open === undefined ? null : this.tryInserts(open, inserts, at)) ??
        this.tryInserts(this.beginWith(inserts[at]), inserts, at);
      if (part === null) {
        // The empty run is not kept, and the group's own way says why it fits none
        this.held.pop();
        this.isClosed = true;
        parts.push(...inserts.slice(at, at + 1).map((one) => this.appendGroup([one], "apart")));
        at += 1;
        continue;
      }
      parts.push(part);
      at += part.ops.length;
    }
    return parts;
  }

  private beginWith(first: EncodedInsert | undefined): HeldRun {
    assert(first !== undefined, "a run begins with an op");
    return this.begin(first.dot.n, first.time);
  }

  private tryInserts(
    into: HeldRun,
    inserts: readonly EncodedInsert[],
    from: number,
  ): JournalPart | null {
    const { run } = into;
    const first = run.nextN;
    const part = run.appendInserts(inserts, from);
    if (part === null) return null;
    const time = inserts[from]?.time ?? run.baseTime;
    const lastTime = inserts[from + part.ops.length - 1]?.time ?? time;
    return this.partOf(into, { first, part, lastTime }, time);
  }

  /** `time`: of its first op. */
  private partOf(into: HeldRun, added: HeldRun["parts"][number], time: Time): JournalPart {
    const { first, part } = added;
    into.parts.push(added);
    const { first: runFirst } = into.run;
    const names = { scope: this.deps.scope, writer: this.id };
    return { ...names, first, runFirst, time, opening: this.openingAt(first), ...part };
  }

  /** One group into the open run, or into a new one. */
  private appendGroup(group: readonly RunOp[], placing: Placing): JournalPart {
    const [op] = group;
    assert(op !== undefined, "a group holds an op");
    const open = this.isClosed ? undefined : this.held.at(-1);
    const added = open === undefined ? null : this.tryAppend(open, group, placing, false);
    if (added !== null) return added;
    const first = this.tryAppend(this.begin(op.dot.n, op.time), group, placing, true);
    assert(first !== null, "an empty run is not full");
    return first;
  }

  private tryAppend(
    into: HeldRun,
    group: readonly RunOp[],
    placing: Placing,
    isNew: boolean,
  ): JournalPart | null {
    const { run } = into;
    const first = run.nextN;
    const outcome = run.append(group);
    if (outcome.kind === "full") return null;
    if (outcome.kind === "too-large") {
      if (isNew) this.held.pop();
      this.isClosed = true;
      throw placing === "together" && group.length > 1 ? transactionTooLarge() : outcome.error;
    }
    const time = group[0]?.time ?? run.baseTime;
    const lastTime = group.at(-1)?.time ?? time;
    return this.partOf(into, { first, part: outcome.part, lastTime }, time);
  }

  private openingAt(n: number): CborItem {
    if (n > 1) return null;
    assert(this.deps.opening !== null, "a new writer has an opening");
    return openingToItem(this.deps.opening);
  }

  /** The run as it was before op n was appended. */
  private shorten(into: HeldRun, n: number): void {
    const { first, baseTime } = into.run;
    into.run = new OpenRun({ writer: this.id, first, baseTime, locate: this.deps.locate });
    const gone = into.parts.findIndex((each) => each.first >= n);
    if (gone >= 0) into.parts.length = gone;
    for (const { part, lastTime } of into.parts) into.run.restore(part, lastTime);
  }
}

/**
 * Neighbours in one run as one part: what a bulk insert adds is one entry of the journal a segment.
 */
const mergeParts = (parts: readonly JournalPart[]): readonly JournalPart[] => {
  const merged: Merged[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (last === undefined || part.first === part.runFirst) {
      merged.push({ part, paths: new Map(), rows: new Map(), ops: [] });
    }
    const into = merged.at(-1);
    assert(into !== undefined, "there is one by now");
    for (const path of part.paths) into.paths.set(path.index, path);
    for (const row of part.rows) into.rows.set(row.index, row);
    into.ops.push(...part.ops);
  }
  return merged.map(({ part, paths, rows, ops }) => ({
    ...part,
    ...{ paths: [...paths.values()], rows: [...rows.values()], ops },
  }));
};

/** Of this function alone until it returns, so that they may grow. */
interface Merged {
  /** The first. */
  readonly part: JournalPart;
  readonly paths: Map<number, JournalPart["paths"][number]>;
  readonly rows: Map<number, JournalPart["rows"][number]>;
  readonly ops: JournalPart["ops"][number][];
}

const transactionTooLarge = (): NebulusError =>
  new NebulusError({
    code: "TransactionTooLarge",
    message:
      "A transaction takes at most 4,096 writes and 1 MiB a collection: split it, or use a batch.",
    retryable: false,
    outcome: "not committed",
  });
