/**
 * API cases: changing and deleting documents.
 */
import { expect, test } from "vitest";
import type { DistributedCollection } from "../../../src/client/api.ts";
import type { Update } from "../../../src/client/types.ts";
import { expectRejection, rejection, untyped, type ApiBench } from "./bench.ts";

interface Item {
  name?: string;
  age?: number | undefined;
  tags?: string[];
  [field: string]: unknown;
}

export const updateCases = (bench: ApiBench): void => {
  const threeItems = async (): Promise<DistributedCollection<Item>> => {
    const items = bench.open().collection<Item>("items");
    await items.insertBatch([
      { id: "a", name: "Ada", age: 36, tags: ["x"] },
      { id: "b", name: "Bob", age: 17 },
      { id: "c", name: "Cid", age: 64, address: { city: "Rome", zip: 1 } },
    ]);
    return items;
  };

  test("A-N02 find with $gt, findOne, $set with $inc, and delete count right", async () => {
    const items = await threeItems();
    expect((await items.find({ age: { $gt: 30 } })).map(({ id }) => id)).toEqual(["a", "c"]);
    expect((await items.findOne({ name: "Bob" }))?.age).toBe(17);
    const update = { $set: { seen: true }, $inc: { visits: 2, age: 1 } };
    expect(await items.update({ age: { $gt: 30 } }, update)).toBe(2);
    expect(await items.get("a")).toMatchObject({ seen: true, visits: 2, age: 37 });
    expect(await items.get("b")).toEqual({ id: "b", name: "Bob", age: 17 });
    expect(await items.delete({ age: { $lt: 18 } })).toBe(1);
    expect((await items.find()).map(({ id }) => id)).toEqual(["a", "c"]);
  });

  test("T-165 D-10 an update that changes what it selects by meets every document", async () => {
    const items = await threeItems();
    expect(await items.update({ age: { $gt: 30 } }, { $set: { age: 1 } })).toBe(2);
    expect(await items.count({ age: 1 })).toBe(2);
    expect(await items.update({ age: { $gt: 30 } }, { $set: { age: 2 } })).toBe(0);
  });

  test("G-106 update by id patches fields and counts 0 or 1", async () => {
    const items = await threeItems();
    expect(await items.update("b", { name: "Bobby" })).toBe(1);
    expect(await items.get("b")).toEqual({ id: "b", name: "Bobby", age: 17 });
    expect(await items.update("nobody", { name: "x" })).toBe(0);
    expect(await items.get("nobody")).toBeNull();
  });

  const effects: readonly (readonly [what: string, update: Update<Item>, then: Item])[] = [
    ["patch", { name: "N", age: undefined }, { name: "N", tags: ["x"] }],
    [
      "patch of an object",
      { deep: { a: 1 } },
      { name: "Ada", age: 36, tags: ["x"], deep: { a: 1 } },
    ],
    [
      "$set of a path",
      { $set: { "deep.a.b": 1 } },
      { name: "Ada", age: 36, tags: ["x"], deep: { a: { b: 1 } } },
    ],
    ["$unset", { $unset: { age: true, tags: 1 } }, { name: "Ada" }],
    ["$unset of a list of paths", { $unset: ["age", "tags"] }, { name: "Ada" }],
    ["$inc", { $inc: { age: -0.5, n: 1 } }, { name: "Ada", age: 35.5, tags: ["x"], n: 1 }],
    ["$push", { $push: { tags: "x" } }, { name: "Ada", age: 36, tags: ["x", "x"] }],
    [
      "$push $each",
      { $push: { tags: { $each: ["b", "a"] } } },
      { name: "Ada", age: 36, tags: ["x", "b", "a"] },
    ],
    ["$addToSet", { $addToSet: { tags: "a" } }, { name: "Ada", age: 36, tags: ["a", "x"] }],
    [
      "$addToSet of what is there",
      { $addToSet: { tags: "x" } },
      { name: "Ada", age: 36, tags: ["x"] },
    ],
    ["$pull", { $pull: { tags: "x" } }, { name: "Ada", age: 36, tags: [] }],
  ];
  test.each(effects)("%s", async (_what, update, then) => {
    const items = await threeItems();
    expect(await items.update("a", update)).toBe(1);
    expect(await items.get("a")).toEqual({ id: "a", ...then });
  });

  test("counters and sets of several updates add up", async () => {
    const items = await threeItems();
    await Promise.all(Array.from({ length: 20 }, () => items.update("a", { $inc: { n: 1 } })));
    await Promise.all(
      ["p", "q", "r"].map((tag) => items.update("b", { $addToSet: { tags: tag } })),
    );
    expect(await items.get("a")).toMatchObject({ n: 20 });
    expect(await items.get("b")).toMatchObject({ tags: ["p", "q", "r"] });
  });

  test("what was read can be written back", async () => {
    const items = await threeItems();
    const read = await items.get("c", { meta: true });
    expect(await items.update("c", { ...read, name: "C" })).toBe(1);
    expect(await items.get("c")).toEqual({ ...(await items.get("c")), name: "C" });
    expect(await items.get("c")).toMatchObject({ age: 64, address: { city: "Rome", zip: 1 } });
  });

  test("updateOne changes the first by id only; updateBatch all or nothing", async () => {
    const items = await threeItems();
    expect(await items.updateOne({ age: { $gt: 1 } }, { $set: { first: true } })).toBe(1);
    expect((await items.find({ first: true })).map(({ id }) => id)).toEqual(["a"]);
    const counted = await items.updateBatch([
      { where: "b", update: { $set: { n: 1 } } },
      { where: { age: { $gt: 30 } }, update: { $set: { n: 2 } } },
    ]);
    expect(counted).toBe(3);
    expect((await items.find()).map(({ n }) => n)).toEqual([2, 1, 2]);
    const failing = items.updateBatch([
      { where: "b", update: { $set: { n: 3 } } },
      { where: "b", update: { $inc: { name: 1 } } },
    ]);
    await expectRejection(failing, "InvalidUpdate", "name");
    expect(await items.get("b")).toMatchObject({ n: 1 });
    expect(await items.updateBatch([])).toBe(0);
  });

  const refused: readonly (readonly [what: string, update: unknown, code: string, path: string])[] =
    [
      ["an unknown operator", { $rename: { a: "b" } }, "InvalidUpdate", "$rename"],
      ["operators beside fields", { $set: { a: 1 }, b: 2 }, "InvalidUpdate", "b"],
      ["a changed id", { id: "other" }, "InvalidUpdate", "id"],
      ["a changed entry type (T-042)", { _entryType: "AUTH" }, "InvalidUpdate", "_entryType"],
      ["our own names", { _x: 1 }, "InvalidUpdate", "_x"],
      ["$inc by text", { $inc: { age: "1" } }, "InvalidUpdate", "$inc.age"],
      ["$inc of text", { $inc: { name: 1 } }, "InvalidUpdate", "name"],
      ["one path twice", { $set: { "a.b": 1 }, $unset: { a: true } }, "InvalidUpdate", "a.b"],
      ["NaN", { $set: { "a.b": Number.NaN } }, "InvalidDocument", "$set.a.b"],
      ["null", null, "InvalidUpdate", ""],
    ];
  test.each(refused)("refused: %s", async (_what, update, code, path) => {
    const items = await threeItems();
    const before = await items.find();
    const error = await rejection(items.update({}, untyped(update)));
    expect(error.code, error.message).toBe(code);
    expect(error.path).toContain(path);
    expect(error.outcome ?? "not committed").toBe("not committed");
    expect(await items.find()).toEqual(before);
  });
};

