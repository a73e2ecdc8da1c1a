/**
 * RxDB on its free storage over Dexie, for one tab (`multiInstance` off), with its event-reduce
 * algorithm and without its development mode. Its worker storage is not free.
 */
import { createRxDatabase, type RxCollection, type RxJsonSchema } from "rxdb/plugins/core";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import type { BenchDocument } from "../../../support/documents.ts";
import type { OpenStore } from "../store.ts";

type Notes = RxCollection<BenchDocument>;

const text = { type: "string" } as const;
const number = { type: "number" } as const;

const schema: RxJsonSchema<BenchDocument> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { ...text, maxLength: 32 },
    ...{ title: text, body: text, source: text, time: number, score: number },
    tags: { type: "array", items: text },
    meta: { type: "object", properties: { language: text, country: text } },
  },
  required: ["id", "title", "body", "tags", "source", "time", "score", "meta"],
};

export const openStore: OpenStore = async (name, durability) => {
  const database = await createRxDatabase({
    name,
    storage: getRxStorageDexie({ chromeTransactionDurability: durability }),
    multiInstance: false,
    eventReduce: true,
  });
  const made = await database.addCollections<{ notes: Notes }>({ notes: { schema } });
  const notes: Notes = made.notes;
  const bulk = async (writing: Promise<{ readonly error: readonly unknown[] }>): Promise<void> => {
    const { error } = await writing;
    if (error.length > 0) throw new Error(`${error.length} documents were not written`);
  };
  return {
    insertMany: (documents) => bulk(notes.bulkInsert([...documents])),
    insert: async (document) => {
      await notes.insert(document);
    },
    get: async (id) => (await notes.findOne(id).exec())?.toJSON() ?? null,
    getMany: async (ids) => {
      const found = await notes.findByIds([...ids]).exec();
      return [...found.values()].map((each) => each.toJSON());
    },
    setScores: async (scores) => {
      const found = await notes.findByIds(scores.map(([id]) => id)).exec();
      await bulk(
        notes.bulkUpsert(
          scores.map(([id, score]) => {
            const document = found.get(id);
            if (document === undefined) throw new Error(`${id} is not there`);
            return { ...document.toMutableJSON(), score };
          }),
        ),
      );
    },
    findRare: async () => {
      const selector = { score: { $gt: 900 }, "meta.language": "de" };
      return (await notes.find({ selector }).exec()).map((each) => each.toJSON());
    },
    count: () => notes.count().exec(),
    close: async () => {
      await database.close();
    },
  };
};
