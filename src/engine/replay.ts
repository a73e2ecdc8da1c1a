/**
 * Opening: memory is rebuilt from the log. Stored segments first, in causal order; then what the
 * journal kept of this device's ops that are not cut yet. The same code reads one home anew when a
 * fork renamed ops.
 */
import { assert } from "../core/base/result.ts";
import type { HeaderHash, Time } from "../core/base/types.ts";
import { addDelta } from "../core/clock/hybrid.ts";
import { decodeCommit, type Commit, type JournalPart } from "../core/journal/record.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import { decodeBody, deltaOf } from "../core/segment/body.ts";
import { nameAt } from "../core/segment/branches.ts";
import type { OpenRun } from "../core/segment/cut.ts";
import { deliverStored } from "../core/segment/deliver.ts";
import { parseSegment, type DeliveredSegment } from "../core/segment/segment.ts";
import type { SegmentNames } from "../core/segment/tree.ts";
import type { Store } from "../storage/store.ts";
import { append, createBatch, type Batch } from "./append.ts";
import { emptyHome, noteProof, writersOf, type Home } from "./home.ts";
import { resumeWriter } from "./incarnation.ts";
import type { Ingest } from "./ingest.ts";
import { endsAt, type PresentWriter } from "./present.ts";
import { isOwnOp, type PendingOp } from "./reissue.ts";
import type { OwnWriter } from "./writer.ts";

/** The journal's records. One that can not be read is told, and what it held is missing. */
export const readJournal = async (
  store: Store,
  damage: (what: string) => void,
): Promise<{ readonly commits: readonly Commit[]; readonly lastSequence: number }> => {
  const commits: Commit[] = [];
  let lastSequence = store.absorbedSequence;
  for await (const { sequence, payload } of store.journal()) {
    lastSequence = sequence;
    const commit = decodeCommit(payload);
    if (commit.ok) commits.push(commit.value);
    else damage(`journal ${String(sequence)}: ${commit.error.what}`);
  }
  return { commits, lastSequence };
};

/** Everything of a home that the store holds as segments, delivered and read, apart from it. */
export const readStored = async (
  home: Home,
  store: Store,
  ingest: Pick<Ingest, "readAll">,
  damage: (what: string) => void = () => undefined,
): Promise<Home> => {
  const fresh = emptyHome(home);
  const segments = new Map<HeaderHash, DeliveredSegment>();
  for await (const { key, bytes } of store.segments(home.scope)) {
    const parsed = parseSegment(bytes);
    const delivered = parsed.ok ? deliverStored(parsed.value, fresh.tree) : null;
    if (delivered === null) {
      const reason = parsed.ok ? "stored-without-predecessor" : parsed.error;
      fresh.counters.count("refused", reason);
      damage(`segment ${key.writer} ${String(key.first)} of "${home.collection}": ${reason}`);
      continue;
    }
    fresh.tree.add(delivered);
    noteProof(fresh, delivered);
    segments.set(delivered.headerHash, delivered);
  }
  queueInOrder(fresh, segments);
  await ingest.readAll(fresh, (header) => Promise.resolve(segments.get(header) ?? null));
  return fresh;
};

/**
 * The reading queue takes a segment after all that it builds on, whatever order the store has them
 * in.
 */
const queueInOrder = (home: Home, segments: ReadonlyMap<HeaderHash, DeliveredSegment>): void => {
  const queued = new Set<HeaderHash>();
  for (const root of segments.keys()) {
    const path = [root];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const segment = segments.get(at);
      const before = segment === undefined ? undefined : firstUnqueued(home, segment, queued);
      if (before !== undefined && segments.has(before)) {
        path.push(before);
        continue;
      }
      path.pop();
      if (segment === undefined || queued.has(at)) continue;
      queued.add(at);
      home.reading.add(at, segment.header);
    }
  }
};