export const modifyCases = (bench: ApiBench): void => {
  const oneItem = async (): Promise<DistributedCollection<Item>> => {
    const items = bench.open().collection<Item>("items");
    await items.insert({ id: "a", name: "Ada", age: 1 });
    return items;
  };

  test("modify stores what the function returns, fields that it leaves out go", async () => {
    const items = await oneItem();
    const modified = await items.modify("a", ({ id, name }) => ({ id, name: `${name ?? ""}!` }));
    expect(modified).toEqual({ id: "a", name: "Ada!" });
    expect(await items.get("a")).toEqual(modified);
  });

  test("modify leaves the document where the function returns null", async () => {
    const items = await oneItem();
    const left = await items.modify("a", (document) => {
      document.name = "changed in the copy only";
      return null;
    });
    expect(left).toEqual({ id: "a", name: "Ada", age: 1 });
    expect(await items.get("a")).toEqual(left);
    expect(await items.modify("none", () => ({ name: "x" }))).toBeNull();
  });

  test("modify refuses a function that returns nothing, another id, or throws", async () => {
    const items = await oneItem();
    const forgetful = items.modify(
      "a",
      untyped(() => undefined),
    );
    await expectRejection(forgetful, "InvalidArgument", "change");
    await expectRejection(
      items.modify("a", () => ({ id: "b" })),
      "InvalidDocument",
      "id",
    );
    await expect(items.modify("a", () => Promise.reject(new Error("mine")))).rejects.toThrow(
      "mine",
    );
    expect(await items.find()).toEqual([{ id: "a", name: "Ada", age: 1 }]);
  });

  test("fifty modifications at once all count", async () => {
    const items = await oneItem();
    const add = (): Promise<unknown> =>
      items.modify("a", (document) => ({ ...document, age: (document.age ?? 0) + 1 }));
    await Promise.all(Array.from({ length: 50 }, add));
    expect(await items.get("a")).toMatchObject({ age: 51 });
  });
};

