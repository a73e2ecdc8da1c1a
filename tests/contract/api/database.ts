/**
 * API cases: opening, naming, closing and deleting databases; what they tell of themselves.
 */
import { expect, test } from "vitest";
import type { DistributedDbOptions } from "../../../src/client/api.ts";
import { expectRejection, rejection, thrown, untyped, type ApiBench } from "./bench.ts";

export const openingCases = (bench: ApiBench): void => {
  test("T-189 it returns at once, and no call needs `await db.ready`", async () => {
    const database = bench.open();
    const stored = await database.collection("users").insert({ name: "Ada" });
    expect(await database.collection("users").find()).toEqual([stored]);
    await expect(database.ready).resolves.toBeUndefined();
  });

  test("T-179 G-129 the same name gives the same collection; T-220 T-233 it has its name", () => {
    const database = bench.open();
    const users = database.collection("users");
    expect(users.name).toBe("users");
    expect(database.collection("users")).toBe(users);
    expect(database.collection("others")).not.toBe(users);
  });

  const badNames: readonly unknown[] = ["", 5, null, undefined, "$own", "x".repeat(257), "\ud800"];
  test("A-K09 K-032 a name that no collection can have is refused", async () => {
    const database = bench.open();
    for (const name of badNames) {
      expect(thrown(() => database.collection(untyped(name)))).toMatchObject({
        code: "InvalidArgument",
        path: "name",
      });
    }
    expect(await database.collections()).toEqual([]);
  });

  test("A-K09 K-029 an empty name of a database is refused, by every call", async () => {
    const database = bench.open({ name: "" });
    await expectRejection(database.ready, "InvalidArgument", "name");
    await expectRejection(database.collection("users").find(), "InvalidArgument", "name");
    await expectRejection(database.collections(), "InvalidArgument", "name");
    await database.shutdown();
  });

  const unsupported: readonly (readonly [option: string, options: DistributedDbOptions])[] = [
    ["embedder", { embedder: {} }],
    ["encryption.atRest", { encryption: { atRest: true } }],
    ["auth.required", { auth: { required: true } }],
    ["plugins[0].onConflict", { plugins: [{ name: "p", onConflict: () => undefined }] }],
  ];
  test.each(unsupported)("the option %s is refused by name", async (path, options) => {
    await expectRejection(bench.open(options).ready, "NotSupported", path);
  });

  test("options that say no more than the default are accepted; unknown ones are not", async () => {
    const options = { encryption: { atRest: false }, auth: { required: false }, plugins: [] };
    await expect(bench.open(options).ready).resolves.toBeUndefined();
    const misspelt = bench.open(untyped({ durabilty: "relaxed" }));
    await expectRejection(misspelt.ready, "InvalidArgument", "durabilty");
    const wrong = bench.open(untyped({ durability: "fast" }));
    await expectRejection(wrong.ready, "InvalidArgument", "durability");
  });

  test("relaxed durability stores all the same", async () => {
    const database = bench.open({ durability: "relaxed" });
    const stored = await database.collection("users").insert({ name: "Ada" });
    await database.shutdown();
    const again = bench.reopen(database);
    expect(await again.collection("users").find()).toEqual([stored]);
  });

  test("collections tells what is known, and `collection` makes it so", async () => {
    const database = bench.open();
    database.collection("empty");
    await database.collection("users").insertBatch([{ n: 1 }, { n: 2 }]);
    expect(await database.collections()).toEqual([
      { name: "empty", documents: 0, networkId: null, strategy: "last-write-wins" },
      { name: "users", documents: 2, networkId: null, strategy: "last-write-wins" },
    ]);
  });

  test("Q-043 Q-044 the conflict strategy can be chosen, later ones say so", async () => {
    const database = bench.open();
    const users = database.collection("users");
    await users.setConflictStrategy("first-write-wins");
    expect(await database.collections()).toMatchObject([{ strategy: "first-write-wins" }]);
    await expectRejection(users.setConflictStrategy(untyped("merge")), "NotSupported");
    const wrong = users.setConflictStrategy(untyped("coin"));
    await expectRejection(wrong, "InvalidArgument", "strategy");
  });

  test("what later parts bring exists, and says which part", async () => {
    const database = bench.open();
    const users = database.collection("users");
    const calls = [
      users.search("x"),
      users.createIndex({}),
      users.history("x"),
      users.conflicts(),
      database.query("SELECT 1"),
      database.embed([]),
      database.backup(),
      database.vault.unlock("x"),
      database.blobs.get("x"),
    ];
    for (const call of calls) {
      const error = await rejection(call);
      expect(error.code).toBe("NotSupported");
      expect(error.message).toMatch(/the part "[a-z ]+" brings it/);
    }
  });
};

