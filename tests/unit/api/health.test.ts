/**
 * What `health()` says at the API: where the data is, what stood in the way, what is nowhere else;
 * and the event that tells damage which is found later.
 */
import { afterEach, expect, test } from "vitest";
import type { DamageReport, DistributedDatabase } from "../../../src/index.node.ts";
import { createDistributedDb, InMemoryAdapter, NebulusError } from "../../../src/index.node.ts";
import type { StoreImage } from "../../../src/storage/memory.ts";
import type { OpeningReport, StorageAdapter, Store } from "../../../src/storage/store.ts";
import { expectRejection, rejection } from "../../contract/api/bench.ts";
import { attached, createPeers, isVerified, statusOnce } from "../../support/twoPeers.ts";

const peers = createPeers();
const opened: DistributedDatabase[] = [];
afterEach(async () => {
  for (const database of opened.splice(0)) await database.shutdown().catch(() => undefined);
  await peers.clean();
});

const open = (adapter: StorageAdapter, name = "health"): DistributedDatabase => {
  const database = createDistributedDb({ adapter, name });
  opened.push(database);
  return database;
};

/** An adapter whose stores are what another's are, but for what is put in their place. */
const around = (
  adapter: StorageAdapter,
  change: (store: Store) => Partial<Store>,
): StorageAdapter => ({
  kind: adapter.kind,
  open: async (name) => {
    const store = await adapter.open(name);
    return {
      ...store,
      get absorbedSequence() {
        return store.absorbedSequence;
      },
      get lastSequence() {
        return store.lastSequence;
      },
      ...change(store),
    };
  },
  destroy: (name) => adapter.destroy(name),
});

const withOne = async (adapter: InMemoryAdapter): Promise<void> => {
  const database = open(adapter);
  await database.collection("notes").insert({ id: "a" });
  await database.shutdown();
};

/** Spoils each value of one part of the image. */
const spoil = (adapter: InMemoryAdapter, part: "segments" | "pages" | "journal"): StoreImage => {
  const image = adapter.snapshot("health");
  for (const bytes of image[part].values()) bytes.fill(0xff);
  adapter.restore("health", image);
  return image;
};

test("a new database: memory is said aloud, and nothing is amiss", async () => {
  const database = open(new InMemoryAdapter());
  const health = await database.health();
  expect(health).toEqual({
    ...{ open: true, storageMode: "memory", journal: "memory", durability: "strict" },
    ...{ persisted: null, usage: null, lastCheckpoint: null, journalBytes: 0 },
    ...{ cachedBytes: 0, cacheHits: 0, cacheMisses: 0 },
    ...{ damage: [], recovery: { rolledBack: null, tornBytes: 0, damage: [] } },
    ...{ otherDevices: null, onlyHere: [], pendingOperations: 0 },
    ...{ deviceWarnings: [], refusals: {} },
  });
});

test("it follows what happens: the journal grows, pages are read", async () => {
  const adapter = new InMemoryAdapter();
  const database = open(adapter);
  await database.collection("notes").insertBatch([{ id: "a" }, { id: "b" }]);
  database.collection("empty");
  const health = await database.health();
  expect(health.journalBytes).toBeGreaterThan(0);
  expect(health.onlyHere).toEqual([{ collection: "notes", documents: 2 }]);
  await database.shutdown();
  const again = open(adapter);
  expect(await again.collection("notes").count()).toBe(2);
  await again.collection("notes").get("a");
  expect(await again.health()).toMatchObject({ journalBytes: 0, lastCheckpoint: null });
  const { cachedBytes, cacheHits, cacheMisses } = await again.health();
  expect(cachedBytes).toBeGreaterThan(0);
  expect(cacheMisses).toBeGreaterThan(0);
  await again.collection("notes").get("a");
  const later = await again.health();
  expect(later.cacheMisses).toBe(cacheMisses);
  expect(later.cacheHits).toBeGreaterThan(cacheHits);
});

test("on how many other devices: those connected and verified equal", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  const here = await attached(a, "notes");
  await here.insert({ id: "shared" });
  await here.insert({ id: "mine" }, { visibility: "private" });
  expect(await a.database.health()).toMatchObject({
    ...{ otherDevices: 0, pendingOperations: 1 },
    onlyHere: [{ collection: "notes", documents: 2 }],
  });
  await attached(b, "notes");
  await statusOnce(a, here, isVerified);
  expect(await a.database.health()).toMatchObject({
    ...{ otherDevices: 1, pendingOperations: 0 },
    onlyHere: [{ collection: "notes", documents: 1 }],
  });
});

