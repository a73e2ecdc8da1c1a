/**
 * From committed ops to segments: cut, compressed, sealed, signed, stored. In the background when
 * the journal has grown, and before anything is sent: a device that finds its log going on
 * elsewhere has then cut little that it would have to fork. No byte of a segment leaves before the
 * strict transaction that stores it.
 */
import { NebulusError } from "../core/base/errors.ts";
import { assert } from "../core/base/result.ts";
import type { HeaderHash } from "../core/base/types.ts";
import type { CryptoPort } from "../core/crypto/port.ts";
import { deliverOwn } from "../core/segment/deliver.ts";
import { sealSegment } from "../core/segment/seal.ts";
import { parseSegment, type DeliveredSegment } from "../core/segment/segment.ts";
import type { Store, StoredSegment } from "../storage/store.ts";
import {
  certificateOf,
  controlOf,
  hasPending,
  mayCut,
  noteProof,
  sealingKeysOf,
  writersOf,
  type Home,
} from "./home.ts";
import { isDiskFull } from "./failure.ts";
import { createTurns } from "../core/base/turns.ts";
import { keyOf } from "./ingest.ts";
import type { MetaChange } from "./device.ts";
import type { Journal } from "./journal.ts";
import { presentChange } from "./present.ts";

export interface Cutter {
  /** Lets the journal go when it has grown, in the background. */
  wake(): void;
  /** Cuts all that this device wrote in these homes and the journal has kept. */
  cutAll(homes: readonly Home[]): Promise<void>;
  /**
   * Stores what says which homes there are: a segment that is stored in a home that only a lost
   * journal told of would be found by nobody, and be written over.
   */
  keepHomes(): Promise<void>;
  /** Runs while nothing is being cut. */
  pause<T>(run: () => Promise<T>): Promise<T>;
  /** Cuts everything, then lets the journal go: at close, and when it has grown. */
  absorb(): Promise<void>;
}

export interface CutterDeps {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly journal: Journal;
  readonly homes: () => readonly Home[];
  /** The one that says which others there are. */
  readonly system: Home;
  /** The journal is let go when it holds more. */
  readonly heldBytesMax: number;
  /** The journal was let go. */
  readonly absorbed: () => void;
  /** Segments of this device that are stored now: they may be sent. */
  readonly cut: (home: Home, segments: readonly DeliveredSegment[]) => void;
  /** What the journal said and the meta data must say once it is let go. */
  readonly notes: () => readonly MetaChange[];
  readonly failed: (error: unknown) => void;
}

export const createCutter = (deps: CutterDeps): Cutter => {
  /** A segment names the one before. */
  const enqueue = createTurns();
  let isAwake = false;
  /** Where something in the journal may not be cut yet, it is tried when it is twice as long. */
  let enough = deps.heldBytesMax;
  const absorbNow = async (): Promise<void> => {
    const isLetGo = await absorb(deps);
    enough = isLetGo
      ? deps.heldBytesMax
      : Math.max(deps.heldBytesMax, deps.journal.heldBytes() * 2);
  };

  const absorbSoon = (): void => {
    if (isAwake) return;
    isAwake = true;
    enqueue(async () => {
      isAwake = false;
      await absorbNow();
    }).catch((error: unknown) => {
      // The journal keeps what could not be cut, until the next try or the next opening
      if (!isDiskFull(error)) deps.failed(error);
    });
  };

  return {
    wake() {
      if (deps.journal.heldBytes() > enough) absorbSoon();
    },
    cutAll: (homes) =>
      enqueue(async () => {
        if (homes.some(hasPending)) await cutHomes(deps, [deps.system, ...homes]);
      }),
    async keepHomes() {
      if (!hasPending(deps.system)) return;
      // What is written from now on begins a run of its own, which this one need not wait for
      for (const writer of writersOf(deps.system)) writer.close();
      await deps.journal.idle();
      await enqueue(() => cutHomes(deps, [deps.system]));
    },
    pause: enqueue,
    absorb: () => enqueue(absorbNow),
  };
};

