/**
 * Reading a home anew from its log: after a fork, which gives ops other names, and when this device
 * finds that its own log goes on elsewhere: a profile that was rolled back or copied. Then it
 * begins a new incarnation, and what it wrote and never cut, so that it reached nobody, is written
 * anew under new dots with its first times.
 */
import type { CryptoPort } from "../core/crypto/port.ts";
import type { PageKey, SegmentKey, Store } from "../storage/store.ts";
import type { Commits } from "./commit.ts";
import type { Cutter } from "./cut.ts";
import type { MetaChange } from "./device.ts";
import type { Draft } from "./draft.ts";
import type { Exclusive } from "./exclusive.ts";
import { replaceContents, writersOf, type Home } from "./home.ts";
import type { Ingest } from "./ingest.ts";
import type { Journal } from "./journal.ts";
import { staleCheckpoint } from "./pages/checkpoint.ts";
import { readStored, type ReadHome } from "./readStored.ts";
import {
  createReissue,
  unsentOf,
  type LostBirths,
  type PendingOp,
  type Unsent,
} from "./reissue.ts";
import { pendingOps, readPending } from "./replay.ts";
import { chunksOf, salvageFrom, writeSalvaged } from "./salvage.ts";
import { readStranded } from "./stranded.ts";
import { createStoredOps } from "./storedOps.ts";

export interface Rebuild {
  /** Whether a home is being read anew, or waits for it: its documents and its log may differ. */
  isUnderWay(): boolean;
  /**
   * The same documents, read anew under the names that ops have by now; as `beginAnew` where this
   * device's own log can not be read to its end.
   */
  rename(home: Home): Promise<void>;
  /**
   * The same once segments are gone that count no more: logs of others end before them. They are
   * asked for when nothing is cut any more.
   */
  without(home: Home, find: () => Promise<Gone>): Promise<void>;
  /** The same after a page was found damaged; where the log lacks something too, as `salvage`. */
  repair(home: Home): Promise<void>;
  /** Runs while nothing is committed, flushed or cut; documents may show differently behind it. */
  whileStill<T>(home: Home, run: () => Promise<T>): Promise<T>;
  /**
   * Ends the incarnation; what it did not cut goes on under the next, and so does what can be read
   * of segments that lack what they build on and wait for nobody.
   */
  beginAnew(home: Home, stranded?: readonly Uint8Array[]): Promise<void>;
  /**
   * The same where documents hold what the log has lost: that is written anew, too. Returns the
   * segments that lack what they build on.
   */
  salvage(home: Home): Promise<readonly Uint8Array[]>;
  /** What reads or writes the home in another way, while nothing is committed, flushed or cut. */
  alone(home: Home, run: (parts: Pick<Commits, "commitOnce">) => Promise<void>): Promise<void>;
}

export interface Gone {
  readonly segments: readonly SegmentKey[];
  /** They go into the same transaction. */
  readonly notes?: readonly MetaChange[];
}

export interface RebuildDeps {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly ingest: Pick<Ingest, "readAll" | "take">;
  readonly cutter: Cutter;
  readonly journal: Journal;
  readonly commits: Pick<Commits, "commit" | "commitOnce">;
  readonly exclusive: Exclusive;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Every document of the home may show differently. */
  readonly reread: (home: Home) => void;
  readonly failed: (error: unknown) => void;
}

export const createRebuild = (deps: RebuildDeps): Rebuild => {
  const { cutter, journal, exclusive } = deps;

  let underWay = 0;
  /** Nothing is committed, flushed or cut meanwhile. */
  const quietly = async <T>(run: () => Promise<T>): Promise<T> => {
    underWay++;
    try {
      return await exclusive.alone(async () => {
        await journal.idle();
        return cutter.pause(run);
      });
    } finally {
      underWay--;
    }
  };

  return {
    isUnderWay: () => underWay > 0,
    async rename(home) {
      const left = await quietly(async () => {
        const stored = await readStored(home, deps.store, deps.ingest);
        if (!isCutShort(home, stored)) {
          await rename(deps, home, stored);
          return [];
        }
        await beginAnew(deps, home, []);
        return stored.waiting;
      });
      deps.reread(home);
      if (left.length === 0) return;
      // Behind this turn: it is judged as if it had just come, and waits for what it lacks
      const source = { scope: home.scope, from: "", isRequested: true };
      deps.ingest.take(home, left, source).catch(deps.failed);
    },
    async without(home, find) {
      await quietly(async () => {
        const { segments, notes } = await find();
        // Documents in pages hold what they said
        await forget(deps, home, staleCheckpoint(home), segments, notes);
        await rename(deps, home, await readStored(home, deps.store, deps.ingest));
      });
      deps.reread(home);
    },
    async repair(home) {
      await quietly(() => repair(deps, home));
      deps.reread(home);
    },
    async whileStill(home, run) {
      const result = await quietly(run);
      deps.reread(home);
      return result;
    },
    async beginAnew(home, stranded = []) {
      await quietly(() => beginAnew(deps, home, stranded));
      deps.reread(home);
    },
    async salvage(home) {
      const waiting = await quietly(async () =>
        salvage(deps, home, await readStored(home, deps.store, deps.ingest)),
      );
      deps.reread(home);
      return waiting;
    },
    async alone(home, run) {
      await quietly(() => run(deps.commits));
      deps.reread(home);
    },
  };
};

