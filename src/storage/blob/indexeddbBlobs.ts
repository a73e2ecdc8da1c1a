/**
 * Blobs in an IndexedDB database of their own, `<name>-blobs`, where there are no files with
 * synchronous handles. A chunk is a value; a blob's record says under which id its chunks stand, so
 * that a draft becomes a blob without moving a byte.
 */
import type { BlobHash, BlobStore } from "../blobs.ts";
import {
  blockedError,
  closedError,
  exceptionError,
  replacedError,
  storageError,
} from "../errors.ts";
import { createBlobStore, type BlobDeps } from "./blobStore.ts";
import { toBlobHash, type BlobDraft, type BlobDriver } from "./driver.ts";
import type { StoredRecord } from "./record.ts";

export interface IndexedDbBlobDeps extends BlobDeps {
  readonly indexedDB: IDBFactory;
}

export const createIndexedDbBlobStore = async (deps: IndexedDbBlobDeps): Promise<BlobStore> =>
  createBlobStore(createDriver(await openTables(deps), deps.now), deps);

/** Deletes all blobs of a database; resolves when they are gone. */
export const deleteIndexedDbBlobs = async (factory: IDBFactory, name: string): Promise<void> => {
  const request = begin(name, () => factory.deleteDatabase(databaseName(name)));
  await settle(name, request);
};

/** Key: hash. Values are `BlobRow`s; `unknown` because a damaged store may hold anything. */
const blobTable = "blobs";
/** Key: id of the draft. Value: when it was begun. */
const draftTable = "drafts";
/** Key: [id, index]. Value: the bytes. */
const chunkTable = "chunks";
/** Key: "swept". */
const noteTable = "notes";
const allTables = [blobTable, draftTable, chunkTable, noteTable];
const notesKey = "swept";
const layoutVersion = 1;

interface BlobRow extends StoredRecord {
  readonly id: string;
  readonly modified: number;
}

const databaseName = (name: string): string => `${name}-blobs`;

interface Tables {
  /** Resolves at `complete` with what the request gave that `ask` returned. */
  readonly transact: <T>(
    mode: "readonly" | "strict" | "relaxed",
    ask: (transaction: IDBTransaction) => IDBRequest<T>,
  ) => Promise<T>;
  readonly close: () => void;
}

const openTables = async (deps: IndexedDbBlobDeps): Promise<Tables> => {
  const { name, indexedDB } = deps;
  const request = begin(name, () => indexedDB.open(databaseName(name), layoutVersion));
  request.addEventListener("upgradeneeded", () => {
    for (const table of allTables) request.result.createObjectStore(table);
  });
  const database = await settle(name, request);
  let ended: typeof closedError | null = null;
  database.addEventListener("versionchange", () => {
    // Someone upgrades or deletes: holding on would only block them
    ended ??= replacedError;
    database.close();
  });
  return {
    transact: (mode, ask) =>
      new Promise((resolve, reject) => {
        if (ended !== null) throw ended(name);
        try {
          const transaction =
            mode === "readonly"
              ? database.transaction(allTables)
              : database.transaction(allTables, "readwrite", { durability: mode });
          const request = ask(transaction);
          transaction.addEventListener("complete", () => {
            resolve(request.result);
          });
          // Quota fails here, after every request succeeded
          transaction.addEventListener("abort", () => {
            reject(exceptionError(name, transaction.error));
          });
        } catch (cause) {
          throw storageError(name, cause);
        }
      }),
    close: () => {
      ended ??= closedError;
      database.close();
    },
  };
};

/** Where site data is forbidden, asking throws instead of failing its request. */
const begin = (name: string, ask: () => IDBOpenDBRequest): IDBOpenDBRequest => {
  try {
    return ask();
  } catch (cause) {
    throw storageError(name, cause);
  }
};

const settle = (name: string, request: IDBOpenDBRequest): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    request.addEventListener("success", () => {
      resolve(request.result);
    });
    request.addEventListener("blocked", () => {
      reject(blockedError(name));
    });
    request.addEventListener("error", () => {
      reject(exceptionError(name, request.error));
    });
  });

