/**
 * A home read from its stored segments: when a database is opened, and anew when a fork gave ops
 * other names. What was delivered before it was stored is delivered again only with all that it
 * builds on, whatever the disk lost meanwhile: an op that is read before the ones that it replaces
 * would let them come back.
 */
import { shortened } from "../core/base/ids.ts";
import type { HeaderHash, ShortHash, WriterId } from "../core/base/types.ts";
import { deliverStored } from "../core/segment/deliver.ts";
import type { Row, SegmentHeader } from "../core/segment/header.ts";
import {
  parseSegment,
  parseTrimmed,
  type DeliveredSegment,
  type ParsedSegment,
} from "../core/segment/segment.ts";
import type { Damage, SegmentKey, Store } from "../storage/store.ts";
import { controlOf, emptyHome, isLate, noteProof, type Home } from "./home.ts";
import { keyOf, type Ingest } from "./ingest.ts";

export interface ReadHome {
  /** Apart from the one that it is to replace. */
  readonly read: Home;
  /** Segments that lack what they build on: they wait for a peer to bring it, if there is one. */
  readonly waiting: readonly Uint8Array[];
}

export const readStored = async (
  home: Home,
  store: Store,
  ingest: Pick<Ingest, "readAll">,
  damage: (found: Damage) => void = () => undefined,
): Promise<ReadHome> => {
  const read = emptyHome(home);
  const segments = await segmentsIn(read, store, damage);
  const { delivered } = deliverAll(read, segments);
  await ingest.readAll(read, (header) => Promise.resolve(delivered.get(header) ?? null));
  const waiting = [...segments.values()].filter(({ headerHash }) => !delivered.has(headerHash));
  // Those of `local` are written anew
  for (const segment of home.membership.kind === "local" ? [] : waiting) {
    damage(segmentDamage(keyOf(home, segment), "what it builds on is not there"));
  }
  return { read, waiting: waiting.map(({ bytes }) => bytes) };
};

/** What is delivered, and could not be if these were not there. */
export const builtOn = async (
  home: Home,
  store: Store,
  left: readonly SegmentKey[],
): Promise<readonly ParsedSegment[]> => {
  const segments = await segmentsIn(emptyHome(home), store, () => undefined);
  const before = new Set(waitingAmong(home, segments));
  for (const { header } of left) segments.delete(shortened(header));
  return waitingAmong(home, segments).filter((segment) => !before.has(segment));
};

const waitingAmong = (
  home: Home,
  segments: ReadonlyMap<ShortHash, ParsedSegment>,
): readonly ParsedSegment[] => {
  const { delivered } = deliverAll(emptyHome(home), segments);
  return [...segments.values()].filter(({ headerHash }) => !delivered.has(headerHash));
};

const segmentsIn = async (
  read: Home,
  store: Store,
  damage: (found: Damage) => void,
): Promise<Map<ShortHash, ParsedSegment>> => {
  const segments = new Map<ShortHash, ParsedSegment>();
  for await (const { key, bytes } of store.segments(read.scope)) {
    const parsed = parseSegment(bytes);
    const segment = parsed.ok ? parsed.value : trimmedIn(read, bytes);
    if (segment !== null) segments.set(shortened(segment.headerHash), segment);
    else if (!parsed.ok) damage(segmentDamage(key, parsed.error));
  }
  return segments;
};

/** A segment of which the header alone is kept; the home is told how far its log is trimmed. */
const trimmedIn = (read: Home, bytes: Uint8Array): ParsedSegment | null => {
  const segment = read.membership.kind === "local" ? parseTrimmed(bytes) : null;
  if (segment === null) return null;
  const { writer, first, count } = segment.header;
  const last = Math.max(read.trimmed.get(writer) ?? 0, first + count - 1);
  read.trimmed = new Map([...read.trimmed, [writer, last]]);
  return segment;
};

/** Named as `Store.damage` names one that fails its checksum. */
export const segmentDamage = (key: SegmentKey, reason: string): Damage => ({
  where: "segment",
  key: [key.scope, key.writer, String(key.first), key.header].join("/"),
  reason,
});

/** Each after its predecessor and its rows, whatever order the store has them in. */
export const deliverAll = (
  home: Home,
  segments: ReadonlyMap<ShortHash, ParsedSegment>,
): {
  readonly delivered: ReadonlyMap<HeaderHash, DeliveredSegment>;
  /** A fork, or what others named before: what is read already is to be read anew. */
  readonly isRenamed: boolean;
} => {
  let isRenamed = false;
  const delivered = new Map<HeaderHash, DeliveredSegment>();
  const tried = new Set<ShortHash>();
  const logs = logsOf(segments);
  for (const root of segments.keys()) {
    const path = [root];
    const begun = new Set(path);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const segment = segments.get(at);
      const absent = segment === undefined ? [] : absentFrom(home, segment.header);
      // Where a writer forked, a log that ended can name what names it
      const before = [...absent, ...absent.flatMap((each) => logBefore(each, logs))].find(
        ({ hash }) => segments.has(hash) && !tried.has(hash) && !begun.has(hash),
      )?.hash;
      if (before !== undefined) {
        path.push(before);
        begun.add(before);
        continue;
      }
      path.pop();
      if (segment === undefined || tried.has(at)) continue;
      tried.add(at);
      // A checkpoint may hold it already, though the note of it was not taken away
      if (home.tree.get(segment.headerHash) !== null) continue;
      const isWhole = absent.every(({ isVoid }) => isVoid);
      const one = isWhole ? deliverStored(segment, home.tree) : null;
      if (one === null) continue;
      isRenamed ||= isLate(home, one);
      if (home.tree.add(one) !== null) isRenamed = true;
      home.reading.add(one.headerHash, one.header);
      noteProof(home, one);
      delivered.set(one.headerHash, one);
    }
  }
  return { delivered, isRenamed };
};

type Logs = ReadonlyMap<WriterId, readonly ParsedSegment[]>;

const logsOf = (segments: ReadonlyMap<ShortHash, ParsedSegment>): Logs => {
  const logs = new Map<WriterId, ParsedSegment[]>();
  for (const segment of segments.values()) {
    const { writer } = segment.header;
    const log = logs.get(writer);
    if (log === undefined) logs.set(writer, [segment]);
    else log.push(segment);
  }
  return logs;
};

/** What stands of a log before the op beyond its end that a row names. */
const logBefore = ({ isVoid, row }: Absent, logs: Logs): readonly { hash: ShortHash }[] =>
  !isVoid || row === null
    ? []
    : (logs.get(row.writer) ?? [])
        .filter(({ header }) => header.first <= row.n)
        .map(({ headerHash }) => ({ hash: shortened(headerHash) }));

interface Absent {
  readonly hash: ShortHash;
  /** null: it is the predecessor. */
  readonly row: Row | null;
  /** Beyond a frontier: it is not waited for, and yet comes first where this device has it. */
  readonly isVoid: boolean;
}

/** Headers that it builds on and that are not delivered. */
const absentFrom = (home: Home, { previous, rows }: SegmentHeader): readonly Absent[] => {
  const { tree, scope } = home;
  const control = controlOf(home);
  const absent: Absent[] = rows
    .filter((row) => tree.find(row.writer, row.header) === null)
    .map((row) => ({
      ...{ hash: row.header, row },
      isVoid: control?.isVoidRow(scope, row.writer, row.n) === true,
    }));
  if (previous !== null && tree.get(previous) === null) {
    absent.push({ hash: shortened(previous), row: null, isVoid: false });
  }
  return absent;
};
