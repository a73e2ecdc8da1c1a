/**
 * The store on IndexedDB (FORMATS.md §5). Without a journal in OPFS, a strict transaction per group
 * takes the journal's place (§4): it is durable, but no witness that the browser kept all of it, so
 * it proves no continuity.
 */
import {
  deleteDatabase,
  openConnection,
  type Connection,
  type Layout,
  type TableName,
  type Write,
  type WriteTransaction,
} from "./connection.ts";
import { createDamageList, type DamageList } from "./damage.ts";
import { openEnvelope, sealEnvelope } from "./envelope.ts";
import { missingError, replacedError } from "./errors.ts";
import {
  pagesIn,
  readJournal,
  readMeta,
  readPages,
  readPagesOf,
  readSegment,
  readSegments,
} from "./indexeddbRead.ts";
import { pageKeyToBytes, segmentKeyToBytes } from "./keys.ts";
import { checkAbsorbs, checkContinues } from "./sequences.ts";
import type { JournalRecord, StorageAdapter, Store, StoreBatch } from "./store.ts";

export interface IndexedDbOptions {
  /** Default: the global one. */
  readonly indexedDB?: IDBFactory;
  /** Stands before every name. Default none: the database has the name it is opened with. */
  readonly prefix?: string;
}

export const createIndexedDbAdapter = (options: IndexedDbOptions = {}): StorageAdapter => {
  const prefix = options.prefix ?? "";
  return {
    kind: "indexeddb",
    open: async (name) => {
      const connection = await openConnection(factoryOf(options), prefix + name, layout);
      try {
        return await openStore(connection, prefix + name);
      } catch (cause) {
        await connection.close();
        throw cause;
      }
    },
    destroy: async (name) => deleteDatabase(factoryOf(options), prefix + name),
  };
};

const factoryOf = (options: IndexedDbOptions): IDBFactory => {
  // Absent in Node and in some private modes, which its own type does not say
  const factory = options.indexedDB ?? (globalThis as { indexedDB?: IDBFactory }).indexedDB;
  if (factory === undefined) throw missingError();
  return factory;
};

const layout: Layout = {
  version: 2,
  upgrade: (database) => {
    for (const table of allTables) {
      if (!database.objectStoreNames.contains(table)) database.createObjectStore(table);
    }
  },
};
const allTables: readonly TableName[] = ["segments", "pages", "journal", "meta"];

// Arrays sort behind all texts, so no key of the engine can be one of these
const epochKey = ["epoch"];
const absorbedKey = ["absorbed"];

const openStore = async (connection: Connection, name: string): Promise<Store> => {
  const damage = createDamageList();
  const found = await connection.withWrite({
    tables: allTables,
    durability: "strict",
    requests: (transaction) => raiseEpoch(transaction, damage),
  });
  const { epoch } = found;
  let { absorbedSequence, lastSequence } = found;

  /** Every write reads the epoch first; requests asked after it are aborted with it. */
  const fence = async (transaction: WriteTransaction, refuse: Refuse): Promise<void> => {
    const current = readNumber(await transaction.objectStore("meta").get(epochKey));
    if (current !== epoch) refuse(replacedError(name));
  };

  return {
    epoch,
    journalProvesContinuity: false,
    get absorbedSequence() {
      return absorbedSequence;
    },
    get lastSequence() {
      return lastSequence;
    },
    journalKind: "table",
    opening: { rolledBack: null, tornBytes: 0 },
    meta: () => readMeta(connection, damage),
    journal: () => readJournal(connection, damage, absorbedSequence),
    appendJournal: async (records, durability) => {
      const append = prepareAppend(records);
      await connection.withWrite({
        tables: ["journal", "meta"],
        durability,
        requests: async (transaction, refuse) => {
          const last = checkContinues(lastSequence, records);
          await Promise.all([fence(transaction, refuse), ...append(transaction)]);
          return last;
        },
        committed: (last) => (lastSequence = last),
      });
    },
    write: async (batch) => {
      const change = prepareBatch(batch);
      await connection.withWrite({
        tables: allTables,
        durability: batch.durability ?? "strict",
        requests: async (transaction, refuse) => {
          const next = checkAbsorbs(absorbedSequence, lastSequence, batch.absorbedSequence);
          await Promise.all([fence(transaction, refuse), ...change(transaction)]);
          return next;
        },
        committed: (next) => (absorbedSequence = next),
      });
    },
    segment: async (key) => readSegment(connection, damage, key),
    segments: (scope) => readSegments(connection, damage, scope),
    pages: async (keys) => readPages(connection, damage, keys),
    pagesOf: (scope, kind) => readPagesOf(connection, damage, scope, kind),
    damage: damage.all,
    close: () => connection.close(),
  };
};

