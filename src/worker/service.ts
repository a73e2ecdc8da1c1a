/**
 * The database as a page asks for it: the engine behind the contract of api.ts, in a worker or in
 * the same process. Answers are values; nothing is thrown across.
 */
import { invalid, NebulusError } from "../core/base/errors.ts";
import { loadPart } from "../core/base/parts.ts";
import type { CryptoPort } from "../core/crypto/port.ts";
import { openNetwork, type OpenNetworkMaker } from "../core/network/open.ts";
import type { Carrier } from "../core/net/carrier.ts";
import type {
  GetRequest,
  ReadMark,
  RowsAnswer,
  Write,
  WriteRequest,
  WriteResult,
} from "../core/wire/requests.ts";
import { createRowAdder, encodeRows } from "../core/wire/rows.ts";
import { RowsWriter } from "../core/wire/rowsWriter.ts";
import { openConnectionSettings, type KeptConnection } from "../engine/connectionSettings.ts";
import { checkCollectionName } from "../engine/collections.ts";
import type { StorageBounds } from "../engine/bounds.ts";
import { openEngine, type Engine } from "../engine/engine.ts";
import { errorValueOf, isDiskFull, withOutcome } from "../engine/failure.ts";
import { joinNetwork, leaveNetwork } from "../engine/membership.ts";
import { countMatches, findRows, type Readable } from "../engine/query.ts";
import { createSync, type Sync, type SyncDeps } from "../engine/sync.ts";
import type { Timers } from "../engine/timers.ts";
import type { StorageAdapter, Store } from "../storage/store.ts";
import { answer } from "./answer.ts";
import { arrivalsOf } from "./arrivals.ts";
import { createHealth, type Health } from "./health.ts";
import type { Answer, DatabaseService, EngineService } from "./api.ts";
import type { OpenInfo, OpenRequest, ServiceEvent } from "./api.ts";

export interface ServiceDeps {
  readonly adapter: StorageAdapter;
  readonly crypto: CryptoPort;
  readonly timers: Timers;
  /** See `EngineDeps`. */
  readonly openNetwork?: OpenNetworkMaker;
  readonly bounds?: Partial<StorageBounds>;
  /** The worker's half of the network that stands behind a port. */
  readonly carrierOf: (port: MessagePort) => Carrier;
}

/** An open database: the engine, and sync with whoever a carrier brings. */
export interface Opened {
  readonly engine: Engine;
  readonly sync: Sync;
  readonly health: Health;
  readonly connection: KeptConnection;
  readonly info: OpenInfo;
}

export const createService = (deps: ServiceDeps): EngineService => {
  let opening: Promise<Opened> | null = null;

  const closeBy = (how: "close" | "letGo"): Promise<Answer<null>> =>
    answer(async () => {
      const closing = opening;
      opening = null;
      if (closing === null) return null;
      const { engine, sync } = await closing;
      // Who is let go of has no time
      if (how === "close") await sync.farewell();
      await sync.carry(null);
      await engine[how]();
      return null;
    });

  /** Every call waits for the opening, and answers with its failure. */
  const withOpened: WithOpened = (run) =>
    answer(async () => {
      if (opening === null) throw invalid("Closed", "The database is closed: open it again.");
      const opened = await opening;
      try {
        return await run(opened);
      } finally {
        opened.health.tellDamage();
      }
    });

  return {
    ...documentCalls(withOpened),
    ...networkCalls(withOpened, deps),
    open: (request, emit) =>
      answer(async () => {
        opening ??= openDatabase(deps, request, emit);
        return (await opening).info;
      }),
    health: () => withOpened(({ health }) => health.now()),
    close: () => closeBy("close"),
    release: () => closeBy("letGo"),
  };
};

type WithOpened = <T>(run: (opened: Opened) => Promise<T> | T) => Promise<Answer<T>>;

type NetworkCall =
  | "makeNetwork"
  | "leaveNetwork"
  | "manageNetwork"
  | "askPeers"
  | "forceSync"
  | "carry"
  | "configureConnection";

