/**
 * The oracle: the never-pruned log beside a replica. Everything that the disk holds of a home is
 * read anew, with what is written and not yet cut, and turned into the reference model's ops; what
 * the engine holds in memory must say what the model says of them.
 */
import { isDeepStrictEqual } from "node:util";
import { shortened } from "../../src/core/base/ids.ts";
import type {
  Dot,
  HeaderHash,
  ScopeId,
  ShortHash,
  Stamp,
  Time,
} from "../../src/core/base/types.ts";
import { readForm } from "../../src/core/cbor/form.ts";
import { CborReader } from "../../src/core/cbor/reader.ts";
import { bodyDepthMax } from "../../src/core/base/limits.ts";
import { compareTimes, isAhead } from "../../src/core/clock/hybrid.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import { createDigest, stateHash } from "../../src/core/doc/digest.ts";
import { readDocument } from "../../src/core/doc/read.ts";
import type { DocumentState } from "../../src/core/doc/state.ts";
import { compareDots } from "../../src/core/op/dots.ts";
import type { DeleteOp, Entry, NoOp, Op, WriteOp } from "../../src/core/op/types.ts";
import { decodeBody, failedBody } from "../../src/core/segment/body.ts";
import { deliverStored } from "../../src/core/segment/deliver.ts";
import { openSegment } from "../../src/core/segment/open.ts";
import { parseSegment, type DeliveredSegment } from "../../src/core/segment/segment.ts";
import { createSegmentTree, type SegmentTree } from "../../src/core/segment/tree.ts";
import { keyringOf, type Home } from "../../src/engine/home.ts";
import { pendingOps } from "../../src/engine/replay.ts";
import { describeLog, describeState, keyOf, registerOf, stableText } from "../support/model.ts";
import { EMPTY, read, type ModelEntry, type ModelOp } from "../support/model/merge-reference.mjs";

export type KnownOp = WriteOp | DeleteOp;

/** What a disk holds of logs: segments by their key as hexadecimal text. */
export interface SegmentsImage {
  readonly segments: ReadonlyMap<string, Uint8Array>;
}

/** A home's log, as the disk has it. */
export interface HomeLog {
  readonly segments: readonly DeliveredSegment[];
  readonly tree: SegmentTree;
  readonly ops: readonly (Op | NoOp)[];
}

export interface Oracle {
  readonly logOf: (home: Home, image: SegmentsImage) => Promise<HomeLog>;
  /** What differs between the log and what the engine holds; null: nothing. */
  readonly compare: (home: Home, image: SegmentsImage, now: number) => Promise<string | null>;
}

