/**
 * NebulusDB through its public API, as an application opens it: in its worker, with the storage
 * that it chooses.
 */
import { createDistributedDb } from "../../../../../src/index.ts";
import { rareQuery, type BenchDocument } from "../../../support/documents.ts";
import type { OpenStore } from "../store.ts";

export const openStore: OpenStore = async (name, durability) => {
  const database = createDistributedDb<{ notes: BenchDocument }>({ name, durability });
  const notes = database.collection("notes");
  await database.ready;
  return {
    insertMany: async (documents) => {
      await notes.insertBatch(documents);
    },
    insert: async (document) => {
      await notes.insert(document);
    },
    get: (id) => notes.get(id),
    getMany: (ids) => notes.getMany(ids),
    setScores: async (scores) => {
      await notes.updateBatch(scores.map(([where, score]) => ({ where, update: { score } })));
    },
    findRare: () => notes.find(rareQuery),
    count: () => notes.count(),
    attach: async () => {
      const networkId = "bench";
      await database.createNetwork({
        ...{ networkId, name: "Bench" },
        encryption: { sharedSecret: "a shared secret that everyone can read here" },
      });
      await database.addCollectionToNetwork(networkId, notes.name);
    },
    cut: async () => {
      await notes.forceSync();
    },
    close: () => database.shutdown(),
  };
};
