/**
 * The tables on IndexedDB (FORMATS.md §5): one database per name, each change one transaction that
 * reads the epoch before anything else.
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
  readMeta,
  readPages,
  readPagesOf,
  readRecords,
  readSegment,
  readSegments,
  texts,
} from "./indexeddbRead.ts";
import { pageKeyToBytes, segmentKeyToBytes } from "./keys.ts";
import type { JournalRecord, StoreBatch } from "./store.ts";
import type { CurrentTables, FoundTables, Tables, TablesHome } from "./tables.ts";

/** `factory`: null where there is none, in Node and in some private modes. */
export const createIndexedDbTables = (factory: () => IDBFactory | null): TablesHome => ({
  open: async (name, epochAbove) => {
    const connection = await openConnection(present(factory()), name, layout);
    try {
      const damage = createDamageList();
      const above = await epochAbove;
      const opening = await connection.withWrite({
        tables: allTables,
        durability: "strict",
        requests: (transaction) => raiseEpoch(transaction, above, damage),
      });
      return createTables({ connection, name, damage, ...opening });
    } catch (cause) {
      await connection.close();
      throw cause;
    }
  },
  destroy: async (name) => deleteDatabase(present(factory()), name),
});

const present = (factory: IDBFactory | null): IDBFactory => {
  if (factory === null) throw missingError();
  return factory;
};

const layout: Layout = {
  version: 1,
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
const noteKey = ["journal"];

interface TablesDeps {
  readonly connection: Connection;
  readonly name: string;
  readonly damage: DamageList;
  readonly epoch: number;
  readonly found: FoundTables;
}

const createTables = ({ connection, name, damage, epoch, found }: TablesDeps): Tables => {
  /** Every write reads the epoch first; requests asked after it are aborted with it. */
  const fenced = async (
    tables: readonly TableName[],
    durability: "strict" | "relaxed",
    requests: Requests,
  ): Promise<void> => {
    await connection.withWrite({
      tables,
      durability,
      requests: (transaction, refuse) =>
        Promise.all([fence(transaction, refuse), ...requests(transaction)]),
    });
  };
  const fence = async (transaction: WriteTransaction, refuse: Refuse): Promise<void> => {
    const current = readNumber(await transaction.objectStore("meta").get(epochKey));
    if (current !== epoch) refuse(replacedError(name));
  };
  return {
    ...{ epoch, found, damage },
    ended: () => connection.ended(),
    current: () => readCurrent(connection),
    meta: () => readMeta(connection, damage),
    segment: (key) => readSegment(connection, damage, key),
    segments: (scope) => readSegments(connection, damage, scope),
    pages: (keys) => readPages(connection, damage, keys),
    pagesOf: (scope, kind) => readPagesOf(connection, damage, scope, kind),
    prepareWrite: (batch) => {
      const change = prepareBatch(batch);
      return (durability, note) => {
        const noted = note === null ? null : sealEnvelope(note);
        return fenced(allTables, durability, (transaction) => [
          ...change(transaction),
          ...(noted === null ? [] : [transaction.objectStore("meta").put(noted, noteKey)]),
        ]);
      };
    },
    records: (after) => readRecords(connection, after),
    prepareRecords: (records) => {
      const change = prepareAppend(records);
      return (durability) => fenced(["journal", "meta"], durability, change);
    },
    close: () => connection.close(),
  };
};

type Refuse = Parameters<Write<unknown>["requests"]>[1];

/**
 * A new epoch, and what stands there. What of it is damaged is told, and replaced by what is safe.
 */
const raiseEpoch = async (
  transaction: WriteTransaction,
  epochAbove: number,
  damage: DamageList,
): Promise<Pick<TablesDeps, "epoch" | "found">> => {
  const meta = transaction.objectStore("meta");
  const journal = transaction.objectStore("journal");
  const [epochValue, absorbedValue, noteValue, oldest, newest, ...rows] = await Promise.all([
    meta.get(epochKey),
    meta.get(absorbedKey),
    meta.get(noteKey),
    journal.openKeyCursor(),
    journal.openKeyCursor(null, "prev"),
    meta.openKeyCursor(texts()),
    transaction.objectStore("segments").openKeyCursor(),
    transaction.objectStore("pages").openKeyCursor(),
  ]);
  const epochBefore = epochValue === undefined ? 0 : readNumber(epochValue);
  if (epochBefore === null) damage.add("meta", "epoch", "unreadable");
  const absorbed = absorbedValue === undefined ? 0 : readNumber(absorbedValue);
  if (absorbed === null) damage.add("meta", "absorbed", "unreadable");
  const note = noteValue === undefined ? null : openEnvelope(noteValue);
  if (note?.ok === false) damage.add("meta", "journal", note.error);
  // A clock is ahead of any count of openings, so no older store can hold the same epoch
  const epoch = Math.max(epochBefore ?? Date.now(), epochAbove) + 1;
  await meta.put(sealNumber(epoch), epochKey);
  return {
    epoch,
    found: {
      isEmpty: [oldest, ...rows].every((row) => row === null) && absorbedValue === undefined,
      absorbedSequence: absorbed,
      oldestRecord: oldest?.key ?? null,
      newestRecord: newest?.key ?? null,
      note: note === null ? null : note.ok ? note.value : "damaged",
    },
  };
};

const readCurrent = (connection: Connection): Promise<CurrentTables> =>
  connection.withRead(["meta"], async (transaction) => {
    const meta = transaction.objectStore("meta");
    const [epoch, absorbed, note] = await Promise.all([
      meta.get(epochKey),
      meta.get(absorbedKey),
      meta.get(noteKey),
    ]);
    const opened = openEnvelope(note);
    return {
      epoch: readNumber(epoch),
      absorbedSequence: absorbed === undefined ? 0 : readNumber(absorbed),
      note: opened.ok ? opened.value : null,
    };
  });

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