/** A few segments at a time, so that neither memory nor a transaction grows with a bulk insert. */
const cutHomes = async (deps: CutterDeps, homes: readonly Home[]): Promise<void> => {
  for (const home of homes) {
    for (;;) {
      const segments = await sealRuns(home, deps.crypto);
      if (segments.length === 0) break;
      await keep(deps.store, home, segments);
      finish(home, segments);
      deps.cut(home, segments);
    }
  }
};

const sealRuns = async (home: Home, crypto: CryptoPort): Promise<readonly DeliveredSegment[]> => {
  const sealed: DeliveredSegment[] = [];
  for (const writer of writersOf(home)) {
    if (writer.isInDoubt) throw inDoubt();
    // Asked each time: a record of the network's chain can come between
    while (sealed.length < segmentsPerTransaction && mayCut(home)) {
      const run = writer.nextToCut();
      if (run === null) break;
      const draft = writer.draftOf(run, controlOf(home)?.head() ?? null);
      const { bytes, headerHash } = await sealSegment(draft, sealingKeysOf(home), crypto);
      writer.sealed(run, headerHash);
      sealed.push(deliveredOf(home, bytes));
    }
  }
  return sealed;
};

/**
 * A store can fail after the write took effect, so what stands in it decides. If it can not say,
 * nothing is cut any more: another segment of the same numbers would be a fork.
 */
const keep = async (
  store: Store,
  home: Home,
  segments: readonly DeliveredSegment[],
): Promise<void> => {
  const stored = segments.map((one) => storedOf(home, one));
  const note = home.fresh.note(segments);
  try {
    await store.write({
      segments: stored,
      pages: [note],
      meta: new Map([presentChange(home, headIn(home, segments))]),
    });
  } catch (error) {
    const [first] = stored;
    const isStored = first !== undefined && (await store.segment(first.key)) !== null;
    if (isStored) return;
    home.fresh.forget([note.key.number]);
    for (const writer of writersOf(home)) writer.unsealed();
    throw error;
  }
};

/**
 * They are stored: the tree has them, and they count as read, since their ops were applied when
 * they were written.
 */
const finish = (home: Home, segments: readonly DeliveredSegment[]): void => {
  for (const segment of segments) {
    // A copy of this device cut the very same ops, and its segment was quicker to come back.
    if (home.tree.get(segment.headerHash) !== null) continue;
    home.tree.add(segment);
    home.reading.add(segment.headerHash, segment.header);
    home.reading.markRead(segment.headerHash);
    noteProof(home, segment);
  }
  for (const writer of writersOf(home)) writer.stored();
  home.retired = home.retired.filter((writer) => writer.pendingOps() > 0);
};

/** False: something may not be cut yet, and the journal alone has it. */
const absorb = async (deps: CutterDeps): Promise<boolean> => {
  do await deps.journal.idle();
  while (!deps.journal.isIdle);
  const absorbedSequence = deps.journal.flushed();
  // What is committed from now on begins runs of its own: one that is not whole on disk is not cut.
  for (const home of deps.homes()) for (const writer of writersOf(home)) writer.close();
  await cutHomes(deps, deps.homes());
  if (deps.homes().some((home) => hasPending(home) && !mayCut(home))) return false;
  const present = deps.homes().map((home) => presentChange(home));
  const meta = new Map([...present, ...deps.notes()]);
  await deps.store.write({ absorbedSequence, meta });
  deps.journal.absorbed();
  deps.absorbed();
  return true;
};

/** Where the present writer's log ends once these are stored. */
const headIn = ({ writer }: Home, segments: readonly DeliveredSegment[]): HeaderHash | undefined =>
  segments.findLast(({ header }) => header.writer === writer?.id)?.headerHash;

const segmentsPerTransaction = 40;

const inDoubt = (): NebulusError =>
  new NebulusError({
    code: "StorageFailed",
    message: "The storage failed and can not say what it holds. Reload the page.",
    retryable: true,
  });

const storedOf = (home: Home, segment: DeliveredSegment): StoredSegment => ({
  key: keyOf(home, segment),
  bytes: segment.bytes,
});

const deliveredOf = (home: Home, bytes: Uint8Array): DeliveredSegment => {
  const parsed = parseSegment(bytes);
  assert(parsed.ok, "what is sealed here is well formed");
  return deliverOwn(parsed.value, {
    signingKey: home.membership.device.publicKey,
    certificate: certificateOf(home),
  });
};
