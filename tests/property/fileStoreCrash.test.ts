/**
 * The store on files under power losses: random batches and journal groups, strict and relaxed,
 * until the power goes at a random operation on a file, mostly in the middle of a call. What the
 * disk kept of unflushed writes is chance. Opened again, the tables stand as they stood after some
 * call, and the journal ends behind some group; neither is older than what was flushed.
 */
import { describe, expect, test } from "vitest";
import type { StorageAdapter, Store, StoreBatch } from "../../src/storage/store.ts";
import { collect, page, pageKey, place, record, segment } from "../contract/storeBench.ts";
import { createMemoryFolders, startFileAdapter } from "../support/memoryFolders.ts";
import { createRandom, type Random } from "../support/random.ts";

const name = "crash";
const lives = 12;
const callsPerLife = 25;

/** What the store should hold, by calls; each call makes a new one. */
interface Model {
  readonly absorbed: number;
  readonly rows: ReadonlyMap<string, string>;
}

const shown = ({ absorbed, rows }: Model): string =>
  JSON.stringify([absorbed, [...rows].sort(([a], [b]) => (a < b ? -1 : 1))]);

const rowsOf = async (store: Store): Promise<Model> => {
  const rows = new Map<string, string>();
  for await (const { key, bytes } of store.segments()) {
    rows.set(`segment ${key.scope} ${key.first}`, bytes.join());
  }
  for (const scope of [1, 2]) {
    for await (const { key, bytes } of store.pagesOf(pageKey({ scope }).scope, 1)) {
      rows.set(`page ${key.scope} ${key.number}`, bytes.join());
    }
  }
  for (const [key, bytes] of await store.meta()) rows.set(`meta ${key}`, bytes.join());
  return { absorbed: store.absorbedSequence, rows };
};

/** A batch and what it makes of the model. */
const throwBatch = (random: Random, before: Model, last: number): [StoreBatch, Model] => {
  const rows = new Map(before.rows);
  const content = (): number[] => [...random.bytes(random.integer(40))];
  const many = (limit: number): number[] =>
    Array.from({ length: random.integer(limit) }, () => 1 + random.integer(9));
  const segmentAt = (first: number): ReturnType<typeof place> => place({ scope: 1, first });
  const nameOf = (first: number): string => `segment ${segmentAt(first).scope} ${first}`;
  const removedSegments = many(3).map(segmentAt);
  for (const { first } of removedSegments) rows.delete(nameOf(first));
  const segments = many(4).map((first) => segment(segmentAt(first), ...content()));
  for (const { key, bytes } of segments) rows.set(nameOf(key.first), bytes.join());
  const cleared = random.chance(0.1) ? [pageKey({ scope: 2 }).scope] : [];
  for (const scope of cleared) {
    for (const key of rows.keys()) if (key.startsWith(`page ${scope}`)) rows.delete(key);
  }
  const pages = many(4).map((number) =>
    page(pageKey({ scope: 1 + random.integer(2), number }), ...content()),
  );
  for (const { key, bytes } of pages) rows.set(`page ${key.scope} ${key.number}`, bytes.join());
  const meta = new Map(
    many(2).map((key) => [`m${key}`, random.chance(0.3) ? null : Uint8Array.from(content())]),
  );
  for (const [key, bytes] of meta) {
    if (bytes === null) rows.delete(`meta ${key}`);
    else rows.set(`meta ${key}`, bytes.join());
  }
  const ahead = random.chance(0.4) ? random.integer(last - before.absorbed + 1) : 0;
  const absorbed = before.absorbed + ahead;
  const batch: StoreBatch = {
    ...{ removedSegments, segments, clearedPages: cleared, pages, meta },
    ...(ahead > 0 ? { absorbedSequence: absorbed } : {}),
    durability: random.chance(0.5) ? "strict" : "relaxed",
  };
  return [batch, { absorbed, rows }];
};

class PowerLoss extends Error {
  override readonly name = "PowerLoss";
}

