/**
 * Opening: memory is rebuilt from the log. Stored segments first, in causal order; then what the
 * journal kept of this device's ops that are not cut yet. The same code reads one home anew when a
 * fork renamed ops.
 */
import { NebulusError } from "../core/base/errors.ts";
import { assert } from "../core/base/result.ts";
import type { HeaderHash, ScopeId, Time, WriterId } from "../core/base/types.ts";
import { addDelta } from "../core/clock/hybrid.ts";
import { decodeCommit, type Commit, type JournalPart } from "../core/journal/record.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import { decodeBody, deltaOf } from "../core/segment/body.ts";
import { nameAt } from "../core/segment/branches.ts";
import type { OpenRun, OwnOp } from "../core/segment/cut.ts";
import { deliverStored } from "../core/segment/deliver.ts";
import { parseSegment, type DeliveredSegment } from "../core/segment/segment.ts";
import type { SegmentNames } from "../core/segment/tree.ts";
import type { Store } from "../storage/store.ts";
import { append, createBatch, type Batch } from "./append.ts";
import { emptyHome, noteProof, writersOf, type Home } from "./home.ts";
import { resumeWriter } from "./incarnation.ts";
import type { Ingest } from "./ingest.ts";
import type { OwnWriter } from "./writer.ts";

/** Reads the journal's records; one that can not be read is damage that opening must show. */
export const readCommits = async (store: Store): Promise<readonly Commit[]> => {
  const commits: Commit[] = [];
  for await (const { sequence, payload } of store.journal()) {
    const commit = decodeCommit(payload);
    if (!commit.ok) throw unreadableRecord(sequence);
    commits.push(commit.value);
  }
  return commits;
};

/** Everything of a home that the store holds as segments, delivered and read. */
export const loadSegments = async (
  home: Home,
  store: Store,
  ingest: Pick<Ingest, "readAll">,
): Promise<void> => {
  emptyHome(home);
  const segments = new Map<HeaderHash, DeliveredSegment>();
  for await (const { bytes } of store.segments(home.scope)) {
    const parsed = parseSegment(bytes);
    const delivered = parsed.ok ? deliverStored(parsed.value, home.tree) : null;
    if (delivered === null) {
      home.counters.count("refused", parsed.ok ? "stored-without-predecessor" : parsed.error);
      continue;
    }
    home.tree.add(delivered);
    noteProof(home, delivered);
    segments.set(delivered.headerHash, delivered);
  }
  queueInOrder(home, segments);
  await ingest.readAll(home, (header) => Promise.resolve(segments.get(header) ?? null));
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

/**
 * Parts of the journal that no stored segment holds yet, by writer, in the order in which they were
 * written.
 */
export const restoreWriters = (
  home: Home,
  parts: readonly JournalPart[],
): ReadonlyMap<WriterId, OwnWriter> => {
  const writers = new Map<WriterId, OwnWriter>();
  const lastTimes = new Map<WriterId, Time>();
  for (const part of parts) {
    const { writer: id, start, first } = part;
    const writer = writers.get(id) ?? resumeWriter(home, id, start?.opening ?? null);
    writers.set(id, writer);
    // Stored already: the journal is let go of later than segments are cut.
    if (first < writer.next().n) continue;
    if (first > writer.next().n) throw gapInJournal(home.scope);
    const before = start === null ? lastTimes.get(id) : start.time;
    assert(before !== undefined, "a run begins with its time");
    const lastTime = timeAfter(part, before);
    writer.restore(part, lastTime);
    lastTimes.set(id, lastTime);
  }
  return writers;
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
export const pendingOps = (home: Home): readonly OwnOp[] =>
  writersOf(home).flatMap((writer) =>
    writer
      .pending()
      .flatMap((run) => opsOf(home, writer, run))
      .filter((op) => op.kind === "write" || op.kind === "delete"),
  );

const opsOf = (home: Home, writer: OwnWriter, run: OpenRun): readonly (Op | NoOp)[] => {
  const { body, rows, first, count, time } = writer.draftOf(run, null);
  const names: SegmentNames = {
    own: () => writer.id,
    row(index, n) {
      const row = rows[index - 1];
      assert(row !== undefined, "own ops name rows of their table");
      const node = home.tree.find(row.writer, row.header);
      return node === null ? row.writer : nameAt(node, n);
    },
  };
  return decodeBody(body, { first, count, time, rows }, names);
};

const unreadableRecord = (sequence: number): NebulusError =>
  new NebulusError({
    code: "StorageFailed",
    message: `Record ${String(sequence)} of the journal can not be read. Restore a backup.`,
    retryable: false,
    path: `journal/${String(sequence)}`,
  });

const gapInJournal = (scope: ScopeId): NebulusError =>
  new NebulusError({
    code: "StorageFailed",
    message: "The journal does not go on where the stored segments end. Restore a backup.",
    retryable: false,
    path: `journal/${scope}`,
  });
