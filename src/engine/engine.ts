/**
 * The engine: one open database. Puts the parts together over a store, a cryptography and timers;
 * knows no worker, page or network. Opening rebuilds memory from the log; closing cuts and absorbs
 * what was written.
 */
import { NebulusError } from "../core/base/errors.ts";
import { assert } from "../core/base/result.ts";
import type { ScopeId, Time } from "../core/base/types.ts";
import { isAhead, laterTime, type HybridClock } from "../core/clock/hybrid.ts";
import type { SegmentSource } from "../core/segment/inbox.ts";
import type { WriteRequest, WriteResult } from "../core/wire/requests.ts";
import type { Damage } from "../storage/store.ts";
import { defaultBounds } from "./bounds.ts";
import type { Changes } from "./changes.ts";
import { commandsKey, createCommands, type Commands } from "./commands.ts";
import type { Commits } from "./commit.ts";
import type { Cutter } from "./cut.ts";
import type { Exclusive } from "./exclusive.ts";
import { createEndableStore, type EndableStore } from "./endableStore.ts";
import type { EngineDeps } from "./engineDeps.ts";
import { errorValueOf, isDiskFull, notCommitted, OutcomeUnknown } from "./failure.ts";
import { retireWriter, type Home } from "./home.ts";
import type { Homes } from "./homes.ts";
import { missingIdentity, newIdentity, readIdentity, type Identity } from "./identity.ts";
import { createTurns, type Turns } from "../core/base/turns.ts";
import type { Ingest } from "./ingest.ts";
import { Journal } from "./journal.ts";
import type { Live } from "./live.ts";
import { openLog, type OpenedLog } from "./openLog.ts";
import type { Checkpointer } from "./pages/checkpointer.ts";
import type { PageCache } from "./pages/pageCache.ts";
import type { ReadTurn } from "./pages/pageMiss.ts";
import { mayWrite } from "./permission.ts";
import { createReadingParts } from "./readingParts.ts";
import type { Rebuild } from "./rebuild.ts";
import type { Registry } from "./registry.ts";
import { createRepair } from "./repair.ts";
import type { Trimmer } from "./trimmer.ts";
import { createWritingParts, type WritingParts } from "./writingParts.ts";

export interface Engine {
  readonly deps: EngineDeps;
  readonly identity: Identity;
  readonly registry: Registry;
  readonly live: Live;
  readonly changes: Changes;
  readonly cutter: Cutter;
  readonly journal: Journal;
  readonly ingest: Ingest;
  readonly homes: Homes;
  readonly rebuild: Rebuild;
  readonly pages: PageCache;
  readonly checkpointer: Checkpointer;
  readonly trimmer: Trimmer;
  /** Runs what reads documents, again when the pages are there that it missed. */
  readonly reading: ReadTurn;
  /**
   * The log of a scope has lost a segment: what the documents have of it is written anew, so that
   * peers get it.
   */
  readonly mendLog: (scope: ScopeId) => Promise<void>;
  /** Networks are joined and left one after another. */
  readonly networksInTurn: Turns;
  /** What could not be read any more, beside what the store lists; it grows. */
  readonly damage: readonly Damage[];
  /** Adds to it. */
  readonly tellDamage: (found: Damage) => void;
  /** Rejects with a typed error; unless it is `OutcomeUnknown`, nothing of it took effect. */
  write(request: WriteRequest): Promise<WriteResult>;
  /** Cuts what was written, lets the journal go and closes the store. */
  close(): Promise<void>;
  /** Closes when the journal is flushed, and leaves the rest to the next opening. */
  letGo(): Promise<void>;
}

/** Rejects with `StorageFailed` or `NewerFormat` where the log can not be read. */
export const openEngine = (deps: EngineDeps): Promise<Engine> => {
  const store = createEndableStore(deps.store);
  return openOver(store, { ...deps, store });
};

const openOver = async (store: EndableStore, deps: EngineDeps): Promise<Engine> => {
  const { identity, meta } = await identityIn(deps);
  const bounds = { ...defaultBounds, ...deps.bounds };
  // They are made below, and needed when peers' segments come or a page is damaged
  let later: Pick<WritingParts, "rebuild" | "checkpointer" | "cutter"> | null = null;
  const madeLater = (): NonNullable<typeof later> => {
    assert(later !== null, "nothing comes before the database is open");
    return later;
  };
  const reading = createReadingParts({
    ...{ store, deps, identity, bounds },
    rename: (home) => madeLater().rebuild.rename(home),
    repair: (home) => madeLater().rebuild.repair(home),
    beginAnew: (home) => madeLater().rebuild.beginAnew(home),
    keepHomes: () => madeLater().cutter.keepHomes(),
    arrived: () => {
      madeLater().checkpointer.wake();
    },
  });
  const { registry, ingest, clock, damage } = reading;
  const tellDamage = (found: Damage): void => {
    damage.push(found);
  };
  const opened = await openLog({ store, registry, ingest, meta, tell: tellDamage });
  resumeClock(
    clock,
    registry.homes(),
    laterTime(reading.lastWritten(), opened.lastTime),
    deps.timers.now(),
  );
  const writing = createWritingParts({
    ...{ store, deps, bounds, reading },
    journal: journalAfter(opened, store, deps),
    commands: commandsOf(opened, meta),
  });
  later = writing;
  const { rebuild, cutter, exclusive, commits, homes, commands, checkpointer } = writing;
  const { trimmer } = writing;
  await mend(opened, rebuild, ingest);
  // Incarnations that may not go on end here, before anything can name what they wrote.
  await cutter.cutAll(endedIn(registry));
  // Nobody has what may not be cut yet: it goes on under the next incarnation
  for (const home of endedIn(registry).filter(mayWrite)) await rebuild.beginAnew(home);
  writing.mended();
  return {
    ...{ deps, identity, registry, ingest, damage, tellDamage },
    ...{ cutter, homes, rebuild, checkpointer, trimmer, journal: writing.journal },
    ...{ live: reading.live, changes: reading.changes },
    ...{ pages: reading.pages, reading: reading.turn },
    networksInTurn: createTurns(),
    mendLog: createRepair(registry, (home) => mendLog(home, rebuild, ingest)),
    write: (request) => write(request, { homes, commands, exclusive, commits }),
    async close() {
      await trimmer.end();
      await close(store, cutter, checkpointer);
    },
    async letGo() {
      await trimmer.end();
      if (!store.isEnded) await writing.journal.idle();
      await store.close();
    },
  };
};

