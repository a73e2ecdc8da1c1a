/**
 * The waiting inbox of a database: segments of all its scopes that cannot be judged yet, because a
 * header that they build on or their control head is not here (FORMATS.md §3). Bounded per writer,
 * per peer and in all; when a bound is met, the oldest that nobody asked for goes first. What goes
 * is only forgotten: it can be asked for again.
 */
import { bytesToHex } from "../base/bytes.ts";
import { shortened } from "../base/ids.ts";
import {
  inboxBytesMax,
  inboxBytesPerPeerMax,
  inboxBytesPerWriterMax,
  inboxSegmentsPerWriterMax,
} from "../base/limits.ts";
import type { HeaderHash, ScopeId, WriterId } from "../base/types.ts";
import type { ControlHead } from "../network/control.ts";
import type { Need } from "./deliver.ts";
import type { ParsedSegment } from "./segment.ts";

/**
 * A segment that waits, as it came. Parsed again when its time comes, since parsed it takes several
 * times the room.
 */
export interface WaitingSegment {
  readonly bytes: Uint8Array;
  readonly writer: WriterId;
  readonly header: HeaderHash;
  readonly source: SegmentSource;
}

export interface SegmentSource {
  readonly scope: ScopeId;
  /** The peer that sent it. */
  readonly from: string;
  /** I asked for it, so it is evicted last. */
  readonly isRequested: boolean;
}

export interface InboxLimits {
  readonly segmentsPerWriter: number;
  readonly bytesPerWriter: number;
  readonly bytesPerPeer: number;
  readonly bytes: number;
}

export type HeaderNeed = Extract<Need, { kind: "header" }>;

export interface Waiting {
  readonly waiting: WaitingSegment;
  /** What it still lacks, by key. */
  readonly needs: ReadonlyMap<string, Need>;
}

export interface Inbox {
  /**
   * Keeps the segment until its needs are met. Gives those that had to go for it, itself among them
   * if it found no room. One that waits already is not kept twice.
   */
  readonly add: (
    segment: ParsedSegment,
    needs: readonly Need[],
    source: SegmentSource,
  ) => readonly WaitingSegment[];
  /**
   * Takes out those that lacked nothing but this header: they are to be judged again. In order of
   * arrival.
   */
  readonly release: (header: HeaderHash) => readonly WaitingSegment[];
  /** The same for a control head that has become known. */
  readonly releaseControl: (head: ControlHead) => readonly WaitingSegment[];
  /** The same for what lacks ops of logs that ended before them: nobody brings those any more. */
  readonly releaseVoid: (
    isVoid: (scope: ScopeId, need: HeaderNeed) => boolean,
  ) => readonly WaitingSegment[];
  /** All that waits. */
  readonly waiting: () => Iterable<Waiting>;
  /** Forgets what a peer sent unasked, after it broke the rules. */
  readonly dropFrom: (peer: string) => readonly WaitingSegment[];
  readonly segmentCount: () => number;
  /** What counts against the bounds: the segments' bytes, and what holding each costs. */
  readonly byteCount: () => number;
}

/**
 * What an entry costs beside its bytes, so that many tiny segments take no more memory than is
 * counted.
 */
export const inboxEntryBytes = 1_024;
/** Needs that an entry remembers; when they are met, judging it again finds what else it lacks. */
export const inboxNeedsMax = 64;

export const inboxLimits: InboxLimits = {
  segmentsPerWriter: inboxSegmentsPerWriterMax,
  bytesPerWriter: inboxBytesPerWriterMax,
  bytesPerPeer: inboxBytesPerPeerMax,
  bytes: inboxBytesMax,
};

