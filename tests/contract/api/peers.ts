/**
 * What the cases of networks stand on: databases that meet over the network under test, which is
 * the carrier's business. `tests/unit/api/networkContract.test.ts` gives one in memory.
 */
import type { DistributedCollection, DistributedDatabase } from "../../../src/client/api.ts";
import type { DistributedDbOptions } from "../../../src/client/api.ts";
import type { NetworkEvents, NetworkManager, PeerInfo } from "../../../src/client/networkTypes.ts";
import type { SyncStatus } from "../../../src/client/networkTypes.ts";

export interface PeerBench {
  /** A database of its own on the network under test; in no network of members yet. */
  open(options?: DistributedDbOptions): DistributedDatabase;
  /** The data of one that was shut down, again. */
  reopen(database: DistributedDatabase): DistributedDatabase;
  /** From now on only those of one group reach each other; one in none reaches nobody. */
  apart(...groups: readonly (readonly DistributedDatabase[])[]): void;
  /** All reach each other again. */
  together(): void;
  clean(): Promise<void>;
}

export const team = {
  ...{ networkId: "team", name: "Team" },
  encryption: { sharedSecret: "a shared secret of at least 32 bytes" },
} as const;

/** In the network, with the collection attached. */
export const member = async (
  bench: PeerBench,
  collection = "users",
): Promise<DistributedDatabase> => {
  const database = bench.open();
  await database.createNetwork(team);
  database.collection(collection);
  await database.addCollectionToNetwork(team.networkId, collection);
  return database;
};

export const members = async (
  bench: PeerBench,
  count: number,
): Promise<readonly DistributedDatabase[]> =>
  Promise.all(Array.from({ length: count }, () => member(bench)));

export const managerOf = (database: DistributedDatabase): NetworkManager =>
  database.getNetworkManager();

export const users = (database: DistributedDatabase): DistributedCollection =>
  database.collection("users");

/** The first detail of that event that is as wanted. */
export const told = <E extends keyof NetworkEvents>(
  database: DistributedDatabase,
  event: E,
  isWanted: (detail: NetworkEvents[E]) => boolean = () => true,
): Promise<NetworkEvents[E]> =>
  new Promise((resolve) => {
    const stop = managerOf(database).on(event, (detail) => {
      if (!isWanted(detail)) return;
      stop();
      resolve(detail);
    });
  });

/** What `look` first gives that is not null: asked at each change of networks or sync. */
export const once = <T>(database: DistributedDatabase, look: () => T | null): Promise<T> =>
  new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const check = (): void => {
      const found = look();
      if (found === null) return;
      for (const stop of stops) stop();
      resolve(found);
    };
    stops.push(database.on("networks", check), database.on("sync", check));
    check();
  });

/** Connected with so many. */
export const connected = (
  database: DistributedDatabase,
  count: number,
): Promise<readonly PeerInfo[]> =>
  once(database, () => {
    const peers = managerOf(database).getConnectedPeers();
    return peers.length === count ? peers : null;
  });

export const statusOnce = (
  database: DistributedDatabase,
  isWanted: (status: SyncStatus) => boolean,
): Promise<SyncStatus> =>
  once(database, () => {
    const status = users(database).getSyncState()?.status;
    return status !== undefined && isWanted(status) ? status : null;
  });

/** Each verified equal with all others that are there. */
export const verified = async (...databases: readonly DistributedDatabase[]): Promise<void> => {
  await Promise.all(databases.map((each) => verifiedWith(each, databases.length - 1)));
};

export const verifiedWith = (database: DistributedDatabase, devices: number): Promise<SyncStatus> =>
  statusOnce(
    database,
    (status) => status.kind === "synced" && status.verified && status.with.length === devices,
  );

/** Once it has so many documents. */
export const documentsOnce = (database: DistributedDatabase, count: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let stop = (): void => undefined;
    stop = users(database).subscribe(
      {},
      (rows) => {
        if (rows.length !== count) return;
        // The first call may come before `stop` is known
        queueMicrotask(() => {
          stop();
        });
        resolve();
      },
      reject,
    );
  });

export const rowsOf = (database: DistributedDatabase): Promise<unknown> =>
  users(database).find({}, { includeDeleted: true, meta: true });