const createDriver = (tables: Tables, now: () => number): BlobDriver => {
  const { transact } = tables;
  const rowOf = async (hash: BlobHash): Promise<BlobRow | null> =>
    toRow(await transact("readonly", (to) => to.objectStore(blobTable).get(hash)));
  return {
    begin: async (id) => {
      await transact("relaxed", (to) => to.objectStore(draftTable).put(now(), id));
      return createDraft(tables, id, now);
    },
    blobs: async () => {
      const keys = await transact("readonly", (to) => to.objectStore(blobTable).getAllKeys());
      const entries = [];
      for (const key of keys) {
        const hash = toBlobHash(textOf(key));
        if (hash === null) continue;
        // A damaged row is older than any
        entries.push({ hash, modified: (await rowOf(hash))?.modified ?? 1 });
      }
      return entries;
    },
    drafts: async () => {
      const keys = await transact("readonly", (to) => to.objectStore(draftTable).getAllKeys());
      const times = await transact("readonly", (to) => to.objectStore(draftTable).getAll());
      return keys.map((id, index) => ({ id: textOf(id), modified: Number(times[index] ?? 0) }));
    },
    record: async (hash) => {
      const found = await transact("readonly", (to) => to.objectStore(blobTable).count(hash));
      return found === 0 ? null : ((await rowOf(hash)) ?? { head: noBytes, hashes: noBytes });
    },
    chunk: async (hash, index) => {
      const row = await rowOf(hash);
      return row === null ? null : readChunk(tables, row.id, index);
    },
    remove: async (hash) => {
      const row = await rowOf(hash);
      await transact("strict", (to) => {
        if (row !== null) to.objectStore(chunkTable).delete(chunksOf(row.id));
        return to.objectStore(blobTable).delete(hash);
      });
    },
    removeDraft: (id) => removeDraft(tables, id),
    notes: async () => {
      const notes: unknown = await transact("readonly", (to) =>
        to.objectStore(noteTable).get(notesKey),
      );
      return notes instanceof Uint8Array ? notes : null;
    },
    keepNotes: async (notes) => {
      await transact("strict", (to) => to.objectStore(noteTable).put(notes.slice(), notesKey));
    },
    close: async () => {
      tables.close();
    },
  };
};

const createDraft = (tables: Tables, id: string, now: () => number): BlobDraft => {
  const { transact } = tables;
  let record: StoredRecord = { head: noBytes, hashes: noBytes };
  return {
    // A copy, since a view would be stored with all of the buffer under it
    write: async (index, chunk) => {
      await transact("relaxed", (to) => to.objectStore(chunkTable).put(chunk.slice(), [id, index]));
    },
    finish: async (finished) => {
      record = finished;
    },
    read: (index) => readChunk(tables, id, index),
    // Strict, and so are the chunks then, which were written before
    place: async (hash) => {
      await transact("strict", (to) => {
        const blobs = to.objectStore(blobTable);
        const before = blobs.get(hash);
        before.addEventListener("success", () => {
          const row = toRow(before.result);
          if (row !== null) to.objectStore(chunkTable).delete(chunksOf(row.id));
        });
        to.objectStore(draftTable).delete(id);
        return blobs.put({ ...record, id, modified: now() } satisfies BlobRow, hash);
      });
    },
    discard: () => removeDraft(tables, id),
  };
};

const readChunk = async (tables: Tables, id: string, index: number): Promise<Uint8Array | null> => {
  const chunk: unknown = await tables.transact("readonly", (to) =>
    to.objectStore(chunkTable).get([id, index]),
  );
  return chunk instanceof Uint8Array ? chunk : null;
};

const removeDraft = async ({ transact }: Tables, id: string): Promise<void> => {
  await transact("relaxed", (to) => {
    to.objectStore(chunkTable).delete(chunksOf(id));
    return to.objectStore(draftTable).delete(id);
  });
};

/** null: not there, or no row of ours. */
const toRow = (value: unknown): BlobRow | null => {
  if (typeof value !== "object" || value === null) return null;
  // Any object has names; what stands under them is looked at
  const { id, modified, head, hashes } = value as Readonly<Record<string, unknown>>;
  const isWhole =
    typeof id === "string" &&
    typeof modified === "number" &&
    head instanceof Uint8Array &&
    hashes instanceof Uint8Array;
  return isWhole ? { id, modified, head, hashes } : null;
};

/** Keys of ours are texts. */
const textOf = (key: IDBValidKey): string => (typeof key === "string" ? key : "");

const chunksOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id, 0], [id, Infinity]);
const noBytes = new Uint8Array();
