/**
 * Opening a database from its log: the hidden collection first, since it tells which others there
 * are, then each home.
 */
import type { ScopeId, Time, WriterId } from "../core/base/types.ts";
import { laterTime } from "../core/clock/hybrid.ts";
import type { Commit } from "../core/journal/record.ts";
import { scopeOf } from "../core/network/keys.ts";
import { parseSegment } from "../core/segment/segment.ts";
import type { Damage, Store } from "../storage/store.ts";
import { asideIn, isDroppedIn } from "./aside.ts";
import { replaceContents, retireWriter, type Home } from "./home.ts";
import type { Ingest } from "./ingest.ts";
import { readPresent } from "./present.ts";
import { unlessDamaged } from "./pages/pageMiss.ts";
import { restoreHome } from "./pages/restore.ts";
import { readStored, type ReadHome } from "./readStored.ts";
import type { Registry } from "./registry.ts";
import { readJournal, readPending, restoreWriter, type RestoredWriter } from "./replay.ts";

export interface OpenedLog {
  readonly commits: readonly Commit[];
  /** Of the journal's records. */
  readonly heldBytes: number;
  /** Of the latest own op that the journal or a checkpoint tells of. */
  readonly lastTime: Time | null;
  /**
   * Homes whose own log was not found as it was left: a new incarnation is to begin there. True:
   * its documents hold what the log does not.
   */
  readonly broken: ReadonlyMap<Home, boolean>;
  /** Stored segments that lack what they build on; those of `local` wait for nobody. */
  readonly undelivered: ReadonlyMap<Home, readonly Uint8Array[]>;
}

export interface OpenLogDeps {
  readonly store: Store;
  readonly registry: Registry;
  readonly ingest: Pick<Ingest, "readAll">;
  readonly meta: ReadonlyMap<string, Uint8Array>;
  /** What can not be read any more. */
  readonly tell: (damage: Damage) => void;
}

export const openLog = async (deps: OpenLogDeps): Promise<OpenedLog> => {
  const { store, registry, tell } = deps;
  const { commits, ...journal } = await readJournal(store, tell);
  const opening: Opening = {
    ...{ deps, commits, lastTime: lastTimeOf(commits) },
    ...{ broken: new Map(), undelivered: new Map() },
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
  const others = registry.homes().filter((home) => home !== registry.system);
  // Each waits for the disk several times
  await Promise.all(others.map((home) => openHome(opening, home)));
  const { lastTime, broken, undelivered } = opening;
  return { commits, ...journal, lastTime, broken, undelivered };
};

interface Opening {
  readonly deps: OpenLogDeps;
  readonly commits: readonly Commit[];
  readonly broken: Map<Home, boolean>;
  readonly undelivered: Map<Home, readonly Uint8Array[]>;
  lastTime: Time | null;
}

/** From its checkpoint, where there is one that holds no more than log and journal do. */
const openHome = async (opening: Opening, home: Home): Promise<void> => {
  const { deps } = opening;
  home.aside = asideIn(home.scope, deps.meta);
  home.isDropped = isDroppedIn(home.scope, deps.meta);
  home.isUnsettled = home.isDropped;
  const checkpoint = await restoreHome(home, deps);
  if (checkpoint === null) {
    await openWhole(opening, home);
    return;
  }
  opening.lastTime = laterTime(opening.lastTime, checkpoint.lastTime);
  const restored = restoreContents(opening, home, checkpoint);
  const beyond = appliedBeyond(home, restored);
  if (beyond === "written anew") {
    await openWhole(opening, home);
    return;
  }
  takeWriter(opening, home, restored);
  const isRead = await unlessDamaged(() => {
    readPending(home);
    return true;
  });
  if (isRead === null) await openWhole(opening, home);
  // What the journal lost the store has told
  else if (beyond === "lost") opening.broken.set(home, true);
};

/** Behind `restoreHome`, which has read the notes of fresh segments. */
const openWhole = async (opening: Opening, home: Home): Promise<void> => {
  const { store, ingest, tell } = opening.deps;
  const read = await readStored(home, store, ingest, tell);
  opening.broken.delete(home);
  takeWriter(opening, home, restoreContents(opening, home, read));
  readPending(home);
};

const restoreContents = (
  { deps, commits, undelivered }: Opening,
  home: Home,
  { read, waiting }: ReadHome,
): RestoredWriter | null => {
  replaceContents(home, read);
  if (waiting.length > 0) undelivered.set(home, waiting);
  else undelivered.delete(home);
  // What is cut and in no log waits as it was cut, or is set aside: the journal may have it, too.
  // What stands in `local` alone is written anew as one
  const isShared = home.membership.kind !== "local";
  const cut = isShared ? lastCutIn(waiting) : new Map<WriterId, number>();
  const parts = commits.flatMap((each) =>
    each.parts.filter(
      ({ scope, writer, first }) => scope === home.scope && first > (cut.get(writer) ?? 0),
    ),
  );
  return restoreWriter(home, parts, readPresent(home, deps.meta));
};

/** The last op of each writer's segments. */
const lastCutIn = (segments: readonly Uint8Array[]): ReadonlyMap<WriterId, number> => {
  const last = new Map<WriterId, number>();
  for (const bytes of segments) {
    const parsed = parseSegment(bytes);
    if (!parsed.ok) continue;
    const { writer, first, count } = parsed.value.header;
    last.set(writer, Math.max(last.get(writer) ?? 0, first + count - 1));
  }
  return last;
};

const takeWriter = (
  { deps, broken, undelivered }: Opening,
  home: Home,
  restored: RestoredWriter | null,
): void => {
  home.writer = restored?.writer ?? null;
  // It ends when what it cut is set aside, and what it did not cut with it
  if (home.isDropped) return;
  const isStranded = home.membership.kind === "local" && undelivered.has(home);
  const { journalKind, journalProvesContinuity } = deps.store;
  // What stands in `local` alone can not be split; but a journal of files can lose its last record
  const mayHaveWrittenMore = home.membership.kind !== "local" || journalKind === "file";
  if (restored?.isWhole === false || isStranded) broken.set(home, false);
  else if (mayHaveWrittenMore && !journalProvesContinuity) retireWriter(home);
};

/**
 * Whether the pages hold ops of this device that neither its segments nor the journal have any
 * more: lost, or written anew under the incarnation that the journal tells of.
 */
const appliedBeyond = (
  { applied, tree }: Home,
  restored: RestoredWriter | null,
): "nothing" | "lost" | "written anew" => {
  for (const [writer, n] of applied) {
    if (tree.headsOf(writer).some((head) => head.n >= n)) continue;
    if (restored !== null && restored.writer.id !== writer) return "written anew";
    if (restored === null || restored.missing.some((one) => one <= n)) return "lost";
  }
  return "nothing";
};

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