interface Life {
  readonly store: Store;
  readonly random: Random;
  /** Where the tables may stand after a crash now, oldest first; the last is what shows. */
  readonly tables: Model[];
  /** Sequences behind which the journal may end after a crash now. */
  readonly ends: number[];
  readonly payloads: Map<number, string>;
}

const latest = <T>(list: readonly T[]): T => {
  const last = list.at(-1);
  if (last === undefined) throw new Error("an empty list");
  return last;
};

const keepOnly = <T>(list: T[], one: T): void => {
  list.splice(0, list.length, one);
};

const write = async ({ store, random, tables, ends }: Life): Promise<void> => {
  const [batch, after] = throwBatch(random, latest(tables), latest(ends));
  // Cut off in the middle, it may be there; nobody was told of it
  tables.push(after);
  await store.write(batch);
  if (batch.durability === "strict") keepOnly(tables, after);
  if (batch.absorbedSequence !== undefined) keepOnly(ends, latest(ends));
};

const append = async ({ store, random, ends, payloads }: Life): Promise<void> => {
  const last = latest(ends);
  const records = Array.from({ length: 1 + random.integer(3) }, (_, index) =>
    record(last + 1 + index, ...random.bytes(random.integer(30))),
  );
  for (const { sequence, payload } of records) payloads.set(sequence, payload.join());
  const durability = random.chance(0.5) ? "strict" : "relaxed";
  ends.push(last + records.length);
  await store.appendJournal(records, durability);
  if (durability === "strict") keepOnly(ends, latest(ends));
};

const checkReopened = async (life: Life, store: Store): Promise<void> => {
  expect(store.damage()).toEqual([]);
  expect(store.opening.rolledBack).toBeNull();
  expect(store.journalProvesContinuity).toBe(true);
  const found = await rowsOf(store);
  expect(life.tables.map(shown)).toContain(shown(found));
  expect(life.ends).toContain(store.lastSequence);
  const journal = await collect(store.journal());
  const expected = Array.from({ length: store.lastSequence - found.absorbed }, (_, index) => {
    const sequence = found.absorbed + 1 + index;
    return [sequence, life.payloads.get(sequence)];
  });
  expect(journal.map(({ sequence, payload }) => [sequence, payload.join()])).toEqual(expected);
  expect(store.damage()).toEqual([]);
  keepOnly(life.tables, found);
  keepOnly(life.ends, store.lastSequence);
};

const live = async (seed: number): Promise<void> => {
  const random = createRandom(seed);
  let operationsLeft = Infinity;
  const folders = createMemoryFolders(() => {
    if (operationsLeft-- <= 0) throw new PowerLoss();
  });
  const bounds = { batchBytes: 100, wasteBytesMin: 400, logFileBytesMax: 300, logIdleBytesMax: 99 };
  const start = (): StorageAdapter => startFileAdapter(folders, { bounds });
  const empty = { absorbed: 0, rows: new Map<string, string>() };
  const life = { random, tables: [empty], ends: [0], payloads: new Map<number, string>() };
  for (let index = 0; index < lives; index++) {
    operationsLeft = random.integer(120);
    try {
      const store = await start().open(name);
      await checkReopened({ ...life, store }, store);
      for (let call = 0; call < callsPerLife; call++) {
        await (random.chance(0.5) ? write : append)({ ...life, store });
      }
      if (random.chance(0.3)) await store.close();
    } catch (cause) {
      if (!isPowerLoss(cause)) throw cause;
    }
    operationsLeft = Infinity;
    if (random.chance(0.3)) folders.files(name).kill();
    else folders.files(name).crash((limit) => random.integer(limit));
  }
  const store = await start().open(name);
  await checkReopened({ ...life, store }, store);
  await store.close();
};

const isPowerLoss = (cause: unknown): boolean =>
  cause instanceof PowerLoss || (cause instanceof Error && isPowerLoss(cause.cause));

describe("after any power loss, all that was flushed is there and nothing is torn", () => {
  test.each(Array.from({ length: 200 }, (_, seed) => [seed]))("seed %i", async (seed) => {
    await live(seed);
  });
});
