/**
 * The engine: one open database. Puts the parts together over a store, a cryptography and timers;
 * knows no worker, page or network. Opening rebuilds memory from the log; closing cuts and absorbs
 * what was written.
 */
import { assert } from "../core/base/result.ts";
import type { Time } from "../core/base/types.ts";
import {
  compareTimes,
  createHybridClock,
  isAhead,
  type HybridClock,
} from "../core/clock/hybrid.ts";
import type { CryptoPort } from "../core/crypto/port.ts";
import type { OpenNetworkMaker } from "../core/network/open.ts";
import { createInbox } from "../core/segment/inbox.ts";
import type { DeliveredSegment } from "../core/segment/segment.ts";
import type { LiveChange, WriteRequest, WriteResult } from "../core/wire/requests.ts";
import type { Store } from "../storage/store.ts";
import { createChanges, type Changes } from "./changes.ts";
import { commandsKey, createCommands, type Commands } from "./commands.ts";
import { createCommits, type Commits } from "./commit.ts";
import { createCutter, type Cutter } from "./cut.ts";
import { createExclusive, type Exclusive } from "./exclusive.ts";
import { createEndableStore, type EndableStore } from "./endableStore.ts";
import { errorValueOf } from "./failure.ts";
import { retireWriter, type Home } from "./home.ts";
import { createHomes, type Homes } from "./homes.ts";
import { newIdentity, readIdentity, type Identity } from "./identity.ts";
import { ownWriterOf } from "./incarnation.ts";
import { createInTurn, type InTurn } from "./inTurn.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import { Journal } from "./journal.ts";
import { createLive, type Live } from "./live.ts";
import { openLog, type OpenedLog } from "./openLog.ts";
import { createRebuild, type Rebuild } from "./rebuild.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createTeller, type Listeners } from "./teller.ts";
import type { Timers } from "./timers.ts";
import { createUnflushed } from "./unflushed.ts";

export interface EngineDeps extends Listeners {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly timers: Timers;
  readonly durability: "strict" | "relaxed";
  /** Tests have networks of suite 0 in its place. */
  readonly openNetwork: OpenNetworkMaker;
  readonly onLive: (subscription: number, change: LiveChange) => void;
  /**
   * Segments were delivered or cut, and are stored: they may be sent. `from`: the peer that sent
   * them.
   */
  readonly onSegments: (
    home: Home,
    segments: readonly DeliveredSegment[],
    from: string | null,
  ) => void;
}

export interface Engine {
  readonly deps: EngineDeps;
  readonly identity: Identity;
  readonly registry: Registry;
  readonly live: Live;
  readonly changes: Changes;
  readonly cutter: Cutter;
  readonly ingest: Ingest;
  readonly homes: Homes;
  readonly rebuild: Rebuild;
  /** Networks are joined and left one after another. */
  readonly networksInTurn: InTurn;
  /** What the opening could not read any more, as text. */
  readonly damage: readonly string[];
  /** Rejects with a typed error; then nothing of the write took effect. */
  write(request: WriteRequest): Promise<WriteResult>;
  /** Cuts what was written, lets the journal go and closes the store. */
  close(): Promise<void>;
}

/** Rejects with `StorageFailed` or `NewerFormat` where the log can not be read. */
export const openEngine = (deps: EngineDeps): Promise<Engine> => {
  const store = createEndableStore(deps.store);
  return openOver(store, { ...deps, store });
};

