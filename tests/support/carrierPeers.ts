/** Databases in Node that meet over a carrier of each one's own, for the cases of every carrier. */
import type { DistributedDatabase } from "../../src/client/api.ts";
import type { Carrier } from "../../src/core/net/carrier.ts";
import { createDistributedDb, InMemoryAdapter } from "../../src/index.node.ts";
import type { StorageAdapter } from "../../src/index.node.ts";
import type { PeerBench } from "../contract/api/peers.ts";
import { createSeparation, type End } from "./separation.ts";

/** `createCarrier`: a new one. */
export const createCarrierPeers = (createCarrier: () => Carrier): PeerBench => {
  const adapters = new Map<DistributedDatabase, StorageAdapter>();
  const separation = createSeparation();
  const open = (adapter: StorageAdapter, options: object): DistributedDatabase => {
    const database = separation.open((end) =>
      createDistributedDb({
        ...{ ...options, adapter },
        distributed: {
          enabled: true,
          network: withEnd(createCarrier(), end),
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
