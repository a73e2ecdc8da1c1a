/**
 * API cases: finding documents, page by page and by id, and what is told of them.
 */
import { expect, test } from "vitest";
import type { DistributedCollection } from "../../../src/client/api.ts";
import type { Document, FindOptions, Query } from "../../../src/client/types.ts";
import { expectRejection, thrown, untyped, type ApiBench } from "./bench.ts";

const cities: readonly (Document & { readonly id: string })[] = [
  {
    id: "1",
    name: "Ada",
    age: 36,
    roles: ["admin", "user"],
    home: { city: "London", at: { x: 1 } },
  },
  { id: "2", name: "Bob", age: 17, roles: ["user"], home: { city: "Paris", at: { x: 5 } } },
  { id: "3", name: "Cid", age: 64, home: { city: "London" } },
  { id: "4", name: "Dan", age: null, roles: [] },
  { id: "5", name: "eve", deep: { a: { b: { c: 7 } } }, orders: [{ n: 1 }, { n: 5 }] },
];

export const queryCases = (bench: ApiBench): void => {
  const people = async (): Promise<DistributedCollection> => {
    const collection = bench.open().collection("people");
    await collection.insertBatch(cities);
    return collection;
  };

  const queries: readonly (readonly [what: string, query: Query, ids: string])[] = [
    ["everything, by id (G-118)", {}, "12345"],
    ["equality", { name: "Bob" }, "2"],
    ["several conditions", { "home.city": "London", age: { $gt: 40 } }, "3"],
    ["$eq and $ne", { name: { $eq: "Ada" }, age: { $ne: 1 } }, "1"],
    ["$ne counts missing fields", { "home.city": { $ne: "London" } }, "245"],
    ["$gte and $lte", { age: { $gte: 17, $lte: 36 } }, "12"],
    ["$gt never compares types", { name: { $gt: 5 } }, ""],
    ["$in", { name: { $in: ["Ada", "Dan", /^e/] } }, "145"],
    ["$nin", { name: { $nin: ["Ada", "Bob", "Cid"] } }, "45"],
    ["A-N03 $and with $in over an array", { $and: [{ roles: { $in: ["admin"] } }] }, "1"],
    ["A-N03 documents without the field do not match", { roles: { $in: ["user"] } }, "12"],
    ["A-N04 nested", { "home.at.x": { $gt: 1 } }, "2"],
    ["A-N04 four deep", { "deep.a.b.c": 7 }, "5"],
    ["A-N04 $or", { $or: [{ "home.city": "Paris" }, { "deep.a.b.c": { $exists: true } }] }, "25"],
    ["A-N04 $and of three", { $and: [{ age: 36 }, { roles: "user" }, { "home.at.x": 1 }] }, "1"],
    ["$nor", { $nor: [{ age: { $gt: 0 } }, { name: "eve" }] }, "4"],
    ["$not", { age: { $not: { $gt: 20 } } }, "245"],
    ["$not around a filter", { $not: { name: { $regex: "^[A-C]" } } }, "45"],
    ["$regex with options", { name: { $regex: "^E", $options: "i" } }, "5"],
    ["a RegExp", { name: /a/ }, "14"],
    ["$exists", { home: { $exists: false } }, "45"],
    ["null equals missing", { age: null }, "45"],
    [
      "$contains in text and in a list",
      { $or: [{ name: { $contains: "ve" } }, { roles: { $contains: "admin" } }] },
      "15",
    ],
    ["$startsWith", { name: { $startsWith: "C" } }, "3"],
    ["$size", { roles: { $size: 0 } }, "4"],
    ["$all", { roles: { $all: ["user", "admin"] } }, "1"],
    ["$elemMatch", { orders: { $elemMatch: { n: { $gt: 2, $lt: 6 } } } }, "5"],
    ["any element of an array", { "orders.n": 5 }, "5"],
    ["by ids", { id: { $in: ["3", "1", "9"] } }, "13"],
    ["a whole object", { home: { city: "London" } }, "3"],
  ];
  test("every listed operator finds what it says", async () => {
    const collection = await people();
    for (const [what, query, ids] of queries) {
      const found = await collection.find(query);
      expect(found.map(({ id }) => id).join(""), what).toBe(ids);
      expect(await collection.count(query), what).toBe(ids.length);
      expect((await collection.findOne(query))?.id ?? null, what).toBe(ids[0] ?? null);
    }
  });

  const refused: readonly (readonly [query: unknown, options: unknown, path: string])[] = [
    [{ age: { $gte: undefined } }, {}, "age.$gte"],
    [{ age: { $greater: 1 } }, {}, "age.$greater"],
    [{ $or: [] }, {}, "$or"],
    [{ $or: [{ a: 1 }, { "": 1 }] }, {}, "$or[1]."],
    [{ name: { $regex: "(" } }, {}, "name.$regex"],
    [5, {}, ""],
    [{}, { limit: -1 }, "limit"],
    [{}, { limit: 0.5 }, "limit"],
    [{}, { offset: "1" }, "offset"],
    [{}, { sort: { name: 2 } }, "sort.name"],
    [{}, { sort: "name" }, "sort"],
    [{}, { fields: [1] }, "fields[0]"],
    [{}, { after: "text" }, "after"],
    [{}, { after: {} }, "after"],
  ];
  test("a query that says nothing sensible is refused at its place", async () => {
    const collection = bench.open().collection("people");
    for (const [query, options, path] of refused) {
      const find = collection.find(untyped(query), untyped(options));
      await expectRejection(find, "InvalidQuery", path);
      const subscribing = (): unknown => collection.live(untyped(query), untyped(options));
      expect(thrown(subscribing)).toMatchObject({ code: "InvalidQuery", path });
    }
  });

  test("sort, limit, offset and fields", async () => {
    const collection = await people();
    const ids = async (options: FindOptions): Promise<string> =>
      (await collection.find({}, options)).map(({ id }) => id).join("");
    expect(await ids({ sort: { name: -1 } })).toBe("54321");
    expect(
      await ids({
        sort: [
          ["home.city", "asc"],
          ["age", "desc"],
        ],
      }),
    ).toBe("45312");
    expect(await ids({ sort: { age: 1 }, limit: 2, offset: 1 })).toBe("42");
    expect(await ids({ offset: 4 })).toBe("5");
    expect(await ids({ limit: 0 })).toBe("");
    expect(await collection.find({ id: "1" }, { fields: ["name", "home.at.x"] })).toEqual([
      { id: "1", name: "Ada", home: { at: { x: 1 } } },
    ]);
    const [first] = await collection.find({}, { limit: 1, fields: [] });
    expect(first).toEqual({ id: "1" });
  });

  test("`after` goes on behind a document, whatever was deleted meanwhile", async () => {
    const collection = await people();
    const sort = { "home.city": 1 } as const;
    const [, second] = await collection.find({}, { sort, limit: 2 });
    expect(second?.id).toBe("5");
    await collection.delete("5");
    const rest = await collection.find({}, { sort, after: second ?? { id: "" } });
    expect(rest.map(({ id }) => id).join("")).toBe("132");
  });

  test("iterate gives every document once, in order, in pages", async () => {
    const collection = bench.open().collection<{ n: number }>("numbers");
    const documents = Array.from({ length: 25 }, (_, n) => ({
      id: `d${String(n + 10)}`,
      n: n % 7,
    }));
    await collection.insertBatch(documents);
    const all = async (options: object): Promise<(Document & { id: string })[]> => {
      const seen: (Document & { id: string })[] = [];
      for await (const document of collection.iterate({}, options)) seen.push(document);
      return seen;
    };
    expect(await all({ pageSize: 4 })).toEqual(documents);
    const sorted = await collection.find({}, { sort: { n: -1 } });
    expect(await all({ pageSize: 4, sort: { n: -1 } })).toEqual(sorted);
    expect(await all({ pageSize: 25 })).toEqual(documents);
    const part = await all({ pageSize: 3, sort: { n: -1 }, offset: 2, limit: 8, fields: [] });
    expect(part).toEqual(sorted.slice(2, 10).map(({ id }) => ({ id })));
    await expectRejection(all({ pageSize: 0 }), "InvalidQuery", "pageSize");
  });

  test("get gives null on a miss, getMany the order that it was asked in", async () => {
    const collection = await people();
    expect(await collection.get("3")).toEqual(cities[2]);
    expect(await collection.get("nobody")).toBeNull();
    const many = await collection.getMany(["5", "nobody", "1", "5"]);
    expect(many.map(({ id }) => id).join("")).toBe("515");
    expect(await collection.getMany([])).toEqual([]);
    await expectRejection(collection.get(""), "InvalidDocument", "ids[0]");
  });

  test("T-041 T-043 T-044 T-045 metadata is told only when it is asked for", async () => {
    const collection = bench.open().collection("people");
    const before = Date.now();
    const { id } = await collection.insert({ name: "Ada" });
    await collection.update(id, { age: 1 });
    expect(await collection.get(id)).toEqual({ id, name: "Ada", age: 1 });
    const [told] = await collection.find({}, { meta: true });
    expect(told?._entryType).toBe("MEMORY");
    expect(told?._timestamp).toBeGreaterThanOrEqual(before);
    expect(told?._timestamp).toBeLessThanOrEqual(Date.now());
    expect(Object.values(told?._vector ?? {})).toEqual([2]);
    expect(told).not.toHaveProperty("_deleted");
    expect(await collection.get(id, { meta: true })).toEqual(told);
  });

  test("T-047 deleted documents are told of only when they are asked for", async () => {
    const collection = await people();
    await collection.delete("2");
    expect((await collection.find()).map(({ id }) => id).join("")).toBe("1345");
    const all = await collection.find({}, { includeDeleted: true, meta: true });
    const deleted = all.find(({ id }) => id === "2");
    expect(all).toHaveLength(5);
    expect(deleted).toMatchObject({ id: "2", _deleted: true });
    expect(deleted).not.toHaveProperty("name");
  });
};
