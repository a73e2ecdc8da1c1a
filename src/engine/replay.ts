/**
 * What the journal kept of this device's ops: on opening it goes back into runs that are not cut
 * yet, and is applied behind all that the stored segments say.
 */
import { assert } from "../core/base/result.ts";
import type { Time } from "../core/base/types.ts";
import { addDelta } from "../core/clock/hybrid.ts";
import { decodeCommit, type Commit, type JournalPart } from "../core/journal/record.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import { decodeBody, deltaOf } from "../core/segment/body.ts";
import { nameAt } from "../core/segment/branches.ts";
import type { Row } from "../core/segment/header.ts";
import type { OpenRun } from "../core/segment/cut.ts";
import type { SegmentNames } from "../core/segment/tree.ts";
import type { Damage, Store } from "../storage/store.ts";
import { append, createBatch } from "./append.ts";
import { isApplied, writersOf, type Home } from "./home.ts";
import { canOpen, resumeWriter } from "./incarnation.ts";
import { endsAt, type PresentWriter } from "./present.ts";
import { isOwnOp, type PendingOp } from "./reissue.ts";
import type { OwnWriter } from "./writer.ts";

export interface ReadJournal {
  readonly commits: readonly Commit[];
  readonly heldBytes: number;
}

/** The journal's records. One that can not be read is told, and what it held is missing. */
export const readJournal = async (
  store: Store,
  damage: (found: Damage) => void,
): Promise<ReadJournal> => {
  const commits: Commit[] = [];
  let heldBytes = 0;
  for await (const { sequence, payload } of store.journal()) {
    heldBytes += payload.length;
    const commit = decodeCommit(payload);
    if (commit.ok) commits.push(commit.value);
    else damage({ where: "journal", key: String(sequence), reason: commit.error.what });
  }
  return { commits, heldBytes };
};

export interface RestoredWriter {
  /** With all that no stored segment holds yet and can be read. */
  readonly writer: OwnWriter;
  /** False: its log was not found as it was left, so it must not go on. */
  readonly isWhole: boolean;
  /** Of the numbers that are in neither, the first of each gap; the last is what comes next. */
  readonly missing: readonly number[];
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
  const opening = own[0]?.opening ?? null;
  const writer = resumeWriter(home, present, opening);
  let isWhole = endsAt(home, present) && canOpen(home, id, opening);
  const missing: number[] = [];
  for (const part of own) {
    const { n } = writer.next();
    // Stored already: the journal is let go of later than segments are cut.
    if (part.first < n) continue;
    // Records before it are lost
    if (part.first > n) {
      missing.push(n);
      isWhole = false;
    }
    // Tables that were rolled back behind the journal: read now, it would come before what it names
    if (part.rows.some((row) => home.tree.find(row.writer, row.header) === null)) isWhole = false;
    writer.restore(part, lastTimeOf(part));
  }
  return { writer, isWhole, missing: [...missing, writer.next().n] };
};

const lastTimeOf = ({ ops, time: first }: JournalPart): Time =>
  ops.slice(1).reduce<Time>((time, op) => {
    const next = addDelta(time, deltaOf(op));
    assert(next !== null, "this device's times are within bounds");
    return next;
  }, first);

/**
 * Applies what this device wrote and did not cut: nothing delivered names it, so it comes last. May
 * miss pages, before anything is applied.
 */
export const readPending = (home: Home): void => {
  const ops = writersOf(home)
    .flatMap((writer) => writer.pending().flatMap((run) => opsOf(home, writer, run)))
    .filter((op) => !isApplied(home, op));
  home.documents.need(ops.flatMap((op) => (op.kind === "no-op" ? [] : [op.id])));
  const batch = createBatch();
  for (const op of ops) append(home, op, batch);
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
  const names: SegmentNames = { own, row: rowNames(home, rows) };
  return decodeBody(body, { first, count, time, rows }, names);
};

/** What is not delivered has its writer's name. */
export const rowNames =
  ({ tree }: Home, rows: readonly Row[]): SegmentNames["row"] =>
  (index, n) => {
    const row = rows[index - 1];
    assert(row !== undefined, "own ops name rows of their table");
    const node = tree.find(row.writer, row.header);
    return node === null ? row.writer : nameAt(node, n);
  };

/** What is cut may go by another name since a fork of this device; what is not cut has its own. */
const ownNames = ({ tree }: Home, { id, head }: OwnWriter): SegmentNames["own"] => {
  const node = head === null ? null : tree.get(head);
  return (n) => (node !== null && n < node.first + node.count ? nameAt(node, n) : id);
};
