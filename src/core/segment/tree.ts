/**
 * What is delivered in one scope: every header, who wrote it, and the names that ops have
 * (FORMATS.md §3). It answers where a row points, how an op is called, what the heads are, and
 * which writers forked. branches.ts holds the tree of one writer; this file puts writers together
 * and finds headers by hash.
 */
import { shortened } from "../base/ids.ts";
import { assert } from "../base/result.ts";
import type { Dot, HeaderHash, ShortHash, WriterId } from "../base/types.ts";
import {
  createWriterBranches,
  headerIn,
  nameAt,
  previousOf,
  writerBegin,
  type Added,
  type Branch,
  type HeaderEntry,
  type HeaderNode,
  type Split,
  type WriterBranches,
  type WriterOrigin,
} from "./branches.ts";
import type { Row } from "./header.ts";
import type { DeliveredSegment } from "./segment.ts";

/** The last header of a branch: n of its last op. */
export interface Head {
  readonly writer: WriterId;
  readonly n: number;
  readonly hash: HeaderHash;
}

/** As headers and frontiers name it. */
export const rowOfHead = ({ writer, n, hash }: Head): Row => ({
  ...{ writer, n, header: shortened(hash) },
});

/** Where an op stands, as a row says it: the writer itself, whatever its ops are called. */
export interface Place {
  readonly writer: WriterId;
  readonly header: HeaderHash;
}

/** A header as a checkpoint keeps it; the origin stands at a writer's first. */
export type HeaderRecord = Omit<HeaderEntry, "origin"> & {
  readonly previous: HeaderHash | null;
  readonly origin: WriterOrigin | null;
};

/** Names of the ops that a segment's body holds and names. */
export interface SegmentNames {
  /** The op n of the segment's own writer, n at or before the segment's last. */
  readonly own: (n: number) => WriterId;
  /** The op n of the writer of a row (counted from 1), n at or before the row's. */
  readonly row: (row: number, n: number) => WriterId;
}

export interface SegmentTree {
  /** Throws unless the segment's predecessor is here and the segment itself is not. */
  readonly add: (segment: DeliveredSegment) => Split | null;
  /** As `add`, for a header that a checkpoint kept; null: what it follows is not here. */
  readonly restore: (record: HeaderRecord) => HeaderNode | null;
  /** Headers in the order in which they were added, from that many on. */
  readonly records: (from: number) => readonly HeaderRecord[];
  /** How many there are. */
  readonly size: () => number;
  readonly get: (header: HeaderHash) => HeaderNode | null;
  /** The delivered header with this half of a hash, whoever wrote it. */
  readonly held: (header: ShortHash) => HeaderHash | null;
  /** By the half of its hash that rows name. */
  readonly find: (writer: WriterId, header: ShortHash) => HeaderNode | null;
  /** Where the op of this name stands, or null if no such op is delivered. */
  readonly locate: (dot: Dot) => Place | null;
  /** The header with which its writer began. */
  readonly beginOf: (node: HeaderNode) => HeaderNode;
  readonly namesFor: (header: HeaderHash, rows: readonly Row[]) => SegmentNames;
  /** Every branch's last header, sorted by writer, n, hash. */
  readonly heads: () => readonly Head[];
  readonly headsOf: (writer: WriterId) => readonly Head[];
  /** Whether a header of this writer after `previous` would show a fork. */
  readonly wouldSplit: (writer: WriterId, previous: HeaderNode | null) => boolean;
  /**
   * Headers of a writer that are neither among `known` nor under them, each after its predecessor:
   * what to send.
   */
  readonly beyond: (writer: WriterId, known: readonly HeaderHash[]) => readonly HeaderHash[];
  /**
   * Whether something that is delivered names this op of that writer, or a later one, by a header
   * that is not: beyond a frontier. True where nobody can tell: a checkpoint keeps no rows.
   */
  readonly isNamedBeyond: (writer: WriterId, n: number) => boolean;
  /** Whose ops have this name; null: nothing of them is delivered. */
  readonly originOf: (name: WriterId) => WriterOrigin | null;
  /** The proof of every fork seen, in order of arrival. */
  readonly forks: () => readonly Split[];
}