const openOver = async (store: EndableStore, deps: EngineDeps): Promise<Engine> => {
  const { crypto, timers } = deps;
  const identity = await identityIn(deps);
  const { local, networks } = identity;
  const registry = createRegistry({ local, networks, now: timers.now });
  const live = createLive({ readable: registry.readable, emit: deps.onLive });
  const changes = createChanges(
    (name, id) => registry.readable(name).show(id, false)?.fields ?? null,
  );
  const unflushed = createUnflushed();
  const tell = createTeller(deps, live, changes, unflushed);
  const clock = createHybridClock({ now: timers.now });
  let written: Time | null = null;
  const ingest = createIngest({
    ...{ store, crypto, unflushed, inbox: createInbox() },
    read: tell.arrived,
    observe: (time, isOwn) => {
      clock.observe(time);
      if (isOwn) written = later(written, time);
    },
    stored: deps.onSegments,
    // These run when peers' segments come, long after all below is made.
    renamed: (home) => rebuild.rename(home),
    ownLogReturned: (home) => rebuild.beginAnew(home),
  });
  const opened = await openLog({ store, registry, ingest });
  const journal = journalAfter(opened, store, deps);
  resumeClock(clock, registry.homes(), later(written, opened.lastTime), timers.now());
  const commands = commandsOf(opened);
  const cutter = createCutter({
    ...{ store, crypto, journal, homes: registry.homes, failed: tell.failed },
    notes: () => [[commandsKey, commands.encode()]],
    cut: (home, segments) => {
      deps.onSegments(home, segments, null);
    },
  });
  const exclusive = createExclusive();
  const homes = createHomes({
    ...{ registry, now: timers.now },
    commit: (fill) => exclusive.shared(() => commits.commit(fill)),
    changed: tell.collection,
  });
  const commits = createCommits({
    ...{ clock, journal, commands, unflushed, holds: changes.holds },
    ...{ now: timers.now, readable: registry.readable, collection: registry.make },
    writerOf: (home) => ownWriterOf(home, crypto),
    applyCollectionWrite: homes.applyCollectionWrite,
    applied: tell.changed,
    undone: tell.applied,
    durable: (batch) => {
      tell.shown(batch);
      cutter.wake();
    },
  });
  const rebuild = createRebuild({
    ...{ store, crypto, ingest, cutter, journal, commits, exclusive, reread: tell.home },
  });
  await mend(opened, rebuild, ingest);
  // Incarnations that may not go on end here, before anything can name what they wrote.
  await cutter.cutAll(registry.homes().filter(({ retired }) => retired.length > 0));
  return {
    ...{ deps, identity, registry, live, changes, cutter, ingest, homes, rebuild },
    damage: opened.damage,
    networksInTurn: createInTurn(),
    write: (request) => write(request, { homes, commands, exclusive, commits }),
    close: () => close(store, cutter),
  };
};

const journalAfter = (
  { lastSequence, heldBytes }: OpenedLog,
  store: EndableStore,
  { timers, durability, onFailed }: EngineDeps,
): Journal =>
  new Journal({
    ...{ store, timers, durability, lastSequence, heldBytes },
    failed: (error) => {
      store.end(error);
      onFailed(errorValueOf(error));
    },
  });

/** What was answered before, with the journal let go or not. */
const commandsOf = ({ meta, commits }: OpenedLog): Commands => {
  const commands = createCommands(meta.get(commandsKey));
  for (const { commandId, result } of commits) commands.answered(commandId, result);
  return commands;
};

/** What was not found as it was left. */
const mend = async (opened: OpenedLog, rebuild: Rebuild, ingest: Ingest): Promise<void> => {
  for (const home of opened.broken) await rebuild.beginAnew(home);
  for (const [home, segments] of opened.undelivered) {
    await ingest.take(home, segments, { scope: home.scope, from: "", isRequested: true });
  }
};

const write = async (
  request: WriteRequest,
  { homes, commands, exclusive, commits }: Writing,
): Promise<WriteResult> => {
  const { commandId, write } = request;
  if (write.kind === "attach" && !commands.has(commandId)) {
    await homes.prepareAttach(write.collection, write.networkId);
  }
  return exclusive.shared(() => commits.run(request));
};

interface Writing {
  readonly homes: Homes;
  readonly commands: Commands;
  readonly exclusive: Exclusive;
  readonly commits: Commits;
}

const close = async (store: EndableStore, cutter: Cutter): Promise<void> => {
  try {
    if (!store.isEnded) await cutter.absorb();
  } finally {
    await store.close();
  }
};

/**
 * What this device wrote before comes before what it writes now. If it wrote more than 5 minutes
 * ahead of a clock that was corrected since, new incarnations begin at the corrected time instead.
 */
const resumeClock = (
  clock: HybridClock,
  homes: readonly Home[],
  written: Time | null,
  now: number,
): void => {
  if (written === null) return;
  if (isAhead(written, now)) homes.forEach(retireWriter);
  else clock.observe(written);
};

const later = (a: Time | null, b: Time | null): Time | null => {
  if (a === null || b === null) return a ?? b;
  return compareTimes(a, b) < 0 ? b : a;
};

const identityIn = async ({ store, crypto, openNetwork }: EngineDeps): Promise<Identity> => {
  const known = readIdentity(await store.meta(), crypto, openNetwork);
  if (known !== null) return known;
  await store.write({ meta: new Map([newIdentity(crypto)]) });
  const made = readIdentity(await store.meta(), crypto, openNetwork);
  assert(made !== null, "what was written is there");
  return made;
};