export const createOracle = (crypto: CryptoPort): Oracle => {
  /** By header: null where the body means nothing. */
  const bodies = new Map<HeaderHash, Uint8Array | null>();
  /** What was found for a set of ops: asked once, and equal for all who hold it. */
  const known = new Map<string, { readonly text: string; readonly state: DocumentState | null }>();

  const bodyOf = async (segment: DeliveredSegment, home: Home): Promise<Uint8Array | null> => {
    const held = bodies.get(segment.headerHash);
    if (held !== undefined) return held;
    const opened = await openSegment(segment, keyringOf(home), crypto);
    const body = opened.kind === "plain" ? opened.body : null;
    // Another device may have the key
    if (opened.kind === "missing-key") return null;
    bodies.set(segment.headerHash, body);
    return body;
  };

  const logOf: Oracle["logOf"] = async (home, image) => {
    const segments: DeliveredSegment[] = [];
    const tree = createSegmentTree();
    for (const bytes of standing(segmentsIn(image, home.scope), home)) {
      const parsed = parseSegment(bytes);
      const delivered = parsed.ok ? deliverStored(parsed.value, tree) : null;
      if (delivered === null) throw new Error("the disk holds a segment that was not delivered");
      tree.add(delivered);
      segments.push(delivered);
    }
    const ops: (Op | NoOp)[] = [];
    for (const segment of segments) {
      const { header, headerHash } = segment;
      const body = await bodyOf(segment, home);
      const names = tree.namesFor(headerHash, header.rows);
      ops.push(
        ...(body === null
          ? failedBody(header, names, "unreadable")
          : decodeBody(body, header, names)),
      );
    }
    return { segments, tree, ops };
  };

  const compareDocument = (
    id: string,
    all: readonly Op[],
    state: DocumentState | null,
    now: number,
  ): string | null => {
    const key = stableText(all);
    // What a newer version may understand parks the document; the others count as ever.
    const ops = all.filter((op) => op.kind !== "unknown");
    const held = known.get(key);
    const rankOf = ranksOf(ops);
    if (held === undefined) {
      const expected = describeLog(ops.map((op) => toModelOp(op, rankOf)));
      const text = describeState(state, fieldsOf(state, Infinity), rankOf);
      if (text !== expected) return differs(`document ${id}`, text, expected);
      known.set(key, { text, state });
    } else if (!isDeepStrictEqual(state, held.state)) {
      const [here, there] = [stableText(state), stableText(held.state)];
      return differs(`the structure of document ${id} for the same ops`, here, there);
    }
    const late = quarantining(rankOf, now);
    if (late === null) return null;
    const shown = stableText(fieldsOf(state, now));
    const due = stableText(read(ops.map((op) => toModelOp(op, late))));
    return shown === due ? null : differs(`document ${id} as it reads now`, shown, due);
  };

  return {
    logOf,
    async compare(home, image, now) {
      const { tree, ops } = await logOf(home, image);
      const heads = stableText(tree.heads());
      if (heads !== stableText(home.tree.heads())) {
        return differs("heads", stableText(home.tree.heads()), heads);
      }
      const byId = groupById([...ops, ...pendingOps(home).map(({ op }) => op)]);
      const ids = home.documents.sortedIds();
      if (ids.length !== byId.size)
        return differs("documents", ids.join(), [...byId.keys()].join());
      for (const [id, group] of byId) {
        const difference = compareDocument(id, group, home.documents.get(id), now);
        if (difference !== null) return difference;
      }
      return compareDigest(home);
    },
  };
};

/** The bytes of a body's ops, one by one; none of a body that means nothing. */
export const opBytesIn = (body: Uint8Array): readonly Uint8Array[] => {
  const ops = readForm(() => {
    const reader = new CborReader(body);
    reader.readArrayHead();
    reader.skip(bodyDepthMax);
    return Array.from({ length: reader.readArrayHead() }, () => {
      const start = reader.offset;
      reader.skip(bodyDepthMax);
      return body.slice(start, reader.offset);
    });
  });
  return ops.ok ? ops.value : [];
};

/** In the order of their keys, so that a predecessor comes first. */
const segmentsIn = (image: SegmentsImage, scope: ScopeId): readonly Uint8Array[] =>
  [...image.segments]
    .filter(([key]) => key.startsWith(scope))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, bytes]) => bytes);

/**
 * Without those that build on what a closed log lost, and so wait: which can not be told from what
 * a writer's frontier says where it is not listed there.
 */
const standing = (all: readonly Uint8Array[], home: Home): readonly Uint8Array[] => {
  const control = home.membership.kind === "closed" ? home.membership.control : null;
  if (control === null) return all;
  let held = all.flatMap((bytes) => {
    const parsed = parseSegment(bytes);
    return parsed.ok ? [{ bytes, segment: parsed.value }] : [];
  });
  for (;;) {
    const names = new Set(held.map(({ segment }) => shortened(segment.headerHash)));
    const next = held.filter(({ segment: { header } }) => {
      const { previous, rows } = header;
      const isHeld = (hash: ShortHash): boolean => names.has(hash);
      return (
        (previous === null || isHeld(shortened(previous))) &&
        rows.every((row) => isHeld(row.header) || control.isVoidRow(home.scope, row.writer, row.n))
      );
    });
    if (next.length === held.length) return next.map(({ bytes }) => bytes);
    held = next;
  }
};

const groupById = (ops: readonly (Op | NoOp)[]): ReadonlyMap<string, readonly Op[]> => {
  const byId = new Map<string, Op[]>();
  for (const op of ops) {
    if (op.kind === "no-op") continue;
    const group = byId.get(op.id);
    if (group === undefined) byId.set(op.id, [op]);
    else group.push(op);
  }
  for (const group of byId.values()) group.sort((a, b) => compareDots(a.dot, b.dot));
  return byId;
};

