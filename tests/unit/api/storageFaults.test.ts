/**
 * Rows about storage that fails (A-N11, A-N10, K-033, G-128, P-068), at the API: what fails is
 * told with its reason, leaves nothing behind, and reading goes on.
 */
import { afterEach, expect, test } from "vitest";
import { createDistributedDb, InMemoryAdapter, NebulusError } from "../../../src/index.node.ts";
import type { DistributedDatabase, ErrorCode } from "../../../src/index.node.ts";
import type { StoreOperation } from "../../../src/storage/memory.ts";
import { createApiBench, expectRejection, rejection } from "../../contract/api/bench.ts";

/** What the disk does at each call; throws where it fails. */
let disk: (operation: StoreOperation) => void | Promise<void> = () => undefined;
const adapter = new InMemoryAdapter({ fault: (operation) => disk(operation) });
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(async () => {
  disk = () => undefined;
  await bench.clean();
});

const failure = (code: ErrorCode): NebulusError =>
  new NebulusError({ code, message: `the disk: ${code}`, retryable: true });

/** Fails the next so many calls of that kind, before their effect. */
const failNext = (kind: StoreOperation["kind"], code: ErrorCode, times = 1): void => {
  let left = times;
  disk = (operation) => {
    if (operation.kind !== kind || operation.phase === "after" || left === 0) return;
    left -= 1;
    throw failure(code);
  };
};

const withOne = async (): Promise<DistributedDatabase> => {
  const database = bench.open();
  await database.collection("users").insert({ id: "old", n: 1 });
  return database;
};

const codes = ["QuotaExceeded", "StorageFailed", "AlreadyOpen"] as const;
test.each(codes)("A-N11 %s reaches the caller, nothing is written, reads go on", async (code) => {
  const database = await withOne();
  const users = database.collection("users");
  failNext("appendJournal", code);
  const error = await rejection(users.insertBatch([{ id: "a" }, { id: "b" }]));
  expect(error).toMatchObject({ code, retryable: true, outcome: "not committed" });
  expect(await users.find()).toEqual([{ id: "old", n: 1 }]);
  expect(await users.insertBatch([{ id: "a" }, { id: "b" }])).toHaveLength(2);
  await database.shutdown();
  expect(await bench.reopen(database).collection("users").count()).toBe(3);
});

test("A-N10 a transaction whose commit fails leaves nothing; tried again it is whole", async () => {
  const database = await withOne();
  const move = (): Promise<void> =>
    database.transaction(async (tx) => {
      await tx.collection("users").update("old", { $inc: { n: 1 } });
      await tx.collection("log").insert({ text: "moved" });
    });
  failNext("appendJournal", "StorageFailed");
  await expectRejection(move(), "StorageFailed");
  expect(await database.collection("users").get("old")).toEqual({ id: "old", n: 1 });
  expect(await database.collection("log").count()).toBe(0);
  await move();
  expect(await database.collection("users").get("old")).toEqual({ id: "old", n: 2 });
  expect(await database.collection("log").count()).toBe(1);
});

test("P-068 P-029 a write resolves after it is durable, and not before", async () => {
  const database = await withOne();
  const order: string[] = [];
  disk = async ({ kind, phase }) => {
    if (kind !== "appendJournal" || phase === "after") return;
    for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
    order.push("flushed");
  };
  await database
    .collection("users")
    .insertBatch([{ id: "a" }, { id: "b" }])
    .then(() => order.push("resolved"));
  expect(order).toEqual(["flushed", "resolved"]);
});

test("G-128 A-N11 a database that cannot be opened says why, to every call", async () => {
  failNext("open", "AlreadyOpen");
  const database = bench.open();
  expect(await rejection(database.ready)).toMatchObject({ code: "AlreadyOpen" });
  await expectRejection(database.collection("users").find(), "AlreadyOpen");
  await expectRejection(database.collection("users").insert({ n: 1 }), "AlreadyOpen");
  await database.shutdown();
  expect(await bench.reopen(database).collection("users").count()).toBe(0);
});

test("A-N11 what could not be read once is read when it is opened again", async () => {
  const database = await withOne();
  await database.shutdown();
  for (const kind of ["meta", "journal", "pages", "pagesOf"] as const) {
    failNext(kind, "StorageFailed");
    const failing = bench.reopen(database);
    await expectRejection(failing.ready, "StorageFailed");
    await failing.shutdown();
    disk = () => undefined;
    const again = bench.reopen(database);
    expect(await again.collection("users").find()).toEqual([{ id: "old", n: 1 }]);
    await again.shutdown();
  }
});

test("K-033 a shutdown that fails tells the first failure, and closes all the same", async () => {
  const database = await withOne();
  const told: unknown[] = [];
  database.on("closed", () => told.push("closed"));
  failNext("close", "StorageFailed");
  await expectRejection(database.shutdown(), "StorageFailed");
  expect(told).toEqual(["closed"]);
  await expectRejection(database.collection("users").find(), "Closed");
  const again = bench.reopen(database);
  expect(await again.collection("users").find()).toEqual([{ id: "old", n: 1 }]);
});

test("A-N11 spoilt segments are no loss while the checkpoint holds what they said", async () => {
  const database = await withOne();
  await database.shutdown();
  const image = adapter.snapshot(database.name);
  for (const bytes of image.segments.values()) bytes.fill(0xff);
  adapter.restore(database.name, image);
  const users = bench.reopen(database).collection("users");
  expect(await users.find()).toEqual([{ id: "old", n: 1 }]);
});

test("A-N11 spoilt pages are made anew from the log, and told", async () => {
  const database = await withOne();
  await database.shutdown();
  const image = adapter.snapshot(database.name);
  expect(image.pages.size).toBeGreaterThan(0);
  for (const bytes of image.pages.values()) bytes.fill(0xff);
  adapter.restore(database.name, image);
  const again = bench.reopen(database);
  expect(await again.collection("users").find()).toEqual([{ id: "old", n: 1 }]);
  expect((await again.health()).damage.map(({ detail }) => detail).join()).toContain("checkpoint");
});

test("A-N11 spoilt segments and pages crash nothing: told, and writing goes on", async () => {
  const database = await withOne();
  await database.shutdown();
  const image = adapter.snapshot(database.name);
  expect(image.segments.size).toBeGreaterThan(0);
  for (const bytes of image.segments.values()) bytes.fill(0xff);
  for (const bytes of image.pages.values()) bytes.fill(0xff);
  adapter.restore(database.name, image);
  const again = bench.reopen(database);
  expect((await again.health()).damage).not.toEqual([]);
  const users = again.collection("users");
  expect(await users.find()).toEqual([]);
  await users.insert({ id: "new" });
  await again.shutdown();
  expect(await bench.reopen(database).collection("users").find()).toEqual([{ id: "new" }]);
});

test("A-N11 a journal that is spoilt crashes nothing, and what is missing is told", async () => {
  const database = await withOne();
  const image = adapter.snapshot(database.name);
  expect(image.journal.size).toBeGreaterThan(0);
  for (const bytes of image.journal.values()) bytes.fill(0xff);
  await database.shutdown();
  adapter.restore(database.name, image);
  const again = bench.reopen(database);
  expect((await again.health()).damage).not.toEqual([]);
  await again.collection("users").insert({ id: "new" });
  await again.shutdown();
  expect(await bench.reopen(database).collection("users").find()).toEqual([{ id: "new" }]);
});
