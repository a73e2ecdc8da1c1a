/**
 * The parts of an engine that hold and show what there is: registry, pages, live queries, and the
 * way in for peers' segments. Opening needs no others.
 */
import type { Time } from "../core/base/types.ts";
import { createHybridClock, laterTime, type HybridClock } from "../core/clock/hybrid.ts";
import { createInbox } from "../core/segment/inbox.ts";
import type { Damage, Store } from "../storage/store.ts";
import type { StorageBounds } from "./bounds.ts";
import { createChanges, type Changes } from "./changes.ts";
import type { EngineDeps } from "./engineDeps.ts";
import type { Home } from "./home.ts";
import type { Identity } from "./identity.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import { createLive, type Live } from "./live.ts";
import { PageCache } from "./pages/pageCache.ts";
import { createReadTurn, type ReadTurn, type Repair } from "./pages/pageMiss.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createRepair } from "./repair.ts";
import { createTeller, type Teller } from "./teller.ts";
import { createUnflushed, type Unflushed } from "./unflushed.ts";

export interface ReadingParts {
  readonly registry: Registry;
  readonly pages: PageCache;
  readonly repair: Repair;
  readonly turn: ReadTurn;
  readonly live: Live;
  readonly changes: Changes;
  readonly unflushed: Unflushed;
  readonly tell: Teller;
  readonly clock: HybridClock;
  readonly ingest: Ingest;
  /** What could not be read, beside what the store lists; it grows. */
  readonly damage: Damage[];
  /** Of this device's ops that were read so far. */
  readonly lastWritten: () => Time | null;
}

export interface ReadingDeps {
  readonly store: Store;
  readonly deps: EngineDeps;
  readonly identity: Identity;
  readonly bounds: StorageBounds;
  readonly rename: (home: Home) => Promise<void>;
  readonly repair: (home: Home) => Promise<void>;
  readonly beginAnew: (home: Home) => Promise<void>;
  readonly keepHomes: () => Promise<void>;
  /** Peers changed documents. */
  readonly arrived: () => void;
}

export const createReadingParts = (around: ReadingDeps): ReadingParts => {
  const { store, deps, identity, bounds } = around;
  const { crypto, timers } = deps;
  const damage: Damage[] = [];
  const pages = new PageCache({
    ...{ store, bytesMax: bounds.pageCacheBytes },
    damaged: (scope, number, reason) =>
      damage.push({ where: "page", key: `${scope}/${String(number)}`, reason }),
  });
  const registry = createRegistry({ ...identity, pages, now: timers.now });
  const repair = createRepair(registry, (home) => ingest.inTurn(home, () => around.repair(home)));
  const turn = createReadTurn(repair);
  const live = createLive({
    ...{ readable: registry.readable, emit: deps.onLive, reading: turn },
    failed: (error) => {
      tell.failed(error);
    },
  });
  const changes = createChanges(
    (name, id) => registry.readable(name).show(id, false)?.fields ?? null,
    store.epoch,
  );
  const unflushed = createUnflushed();
  const tell = createTeller(deps, live, changes, unflushed);
  const clock = createHybridClock({ now: timers.now });
  let written: Time | null = null;
  const ingest = createIngest({
    ...{ store, crypto, unflushed, inbox: createInbox() },
    read: (batch) => {
      tell.arrived(batch);
      around.arrived();
    },
    observe: (time, isOwn) => {
      clock.observe(time);
      if (isOwn) written = laterTime(written, time);
    },
    stored: deps.onSegments,
    ...{
      renamed: around.rename,
      damaged: around.repair,
      ownLogReturned: around.beginAnew,
      keepHomes: around.keepHomes,
    },
  });
  return {
    ...{ registry, pages, repair, turn, live, changes, unflushed, tell, clock, ingest, damage },
    lastWritten: () => written,
  };
};
