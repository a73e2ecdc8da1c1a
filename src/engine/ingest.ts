/**
 * The way in for what peers send: bytes → parsed → delivered, stored, then read in causal order
 * into the same `append.ts` as this device's own ops. One scope's segments are taken one after
 * another, since a verdict holds for the tree that it saw.
 */
import { unreachable } from "../core/base/result.ts";
import type { HeaderHash, ScopeId, ShortHash, Time, WriterId } from "../core/base/types.ts";
import type { CryptoPort } from "../core/crypto/port.ts";
import type { ControlHead } from "../core/network/control.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import { decodeBody, failedBody } from "../core/segment/body.ts";
import type { Split } from "../core/segment/branches.ts";
import { checkDelivery, deliverStored, type DeliveryFault } from "../core/segment/deliver.ts";
import type { Inbox, SegmentSource as Source, WaitingSegment } from "../core/segment/inbox.ts";
import { openSegment, type OpenedSegment } from "../core/segment/open.ts";
import {
  parseSegment,
  type DeliveredSegment,
  type ParsedSegment,
} from "../core/segment/segment.ts";
import type { SegmentKey, Store, StoredSegment } from "../storage/store.ts";
import { createBatch, type Batch } from "./append.ts";
import {
  controlOf,
  isApplied,
  isLate,
  isOwnSegment,
  isTrimmed,
  keyringOf,
  writersOf,
  type Home,
} from "./home.ts";
import { DamagedPage, readingUndamaged } from "./pages/pageMiss.ts";
import type { Unflushed } from "./unflushed.ts";

/** What came of segments that a peer sent. */
export interface Ingested {
  readonly delivered: readonly DeliveredSegment[];
  /** Well formed and against the rules, or malformed: whoever sent it did wrong. */
  readonly refused: number;
  readonly splits: readonly Split[];
  /**
   * Peers that sent what nobody signed. Whoever passes a segment on has checked its signature, so
   * they lie.
   */
  readonly forgers: readonly string[];
}

export interface IngestDeps {
  readonly store: Store;
  /** One for all scopes: its bounds are the device's. */
  readonly inbox: Inbox;
  readonly crypto: CryptoPort;
  readonly unflushed: Pick<Unflushed, "read">;
  /** The time of what was read: this device's next writes come after it. */
  readonly observe: (time: Time, isOwn: boolean) => void;
  /** Documents changed by what was read; it is durable. */
  readonly read: (batch: Batch) => void;
  /** Comes before anything is stored. */
  readonly keepHomes: () => Promise<void>;
  /** Delivered and stored: it may be passed on. */
  readonly stored: (home: Home, segments: readonly DeliveredSegment[], from: string) => void;
  /** A fork renamed ops, or some came behind what replaces them: the home is read anew. */
  readonly renamed: (home: Home) => Promise<void>;
  /** A page is damaged: the same. */
  readonly damaged: (home: Home) => Promise<void>;
  /** A log of this device goes on elsewhere, so its profile was rolled back or copied. */
  readonly ownLogReturned: (home: Home) => Promise<void>;
}

export interface Ingest {
  /**
   * Resolves when all of it is judged, what was delivered is durable, and what could be read is
   * read.
   */
  take(home: Home, segments: readonly Uint8Array[], source: Source): Promise<Ingested>;
  /**
   * These control heads are known by now: what waited for them is judged, and what waited for ops
   * that they made void.
   */
  releaseControl(
    heads: readonly ControlHead[],
    homeOf: (scope: ScopeId) => Home | null,
  ): Promise<void>;
  /** The keys of these epochs have come: what they open is read. */
  unblock(home: Home, epochs: readonly ShortHash[]): Promise<void>;
  /** What waits for something else, of all homes. */
  waiting: Inbox["waiting"];
  /** Runs while nothing is being judged for this home: a verdict holds for the tree that it saw. */
  inTurn<T>(home: Home, run: () => Promise<T>): Promise<T>;
  /**
   * Reads what is delivered and may be read; the same for segments from the store. Rejects with
   * `DamagedPage` where the home is to be read anew. `isWanted`: only what is said of these
   * documents is applied.
   */
  readAll(home: Home, bodies: SegmentSource, isWanted?: (id: string) => boolean): Promise<Batch>;
}