export const createSegmentTree = (): SegmentTree => {
  const held: Held = {
    ...{ writers: new Map(), nodes: new Map(), branches: new Map(), splits: [], order: [] },
    ...{ heads: null, absent: new Map() },
  };
  const { writers, nodes, branches, splits, order, absent } = held;
  let isRestored = false;

  const get = (header: HeaderHash): HeaderNode | null => {
    const node = nodes.get(shortened(header));
    return node?.hash === header ? node : null;
  };
  const find = (writer: WriterId, header: ShortHash): HeaderNode | null => {
    const node = nodes.get(header);
    return node?.writer === writer ? node : null;
  };

  return {
    add(segment) {
      const { previous } = segment.header;
      const before = previous === null ? null : get(previous);
      assert(previous === null || before !== null, "a header follows a delivered one");
      for (const { writer, n, header } of segment.header.rows) {
        if (find(writer, header) === null) absent.set(writer, Math.max(n, absent.get(writer) ?? 0));
      }
      return addEntry(held, entryOf(segment), before).split;
    },
    restore({ previous, origin: own, ...fields }) {
      const before = previous === null ? null : get(previous);
      const origin = own ?? before?.origin ?? null;
      if (origin === null || (previous !== null && before === null)) return null;
      isRestored = true;
      return addEntry(held, { ...fields, origin }, before).node;
    },
    records: (from) => order.slice(from).map(recordOf),
    size: () => order.length,
    get,
    held: (header) => nodes.get(header)?.hash ?? null,
    find,
    locate({ writer, n }) {
      const branch = branches.get(writer);
      const node = branch === undefined ? null : headerIn(branch, n);
      return node === null ? null : { writer: node.writer, header: node.hash };
    },
    beginOf: writerBegin,
    namesFor(header, rows) {
      const node = get(header);
      assert(node !== null, "only delivered segments are read");
      return namesFrom(node, rows, find);
    },
    heads: () => (held.heads ??= [...writers.values()].flatMap(headsOfWriter).sort(compareHeads)),
    headsOf: (writer) => headsOfWriter(writers.get(writer)).sort(compareHeads),
    wouldSplit: (writer, previous) => writers.get(writer)?.wouldSplit(previous) ?? false,
    beyond(writer, known) {
      const reached = known.flatMap((header) => {
        const node = get(header);
        return node?.writer === writer ? [node] : [];
      });
      return (writers.get(writer)?.beyond(reached) ?? []).map((node) => node.hash);
    },
    isNamedBeyond: (writer, n) => isRestored || n <= (absent.get(writer) ?? 0),
    originOf: (name) =>
      (branches.get(name) ?? writers.get(name)?.branches()[0])?.nodes[0]?.origin ?? null,
    forks: () => splits,
  };
};

interface Held {
  readonly writers: Map<WriterId, WriterBranches>;
  readonly nodes: Map<ShortHash, HeaderNode>;
  readonly branches: Map<WriterId, Branch>;
  readonly splits: Split[];
  /** Of delivery. */
  readonly order: HeaderNode[];
  /** null: to be listed anew. */
  heads: readonly Head[] | null;
  /** Named by rows without a header that is here: the highest n of each writer. */
  readonly absent: Map<WriterId, number>;
}

const addEntry = (held: Held, entry: HeaderEntry, before: HeaderNode | null): Added => {
  const { writer, hash } = entry;
  assert(!held.nodes.has(shortened(hash)), "a header is delivered once");
  const ofWriter = held.writers.get(writer) ?? createWriterBranches(writer);
  held.writers.set(writer, ofWriter);
  const added = ofWriter.add(entry, before);
  held.nodes.set(shortened(hash), added.node);
  held.order.push(added.node);
  if (before === null || added.split !== null) rename(held, ofWriter, writer);
  if (added.split !== null) held.splits.push(added.split);
  held.heads = null;
  return added;
};

/** After a split a name may be gone and others new; without one there is just the writer's own. */
const rename = ({ branches }: Held, ofWriter: WriterBranches, writer: WriterId): void => {
  branches.delete(writer);
  for (const branch of ofWriter.branches()) branches.set(branch.name, branch);
};

const entryOf = ({ header, headerHash, origin, bytes }: DeliveredSegment): HeaderEntry => {
  const { writer, first, count, controlHead, time } = header;
  const size = { count, bytes: bytes.length };
  return { hash: headerHash, writer, first, ...size, ms: time.ms, controlHead, origin };
};

const recordOf = (node: HeaderNode): HeaderRecord => {
  const { hash, writer, first, count, bytes, ms, controlHead, origin } = node;
  const previous = previousOf(node)?.hash ?? null;
  const own = previous === null ? origin : null;
  return { hash, writer, first, count, bytes, ms, previous, controlHead, origin: own };
};

const namesFrom = (
  node: HeaderNode,
  rows: readonly Row[],
  find: SegmentTree["find"],
): SegmentNames => ({
  own: (n) => nameAt(node, n),
  row(index, n) {
    const row = rows[index - 1];
    assert(row !== undefined && n <= row.n, "the row exists and reaches so far");
    const named = find(row.writer, row.header);
    // Beyond a frontier nothing is delivered, and an op there goes by its writer.
    return named === null ? row.writer : nameAt(named, n);
  },
});

const headsOfWriter = (writer: WriterBranches | undefined): Head[] =>
  (writer?.branches() ?? []).flatMap(({ children, nodes }) => {
    const last = nodes.at(-1);
    return children.length > 0 || last === undefined ? [] : [headOf(last)];
  });

const headOf = ({ writer, first, count, hash: header }: HeaderNode): Head => ({
  writer,
  n: first + count - 1,
  hash: header,
});

const compareHeads = (a: Head, b: Head): number =>
  compareText(a.writer, b.writer) || a.n - b.n || compareText(a.hash, b.hash);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
