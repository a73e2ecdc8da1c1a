/**
 * Opening a database from its log: the hidden collection first, since it tells which others there
 * are, then each home.
 */
import type { ScopeId, Time } from "../core/base/types.ts";
import { compareTimes } from "../core/clock/hybrid.ts";
import type { Commit } from "../core/journal/record.ts";
import { scopeOf } from "../core/network/keys.ts";
import type { Store } from "../storage/store.ts";
import { replaceContents, retireWriter, type Home } from "./home.ts";
import type { Ingest } from "./ingest.ts";
import { readPresent } from "./present.ts";
import { readStored } from "./readStored.ts";
import type { Registry } from "./registry.ts";
import { readJournal, readPending, restoreWriter } from "./replay.ts";

export interface OpenedLog {
  readonly commits: readonly Commit[];
  readonly meta: ReadonlyMap<string, Uint8Array>;
  readonly lastSequence: number;
  /** Of the journal's records. */
  readonly heldBytes: number;
  /** Of the latest own commit in the journal. */
  readonly lastTime: Time | null;
  /** Homes whose own log was not found as it was left: a new incarnation is to begin there. */
  readonly broken: readonly Home[];
  /** Stored segments that lack what they build on. */
  readonly undelivered: ReadonlyMap<Home, readonly Uint8Array[]>;
  /** What can not be read any more, as text. */
  readonly damage: readonly string[];
}

export interface OpenLogDeps {
  readonly store: Store;
  readonly registry: Registry;
  readonly ingest: Pick<Ingest, "readAll">;
}

export const openLog = async (deps: OpenLogDeps): Promise<OpenedLog> => {
  const { store, registry } = deps;
  const damage: string[] = [];
  const tell = (what: string): void => {
    damage.push(what);
  };
  const { commits, ...journal } = await readJournal(store, tell);
  const meta = await store.meta();
  const broken: Home[] = [];
  const undelivered = new Map<Home, readonly Uint8Array[]>();
  const open = async (home: Home): Promise<void> => {
    const { read, waiting } = await readStored(home, store, deps.ingest, tell);
    replaceContents(home, read);
    if (waiting.length > 0) undelivered.set(home, waiting);
    const parts = commits.flatMap((each) => each.parts.filter((part) => part.scope === home.scope));
    const restored = restoreWriter(home, parts, readPresent(home, meta), tell);
    home.writer = restored?.writer ?? null;
    if (restored?.isWhole === false) broken.push(home);
    else if (home.membership.kind === "open" && !store.journalProvesContinuity) retireWriter(home);
    readPending(home);
  };
  await open(registry.system);
  registry.restore();
  await findHomes(registry, store, commits);
  for (const home of registry.homes()) if (home !== registry.system) await open(home);
  const lastTime = lastTimeOf(commits);
  return { commits, ...journal, meta, lastTime, broken, undelivered, damage };
};

/**
 * Collections that were dropped or brought home may have a log in a network all the same: it goes
 * on if they are attached there again.
 */
const findHomes = async (
  registry: Registry,
  store: Store,
  commits: readonly Commit[],
): Promise<void> => {
  const written = new Set(commits.flatMap(({ parts }) => parts.map(({ scope }) => scope)));
  for (const name of registry.system.documents.sortedIds()) {
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
  commits.reduce<Time | null>(
    (latest, { time }) => (latest === null || compareTimes(time, latest) > 0 ? time : latest),
    null,
  );