interface Candidate {
  readonly segment: ParsedSegment;
  readonly source: Source;
}

/** Gives a delivered segment back: from memory while it is fresh, else from the store. */
export type SegmentSource = (header: HeaderHash) => Promise<DeliveredSegment | null>;

export const createIngest = (deps: IngestDeps): Ingest => {
  const queues = new Map<Home, Promise<unknown>>();
  const inTurn = <T>(home: Home, run: () => Promise<T>): Promise<T> => {
    const work = (queues.get(home) ?? Promise.resolve()).then(run);
    // Whoever asked for this one is told; the next in line does not fail because of it.
    queues.set(
      home,
      work.catch(() => undefined),
    );
    return work;
  };
  /** Of each home, in the order in which they came: the next turn takes them all. */
  const arrivals = new Map<Home, Arrival[]>();
  const take: Ingest["take"] = (home, segments, source) =>
    new Promise((resolve, reject) => {
      const waiting = arrivals.get(home) ?? [];
      arrivals.set(home, waiting);
      waiting.push({ segments, source, resolve, reject });
      if (waiting.length > 1) return;
      inTurn(home, () => {
        arrivals.delete(home);
        return takeNow(deps, home, waiting);
      }).catch((error: unknown) => {
        for (const arrival of waiting) arrival.reject(error);
      });
    });
  return {
    take,
    async releaseControl(heads, homeOf) {
      const byHead = heads.flatMap((head) => deps.inbox.releaseControl(head));
      const byVoid = deps.inbox.releaseVoid((scope, { writer, n }) => {
        const home = homeOf(scope);
        return home !== null && controlOf(home)?.isVoidRow(scope, writer, n) === true;
      });
      const released = [...byHead, ...byVoid];
      const taken = released.map(async ({ bytes, source }) => {
        const home = homeOf(source.scope);
        if (home !== null) await take(home, [bytes], source);
      });
      await Promise.all(taken);
    },
    unblock: (home, epochs) =>
      inTurn(home, async () => {
        for (const epoch of epochs) home.reading.unblock(epoch);
        await readNow(deps, home, []);
      }),
    waiting: deps.inbox.waiting,
    inTurn,
    readAll: (home, source, isWanted) => readAll(deps, home, source, isWanted),
  };
};

