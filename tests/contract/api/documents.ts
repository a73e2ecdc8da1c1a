/**
 * API cases: storing documents and finding them again, one by one and in batches.
 */
import { expect, test } from "vitest";
import type { DistributedCollection } from "../../../src/client/api.ts";
import type { Document } from "../../../src/client/types.ts";
import { expectRejection, rejection, untyped, type ApiBench } from "./bench.ts";

interface Person {
  name: string;
  age?: number;
  tags?: string[];
  [field: string]: unknown;
}

export const insertCases = (bench: ApiBench): void => {
  const people = (): DistributedCollection<Person> => bench.open().collection<Person>("people");

  test("T-161 A-N01 insert makes an id, and find returns what insert returned", async () => {
    const users = people();
    const ada = await users.insert({ name: "Ada", address: { city: "London" }, tags: ["maths"] });
    expect(ada.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(ada).toEqual({ id: ada.id, name: "Ada", address: { city: "London" }, tags: ["maths"] });
    expect(await users.find()).toEqual([ada]);
    expect(await users.get(ada.id)).toEqual(ada);
  });

  test("T-161 C-38 the caller's object and what is stored never touch", async () => {
    const users = people();
    const given = { name: "Ada", tags: ["maths"], address: { city: "London" } };
    const before = structuredClone(given);
    const stored = await users.insert(given);
    expect(given).toEqual(before);
    given.tags.push("later");
    given.address.city = "Paris";
    expect(await users.get(stored.id)).toEqual({ id: stored.id, ...before });
  });

  test("an object that is frozen throughout can be inserted", async () => {
    const users = people();
    const given = Object.freeze({ name: "Ada", tags: untyped(Object.freeze(["x"])) });
    expect(await users.insert(given)).toMatchObject({ name: "Ada", tags: ["x"] });
  });

  test("G-108 G-109 changing what a read returned changes nothing", async () => {
    const users = people();
    const { id } = await users.insert({ name: "Ada", tags: ["a"], nested: { deep: [1] } });
    for (const found of [await users.get(id), (await users.find()).at(0)]) {
      found?.tags?.push("b");
      Object.assign(found?.["nested"] ?? {}, { deep: 2 });
    }
    expect(await users.get(id)).toEqual({ id, name: "Ada", tags: ["a"], nested: { deep: [1] } });
  });

  test("G-027 every kind of value comes back as it was", async () => {
    const things = bench.open().collection("things");
    const given = {
      id: "thing-1",
      nothing: null,
      yes: true,
      whole: 42,
      most: Number.MAX_SAFE_INTEGER,
      part: 0.1,
      huge: 1e300,
      text: "naïve 😀",
      empty: "",
      at: new Date(1_700_000_000_123),
      bytes: new Uint8Array([0, 255]),
      vector: new Float32Array([0.5, -1]),
      list: [1, [2, { three: 3 }], null],
      object: { inner: { leaf: 1 }, none: {} },
      noList: [],
    };
    await things.insert(given);
    expect(await things.get("thing-1")).toEqual(given);
  });

  test("T-162 C-11 T-039 an absent entry type is MEMORY, a wrong one is refused", async () => {
    const users = people();
    const { id } = await users.insert({ name: "Ada" });
    expect(await users.get(id, { meta: true })).toMatchObject({ _entryType: "MEMORY" });
    await users.insert({ name: "Bob", _entryType: "MEMORY" });
    const wrong = { name: "Eve", _entryType: "SECRET" };
    await expectRejection(users.insert(untyped(wrong)), "InvalidEntryType", "_entryType");
    expect(await users.count()).toBe(2);
  });

  test("T-040 a secret answers VaultNotSetUp and is not stored", async () => {
    const users = people();
    const secret = { name: "mail", password: "hunter2", _entryType: "AUTH" } as const;
    await expectRejection(users.insert(secret), "VaultNotSetUp", "_entryType");
    await expectRejection(users.insertBatch([{ name: "a" }, secret]), "VaultNotSetUp");
    await expectRejection(users.upsert(secret), "VaultNotSetUp");
    expect(await users.find({}, { includeDeleted: true })).toEqual([]);
  });

  test("a living id is DuplicateId; C-46 a deleted id is born again", async () => {
    const users = people();
    await users.insert({ id: "ada", name: "Ada" });
    await expectRejection(users.insert({ id: "ada", name: "Other" }), "DuplicateId", "ada");
    expect(await users.get("ada")).toEqual({ id: "ada", name: "Ada" });
    await users.delete("ada");
    expect(await users.insert({ id: "ada", name: "Again" })).toEqual({ id: "ada", name: "Again" });
    expect(await users.find()).toEqual([{ id: "ada", name: "Again" }]);
  });
};

export const batchCases = (bench: ApiBench): void => {
  const people = (): DistributedCollection<Person> => bench.open().collection<Person>("people");

  test("T-229 T-177 a batch of three is inserted and found", async () => {
    const users = people();
    const stored = await users.insertBatch([{ name: "a" }, { name: "b" }, { name: "c" }]);
    expect(stored.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(await users.find()).toEqual(stored);
  });

  test("an empty batch stores nothing", async () => {
    expect(await people().insertBatch([])).toEqual([]);
  });

  test("a batch with one bad document stores none of it, and names the place", async () => {
    const users = people();
    const bad = [{ name: "a" }, { name: "b", deep: { value: Number.NaN } }, { name: "c" }];
    await expectRejection(users.insertBatch(bad), "InvalidDocument", "[1].deep.value");
    await users.insert({ id: "taken", name: "taken" });
    await expectRejection(
      users.insertBatch([{ name: "a" }, { id: "taken", name: "b" }]),
      "DuplicateId",
      "taken",
    );
    expect((await users.find()).map(({ id }) => id)).toEqual(["taken"]);
  });

  test("one id twice in a batch is DuplicateId", async () => {
    const users = people();
    const twice = [
      { id: "x", name: "a" },
      { id: "x", name: "b" },
    ];
    await expectRejection(users.insertBatch(twice), "DuplicateId", "x");
    await expectRejection(users.upsertBatch(twice), "DuplicateId", "x");
    expect(await users.count()).toBe(0);
  });

  test("a batch over the bound is TooLarge", async () => {
    const many = Array.from({ length: 100_001 }, () => ({ name: "x" }));
    await expectRejection(people().insertBatch(many), "TooLarge");
  });

  test("a thousand documents at once", async () => {
    const users = people();
    const stored = await users.insertBatch(
      Array.from({ length: 1_000 }, (_, at) => ({ name: `n${String(at)}`, at })),
    );
    expect(new Set(stored.map(({ id }) => id)).size).toBe(1_000);
    expect(await users.count()).toBe(1_000);
    expect(await users.find({ at: { $lt: 3 } })).toEqual(stored.slice(0, 3));
  });

  test("upsert inserts what is not there and makes the rest equal", async () => {
    const users = people();
    await users.insert({ id: "a", name: "Ada", age: 1 });
    expect(await users.upsert({ id: "a", name: "Ada", tags: ["t"] })).toEqual({
      id: "a",
      name: "Ada",
      tags: ["t"],
    });
    const batch = [
      { id: "a", name: "Ada 2" },
      { id: "b", name: "Bob" },
    ];
    expect(await users.upsertBatch(batch)).toEqual(batch);
    expect((await users.upsert({ name: "new" })).id).not.toBe("");
    expect(await users.find({ id: { $in: ["a", "b"] } })).toEqual(batch);
    expect(await users.count()).toBe(3);
  });
};

export const badInputCases = (bench: ApiBench): void => {
  const insertAnything = async (given: unknown): Promise<Document> => {
    const collection = bench.open().collection("things");
    const error = await rejection(collection.insert(untyped(given)));
    expect(await collection.find({}, { includeDeleted: true })).toEqual([]);
    return { code: error.code, path: error.path };
  };
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
  const inside: Document = {};
  const cyclic = { inside };
  inside["back"] = cyclic;
  const leaves = Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`f${String(at)}`, at]));

  const cases: readonly (readonly [what: string, given: unknown, code: string, path: string])[] = [
    ["a nil document (A-K09)", null, "InvalidDocument", ""],
    ["undefined", undefined, "InvalidDocument", ""],
    ["text", "document", "InvalidDocument", ""],
    ["an array", [1], "InvalidDocument", ""],
    ["a class instance", new Map(), "InvalidDocument", ""],
    ["an empty id (G-105)", { id: "" }, "InvalidDocument", "id"],
    ["a number as id (G-074)", { id: 7 }, "InvalidDocument", "id"],
    ["an id of 257 bytes", { id: "x".repeat(257) }, "InvalidDocument", "id"],
    ["a prototype key", JSON.parse('{"__proto__": 1}'), "InvalidDocument", "__proto__"],
    [
      "a prototype key inside",
      JSON.parse('{"a": {"constructor": 1}}'),
      "InvalidDocument",
      "a.constructor",
    ],
    ["a dotted name", { "a.b": 1 }, "InvalidDocument", "a.b"],
    ["a $ name", { $set: 1 }, "InvalidDocument", "$set"],
    ["a $ name inside", { a: { $b: 1 } }, "InvalidDocument", "a.$b"],
    ["an empty name", { "": 1 }, "InvalidDocument", ""],
    ["our own names", { _secret: 1 }, "InvalidDocument", "_secret"],
    ["NaN", { a: { b: [0, Number.NaN] } }, "InvalidDocument", "a.b[1]"],
    ["infinity", { a: -Infinity }, "InvalidDocument", "a"],
    ["depth 17", { a: deep(16) }, "InvalidDocument", Array(17).fill("a").join(".")],
    ["257 leaves", leaves, "TooLarge", "f256"],
    ["1 MiB and a byte", { text: "x".repeat(1_048_577) }, "TooLarge", "text"],
    ["a cyclic object", cyclic, "InvalidDocument", "inside.back"],
    ["a function", { a: { f: () => 1 } }, "InvalidDocument", "a.f"],
    ["a symbol", { a: Symbol("s") }, "InvalidDocument", "a"],
    ["a bigint", { a: 1n }, "InvalidDocument", "a"],
    ["a lone surrogate", { a: ["ok", "\ud800"] }, "InvalidDocument", "a[1]"],
    ["a lone surrogate in a name", { "\udc00": 1 }, "InvalidDocument", "\udc00"],
    ["undefined in an array", { a: [1, undefined] }, "InvalidDocument", "a[1]"],
    ["an invalid date", { a: new Date(Number.NaN) }, "InvalidDocument", "a"],
    ["a set", { a: new Set([1]) }, "InvalidDocument", "a"],
    ["a wrong entry type", { _entryType: "auth" }, "InvalidEntryType", "_entryType"],
    ["null as entry type", { _entryType: null }, "InvalidEntryType", "_entryType"],
  ];
  test.each(cases)("bad input: %s", async (_what, given, code, path) => {
    expect(await insertAnything(given)).toEqual({ code, path });
  });

  test("undefined fields are left out, 256 leaves and depth 16 are allowed", async () => {
    const things = bench.open().collection("things");
    const { id } = await things.insert({ a: 1, b: undefined, c: { d: undefined } });
    expect(await things.get(id)).toEqual({ id, a: 1, c: {} });
    const most = Object.fromEntries(Object.entries(leaves).slice(1));
    expect(await things.insert({ id: "most", ...most })).toEqual({ id: "most", ...most });
    expect(await things.insert({ id: "deep", a: deep(15) })).toEqual({ id: "deep", a: deep(15) });
  });
};
