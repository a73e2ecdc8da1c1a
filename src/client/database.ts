/**
 * The database as an application holds it: it returns at once, opens in the background, and hands
 * out collections, transactions and networks. Where its engine runs is the platform's business.
 */
import type { Capabilities, DistributedDatabase, DistributedDbOptions, Health } from "./api.ts";
import { abortable } from "./abort.ts";
import { notSupported, toNebulusError } from "./answer.ts";
import { carryAs, createCarrying, type Carrying } from "./carrying.ts";
import { createCatalogue, type Catalogue } from "./catalogue.ts";
import type { Connection, Platform } from "./connection.ts";
import { createConnectionCalls } from "./connectionCalls.ts";
import { createFailedConnection } from "./connectionFailed.ts";
import { createEmitter } from "./emitter.ts";
import { hasAfterHooks, runInitHooks, tellArrival } from "./hooks.ts";
import { laterInDatabase } from "./later.ts";
import { createMembers } from "./members.ts";
import { createNetworkManager } from "./networkManager.ts";
import { createNetworks, type Networks } from "./networks.ts";
import type { NetworkEvents } from "./networkTypes.ts";
import { readOptions, type Settings } from "./options.ts";
import { decodeStored } from "./rows.ts";
import { createSession, type Session } from "./session.ts";
import { createTransact, createTransaction } from "./transaction.ts";
import type { CallOptions } from "./types.ts";

/** Never throws: what cannot be opened rejects `ready`, and every call, with the same reason. */
export const createDatabase = (
  options: DistributedDbOptions | undefined,
  platform: Platform,
): DistributedDatabase => {
  const { settings, connection: engine } = begin(options, platform);
  const { name, durability } = settings;
  const tellArrivals = hasAfterHooks(settings.plugins);
  const session = createSession(engine, { name, durability, tellArrivals });
  askToPersist(session, platform);
  const transact = createTransact(session);
  const catalogue = createCatalogue({ session, settings, transact });
  session.onArrival(({ collection, before, after }) => {
    const told = { collection, plugins: settings.plugins, report: session.report };
    return tellArrival(told, decodeStored(before), decodeStored(after));
  });
  const { enabled, discovery } = settings.distributed;
  const carry = platform.carry ?? platform.page?.carry ?? null;
  const carrying = createCarrying(session, carryAs(carry, discovery));
  const events = createEmitter<NetworkEvents>(session.report);
  const pageUrl = (): string | null => platform.page?.url() ?? null;
  const networks = createNetworks({
    ...{ session, events, prepared: catalogue.prepared, pageUrl },
    useRelays: (addresses) => {
      if (enabled) carrying.use(discovery.bootstrap ? addresses : []);
    },
  });
  const parts: Parts = { settings, platform, session, catalogue, carrying, networks };
  const shutdown = (call?: CallOptions): Promise<void> =>
    abortable(call?.signal, () => session.close().finally(carrying.stop));
  const ready = becomeReady(parts, () => database);
  // Handled, so that a caller may leave it alone; whoever waits for it is told all the same.
  ready.catch(() => undefined);
  const connection = createConnectionCalls({ session, carrying, platform });
  const manager = createNetworkManager({ session, networks, ready, shutdown, connection });
  const database: DistributedDatabase = {
    name,
    ready,
    // What a collection's documents are is known to its caller's types alone.
    collection: catalogue.collection,
    collections: (callOptions) =>
      session.during(async () => {
        await catalogue.prepared().catch(() => undefined);
        return session.ask((service) => service.collections(), callOptions?.signal);
      }),
    transaction: (run, callOptions) =>
      session.during(async () => {
        await catalogue.prepared().catch(() => undefined);
        return transact((attempt) => run(createTransaction(attempt, catalogue.contextOf)), {
          together: true,
          signal: callOptions?.signal,
        });
      }),
    destroy: (call) => abortable(call?.signal, () => session.destroy().finally(carrying.stop)),
    createNetwork: networks.create,
    joinNetwork: networks.join,
    leaveNetwork: networks.leave,
    ...createMembers({ session, networks, pageUrl }),
    addCollectionToNetwork: networks.addCollection,
    removeCollectionFromNetwork: (collection, call) =>
      networks.removeCollection(collection, undefined, call),
    getNetworkManager: () => manager,
    health: (call) => session.during(() => abortable(call?.signal, () => healthOf(parts))),
    capabilities: () => capabilitiesOf(parts),
    syncStatus: networks.syncStatus,
    on: session.events.on,
    shutdown,
    ...laterInDatabase(),
  };
  return database;
};

interface Parts {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly session: Session;
  readonly catalogue: Catalogue;
  readonly carrying: Carrying;
  readonly networks: Networks;
}

const begin = (
  options: DistributedDbOptions | undefined,
  platform: Platform,
): { readonly settings: Settings; readonly connection: Connection } => {
  try {
    const settings = readOptions(options);
    if (options?.distributed?.network !== undefined && platform.carry === undefined) {
      const advice = "an engine in a worker uses the network of its page.";
      throw notSupported("distributed.network", advice);
    }
    return { settings, connection: platform.connect(settings.name) };
  } catch (error) {
    const connection = createFailedConnection(toNebulusError(error));
    return { settings: readOptions(), connection };
  }
};

const becomeReady = async (parts: Parts, database: () => DistributedDatabase): Promise<void> => {
  const { settings, session, catalogue, carrying, networks } = parts;
  const { deviceId } = await session.opened;
  await catalogue.prepared();
  await runInitHooks(settings.plugins, database());
  const { enabled, networkId, bootstrapPeers, discovery, inert } = settings.distributed;
  for (const name of inert) session.events.emit("warning", inertWarning(name));
  if (!enabled) return;
  carrying.use(discovery.bootstrap ? bootstrapPeers : []);
  if (networkId !== null) await networks.join(networkId, bootstrapPeers);
  networks.events.emit("initialized", { peerId: deviceId });
};

const inertWarning = (name: string): string =>
  `distributed.${name} has no effect here: capabilities() says what this database can do.`;

/** Once there is something to keep: some browsers ask the person. */
const askToPersist = (session: Session, { page, worker }: Platform): void => {
  if (page === null || !worker) return;
  session.onFirstWrite(() => {
    // A browser that refuses may evict the data when the disk is full: `health()` says so.
    page.persist().catch(() => false);
  });
};

const healthOf = async ({ session, platform }: Parts): Promise<Health> => {
  await session.opened;
  const health = await session.ask((service) => service.health());
  const page = health.storageMode === "indexeddb" ? platform.page : null;
  return {
    ...health,
    open: session.isOpen(),
    persisted: page === null ? null : await page.persisted(),
    usage: page === null ? null : await page.usage(),
  };
};

const capabilitiesOf = ({ session, platform, carrying }: Parts): Capabilities => ({
  storageMode: session.info()?.storageMode ?? null,
  worker: platform.worker,
  network: carrying.running(),
  webrtc: platform.page?.webrtc === true,
  websocket: platform.page !== null,
  tcp: false,
  quic: false,
  mdns: false,
  dhtServer: false,
  listen: false,
});