const firstUnqueued = (
  home: Home,
  { header }: DeliveredSegment,
  queued: ReadonlySet<HeaderHash>,
): HeaderHash | undefined => {
  const { previous, rows } = header;
  if (previous !== null && !queued.has(previous)) return previous;
  for (const row of rows) {
    const hash = home.tree.find(row.writer, row.header)?.hash;
    if (hash !== undefined && !queued.has(hash)) return hash;
  }
  return undefined;
};

export interface RestoredWriter {
  /** With all that no stored segment holds yet and can be read. */
  readonly writer: OwnWriter;
  /** False: its log was not found as it was left, so it must not go on. */
  readonly isWhole: boolean;
}

/**
 * The incarnation that wrote last, from the journal's parts in the order in which they were written
 * and from what is noted of it. null: there is none.
 */
export const restoreWriter = (
  home: Home,
  parts: readonly JournalPart[],
  noted: PresentWriter | null,
): RestoredWriter | null => {
  const id = parts.at(-1)?.writer ?? noted?.writer;
  if (id === undefined) return null;
  // What an earlier one did not cut was written anew by the next: nothing else ends one.
  const own = parts.filter(({ writer }) => writer === id);
  const present = noted?.writer === id ? noted : { writer: id, head: null };
  // It began and never wrote.
  if (own.length === 0 && present.head === null) return null;
  const writer = resumeWriter(home, present, own[0]?.start?.opening ?? null);
  let isWhole = endsAt(home, present);
  let lastTime: Time | null = null;
  for (const part of own) {
    const { start, first } = part;
    const { n } = writer.next();
    // Stored already: the journal is let go of later than segments are cut.
    if (first < n) continue;
    if (first > n) isWhole = false;
    const before: Time | null = start === null ? lastTime : start.time;
    if (before === null || (start === null && first !== n)) {
      // The beginning of its run is lost, and with it what its paths and rows are.
      isWhole = false;
      home.counters.count("refused", "journal-without-beginning", part.ops.length);
      continue;
    }
    lastTime = timeAfter(part, before);
    writer.restore(part, lastTime);
  }
  return { writer, isWhole };
};

/** Of the part's last op. The first op of a run has the run's own time. */
const timeAfter = ({ ops, start }: JournalPart, before: Time): Time => {
  let time = before;
  ops.forEach((op, index) => {
    if (index === 0 && start !== null) return;
    const next = addDelta(time, deltaOf(op));
    assert(next !== null, "this device's times are within bounds");
    time = next;
  });
  return time;
};

/** Applies what this device wrote and did not cut: nothing delivered names it, so it comes last. */
export const readPending = (home: Home): Batch => {
  const batch = createBatch();
  for (const writer of writersOf(home)) {
    for (const run of writer.pending()) {
      for (const op of opsOf(home, writer, run)) append(home, op, batch);
    }
  }
  return batch;
};

/** The same ops, to be written anew. */
export const pendingOps = (home: Home): readonly PendingOp[] =>
  writersOf(home).flatMap((writer) =>
    writer.pending().flatMap((run) => {
      const plain = opsOf(home, writer, run, () => writer.id);
      return opsOf(home, writer, run).flatMap((op, index) => {
        const same = plain[index];
        return same !== undefined && isOwnOp(op) && isOwnOp(same) ? [{ op, plain: same }] : [];
      });
    }),
  );

const opsOf = (
  home: Home,
  writer: OwnWriter,
  run: OpenRun,
  own = ownNames(home, writer),
): readonly (Op | NoOp)[] => {
  const { body, rows, first, count, time } = writer.draftOf(run, null);
  const names: SegmentNames = {
    own,
    row(index, n) {
      const row = rows[index - 1];
      assert(row !== undefined, "own ops name rows of their table");
      const node = home.tree.find(row.writer, row.header);
      return node === null ? row.writer : nameAt(node, n);
    },
  };
  return decodeBody(body, { first, count, time, rows }, names);
};

/** What is cut may go by another name since a fork of this device; what is not cut has its own. */
const ownNames = ({ tree }: Home, { id, head }: OwnWriter): SegmentNames["own"] => {
  const node = head === null ? null : tree.get(head);
  return (n) => (node !== null && n < node.first + node.count ? nameAt(node, n) : id);
};