const documentCalls = (
  withOpened: WithOpened,
): Omit<DatabaseService, NetworkCall | "open" | "health" | "close"> => ({
  write: (request) => withOpened((opened) => writeTo(opened, request)),
  find: (request, marks) =>
    withOpened(({ engine }) =>
      engine.reading(() =>
        rowsAnswer(
          engine,
          encodeRows(findRows(readableOf(engine, request.collection, marks), request)),
        ),
      ),
    ),
  get: (request, marks) =>
    withOpened(({ engine }) =>
      engine.reading(() =>
        rowsAnswer(engine, encodeNamed(readableOf(engine, request.collection, marks), request)),
      ),
    ),
  count: (request) =>
    withOpened(({ engine }) =>
      engine.reading(() => countMatches(readableOf(engine, request.collection, []), request)),
    ),
  collections: () => withOpened(({ engine }) => engine.reading(engine.registry.infos)),
  subscribe: (subscription, request) =>
    withOpened(({ engine }) =>
      engine.reading(() => {
        checkCollectionName(request.collection);
        engine.live.subscribe(subscription, request);
        return null;
      }),
    ),
  unsubscribe: (subscription) =>
    withOpened(({ engine }) => {
      engine.live.unsubscribe(subscription);
      return null;
    }),
});

const networkCalls = (
  withOpened: WithOpened,
  deps: ServiceDeps,
): Pick<DatabaseService, NetworkCall> => ({
  makeNetwork: (request) =>
    withOpened(async ({ engine, sync }) => {
      await joinNetwork(engine, request);
      sync.refresh();
      return null;
    }),
  leaveNetwork: (networkId) =>
    withOpened(async ({ engine, sync }) => {
      await leaveNetwork(engine, networkId);
      sync.refresh();
      return null;
    }),
  manageNetwork: (request) =>
    withOpened(async ({ engine, sync }) => {
      const { endsLogsOf, manage } = await loadPart(() => import("../engine/closed/manage.ts"));
      const concerned = endsLogsOf(engine, request);
      if (concerned !== null) await sync.catchUp(concerned);
      const { membership, ...managed } = await manage(engine, request);
      if (membership !== null) await sync.chainChanged(membership);
      sync.refresh();
      return managed;
    }),
  askPeers: (request) => withOpened(({ sync }) => sync.askPeers(request)),
  forceSync: (collection) => withOpened(({ sync }) => sync.force(collection)),
  carry: (port) =>
    withOpened(async ({ sync }) => {
      await sync.carry(port === null ? null : deps.carrierOf(port));
      return null;
    }),
  configureConnection: (change) =>
    withOpened(async ({ connection }) => {
      await connection.change(change);
      return null;
    }),
});

/**
 * A write, and what a change of attachments brings with it. Where documents could not be moved the
 * change itself stands: the error says so, and asking again moves them.
 */
export const writeTo = async (
  { engine, sync }: Opened,
  request: WriteRequest,
): Promise<WriteResult> => {
  const { write } = request;
  const settings = await settingsFor(engine, write);
  settings?.checkSettings(engine, write);
  const result = await engine.write(request);
  const isAttachment = ["attach", "detach", "drop", "sync-mode"].includes(write.kind);
  try {
    if (isAttachment) await engine.homes.settle();
    const membership = (await settings?.tellSettings(engine, write)) ?? null;
    if (membership !== null) await sync.chainChanged(membership);
  } catch (error) {
    throw withOutcome(error, "committed");
  } finally {
    if (isAttachment) sync.refresh();
  }
  return result;
};

/** Writes by which the chain of a closed network may say something else of a collection. */
const settingsFor = async (
  { registry }: Engine,
  { kind }: Write,
): Promise<typeof import("../engine/closed/collections.ts") | null> => {
  const isConcerned = kind === "attach" || kind === "strategy";
  const hasClosed = registry.networks.all().some((each) => each.kind === "closed");
  if (!isConcerned || !hasClosed) return null;
  return loadPart(() => import("../engine/closed/collections.ts"));
};

export const openDatabase = async (
  deps: Omit<ServiceDeps, "carrierOf">,
  request: OpenRequest,
  emit: (event: ServiceEvent) => void,
): Promise<Opened> => {
  const store = await deps.adapter.open(request.name);
  try {
    return await putTogether(deps, store, request, emit);
  } catch (error) {
    // Nobody else has it by now, and the next try must be able to open it
    await store.close().catch(() => undefined);
    throw error;
  }
};