export const createInbox = (limits: InboxLimits = inboxLimits): Inbox => {
  const all = createGroup();
  const byWriter = new Map<string, Group>();
  const byPeer = new Map<string, Group>();
  const needIndex = createNeedIndex();

  const hold = (item: Item): void => {
    all.add(item);
    addTo(byWriter, item.waiting.writer, item);
    addTo(byPeer, item.waiting.source.from, item);
    needIndex.add(item);
  };
  const remove = (item: Item): void => {
    all.remove(item);
    removeFrom(byWriter, item.waiting.writer, item);
    removeFrom(byPeer, item.waiting.source.from, item);
    needIndex.remove(item);
  };
  const removeAll = (items: readonly Item[]): readonly WaitingSegment[] => {
    items.forEach(remove);
    return items.map(({ waiting }) => waiting);
  };
  /**
   * The group whose bound is broken, or null. Only an item's own groups can be, since it came last.
   */
  const crowded = ({ waiting }: Item): Group | null => {
    const writer = byWriter.get(waiting.writer);
    const peer = byPeer.get(waiting.source.from);
    if (writer !== undefined && writer.bytes() > limits.bytesPerWriter) return writer;
    if (writer !== undefined && writer.items.size > limits.segmentsPerWriter) return writer;
    if (peer !== undefined && peer.bytes() > limits.bytesPerPeer) return peer;
    return all.bytes() > limits.bytes ? all : null;
  };

  return {
    add(segment, needs, source) {
      const item = itemOf(segment, needs.slice(0, inboxNeedsMax), source);
      if (all.items.has(item.key)) return [];
      hold(item);
      const evicted: WaitingSegment[] = [];
      for (let group = crowded(item); group !== null; group = crowded(item)) {
        evicted.push(...removeAll([group.oldestUnrequested() ?? item]));
      }
      return evicted;
    },
    release: (header) => removeAll(needIndex.meet(shortened(header))),
    releaseControl: (head) => removeAll(needIndex.meet(needKey({ kind: "control", head }))),
    releaseVoid(isVoid) {
      const isMet = ({ waiting: { source }, needs }: Item): boolean =>
        [...needs.values()].some((need) => need.kind === "header" && isVoid(source.scope, need));
      return removeAll([...all.items.values()].filter(isMet));
    },
    waiting: () => all.items.values(),
    dropFrom(peer) {
      const items = [...(byPeer.get(peer)?.items.values() ?? [])];
      return removeAll(items.filter(({ waiting }) => !waiting.source.isRequested));
    },
    segmentCount: () => all.items.size,
    byteCount: () => all.bytes(),
  };
};

interface Item {
  readonly key: string;
  readonly waiting: WaitingSegment;
  /** Those not met yet, by key. */
  readonly needs: Map<string, Need>;
}

/** Items that share a bound, in order of arrival, and what they weigh. */
interface Group {
  readonly items: ReadonlyMap<string, Item>;
  readonly add: (item: Item) => void;
  readonly remove: (item: Item) => void;
  readonly bytes: () => number;
  readonly oldestUnrequested: () => Item | null;
}

const createGroup = (): Group => {
  const items = new Map<string, Item>();
  let bytes = 0;
  return {
    items,
    add(item) {
      items.set(item.key, item);
      bytes += weightOf(item);
    },
    remove(item) {
      if (items.delete(item.key)) bytes -= weightOf(item);
    },
    bytes: () => bytes,
    oldestUnrequested() {
      for (const item of items.values()) if (!item.waiting.source.isRequested) return item;
      return null;
    },
  };
};

const weightOf = ({ waiting }: Item): number => waiting.bytes.length + inboxEntryBytes;

const addTo = (groups: Map<string, Group>, name: string, item: Item): void => {
  const group = groups.get(name) ?? createGroup();
  groups.set(name, group);
  group.add(item);
};

const removeFrom = (groups: Map<string, Group>, name: string, item: Item): void => {
  const group = groups.get(name);
  group?.remove(item);
  if (group?.items.size === 0) groups.delete(name);
};

/** Who waits for what. */
interface NeedIndex {
  readonly add: (item: Item) => void;
  readonly remove: (item: Item) => void;
  /** Items that lacked nothing else. */
  readonly meet: (key: string) => readonly Item[];
}

const createNeedIndex = (): NeedIndex => {
  const itemsByNeed = new Map<string, Set<Item>>();
  return {
    add(item) {
      for (const key of item.needs.keys()) {
        const items = itemsByNeed.get(key) ?? new Set();
        itemsByNeed.set(key, items.add(item));
      }
    },
    remove(item) {
      for (const key of item.needs.keys()) {
        const items = itemsByNeed.get(key);
        items?.delete(item);
        if (items?.size === 0) itemsByNeed.delete(key);
      }
    },
    meet(key) {
      const items = [...(itemsByNeed.get(key) ?? [])];
      itemsByNeed.delete(key);
      for (const item of items) item.needs.delete(key);
      return items.filter((item) => item.needs.size === 0);
    },
  };
};

const itemOf = (
  { header, headerHash, signature, bytes }: ParsedSegment,
  needs: readonly Need[],
  source: SegmentSource,
): Item => ({
  // The signature too: one spoilt on its way must not keep the sound one out.
  key: signature === null ? headerHash : headerHash + bytesToHex(signature),
  waiting: { bytes, writer: header.writer, header: headerHash, source },
  needs: new Map(needs.map((need) => [needKey(need), need])),
});

const needKey = (need: Need): string =>
  need.kind === "header"
    ? need.header
    : `control:${String(need.head.term)}:${String(need.head.height)}:${need.head.hash}`;
