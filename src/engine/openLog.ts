/**
 * Opening a database from its log: the hidden collection first, since it tells which others there
 * are, then each home.
 */
import type { ScopeId, Time } from "../core/base/types.ts";
import { laterTime } from "../core/clock/hybrid.ts";
import type { Commit } from "../core/journal/record.ts";
import { scopeOf } from "../core/network/keys.ts";
import type { Damage, Store } from "../storage/store.ts";
import { replaceContents, retireWriter, type Home } from "./home.ts";
import type { Ingest } from "./ingest.ts";
import { readPresent } from "./present.ts";
import { createReadTurn, DamagedPage } from "./pages/pageMiss.ts";
import { homePageKeys } from "./pages/checkpoint.ts";
import { readFresh, restoreHome, type RestoredHome } from "./pages/restore.ts";
import { readStored, type ReadHome } from "./readStored.ts";
import type { Registry } from "./registry.ts";
import { readJournal, readPending, restoreWriter, type RestoredWriter } from "./replay.ts";

export interface OpenedLog {
  readonly commits: readonly Commit[];
  readonly meta: ReadonlyMap<string, Uint8Array>;
  /** Of the journal's records. */
  readonly heldBytes: number;
  /** Of the latest own op that the journal or a checkpoint tells of. */
  readonly lastTime: Time | null;
  /** Homes whose own log was not found as it was left: a new incarnation is to begin there. */
  readonly broken: readonly Home[];
  /** Stored segments that lack what they build on. */
  readonly undelivered: ReadonlyMap<Home, readonly Uint8Array[]>;
}

export interface OpenLogDeps {
  readonly store: Store;
  readonly registry: Registry;
  readonly ingest: Pick<Ingest, "readAll">;
  /** What can not be read any more. */
  readonly tell: (damage: Damage) => void;
}

export const openLog = async (deps: OpenLogDeps): Promise<OpenedLog> => {
  const { store, registry, tell } = deps;
  const { commits, ...journal } = await readJournal(store, tell);
  const opening: Opening = {
    ...{ deps, commits, meta: await store.meta() },
    ...{ broken: new Set(), undelivered: new Map(), lastTime: lastTimeOf(commits) },
  };
  await openHome(opening, registry.system);
  const readNames = (): readonly string[] => {
    registry.restore();
    return registry.system.documents.sortedIds();
  };
  let names = await unlessDamaged(readNames);
  if (names === null) {
    await openWhole(opening, registry.system);
    names = readNames();
  }
  await findHomes(deps, names, commits);
  for (const home of registry.homes()) {
    if (home !== registry.system) await openHome(opening, home);
  }
  const { meta, lastTime, broken, undelivered } = opening;
  return { commits, ...journal, meta, lastTime, broken: [...broken], undelivered };
};

interface Opening {
  readonly deps: OpenLogDeps;
  readonly commits: readonly Commit[];
  readonly meta: ReadonlyMap<string, Uint8Array>;
  readonly broken: Set<Home>;
  readonly undelivered: Map<Home, readonly Uint8Array[]>;
  lastTime: Time | null;
}

/** From its checkpoint, where there is one that holds no more than log and journal do. */
const openHome = async (opening: Opening, home: Home): Promise<void> => {
  const { deps } = opening;
  const checkpoint = await restoreCheckpoint(home, deps);
  if (checkpoint === null) {
    await openWhole(opening, home);
    return;
  }
  opening.lastTime = laterTime(opening.lastTime, checkpoint.lastTime);
  const restored = restoreContents(opening, home, checkpoint);
  if (lacksApplied(home, restored)) {
    const reason = "it ends before what the pages hold";
    deps.tell({ where: "journal", key: home.scope, reason });
    await openWhole(opening, home);
    return;
  }
  takeWriter(opening, home, restored);
  const isRead = await unlessDamaged(() => {
    readPending(home);
    return true;
  });
  if (isRead === null) await openWhole(opening, home);
};

const openWhole = async (opening: Opening, home: Home): Promise<void> => {
  const { store, ingest, tell } = opening.deps;
  await readFresh(home, store);
  const read = await readStored(home, store, ingest, tell);
  takeWriter(opening, home, restoreContents(opening, home, read));
  readPending(home);
};

/** null: a page that the turn needs is damaged, and nothing was done. */
const unlessDamaged = async <T>(run: () => T): Promise<T | null> => {
  try {
    return await reading(run);
  } catch (error) {
    if (error instanceof DamagedPage) return null;
    throw error;
  }
};

const reading = createReadTurn((scope) => Promise.reject(new DamagedPage(scope)));

const restoreContents = (
  { deps, commits, meta, undelivered }: Opening,
  home: Home,
  { read, waiting }: ReadHome,
): RestoredWriter | null => {
  replaceContents(home, read);
  if (waiting.length > 0) undelivered.set(home, waiting);
  else undelivered.delete(home);
  const parts = commits.flatMap((each) => each.parts.filter(({ scope }) => scope === home.scope));
  return restoreWriter(home, parts, readPresent(home, meta), deps.tell);
};

const takeWriter = (
  { deps, broken }: Opening,
  home: Home,
  restored: RestoredWriter | null,
): void => {
  home.writer = restored?.writer ?? null;
  if (restored?.isWhole === false) broken.add(home);
  else if (home.membership.kind === "open" && !deps.store.journalProvesContinuity) {
    retireWriter(home);
  }
};

/**
 * A journal of another time than the tables says nothing of what the pages hold: the log decides.
 */
const restoreCheckpoint = async (home: Home, deps: OpenLogDeps): Promise<RestoredHome | null> => {
  if (deps.store.opening.rolledBack === null) return restoreHome(home, deps);
  await deps.store.write({ removedPages: homePageKeys(home.scope) });
  return null;
};

/** Pages hold ops of this device that neither its segments nor the journal have any more. */
const lacksApplied = ({ applied, tree }: Home, restored: RestoredWriter | null): boolean =>
  [...applied].some(([writer, n]) => {
    const known = restored?.writer.id === writer ? restored.writer.next().n - 1 : 0;
    return tree.headsOf(writer).every((head) => head.n < n) && known < n;
  });

/**
 * Collections that were dropped or brought home may have a log in a network all the same: it goes
 * on if they are attached there again.
 */
const findHomes = async (
  { registry, store }: OpenLogDeps,
  names: readonly string[],
  commits: readonly Commit[],
): Promise<void> => {
  const written = new Set(commits.flatMap(({ parts }) => parts.map(({ scope }) => scope)));
  for (const name of names) {
    for (const membership of registry.networks.all()) {
      const scope = scopeOf(membership.network, name, "documents");
      if (registry.home(scope) !== null) continue;
      if (written.has(scope) || (await hasSegments(store, scope)))
        registry.homeIn(membership, name);
    }
  }
};

const hasSegments = async (store: Store, scope: ScopeId): Promise<boolean> => {
  const first = await store.segments(scope)[Symbol.asyncIterator]().next();
  return first.done !== true;
};

const lastTimeOf = (commits: readonly Commit[]): Time | null =>
  commits.reduce<Time | null>((latest, { time }) => laterTime(latest, time), null);
