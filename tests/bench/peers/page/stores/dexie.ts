/**
 * Dexie as its documentation says is fastest: bulk methods, no index but the key, the whole table
 * read at once for a scan (a filtered collection goes by cursor, one document at a time).
 */
import { Dexie, type EntityTable } from "dexie";
import { isRare, type BenchDocument } from "../../../support/documents.ts";
import type { OpenStore } from "../store.ts";

export const openStore: OpenStore = async (name, durability) => {
  const database = new Dexie(name, { chromeTransactionDurability: durability });
  database.version(1).stores({ notes: "id" });
  await database.open();
  const notes: EntityTable<BenchDocument, "id"> = database.table("notes");
  return {
    insertMany: async (documents) => {
      await notes.bulkAdd(documents);
    },
    insert: async (document) => {
      await notes.add(document);
    },
    get: async (id) => (await notes.get(id)) ?? null,
    getMany: async (ids) => (await notes.bulkGet([...ids])).filter((found) => found !== undefined),
    setScores: async (scores) => {
      await notes.bulkUpdate(scores.map(([key, score]) => ({ key, changes: { score } })));
    },
    findRare: async () => (await notes.toArray()).filter(isRare),
    count: () => notes.count(),
    close: async () => {
      database.close();
    },
  };
};
