/**
 * Databases that meet in memory: whole ones, as an application opens them, on networks of one hub
 * instead of libp2p. Everything is waited for by what it shows, never by time.
 */
import type { DistributedCollection, DistributedDatabase } from "../../src/client/api.ts";
import type { DistributedDbOptions } from "../../src/client/api.ts";
import type { Query, Stored } from "../../src/client/types.ts";
import type { Carrier } from "../../src/core/net/carrier.ts";
import type { SyncStatus } from "../../src/core/wire/snapshots.ts";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../src/index.node.ts";
import type { MemoryHub, MemoryNetwork, StorageAdapter } from "../../src/index.node.ts";

export interface Peer {
  readonly database: DistributedDatabase;
  readonly adapter: StorageAdapter;
  /** Its place in the hub, to partition by. */
  readonly network: MemoryNetwork;
}

export interface PeerOptions extends DistributedDbOptions {
  /** The disk of an earlier peer, to open it again. */
  readonly adapter?: StorageAdapter;
  /** Stands between the engine and the hub. */
  readonly wrap?: (network: MemoryNetwork) => Carrier;
}

export interface Peers {
  readonly hub: MemoryHub;
  /** A database of its own, already in the network `team` under the common secret. */
  open(options?: PeerOptions): Promise<Peer>;
  /** Closes all that were opened. */
  clean(): Promise<void>;
}

export const team = "team";
export const sharedSecret = "a shared secret of at least 32 bytes";

export const createPeers = (): Peers => {
  const hub = createMemoryHub();
  const opened: DistributedDatabase[] = [];
  return {
    hub,
    async open({ adapter = new InMemoryAdapter(), wrap, ...options } = {}) {
      const network = hub.network();
      const database = createDistributedDb({
        ...{ adapter, ...options },
        distributed: { enabled: true, network: wrap?.(network) ?? network },
      });
      opened.push(database);
      await database.createNetwork({
        ...{ networkId: team, name: "Team" },
        encryption: { sharedSecret },
      });
      return { database, adapter, network };
    },
    async clean() {
      for (const database of opened.splice(0)) await database.shutdown().catch(() => undefined);
    },
  };
};

/** Makes the collection known and attaches it. */
export const attached = async <T = Record<string, unknown>>(
  { database }: Peer,
  name: string,
): Promise<DistributedCollection<T>> => {
  const collection = database.collection<T>(name);
  await database.addCollectionToNetwork(team, name);
  return collection;
};

/** The rows that a query answers with once they are as wanted. */
export const rowsOnce = <T>(
  collection: DistributedCollection<T>,
  query: Query,
  areWanted: (rows: readonly Stored<T>[]) => boolean,
): Promise<readonly Stored<T>[]> =>
  new Promise((resolve, reject) => {
    let stop = (): void => undefined;
    stop = collection.subscribe(
      query,
      (rows) => {
        if (!areWanted(rows)) return;
        // The first call may come before `stop` is known.
        queueMicrotask(() => {
          stop();
        });
        resolve(rows);
      },
      reject,
    );
  });

/** Resolves when the collection's status is as wanted. */
export const statusOnce = (
  { database }: Peer,
  collection: { getSyncState(): { readonly status: SyncStatus } | null },
  isWanted: (status: SyncStatus) => boolean,
): Promise<void> =>
  toldOnce(database, () => {
    const status = collection.getSyncState()?.status;
    return status !== undefined && isWanted(status);
  });

/** Resolves when the networks of a database, or their sync, were told to be so. */
export const toldOnce = (database: DistributedDatabase, isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      for (const stop of stops) stop();
      resolve();
    };
    const stops = [database.on("networks", look), database.on("sync", look)];
    look();
  });

/** Equal heads and equal digests, told by both. */
export const isVerified = (status: SyncStatus): boolean =>
  status.kind === "synced" && status.verified && status.unread === 0;