/** Segments that wait for their turn, and whoever asked. Settled once, whatever is tried later. */
interface Arrival {
  readonly segments: readonly Uint8Array[];
  readonly source: Source;
  readonly resolve: (ingested: Ingested) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * All that came while the home was busy is judged and stored, one after another, and then read at
 * once: where a home has to be read anew, its log is read once for all of it.
 */
const takeNow = async (
  deps: IngestDeps,
  home: Home,
  arrivals: readonly Arrival[],
): Promise<void> => {
  const answers: (() => void)[] = [];
  const delivered: DeliveredSegment[] = [];
  let isRenamed = false;
  for (const arrival of arrivals) {
    try {
      const { isRenamed: isOther, ...ingested } = await judgeAndKeep(deps, home, arrival);
      isRenamed ||= isOther;
      delivered.push(...ingested.delivered);
      answers.push(() => {
        arrival.resolve(ingested);
      });
    } catch (error) {
      // Others came from elsewhere, and may find room
      arrival.reject(error);
    }
  }
  const isOwnLog = delivered.some(({ header }) => isPresentWriter(home, header.writer));
  if (isOwnLog) await deps.ownLogReturned(home);
  else if (isRenamed) await deps.renamed(home);
  else await readNow(deps, home, delivered);
  for (const answer of answers) answer();
};

const judgeAndKeep = async (
  deps: IngestDeps,
  home: Home,
  { segments, source }: Arrival,
): Promise<Judged> => {
  const candidates = segments.flatMap((bytes) => parseCandidate(home, bytes, source));
  const malformed = segments.length - candidates.length;
  const judged = await judgeAll(deps, home, candidates);
  if (judged.delivered.length > 0) await keep(deps, home, judged.delivered, source.from);
  return { ...judged, refused: judged.refused + malformed };
};

type Judged = Ingested & { readonly isRenamed: boolean };

/** Reading the home anew from its log mends a damaged page, and reads what came now too. */
const readNow = async (
  deps: IngestDeps,
  home: Home,
  delivered: readonly DeliveredSegment[],
): Promise<void> => {
  try {
    deps.read(await readAll(deps, home, sourceOf(delivered, home, deps.store)));
  } catch (error) {
    if (!(error instanceof DamagedPage)) throw error;
    await deps.damaged(home);
  }
};

/** What is not stored is not delivered: then the tree is read anew without it. */
const keep = async (
  deps: IngestDeps,
  home: Home,
  delivered: readonly DeliveredSegment[],
  from: string,
): Promise<void> => {
  const note = home.fresh.note(delivered);
  try {
    await deps.keepHomes();
    await deps.store.write({
      segments: delivered.map((one) => storedOf(home, one)),
      pages: [note],
    });
  } catch (error) {
    home.fresh.forget([note.key.number]);
    await deps.renamed(home);
    throw error;
  }
  deps.stored(home, delivered, from);
};

/** Delivers what can be, and with each delivered segment those that waited for it. */
const judgeAll = async (
  deps: IngestDeps,
  home: Home,
  candidates: readonly Candidate[],
): Promise<Judged> => {
  const delivered: DeliveredSegment[] = [];
  const splits: Split[] = [];
  const forgers = new Set<string>();
  let refused = 0;
  let isRenamed = false;
  const queue = [...candidates];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const verdict = await checkDelivery(next.segment, deliveryView(home, deps.crypto));
    switch (verdict.kind) {
      case "delivered": {
        if (isLate(home, verdict.segment)) isRenamed = true;
        const split = home.tree.add(verdict.segment);
        if (split !== null) {
          splits.push(split);
          isRenamed = true;
        }
        if (isRenamed) home.isRenamed = true;
        home.reading.add(verdict.segment.headerHash, verdict.segment.header);
        delivered.push(verdict.segment);
        const released = deps.inbox.release(verdict.segment.headerHash);
        queue.unshift(
          ...released.flatMap(({ bytes, source }) => parseCandidate(home, bytes, source)),
        );
        break;
      }
      case "known":
        break;
      case "waits":
        home.counters.count("waits", verdict.needs[0]?.kind ?? "header");
        countEvicted(home, deps.inbox.add(next.segment, verdict.needs, next.source));
        break;
      case "refused":
        home.counters.count("refused", verdict.reason);
        refused += 1;
        if (signatureFaults.has(verdict.reason)) {
          const { from } = next.source;
          forgers.add(from);
          countEvicted(home, deps.inbox.dropFrom(from), "forger");
        }
        break;
      default:
        unreachable(verdict);
    }
  }
  return { delivered, refused, splits, forgers: [...forgers], isRenamed };
};

const signatureFaults: ReadonlySet<DeliveryFault> = new Set<DeliveryFault>([
  "signature",
  "certificate-signature",
]);