const repair = async (deps: RebuildDeps, home: Home): Promise<void> => {
  const stored = await readStored(home, deps.store, deps.ingest);
  // What the log has lost other pages may still have
  if (stored.read.tree.size() < home.tree.size()) await salvage(deps, home, stored);
  else await rename(deps, home, stored);
};

/**
 * What this device wrote last waits for what it was built on: a term took back what had made that
 * void, and it may come again. Nothing could be cut behind it meanwhile.
 */
const isCutShort = (home: Home, { read }: ReadHome): boolean =>
  writersOf(home).some(({ head }) => head !== null && read.tree.get(head) === null);

const rename = async (deps: RebuildDeps, home: Home, { read }: ReadHome): Promise<void> => {
  const stale = staleCheckpoint(home);
  replaceContents(home, read);
  readPending(home);
  await forget(deps, home, stale);
};

/**
 * The journal still has these ops under their old dots. It also says that another incarnation wrote
 * after them, and so, at the next opening, that they were written anew.
 */
const beginAnew = async (
  deps: RebuildDeps,
  home: Home,
  segments: readonly Uint8Array[],
): Promise<void> => {
  const { store, crypto } = deps;
  const { writer, retired } = home;
  const stranded = await readStranded(home, segments, crypto);
  const unsent = await unsentIn(home, store, crypto, stranded.ops);
  const { read } = await readStored(home, store, deps.ingest);
  const stale = staleCheckpoint(home);
  replaceContents(home, read);
  Object.assign(home, { writer: null, retired: [] });
  await forget(deps, home, stale);
  if (unsent.ops.length > 0) await writeUnsent(deps, home, { unsent, writer, retired });
  if (stranded.keys.length > 0) await store.write({ removedSegments: stranded.keys });
};

const writeUnsent = async (
  deps: RebuildDeps,
  home: Home,
  { unsent, ...before }: Pick<Home, "writer" | "retired"> & { readonly unsent: Unsent },
): Promise<void> => {
  try {
    await deps.commits.commit((draft) => {
      writeAnew(draft, home, unsent, lostIn(home));
    });
  } catch (error) {
    Object.assign(home, before);
    readPending(home);
    throw error;
  }
};

/**
 * The pages go last: until all is written anew they are the only place where it stands. An opening
 * in between finds the next incarnation in the journal, and knows by that what they are.
 */
const salvage = async (
  deps: RebuildDeps,
  home: Home,
  { read, waiting }: ReadHome,
): Promise<readonly Uint8Array[]> => {
  const { store, crypto, now, commits } = deps;
  const before = { ...home };
  const isLocal = home.membership.kind === "local";
  const stranded = await readStranded(home, isLocal ? waiting : [], crypto);
  const unsent = await unsentIn(home, store, crypto, stranded.ops);
  const found = await salvageFrom(home.documents, read.documents, now());
  const stale = staleCheckpoint(home);
  replaceContents(home, read);
  Object.assign(home, { writer: null, retired: [] });
  try {
    for (const [index, chunk] of chunksOf(found).entries()) {
      await commits.commit((draft) => {
        if (index === 0) writeAnew(draft, home, unsent);
        for (const each of chunk) writeSalvaged(draft, home, each, now());
      });
    }
  } catch (error) {
    // A checkpoint of what is here by now would take the place of the only pages that have it
    replaceContents(home, before);
    Object.assign(home, { writer: before.writer, retired: before.retired });
    throw error;
  }
  await forget(deps, home, stale, stranded.keys);
  return isLocal ? [] : waiting;
};

/**
 * The checkpoint, with what else goes or is noted in the same transaction. Before anything is
 * written to the home: an opening must not build on what its pages hold.
 */
export const forget = async (
  { store }: Pick<RebuildDeps, "store">,
  home: Home,
  stale: readonly PageKey[],
  removedSegments: readonly SegmentKey[] = [],
  notes: readonly MetaChange[] = [],
): Promise<void> => {
  home.pages.dropScope(home.scope);
  await store.write({ removedPages: stale, removedSegments, meta: new Map(notes) });
};

const unsentIn = async (
  home: Home,
  store: Store,
  crypto: CryptoPort,
  stranded: readonly PendingOp[] = [],
): Promise<Unsent> => {
  const stored = createStoredOps(home, store, crypto);
  const returned = writersOf(home).map(({ id, head }) => stored.beyond(id, head));
  const known = (await Promise.all(returned)).flat();
  // The journal may not be let go yet of what was set aside
  const aside = await readStranded(home, asideBytes(home), crypto);
  known.push(...aside.ops.map(({ plain }) => plain));
  return unsentOf([...stranded, ...pendingOps(home)], known, stored);
};

const asideBytes = ({ aside }: Home): readonly Uint8Array[] => aside.map(({ bytes }) => bytes);

/**
 * What documents were made by may have become void meanwhile, before this device's own log was
 * looked at: what it wrote of them is not lost by that.
 */
const lostIn = ({ membership }: Home): LostBirths =>
  membership.kind === "closed" ? "born anew" : "left out";

export const writeAnew = (
  draft: Draft,
  home: Home,
  unsent: Unsent,
  lost: LostBirths = "left out",
): void => {
  const reissue = createReissue(unsent, (dot) => home.tree.locate(dot) !== null, lost);
  for (const op of unsent.ops) draft.put(home, (dot, time) => reissue.next(op, dot, time));
};
