/**
 * Yjs with its IndexedDB provider: a map of maps in the page's memory. The provider stores each
 * update in a transaction of its own and tells nobody; one that reads the same store afterwards
 * ends after it, and that is what is waited for.
 */
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import { isRare, type BenchDocument } from "../../../support/documents.ts";
import type { OpenStore } from "../store.ts";

type Field = BenchDocument[keyof BenchDocument];
type Note = Y.Map<Field>;

export const openStore: OpenStore = async (name) => {
  const document = new Y.Doc();
  const provider = new IndexeddbPersistence(name, document);
  await provider.whenSynced;
  const notes = document.getMap<Note>("notes");
  const write = async (change: () => void): Promise<void> => {
    document.transact(change);
    await stored(provider.db);
  };
  const insert = (given: BenchDocument): void => {
    notes.set(given.id, new Y.Map<Field>(Object.entries(given)));
  };
  return {
    insertMany: (documents) =>
      write(() => {
        documents.forEach(insert);
      }),
    insert: (given) =>
      write(() => {
        insert(given);
      }),
    get: async (id) => toDocument(notes.get(id)),
    getMany: async (ids) =>
      ids.map((id) => toDocument(notes.get(id))).filter((found) => found !== null),
    setScores: (scores) =>
      write(() => {
        for (const [id, score] of scores) notes.get(id)?.set("score", score);
      }),
    findRare: async () => {
      const found: BenchDocument[] = [];
      for (const note of notes.values()) {
        if (Number(note.get("score")) <= 900) continue;
        const each = toDocument(note);
        if (each !== null && isRare(each)) found.push(each);
      }
      return found;
    },
    count: async () => notes.size,
    close: async () => {
      await stored(provider.db);
      await provider.destroy();
      document.destroy();
    },
  };
};

const toDocument = (note: Note | undefined): BenchDocument | null =>
  // The fields are those that `insert` set.
  note === undefined ? null : (note.toJSON() as BenchDocument);

const stored = (database: IDBDatabase | null): Promise<void> =>
  new Promise((resolve, reject) => {
    if (database === null) {
      reject(new Error("y-indexeddb is not open"));
      return;
    }
    const transaction = database.transaction("updates");
    transaction.objectStore("updates").count();
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error("a transaction was aborted"));
    };
  });
