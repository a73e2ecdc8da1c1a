/** Databases that meet over libp2p and a real relay in Node, for the cases of every carrier. */
import type { DistributedDatabase } from "../../src/client/api.ts";
import type { Carrier } from "../../src/core/net/carrier.ts";
import { createDistributedDb, createLibP2PNetwork, InMemoryAdapter } from "../../src/index.node.ts";
import type { StorageAdapter } from "../../src/index.node.ts";
import type { PeerBench } from "../contract/api/peers.ts";
import { createSeparation, type End } from "./separation.ts";

/** `relays`: where they are by the time that a database is opened. */
export const createLibP2PPeers = (relays: () => readonly string[]): PeerBench => {
  const adapters = new Map<DistributedDatabase, StorageAdapter>();
  const separation = createSeparation();
  const open = (adapter: StorageAdapter, options: object): DistributedDatabase => {
    const database = separation.open((end) =>
      createDistributedDb({
        ...{ ...options, adapter },
        distributed: {
          enabled: true,
          network: withEnd(createLibP2PNetwork({ relays: relays() }), end),
        },
      }),
    );
    adapters.set(database, adapter);
    return database;
  };
  return {
    open: (options = {}) => open(new InMemoryAdapter(), options),
    reopen: (database) =>
      open(adapters.get(database) ?? new InMemoryAdapter(), { name: database.name }),
    apart(...groups) {
      separation.separate(groups);
    },
    together() {
      separation.separate(null);
    },
    async clean() {
      await separation.clean();
      adapters.clear();
    },
  };
};

const withEnd = (carrier: Carrier, end: End): Carrier => ({
  ...carrier,
  start: async (privateKey) => {
    const identity = await carrier.start(privateKey);
    end.started(identity.peerId, (peers) => {
      carrier.setRefused(peers);
    });
    return identity;
  },
  setRefused: end.setRefused,
});