export const lifeCases = (bench: ApiBench): void => {
  test("A-N05 D-06 what was written is there after reopening, metadata too", async () => {
    const database = bench.open();
    const users = database.collection("users");
    await users.insertBatch([
      { id: "a", n: 1 },
      { id: "b", n: 2 },
    ]);
    await users.update("a", { $inc: { n: 5 }, $addToSet: { tags: "x" } });
    await users.delete("b");
    const before = await users.find({}, { meta: true, includeDeleted: true });
    const deviceId = database.getNetworkManager().getPeerId();
    await database.shutdown();
    const again = bench.reopen(database);
    const reopened = again.collection("users");
    expect(await reopened.find({}, { meta: true, includeDeleted: true })).toEqual(before);
    expect(again.getNetworkManager().getPeerId()).toBe(deviceId);
    await reopened.update("a", { $inc: { n: 1 } });
    await reopened.insert({ id: "b", n: 3 });
    expect(await reopened.find()).toMatchObject([{ n: 7 }, { n: 3 }]);
  });

  test("two databases know nothing of each other", async () => {
    const [one, other] = [bench.open(), bench.open()];
    await one.collection("users").insert({ name: "Ada" });
    expect(await other.collections()).toEqual([]);
    expect(await other.collection("users").find()).toEqual([]);
  });

  test("T-187 K-033 G-134 shutdown waits for what was begun; then all is Closed", async () => {
    const database = bench.open();
    const users = database.collection("users");
    const begun = Array.from({ length: 20 }, (_, n) => users.insert({ n }));
    const closing = database.shutdown();
    await expectRejection(users.insert({ n: 99 }), "Closed");
    await Promise.all(begun);
    await closing;
    await database.shutdown();
    await expectRejection(users.find(), "Closed");
    await expectRejection(
      database.transaction(() => 1),
      "Closed",
    );
    await expectRejection(database.createNetwork({ networkId: "n", name: "N" }), "Closed");
    expect(await bench.reopen(database).collection("users").count()).toBe(20);
  });

  test("destroy leaves nothing, and the name can be used again", async () => {
    const database = bench.open();
    await database.collection("users").insert({ name: "Ada" });
    await database.destroy();
    await expectRejection(database.collection("users").find(), "Closed");
    await expectRejection(database.destroy(), "Closed");
    const again = bench.reopen(database);
    expect(await again.collections()).toEqual([]);
    await again.collection("users").insert({ name: "Bob" });
    expect(await again.collection("users").count()).toBe(1);
  });

  test("the events `collections` and `closed` are told", async () => {
    const database = bench.open();
    const told: string[] = [];
    database.on("collections", () => told.push("collections"));
    database.on("closed", () => told.push("closed"));
    await database.collection("users").insert({ n: 1 });
    expect(told).toContain("collections");
    await database.shutdown();
    expect(told.at(-1)).toBe("closed");
  });

  test("health and capabilities say what this database is", async () => {
    const database = bench.open();
    expect(database.capabilities()).toMatchObject({
      ...{ storageMode: null, tcp: false, mdns: false, quic: false, dhtServer: false },
    });
    const health = await database.health();
    expect(health).toMatchObject({ open: true, damage: [], pendingOperations: 0 });
    expect(database.capabilities().storageMode).toBe(health.storageMode);
  });
};

export const firstDocumentCases = (bench: ApiBench): void => {
  const users = [
    { id: "a", name: "Ada" },
    { id: "b", name: "Bob" },
  ];

  test("T-157 initialDocs are there at once, and come only once", async () => {
    const database = bench.open({ initialDocs: { users } });
    expect(await database.collection("users").find()).toEqual(users);
    await database.collection("users").delete("a");
    await database.shutdown();
    const again = bench.reopen(database, { initialDocs: { users } });
    await again.ready;
    expect(await again.collection("users").find()).toEqual([users[1]]);
  });

  test("a collection that exists, though empty, gets none", async () => {
    const database = bench.open();
    database.collection("users");
    await database.shutdown();
    const again = bench.reopen(database, { initialDocs: { users } });
    expect(await again.collection("users").count()).toBe(0);
  });

  test("a collection can be given its own when it is named first", async () => {
    const database = bench.open();
    const collection = database.collection("users", { initialDocs: users });
    expect(await collection.count()).toBe(2);
    const others = [{ name: "other" }];
    expect(thrown(() => database.collection("users", { initialDocs: others }))).toMatchObject({
      code: "InvalidArgument",
      path: "initialDocs",
    });
  });

  test("a bad one rejects `ready`, and none is stored", async () => {
    const bad = [{ name: "Ada" }, { name: Number.NaN }];
    const database = bench.open({ initialDocs: { users: bad } });
    await expectRejection(database.ready, "InvalidDocument", "[1].name");
    expect(await database.collection("users").find()).toEqual([]);
  });
};

export const abortCases = (bench: ApiBench): void => {
  test("a call that is aborted before it begins does nothing", async () => {
    const users = bench.open().collection("users");
    const signal = AbortSignal.abort();
    await expectRejection(users.find({}, { signal }), "Aborted");
    await expectRejection(users.get("a", { signal }), "Aborted");
    await expectRejection(users.count({}, { signal }), "Aborted");
    expect(await rejection(users.insert({ n: 1 }, { signal }))).toMatchObject({
      code: "Aborted",
      outcome: "not committed",
      retryable: true,
    });
    expect(await rejection(users.update({}, { $set: { n: 2 } }, { signal }))).toMatchObject({
      outcome: "not committed",
    });
    expect(await users.count()).toBe(0);
  });

  test("a read that is aborted while it waits rejects with the reason as its cause", async () => {
    const users = bench.open().collection("users");
    const controller = new AbortController();
    const reading = users.find({}, { signal: controller.signal });
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    const error = await rejection(reading);
    expect(error.code).toBe("Aborted");
    expect(error.cause).toBe(reason);
  });

  test("a write that is aborted after it was sent says that it was committed", async () => {
    const database = bench.open();
    await database.ready;
    const users = database.collection("users");
    await users.count();
    const controller = new AbortController();
    const writing = users.insert({ id: "a", n: 1 }, { signal: controller.signal });
    // The write is on its way after some turns of the microtask queue, long before it is flushed.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    controller.abort();
    expect(await rejection(writing)).toMatchObject({ code: "Aborted", outcome: "committed" });
    expect(await users.count()).toBe(1);
  });

  test("a signal that is never used changes nothing", async () => {
    const users = bench.open().collection("users");
    const { signal } = new AbortController();
    const stored = await users.insert({ n: 1 }, { signal });
    expect(await users.find({}, { signal })).toEqual([stored]);
  });
};
