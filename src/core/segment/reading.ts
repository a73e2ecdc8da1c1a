/**
 * The order of reading (FORMATS.md §3): a delivered segment is read after its predecessor and all
 * its rows were read, because an op that replaces unread ones would let them come back. A missing
 * key holds up reading, and with it all that builds on the segment, but never delivery. Only unread
 * segments are kept here: what is delivered and not here was read. A row beyond a frontier, whose
 * segment is never delivered, stands for all that is of its writer's log.
 */
import { assert } from "../base/result.ts";
import type { HeaderHash, ShortHash } from "../base/types.ts";
import { compareTimes } from "../clock/hybrid.ts";
import type { Row, SegmentHeader } from "./header.ts";
import type { SegmentTree } from "./tree.ts";

/** Why a segment cannot be read although all before it was. */
export type ReadingBlock =
  | { readonly kind: "missing-key"; readonly epoch: ShortHash }
  /** Until a newer version of the program comes. */
  | { readonly kind: "needs-newer" }
  /** It was stored, and can not be read from there any more. */
  | { readonly kind: "lost" };

export interface ReadingQueue {
  /** A segment that was just delivered. Its predecessor and rows were delivered before. */
  readonly add: (hash: HeaderHash, header: SegmentHeader) => void;
  /**
   * The segment to read now: of those that may be, the least by (time, writer, n, hash). Null:
   * none.
   */
  readonly next: () => HeaderHash | null;
  /** The segment was read, or means nothing: what builds on it may be read. */
  readonly markRead: (hash: HeaderHash) => void;
  /** The segment that `next` gave cannot be read for now. */
  readonly block: (hash: HeaderHash, reason: ReadingBlock) => void;
  /** The key of an epoch has come. */
  readonly unblock: (epoch: ShortHash) => void;
  readonly isRead: (hash: HeaderHash) => boolean;
  readonly unreadCount: () => number;
  /** In the order of delivery. */
  readonly unread: () => readonly HeaderHash[];
  /** How many wait for which reason, "earlier" for those that wait for other segments. */
  readonly waiting: () => Readonly<Record<ReadingBlock["kind"] | "earlier", number>>;
}

export const createReadingQueue = (tree: Pick<SegmentTree, "find">): ReadingQueue => {
  const unread = new Map<HeaderHash, Unread>();
  const ready = new Set<Unread>();

  const neededFirst = ({ previous, rows }: SegmentHeader): ReadonlySet<Unread> => {
    const named = rows.map((row) => ({ row, node: tree.find(row.writer, row.header) }));
    const found = [previous ?? undefined, ...named.map(({ node }) => node?.hash)].map((hash) =>
      hash === undefined ? undefined : unread.get(hash),
    );
    const beyond = named.flatMap(({ row, node }) => (node === null ? unreadOf(row) : []));
    return new Set([...found.filter((item) => item !== undefined), ...beyond]);
  };

  const unreadOf = ({ writer, n }: Row): readonly Unread[] =>
    [...unread.values()].filter(({ header }) => header.writer === writer && header.first <= n);

  return {
    add(hash, header) {
      assert(!unread.has(hash), "a segment is queued once");
      const needed = neededFirst(header);
      const item: Unread = { hash, header, lacks: needed.size, followers: [], block: null };
      for (const before of needed) before.followers.push(item);
      unread.set(hash, item);
      if (needed.size === 0) ready.add(item);
    },
    next() {
      let least: Unread | null = null;
      for (const item of ready) {
        if (item.block !== null) continue;
        if (least === null || compareUnread(item, least) < 0) least = item;
      }
      return least?.hash ?? null;
    },
    markRead(hash) {
      const item = unread.get(hash);
      assert(item !== undefined && ready.has(item), "only what is ready can have been read");
      unread.delete(hash);
      ready.delete(item);
      for (const follower of item.followers) {
        follower.lacks -= 1;
        if (follower.lacks === 0) ready.add(follower);
      }
    },
    block(hash, reason) {
      const item = unread.get(hash);
      assert(item !== undefined && ready.has(item), "only what is ready can be blocked");
      item.block = reason;
    },
    unblock(epoch) {
      for (const item of ready) {
        if (item.block?.kind === "missing-key" && item.block.epoch === epoch) item.block = null;
      }
    },
    isRead: (hash) => !unread.has(hash),
    unreadCount: () => unread.size,
    unread: () => [...unread.keys()],
    waiting() {
      const earlier = unread.size - ready.size;
      const counts = { "missing-key": 0, "needs-newer": 0, lost: 0, earlier };
      for (const { block } of ready) if (block !== null) counts[block.kind] += 1;
      return counts;
    },
  };
};

interface Unread {
  readonly hash: HeaderHash;
  readonly header: SegmentHeader;
  /** How many unread segments it builds on. */
  lacks: number;
  readonly followers: Unread[];
  block: ReadingBlock | null;
}

/** Total, so that replicas with the same segments at hand read them in the same order. */
const compareUnread = (a: Unread, b: Unread): number =>
  compareTimes(a.header.time, b.header.time) ||
  compareText(a.header.writer, b.header.writer) ||
  a.header.first - b.header.first ||
  compareText(a.hash, b.hash);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
