/**
 * The API's cases again as a page meets them: through a real worker, over IndexedDB. Then what only
 * a page has: tabs that share it, and data that outlives its worker. Bad input is refused before it
 * gets to the worker: Node has seen to it.
 */
import { afterEach, describe, expect, test } from "vitest";
import { connectWorker } from "../../src/client/connect.ts";
import type { Connection } from "../../src/client/connection.ts";
import { createDatabase } from "../../src/client/database.ts";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../src/index.ts";
import { createApiBench, expectRejection } from "../contract/api/bench.ts";
import {
  abortCases,
  firstDocumentCases,
  lifeCases,
  openingCases,
} from "../contract/api/database.ts";
import { batchCases, insertCases } from "../contract/api/documents.ts";
import { liveCases } from "../contract/api/live.ts";
import { pluginCases, schemaCases } from "../contract/api/plugins.ts";
import { queryCases } from "../contract/api/queries.ts";
import { transactionCases } from "../contract/api/transactions.ts";
import { deleteCases, modifyCases, updateCases } from "../contract/api/writes.ts";

const bench = createApiBench((options) => createDistributedDb(options));
afterEach(() => bench.clean());

describe("through a worker", () => {
  describe("insert", () => {
    insertCases(bench);
  });
  describe("batches", () => {
    batchCases(bench);
  });
  describe("update", () => {
    updateCases(bench);
  });
  describe("modify", () => {
    modifyCases(bench);
  });
  describe("delete", () => {
    deleteCases(bench);
  });
  describe("queries", () => {
    queryCases(bench);
  });
  describe("live queries", () => {
    liveCases(bench);
  });
  describe("transactions", () => {
    transactionCases(bench);
  });
  describe("opening", () => {
    openingCases(bench);
  });
  describe("life", () => {
    lifeCases(bench);
  });
  describe("first documents", () => {
    firstDocumentCases(bench);
  });
  describe("aborting", () => {
    abortCases(bench);
  });
  describe("plugins", () => {
    pluginCases(bench);
  });
  describe("schemas", () => {
    schemaCases(bench);
  });
});

test("the engine runs in a worker over IndexedDB, and says so", async () => {
  const database = bench.open();
  const health = await database.health();
  expect(health.storageMode).toBe("indexeddb");
  expect(health.usage?.quota).toBeGreaterThan(0);
  expect(typeof health.persisted).toBe("boolean");
  expect(database.capabilities()).toMatchObject({ worker: true, webrtc: true, network: false });
});

test("a name that is open twice is one database, live, whoever closes first", async () => {
  const first = bench.open();
  const ada = await first.collection("users").insert({ id: "ada", n: 0 });
  const second = bench.reopen(first);
  const users = second.collection("users");
  expect(await users.find()).toEqual([ada]);
  const shows = (n: number): Promise<void> =>
    new Promise((resolve) => {
      const stop = users.subscribe({}, ([row]) => {
        if (row?.["n"] !== n) return;
        queueMicrotask(() => {
          stop();
        });
        resolve();
      });
    });
  const shown = [shows(1), shows(21)];
  await first.collection("users").update("ada", { $inc: { n: 1 } });
  await shown[0];
  const adding = Promise.all(
    Array.from({ length: 20 }, () => users.update("ada", { $inc: { n: 1 } })),
  );
  await first.shutdown();
  await adding;
  expect(await users.get("ada")).toEqual({ id: "ada", n: 21 });
  await shown[1];
});

test("deleting it in one place is told in the other, which can not go on", async () => {
  const first = bench.open();
  await first.collection("users").insert({ id: "ada" });
  const second = bench.reopen(first);
  await second.ready;
  const failed = new Promise((resolve) => first.on("failed", resolve));
  await second.destroy();
  expect(await failed).toMatchObject({ code: "Replaced" });
  await expectRejection(first.collection("users").find(), "Replaced");
  expect(await bench.reopen(first).collection("users").count()).toBe(0);
});

test("opening waits for a holder that is about to go, as on a reload", async () => {
  const first = bench.open();
  await first.collection("users").insert({ id: "a" });
  const second = bench.reopen(first);
  const found = second.collection("users").count();
  await first.shutdown();
  expect(await found).toBe(1);
});

test("what was written is there after its worker was killed", async () => {
  const name = `killed-${String(Date.now())}`;
  const connections: Connection[] = [];
  const connect = (): Connection => {
    const connection = connectWorker(name);
    connections.push(connection);
    return connection;
  };
  const killed = createDatabase({ name }, { connect, worker: true, page: null });
  const before = killed.collection("users");
  await before.insertBatch([
    { id: "a", n: 1 },
    { id: "b", n: 2 },
  ]);
  await before.update("a", { $inc: { n: 10 } });
  for (const connection of connections) connection.end();
  const users = bench.open({ name }).collection("users");
  expect(await users.find()).toEqual([
    { id: "a", n: 11 },
    { id: "b", n: 2 },
  ]);
});

test("a network that is handed in is refused where it could not reach the engine", async () => {
  const network = createMemoryHub().network();
  const database = bench.open({ distributed: { enabled: true, network } });
  await expectRejection(database.ready, "NotSupported", "distributed.network");
});

test("over an adapter that is handed in, the engine runs in the page itself", async () => {
  const database = createDistributedDb({ adapter: new InMemoryAdapter() });
  const ada = await database.collection("users").insert({ name: "Ada" });
  expect(await database.collection("users").find()).toEqual([ada]);
  expect(database.capabilities()).toMatchObject({ worker: false, storageMode: "memory" });
  await database.shutdown();
});