const compareDigest = (home: Home): string | null => {
  if (home.membership.kind === "local") return null;
  const digest = createDigest();
  for (const state of home.documents.values()) {
    const hash = stateHash(state);
    if (hash !== null) digest.add(hash);
  }
  const expected = digest.bytes().join();
  return home.digest.value().join() === expected
    ? null
    : "the digest kept is not that of the documents";
};

/** All but the id; nothing is ahead of an endless clock. */
const fieldsOf = (state: DocumentState | null, now: number): unknown => {
  const view = readDocument(state, { strategy: "last-write-wins", now });
  if (view === null) return null;
  const fields = Object.entries(view.fields).filter(([name]) => name !== "id");
  return { ...Object.fromEntries(fields), ...view.ours };
};

/** The model's times are single numbers: the place of each among all of the document's. */
const ranksOf = (ops: readonly KnownOp[]): Ranks => {
  const times = [...ops.map(({ time }) => time), ...ops.flatMap(originsOf)].sort(compareTimes);
  const ranks = new Map<string, { readonly time: Time; readonly rank: number }>();
  for (const time of times) {
    if (!ranks.has(textOf(time))) ranks.set(textOf(time), { time, rank: ranks.size + 1 });
  }
  const rankOf = (time: Time): number => ranks.get(textOf(time))?.rank ?? 0;
  return Object.assign(rankOf, { all: [...ranks.values()] });
};

type Ranks = ((time: Time) => number) & {
  readonly all: readonly { readonly time: Time; readonly rank: number }[];
};

/** Quarantined times rank below all others; null: there are none. */
const quarantining = (rankOf: Ranks, now: number): ((time: Time) => number) | null =>
  rankOf.all.some(({ time }) => isAhead(time, now))
    ? (time) => rankOf(time) - (isAhead(time, now) ? 1e9 : 0)
    : null;

const textOf = ({ ms, counter }: Time): string => `${ms}:${counter}`;

const originsOf = (op: KnownOp): readonly Time[] =>
  op.kind === "delete"
    ? []
    : op.entries.flatMap(({ origin }) => (origin === null ? [] : [origin.time]));

const toModelOp = (op: KnownOp, rankOf: (time: Time) => number): ModelOp => {
  const dot = [op.dot.writer, op.dot.n] as const;
  const time = rankOf(op.time);
  const births = op.births.map(keyOf);
  if (op.kind === "delete") return { dot, time, removes: births };
  const entries = op.entries.map((entry) => toModelEntry(entry, rankOf));
  return { dot, time, birth: op.birth, births, entries };
};

const toModelEntry = (entry: Entry, rankOf: (time: Time) => number): ModelEntry => {
  const model: ModelEntry = {
    register: registerOf(entry),
    kind: entry.kind,
    replaces: entry.replaces.map(keyOf),
  };
  if (entry.kind === "set") model.value = isEmptyObject(entry.value) ? EMPTY : entry.value;
  if (entry.kind === "increment") model.value = entry.total;
  if (entry.origin !== null) model.origin = modelStamp(entry.origin, rankOf);
  if ("seen" in entry) {
    const seen = entry.seen.map(({ run, total }) => [runKey(entry, run), total] as const);
    model.seen = Object.fromEntries(seen);
    model.seenDots = entry.seen.flatMap(({ dot, alsoSaw }) => [dot, ...alsoSaw].map(keyOf));
  }
  return model;
};

const modelStamp = (
  { time, writer, n }: Stamp,
  rankOf: (time: Time) => number,
): readonly [number, string, number] => [rankOf(time), writer, n];

const runKey = ({ path }: Entry, run: Dot): string =>
  JSON.stringify([...path, { run: keyOf(run) }]);

const isEmptyObject = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  Object.keys(value).length === 0;

const differs = (what: string, actual: string, expected: string): string =>
  `${what} differs\n  engine ${actual}\n  oracle ${expected}`;