test("each kind of damage says what is missing and what to do", async () => {
  const adapter = new InMemoryAdapter();
  await withOne(adapter);
  spoil(adapter, "pages");
  const pages = await open(adapter).health();
  expect(pages.recovery.damage.length).toBeGreaterThan(0);
  expect(pages.recovery.damage).toEqual(pages.damage);
  for (const report of pages.damage) {
    expect(report).toMatchObject({ where: "page", lost: false, advice: "Nothing to do." });
  }

  const both = new InMemoryAdapter();
  await withOne(both);
  spoil(both, "pages");
  spoil(both, "segments");
  const { damage } = await open(both).health();
  const segments = damage.filter(({ where }) => where === "segment");
  expect(segments.length).toBeGreaterThan(0);
  for (const { lost, what, advice } of segments) {
    expect([lost, what]).toEqual([true, expect.stringContaining("missing here")]);
    expect(advice).toContain("backup");
  }
});

test("a spoilt journal may have held the latest changes: nobody can say", async () => {
  const adapter = new InMemoryAdapter();
  const database = open(adapter);
  await database.collection("notes").insert({ id: "a" });
  const image = adapter.snapshot("health");
  await database.shutdown();
  adapter.restore("health", image);
  spoil(adapter, "journal");
  const { damage } = await open(adapter).health();
  expect(damage.length).toBeGreaterThan(0);
  for (const report of damage) expect(report).toMatchObject({ where: "journal", lost: "unknown" });
});

const rollbacks = [
  ["tables", "tables", true],
  ["journal", "journal", "unknown"],
] as const;
test.each(rollbacks)("%s that came back older are told first", async (rolledBack, where, lost) => {
  const opening: OpeningReport = { rolledBack, tornBytes: 0 };
  const adapter = around(new InMemoryAdapter(), () => ({ opening }));
  const { recovery } = await open(adapter).health();
  expect(recovery.rolledBack).toBe(rolledBack);
  expect(recovery.damage).toMatchObject([{ where, lost, detail: `rolled back: ${rolledBack}` }]);
});

test("bytes of a write that was cut off are counted, and no damage", async () => {
  const opening: OpeningReport = { rolledBack: null, tornBytes: 17 };
  const adapter = around(new InMemoryAdapter(), () => ({ opening }));
  const { recovery, damage } = await open(adapter).health();
  expect([recovery, damage]).toEqual([{ rolledBack: null, tornBytes: 17, damage: [] }, []]);
});

test("damage that is found later is told once, by an event, and stands in health()", async () => {
  const found: { where: "segment" | "meta"; key: string; reason: string }[] = [];
  const database = open(around(new InMemoryAdapter(), () => ({ damage: () => [...found] })));
  const told: DamageReport[] = [];
  database.on("damage", (damage) => told.push(...damage));
  await database.collection("notes").insert({ id: "a" });
  expect(told).toEqual([]);
  found.push({ where: "segment", key: "0/1/2/3", reason: "checksum does not match" });
  await database.collection("notes").get("a");
  await database.collection("notes").get("a");
  expect(told.map(({ detail }) => detail)).toEqual(["segment 0/1/2/3: checksum does not match"]);
  const { damage, recovery } = await database.health();
  expect([damage, recovery.damage]).toEqual([told, []]);
});

test("without the record of its keys a database is lost, never silently a new one", async () => {
  const adapter = new InMemoryAdapter();
  await withOne(adapter);
  const image = adapter.snapshot("health");
  const meta = new Map([...image.meta].filter(([key]) => !key.startsWith("database")));
  expect(meta.size).toBe(image.meta.size - 2);
  adapter.restore("health", { ...image, meta });
  const database = open(adapter);
  await expectRejection(database.ready, "StorageLost");
  await database.shutdown();
  expect(adapter.snapshot("health").meta).toEqual(meta);
  // The way on that the error names
  await open(adapter).destroy();
  expect(await open(adapter).collection("notes").count()).toBe(0);
});

test("an engine that cannot be opened lets go of its store", async () => {
  const memory = new InMemoryAdapter({
    fault: ({ kind, phase }) => {
      if (kind !== "meta" || phase === "after") return;
      throw new NebulusError({ code: "StorageFailed", message: "no meta", retryable: true });
    },
  });
  let isOpen = false;
  const adapter = around(memory, (store) => {
    isOpen = true;
    const close = (): Promise<void> => store.close().finally(() => (isOpen = false));
    return { close };
  });
  expect((await rejection(open(adapter).ready)).message).toBe("no meta");
  expect(isOpen).toBe(false);
});

test("shutdown and destroy take a signal: aborted before, nothing is begun", async () => {
  const adapter = new InMemoryAdapter();
  const database = open(adapter);
  await database.collection("notes").insert({ id: "a" });
  const signal = AbortSignal.abort();
  await expectRejection(database.shutdown({ signal }), "Aborted");
  await expectRejection(database.destroy({ signal }), "Aborted");
  expect(await database.collection("notes").count()).toBe(1);
  const controller = new AbortController();
  const destroying = database.destroy({ signal: controller.signal });
  controller.abort();
  await expectRejection(destroying, "Aborted");
  // What was begun goes on
  await database.shutdown();
  expect(await open(adapter).collection("notes").count()).toBe(0);
});