/** Engine and sync: each hears from the other what it must know. */
const putTogether = async (
  deps: Omit<ServiceDeps, "carrierOf">,
  store: Store,
  request: OpenRequest,
  emit: (event: ServiceEvent) => void,
): Promise<Opened> => {
  // Opening may cut what an earlier incarnation left, or write it anew: nobody is there yet to be
  // told.
  let sync: Sync | null = null;
  let health: Health | null = null;
  const tellCollections = async (): Promise<void> => {
    const { reading, registry } = engine;
    emit({ kind: "collections", collections: await reading(registry.infos) });
  };
  const tellCollectionsSoon = (): void => {
    if (sync === null) return;
    health?.tellDamage();
    tellCollections().catch(failed);
  };
  const failed = (error: unknown): void => {
    emit({ kind: "failed", error: errorValueOf(error) });
  };
  const tellCountsSoon = nowAndThen(deps.timers, tellCollectionsSoon);
  const engine = await openEngine({
    ...{ store, crypto: deps.crypto, timers: deps.timers },
    durability: () => request.durability,
    openNetwork: deps.openNetwork ?? openNetwork,
    bounds: { deflatesPages: deps.adapter.kind === "file", ...deps.bounds },
    onLive: (subscription, change) => {
      emit({ kind: "live", subscription, change });
    },
    onCollections: tellCollectionsSoon,
    onSegments: (home, segments, from) => {
      sync?.segments(home, segments, from);
    },
    onHome: (home) => {
      sync?.changed(home);
      tellCountsSoon();
    },
    onArrived: (batch) => {
      if (request.tellArrivals === true) arrivalsOf(engine, batch).forEach(emit);
    },
    onFailed: (error) => {
      emit({ kind: "failed", error });
    },
  });
  sync = createSync({ engine, ...syncEvents(emit) });
  await settleOwnWrites(engine);
  sync.refresh();
  await tellCollections();
  await settleLater(engine);
  const storageMode = deps.adapter.kind;
  health = createHealth({
    ...{ engine, sync, storageMode },
    tell: (damage) => {
      emit({ kind: "damage", damage });
    },
  });
  const deviceId = engine.identity.local.device.name;
  const info: OpenInfo = { storageMode, deviceId, recovery: health.recovery };
  const connection = await openConnectionSettings(store, (settings) => {
    emit({ kind: "connection", settings });
  });
  return { engine, sync, health, connection, info };
};

const syncEvents = (emit: (event: ServiceEvent) => void): Omit<SyncDeps, "engine"> => ({
  emitNetworks: (networks) => {
    emit({ kind: "networks", networks });
  },
  emitSync: (sync) => {
    emit({ kind: "sync", sync });
  },
  emitMessage: (message) => {
    emit({ kind: "message", message });
  },
  emitConnectivity: (connectivity) => {
    emit({ kind: "connectivity", connectivity });
  },
});

/** On a full disk it goes on with the next opening: queries read both homes meanwhile. */
const settleLater = ({ homes }: Engine): Promise<void> => unlessDiskFull(() => homes.settle());

/** What a crash left between a record that ended a right and what followed from it. */
const settleOwnWrites = async (engine: Engine): Promise<void> => {
  for (const membership of engine.registry.networks.all()) {
    if (membership.kind !== "closed") continue;
    const parts = await loadPart(() => import("../engine/closed/aside.ts"));
    await unlessDiskFull(() => parts.settleAtOpening(engine, membership));
  }
};

const unlessDiskFull = async (run: () => Promise<void>): Promise<void> => {
  try {
    await run();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
};

/** For what every change brings about, and nobody needs at once. */
const nowAndThen = ({ after }: Timers, run: () => void): (() => void) => {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    after(countsMilliseconds, () => {
      isDue = false;
      run();
    });
  };
};

/** Counts of documents follow this long after changes. */
const countsMilliseconds = 100;

/** Throws `TransactionConflict` where something that a transaction read before has changed. */
const readableOf = (
  engine: Engine,
  collection: string,
  marks: readonly ReadMark[],
): ReturnType<Engine["registry"]["readable"]> => {
  checkCollectionName(collection);
  if (!marks.every(engine.changes.holds)) throw spoiled();
  return engine.registry.readable(collection);
};

const encodeNamed = (readable: Readable, { ids, meta }: GetRequest): Uint8Array => {
  readable.need(ids);
  const writer = new RowsWriter(ids.length);
  const add = createRowAdder(writer);
  for (const id of ids) {
    if (!meta && readable.copyRow(id, writer)) continue;
    const shown = readable.show(id, false);
    if (shown !== null) add(readable.row(shown, { fields: null, meta }));
  }
  return writer.take();
};

const rowsAnswer = (engine: Engine, rows: Uint8Array): RowsAnswer => ({
  rows,
  at: engine.changes.count(),
});

const spoiled = (): NebulusError =>
  new NebulusError({
    code: "TransactionConflict",
    message: "What the transaction read before has changed since. Read again.",
    retryable: true,
    outcome: "not committed",
  });