const endedIn = (registry: Registry): readonly Home[] =>
  registry.homes().filter(({ retired }) => retired.length > 0);

const journalAfter = (
  { heldBytes }: OpenedLog,
  store: EndableStore,
  { timers, durability, onFailed }: EngineDeps,
): Journal =>
  new Journal({
    ...{ store, timers, durability, lastSequence: store.lastSequence, heldBytes },
    failed: (error) => {
      store.end(error);
      onFailed(errorValueOf(error));
    },
  });

/** What was answered before, with the journal let go or not. */
const commandsOf = ({ commits }: OpenedLog, meta: Meta): Commands => {
  const commands = createCommands(meta.get(commandsKey));
  for (const { commandId, result } of commits) commands.answered(commandId, result);
  return commands;
};

/** What was not found as it was left. */
const mend = async (opened: OpenedLog, rebuild: Rebuild, ingest: Ingest): Promise<void> => {
  const { broken, undelivered } = opened;
  for (const [home, isAhead] of broken) {
    const stranded = home.membership.kind === "local" ? undelivered.get(home) : undefined;
    await (isAhead ? rebuild.salvage(home) : rebuild.beginAnew(home, stranded));
  }
  for (const [home, segments] of undelivered) {
    if (home.membership.kind === "local" || home.isDropped) continue;
    await ingest.take(home, segments, sourceIn(home));
  }
};

/** What the lost one was built upon by waits for it, as if it had just come. */
const mendLog = async (home: Home, rebuild: Rebuild, ingest: Ingest): Promise<void> => {
  const waiting = await ingest.inTurn(home, () => rebuild.salvage(home));
  await ingest.take(home, waiting, sourceIn(home));
};

const sourceIn = ({ scope }: Home): SegmentSource => ({ scope, from: "", isRequested: true });

const write = async (
  request: WriteRequest,
  { homes, commands, exclusive, commits }: Writing,
): Promise<WriteResult> => {
  const { commandId, write } = request;
  try {
    if (write.kind === "attach" && !commands.has(commandId)) {
      await homes.prepareAttach(write.collection, write.networkId);
    }
    return await exclusive.shared(() => commits.run(request));
  } catch (error) {
    throw error instanceof OutcomeUnknown ? error : notCommitted(error);
  }
};

interface Writing {
  readonly homes: Homes;
  readonly commands: Commands;
  readonly exclusive: Exclusive;
  readonly commits: Commits;
}

/** A full disk leaves the journal as it is: the next opening goes on from there. */
const close = async (
  store: EndableStore,
  cutter: Cutter,
  checkpointer: Checkpointer,
): Promise<void> => {
  try {
    if (store.isEnded) return;
    await cutter.absorb();
    await checkpointer.run();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
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

const identityLost = (): NebulusError =>
  new NebulusError({
    code: "StorageLost",
    message:
      "The record that holds the keys of this database is gone or damaged, so what is stored " +
      "cannot be found any more. Nothing was changed. Destroy the database to start anew; what " +
      "other devices hold then comes back from them.",
    retryable: false,
  });

/** At a full disk the next opening does it. */
const healIdentity = async (store: EngineDeps["store"], meta: Meta): Promise<void> => {
  const missing = missingIdentity(meta);
  if (missing.length === 0) return;
  try {
    await store.write({ meta: new Map(missing) });
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
};

type Meta = ReadonlyMap<string, Uint8Array>;

const identityIn = async ({
  store,
  crypto,
  openNetwork,
}: EngineDeps): Promise<{ readonly identity: Identity; readonly meta: Meta }> => {
  const meta = await store.meta();
  const known = await readIdentity(meta, crypto, openNetwork);
  if (known !== null) {
    await healIdentity(store, meta);
    return { identity: known, meta };
  }
  // Without its keys nothing of the log can be found: new ones would be a silent fresh start
  if (store.lastSequence > 0) throw identityLost();
  await store.write({ meta: new Map(newIdentity(crypto)) });
  const written = await store.meta();
  const made = await readIdentity(written, crypto, openNetwork);
  assert(made !== null, "what was written is there");
  return { identity: made, meta: written };
};
