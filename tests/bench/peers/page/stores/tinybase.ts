/**
 * TinyBase: a store in the page's memory, rows flat as its cells are, with its IndexedDB persister,
 * whose `save` writes the whole table. A write counts when `save` has resolved.
 */
import { createStore, type Row } from "tinybase";
import { createIndexedDbPersister } from "tinybase/persisters/persister-indexed-db";
import { isRare, type BenchDocument } from "../../../support/documents.ts";
import { parseJson } from "../../../support/json.ts";
import type { OpenStore } from "../store.ts";

export const openStore: OpenStore = async (name) => {
  const store = createStore();
  const failures: unknown[] = [];
  const persister = createIndexedDbPersister(store, name, 1, (error: unknown) => {
    failures.push(error);
  });
  await persister.load();
  // Where nothing was saved yet it finds no object stores, and says so.
  failures.length = 0;
  const write = async (change: () => void): Promise<void> => {
    store.transaction(change);
    await persister.save();
    if (failures.length > 0) throw new Error(`not saved: ${String(failures[0])}`);
  };
  const get = (id: string): BenchDocument | null =>
    store.hasRow(table, id) ? fromRow(id, store.getRow(table, id)) : null;
  return {
    insertMany: (documents) =>
      write(() => {
        for (const document of documents) store.setRow(table, document.id, toRow(document));
      }),
    insert: (document) =>
      write(() => {
        store.setRow(table, document.id, toRow(document));
      }),
    get: async (id) => get(id),
    getMany: async (ids) => ids.map(get).filter((found) => found !== null),
    setScores: (scores) =>
      write(() => {
        for (const [id, score] of scores) store.setCell(table, id, "score", score);
      }),
    findRare: async () => {
      const found: BenchDocument[] = [];
      store.forEachRow(table, (id) => {
        if (Number(store.getCell(table, id, "score")) <= 900) return;
        const document = get(id);
        if (document !== null && isRare(document)) found.push(document);
      });
      return found;
    },
    count: async () => store.getRowCount(table),
    close: () => persister.destroy().then(() => undefined),
  };
};

const table = "notes";

const toRow = ({ id: _, tags, meta, ...cells }: BenchDocument): Row => ({
  ...cells,
  ...meta,
  tags: JSON.stringify(tags),
});

const fromRow = (id: string, row: Row): BenchDocument => {
  const text = (name: string): string => {
    const cell = row[name];
    return typeof cell === "string" ? cell : "";
  };
  return {
    ...{ id, title: text("title"), body: text("body"), source: text("source") },
    tags: parseJson<readonly string[]>(text("tags")),
    ...{ time: Number(row["time"]), score: Number(row["score"]) },
    meta: { language: text("language"), country: text("country") },
  };
};
