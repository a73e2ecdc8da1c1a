/** Databases that meet in memory, for the cases that every carrier runs. */
import type { PeerBench } from "../contract/api/peers.ts";
import type { DistributedDatabase } from "../../src/client/api.ts";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../src/index.node.ts";
import type { MemoryNetwork, StorageAdapter } from "../../src/index.node.ts";

interface Opened {
  readonly adapter: StorageAdapter;
  readonly network: MemoryNetwork;
}

export const createMemoryPeers = (): PeerBench => {
  const hub = createMemoryHub();
  const opened = new Map<DistributedDatabase, Opened>();
  const networkOf = (database: DistributedDatabase): readonly MemoryNetwork[] => {
    const found = opened.get(database);
    return found === undefined ? [] : [found.network];
  };
  const open = (adapter: StorageAdapter, options: object): DistributedDatabase => {
    const network = hub.network();
    const database = createDistributedDb({
      ...{ ...options, adapter },
      distributed: { enabled: true, network },
    });
    opened.set(database, { adapter, network });
    return database;
  };
  return {
    open: (options = {}) => open(new InMemoryAdapter(), options),
    reopen: (database) =>
      open(opened.get(database)?.adapter ?? new InMemoryAdapter(), { name: database.name }),
    apart(...groups) {
      hub.partition(groups.map((group) => group.flatMap(networkOf)));
    },
    together() {
      hub.heal();
    },
    async clean() {
      hub.heal();
      for (const database of opened.keys()) await database.shutdown().catch(() => undefined);
      opened.clear();
    },
  };
};