type Refuse = Parameters<Write<unknown>["requests"]>[1];

interface Opening {
  readonly epoch: number;
  readonly absorbedSequence: number;
  readonly lastSequence: number;
}

/**
 * A new epoch, and where the journal stands. What of it is damaged is told, and replaced by what is
 * safe.
 */
const raiseEpoch = async (transaction: WriteTransaction, damage: DamageList): Promise<Opening> => {
  const meta = transaction.objectStore("meta");
  const journal = transaction.objectStore("journal");
  const [epochValue, absorbedValue, oldest, newest] = await Promise.all([
    meta.get(epochKey),
    meta.get(absorbedKey),
    journal.openKeyCursor(),
    journal.openKeyCursor(null, "prev"),
  ]);
  const epochBefore = epochValue === undefined ? 0 : readNumber(epochValue);
  if (epochBefore === null) damage.add("meta", "epoch", "unreadable");
  const absorbed = absorbedValue === undefined ? 0 : readNumber(absorbedValue);
  if (absorbed === null) damage.add("meta", "absorbed", "unreadable");
  // A clock is ahead of any count of openings, so no older store can hold the same epoch
  const epoch = (epochBefore ?? Date.now()) + 1;
  // The oldest record follows what is absorbed; without any, sequences begin anew
  const absorbedSequence = absorbed ?? (oldest?.key ?? 1) - 1;
  const lastSequence = Math.max(absorbedSequence, newest?.key ?? 0);
  await meta.put(sealNumber(epoch), epochKey);
  return { epoch, absorbedSequence, lastSequence };
};

type Requests = (transaction: WriteTransaction) => readonly Promise<unknown>[];

/** Sealing happens before the transaction opens, which would not wait for it. */
const prepareAppend = (records: readonly JournalRecord[]): Requests => {
  const values = records.map(({ sequence, payload }) => [sequence, sealEnvelope(payload)] as const);
  return (transaction) => {
    const journal = transaction.objectStore("journal");
    return values.map(([sequence, value]) => journal.add(value, sequence));
  };
};

const prepareBatch = (batch: StoreBatch): Requests => {
  const { absorbedSequence } = batch;
  const removed = (batch.removedSegments ?? []).map(segmentKeyToBytes);
  const stored = (batch.segments ?? []).map(
    ({ key, bytes }) => [segmentKeyToBytes(key), sealEnvelope(bytes)] as const,
  );
  const cleared = (batch.clearedPages ?? []).map((scope) => pagesIn(scope));
  const removedPages = (batch.removedPages ?? []).map(pageKeyToBytes);
  const storedPages = (batch.pages ?? []).map(
    ({ key, bytes }) => [pageKeyToBytes(key), sealEnvelope(bytes)] as const,
  );
  const named = Array.from(
    batch.meta ?? [],
    ([key, bytes]) => [key, bytes === null ? null : sealEnvelope(bytes)] as const,
  );
  return (transaction) => {
    const segments = transaction.objectStore("segments");
    const pages = transaction.objectStore("pages");
    const meta = transaction.objectStore("meta");
    return [
      ...removed.map((key) => segments.delete(key)),
      ...stored.map(([key, value]) => segments.put(value, key)),
      ...cleared.map((range) => pages.delete(range)),
      ...removedPages.map((key) => pages.delete(key)),
      ...storedPages.map(([key, value]) => pages.put(value, key)),
      ...named.map(([key, value]) => (value === null ? meta.delete(key) : meta.put(value, key))),
      ...(absorbedSequence === undefined ? [] : absorb(transaction, absorbedSequence)),
    ];
  };
};

const absorb = (transaction: WriteTransaction, sequence: number): Promise<unknown>[] => [
  transaction.objectStore("journal").delete(IDBKeyRange.upperBound(sequence)),
  transaction.objectStore("meta").put(sealNumber(sequence), absorbedKey),
];

const sealNumber = (value: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return sealEnvelope(bytes);
};

/** null: damaged. */
const readNumber = (value: unknown): number | null => {
  const opened = openEnvelope(value);
  if (!opened.ok || opened.value.length !== 8) return null;
  const { buffer, byteOffset } = opened.value;
  return Number(new DataView(buffer, byteOffset).getBigUint64(0));
};
