/**
 * IndexedDB itself: one object store, a record a document, all requests of a call issued at once in
 * one transaction that is committed without waiting for them.
 */
import { isRare, type BenchDocument } from "../../../support/documents.ts";
import type { OpenStore } from "../store.ts";

const storeName = "notes";

export const openStore: OpenStore = async (name, durability) => {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(storeName, { keyPath: "id" });
  };
  const database = await resultOf(opening);
  const write = async (change: (store: IDBObjectStore) => unknown): Promise<void> => {
    const transaction = database.transaction(storeName, "readwrite", { durability });
    await change(transaction.objectStore(storeName));
    transaction.commit();
    await committed(transaction);
  };
  const reading = (): IDBObjectStore => database.transaction(storeName).objectStore(storeName);
  const getMany = async (ids: readonly string[]): Promise<readonly BenchDocument[]> => {
    const store = reading();
    const found = await Promise.all(ids.map((id) => resultOf(getFrom(store, id))));
    return found.filter((document) => document !== undefined);
  };
  return {
    getMany,
    insertMany: (documents) =>
      write((store) => {
        for (const document of documents) store.add(document);
      }),
    insert: (document) => write((store) => store.add(document)),
    get: async (id) => (await resultOf(getFrom(reading(), id))) ?? null,
    setScores: (scores) =>
      write((store) =>
        Promise.all(
          scores.map(async ([id, score]) => {
            const document = await resultOf(getFrom(store, id));
            store.put({ ...document, id, score });
          }),
        ),
      ),
    findRare: async () => (await resultOf(getAllFrom(reading()))).filter(isRare),
    count: () => resultOf(reading().count()),
    close: async () => {
      database.close();
    },
  };
};

// What stands in the store was put there above; its own types say any.
/* eslint-disable @typescript-eslint/no-unsafe-return */
const getFrom = (store: IDBObjectStore, id: string): IDBRequest<BenchDocument | undefined> =>
  store.get(id);

const getAllFrom = (store: IDBObjectStore): IDBRequest<BenchDocument[]> => store.getAll();
/* eslint-enable @typescript-eslint/no-unsafe-return */

const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("a request failed"));
    };
  });

const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error("a transaction was aborted"));
    };
  });