const readAll = async (
  { crypto, unflushed, observe }: IngestDeps,
  home: Home,
  source: SegmentSource,
  isWanted: (id: string) => boolean = () => true,
): Promise<Batch> => {
  const batch = createBatch();
  for (let next = home.reading.next(); next !== null; next = home.reading.next()) {
    const segment = await source(next);
    if (segment === null) {
      home.counters.count("waits", "lost");
      home.reading.block(next, { kind: "lost" });
      continue;
    }
    if (isTrimmed(home, segment.header)) {
      home.reading.markRead(next);
      continue;
    }
    const opened = await openSegment(segment, keyringOf(home), crypto);
    const ops = opsOf(home, segment, opened).filter(
      (op) => !isApplied(home, op) && (op.kind === "no-op" || isWanted(op.id)),
    );
    await readingUndamaged(() => {
      home.documents.need(ops.flatMap((op) => (op.kind === "no-op" ? [] : [op.id])));
      unflushed.read(home, ops, batch);
    });
    // Times rise within a segment.
    const last = ops.findLast((op) => op.kind !== "no-op");
    if (last !== undefined) observe(last.time, isOwnSegment(home, segment));
  }
  return batch;
};

const parseCandidate = (home: Home, bytes: Uint8Array, source: Source): readonly Candidate[] => {
  const parsed = parseSegment(bytes);
  if (!parsed.ok) home.counters.count("refused", parsed.error);
  return parsed.ok ? [{ segment: parsed.value, source }] : [];
};

/** One segment's ops, none where they can not be read for now: why is noted. */
const opsOf = (
  home: Home,
  { header, headerHash }: DeliveredSegment,
  opened: OpenedSegment,
): readonly (Op | NoOp)[] => {
  const names = home.tree.namesFor(headerHash, header.rows);
  switch (opened.kind) {
    case "plain":
      home.reading.markRead(headerHash);
      return decodeBody(opened.body, header, names);
    case "fault":
      home.reading.markRead(headerHash);
      return failedBody(header, names, opened.reason);
    case "missing-key":
    case "needs-newer":
      home.counters.count("waits", opened.kind);
      home.reading.block(headerHash, opened);
      return [];
    default:
      return unreachable(opened);
  }
};

/** The incarnation under which this device writes, or one that still has ops to cut. */
const isPresentWriter = (home: Home, writer: WriterId): boolean =>
  writersOf(home).some(({ id }) => id === writer);

export const keyOf = (home: Home, segment: ParsedSegment): SegmentKey => ({
  scope: home.scope,
  writer: segment.header.writer,
  first: segment.header.first,
  header: segment.headerHash,
});

const storedOf = (home: Home, segment: ParsedSegment): StoredSegment => ({
  key: keyOf(home, segment),
  bytes: segment.bytes,
});

const deliveryView = (home: Home, crypto: CryptoPort): Parameters<typeof checkDelivery>[1] => ({
  networkHash: home.membership.network.networkHash,
  scope: home.scope,
  suite: home.membership.network.suite,
  tree: home.tree,
  control: controlOf(home),
  crypto,
});

/**
 * What was just delivered is at hand; what was delivered earlier and could not be read comes from
 * the store.
 */
const sourceOf = (
  delivered: readonly DeliveredSegment[],
  home: Home,
  store: Store,
): SegmentSource => {
  const fresh = new Map(delivered.map((segment) => [segment.headerHash, segment]));
  return async (header) => fresh.get(header) ?? (await loadDelivered(home, store, header));
};

/** From the store; null: it is not there, or damaged. */
export const loadDelivered = async (
  home: Home,
  store: Store,
  header: HeaderHash,
): Promise<DeliveredSegment | null> => {
  const bytes = await loadSegment(home, store, header);
  const parsed = bytes === null ? null : parseSegment(bytes);
  return parsed?.ok === true ? deliverStored(parsed.value, home.tree) : null;
};

export const loadSegment = (
  home: Home,
  store: Store,
  header: HeaderHash,
): Promise<Uint8Array | null> => {
  const node = home.tree.get(header);
  if (node === null) return Promise.resolve(null);
  const { writer, first } = node;
  return store.segment({ scope: home.scope, writer, first, header });
};

const countEvicted = (
  home: Home,
  evicted: readonly WaitingSegment[],
  reason: "inbox-full" | "forger" = "inbox-full",
): void => {
  if (evicted.length > 0) home.counters.count("evicted", reason, evicted.length);
};