export const deleteCases = (bench: ApiBench): void => {
  const fiveItems = async (): Promise<DistributedCollection<Item>> => {
    const items = bench.open().collection<Item>("items");
    await items.insertBatch([1, 2, 3, 4, 5].map((n) => ({ id: `i${String(n)}`, n })));
    return items;
  };
  const ids = async (items: DistributedCollection<Item>): Promise<string[]> =>
    (await items.find()).map(({ id }) => id);

  test("T-166 G-107 delete by query and by id gives the count", async () => {
    const items = await fiveItems();
    expect(await items.delete({ n: { $gte: 4 } })).toBe(2);
    expect(await items.delete("i1")).toBe(1);
    expect(await items.delete("i1")).toBe(0);
    expect(await items.delete({ n: 99 })).toBe(0);
    expect(await ids(items)).toEqual(["i2", "i3"]);
    expect(await items.get("i1")).toBeNull();
    expect(await items.findOne({ n: 4 })).toBeNull();
  });

  test("deleteOne takes the first by id, deleteBatch several selectors", async () => {
    const items = await fiveItems();
    expect(await items.deleteOne({ n: { $gt: 1 } })).toBe(1);
    expect(await ids(items)).toEqual(["i1", "i3", "i4", "i5"]);
    expect(await items.deleteBatch(["i1", { n: 5 }, "none"])).toBe(2);
    expect(await ids(items)).toEqual(["i3", "i4"]);
  });

  test("clear deletes all and keeps the collection; drop forgets it", async () => {
    const database = bench.open();
    const items = database.collection("items");
    await items.insertBatch([{ n: 1 }, { n: 2 }]);
    expect(await items.clear()).toBe(2);
    expect(await items.find()).toEqual([]);
    expect(await database.collections()).toMatchObject([{ name: "items", documents: 0 }]);
    await items.insert({ n: 3 });
    await items.drop();
    expect(await items.count()).toBe(0);
    expect(await database.collections()).toEqual([]);
    await items.insert({ id: "again", n: 4 });
    expect(await items.find()).toEqual([{ id: "again", n: 4 }]);
  });

  test("undefined is no selector: it must not mean all", async () => {
    const items = await fiveItems();
    await expectRejection(items.delete(untyped(undefined)), "InvalidQuery");
    await expectRejection(items.update(untyped(undefined), { $set: { n: 0 } }), "InvalidQuery");
    await expectRejection(items.delete(""), "InvalidDocument", "id");
    expect(await items.count()).toBe(5);
  });

  test("T-241 inserts, updates and deletes keep the rest as it was", async () => {
    const items = await fiveItems();
    await items.update("i2", { $set: { n: 20 } });
    await items.delete("i3");
    await items.insert({ id: "i6", n: 6 });
    const left = { i1: 1, i2: 20, i4: 4, i5: 5, i6: 6 };
    const found = await items.find();
    expect(Object.fromEntries(found.map(({ id, n }) => [id, n]))).toEqual(left);
  });
};
