/** Filters, case by case: what each operator matches, and how a filter that is wrong is refused. */
import { describe, expect, test } from "vitest";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import { queryDepthMax, regexLengthMax } from "../../../../src/core/base/limits.ts";
import type { DocumentFields } from "../../../../src/core/base/types.ts";
import { compileFilter, filterIds, normaliseFilter } from "../../../../src/core/query/match.ts";

const people: readonly DocumentFields[] = [
  { id: "ada", name: "Ada", age: 36, tags: ["math", "poetry"], address: { city: "London" } },
  { id: "bob", name: "Bob", age: 17, tags: [], address: { city: "Paris", geo: { lat: 48.8 } } },
  { id: "cid", name: "Cid", age: "36", nick: null, posts: [{ likes: 3 }, { likes: 9, by: "x" }] },
  { id: "dan", at: new Date(5), raw: new Uint8Array([1, 2]), vector: new Float32Array([1, 2]) },
];

const found = (filter: unknown): string[] =>
  people.filter(compileFilter(filter)).map(({ id }) => id);

describe("equality", () => {
  test("everything matches the empty filter", () => {
    expect(found({})).toHaveLength(people.length);
  });

  test("a bare value is $eq, and types are told apart", () => {
    expect(found({ age: 36 })).toEqual(["ada"]);
    expect(found({ age: { $eq: "36" } })).toEqual(["cid"]);
    expect(found({ name: "Ada", age: 36 })).toEqual(["ada"]);
  });

  test("objects and arrays are compared as wholes, whatever the order of names", () => {
    expect(found({ address: { geo: { lat: 48.8 }, city: "Paris" } })).toEqual(["bob"]);
    expect(found({ address: { city: "Paris" } })).toEqual([]);
    expect(found({ tags: ["math", "poetry"] })).toEqual(["ada"]);
    expect(found({ tags: ["poetry", "math"] })).toEqual([]);
    expect(found({ tags: [] })).toEqual(["bob"]);
  });

  test("dates by time, bytes and vectors by content", () => {
    expect(found({ at: new Date(5) })).toEqual(["dan"]);
    expect(found({ raw: new Uint8Array([1, 2]) })).toEqual(["dan"]);
    expect(found({ vector: new Float32Array([1, 2]) })).toEqual(["dan"]);
    expect(found({ $or: [{ raw: [1, 2] }, { vector: [1, 2] }, { at: 5 }] })).toEqual([]);
    expect(found({ raw: 1 })).toEqual([]);
  });

  test("null matches null and missing", () => {
    expect(found({ nick: null })).toHaveLength(people.length);
    expect(found({ nick: { $eq: null, $exists: true } })).toEqual(["cid"]);
    expect(found({ "posts.by": null })).toHaveLength(people.length);
    expect(found({ "posts.likes": null })).toEqual(["ada", "bob", "dan"]);
    expect(found({ age: { $in: [null, 17] } })).toEqual(["bob", "dan"]);
  });

  test("$ne, $nin and $not are true where the field is missing", () => {
    expect(found({ age: { $ne: 36 } })).toEqual(["bob", "cid", "dan"]);
    expect(found({ age: { $nin: [36, 17] } })).toEqual(["cid", "dan"]);
    expect(found({ age: { $not: { $gt: 1 } } })).toEqual(["cid", "dan"]);
    expect(found({ tags: { $ne: "math" } })).toEqual(["bob", "cid", "dan"]);
    expect(found({ nick: { $ne: null } })).toEqual([]);
  });

  test("names that every object inherits are not there", () => {
    expect(found({ constructor: { $exists: true } })).toEqual([]);
    expect(found({ "address.toString": { $exists: true } })).toEqual([]);
    expect(found({ ["__proto__"]: null })).toHaveLength(people.length);
    expect(found(JSON.parse('{ "__proto__": 1 }'))).toEqual([]);
  });
});

describe("comparison", () => {
  test("compares within a type only", () => {
    expect(found({ age: { $gt: 17 } })).toEqual(["ada"]);
    expect(found({ age: { $gte: 17, $lt: 36 } })).toEqual(["bob"]);
    expect(found({ age: { $lte: "9" } })).toEqual(["cid"]);
    expect(found({ at: { $gt: new Date(4) } })).toEqual(["dan"]);
    expect(found({ raw: { $lt: new Uint8Array([1, 3]) } })).toEqual(["dan"]);
  });

  test("texts by code points: a surrogate pair stands behind U+FFFF", () => {
    const matches = compileFilter({ name: { $gt: "\uffff" } });
    expect(matches({ name: "😀" })).toBe(true);
  });

  test("of null only equality is left", () => {
    expect(found({ nick: { $gt: null } })).toEqual([]);
    expect(found({ age: { $gte: null } })).toEqual(["dan"]);
  });

  test("any element of an array will do", () => {
    expect(found({ "posts.likes": { $gt: 8 } })).toEqual(["cid"]);
    expect(found({ "posts.likes": { $gt: 8, $lt: 4 } })).toEqual(["cid"]);
    expect(found({ tags: { $gte: "poetry" } })).toEqual(["ada"]);
  });
});

describe("paths", () => {
  test("go into objects, elements of arrays, and indices", () => {
    expect(found({ "address.geo.lat": { $gt: 48 } })).toEqual(["bob"]);
    expect(found({ "posts.likes": 9 })).toEqual(["cid"]);
    expect(found({ "posts.1.likes": 9 })).toEqual(["cid"]);
    expect(found({ "posts.0.likes": 9 })).toEqual([]);
    expect(found({ "tags.1": "poetry" })).toEqual(["ada"]);
    expect(found({ "tags.01": "poetry" })).toEqual([]);
  });

  test("go into an array inside an array by index only", () => {
    const nested = { grid: [[{ x: 1 }], [{ x: 2 }]] };
    expect(compileFilter({ "grid.x": 1 })(nested)).toBe(false);
    expect(compileFilter({ "grid.0.x": 1 })(nested)).toBe(true);
  });

  test("end at dates, bytes and texts", () => {
    const ends = ["at.getTime", "raw.0", "vector.length", "name.length"];
    for (const path of ends) expect(found({ [path]: { $exists: true } })).toEqual([]);
  });
});

describe("the other operators", () => {
  test("$in, also with patterns", () => {
    expect(found({ name: { $in: ["Bob", /^a/i] } })).toEqual(["ada", "bob"]);
    expect(found({ tags: { $in: ["math"] } })).toEqual(["ada"]);
    expect(found({ tags: { $in: [[]] } })).toEqual(["bob"]);
    expect(found({ name: { $in: [] } })).toEqual([]);
    expect(found({ at: { $in: [new Date(5)] } })).toEqual(["dan"]);
  });

  test("$regex as text with options, as RegExp, and bare", () => {
    expect(found({ name: { $regex: "^a", $options: "i" } })).toEqual(["ada"]);
    expect(found({ name: { $regex: /^a/, $options: "i" } })).toEqual(["ada"]);
    expect(found({ name: /^A/ })).toEqual(["ada"]);
    expect(found({ name: { $not: /^A/ } })).toEqual(["bob", "cid", "dan"]);
    expect(found({ tags: /poe/ })).toEqual(["ada"]);
  });

  test("a global pattern has no memory", () => {
    const matches = compileFilter({ name: /a/g });
    expect([matches({ name: "a" }), matches({ name: "a" })]).toEqual([true, true]);
  });

  test("$exists", () => {
    expect(found({ nick: { $exists: true } })).toEqual(["cid"]);
    expect(found({ nick: { $exists: false } })).toEqual(["ada", "bob", "dan"]);
    expect(found({ "posts.by": { $exists: true } })).toEqual(["cid"]);
  });

  test("$contains: a text in a text, an element in a list", () => {
    expect(found({ name: { $contains: "b" } })).toEqual(["bob"]);
    expect(found({ tags: { $contains: "math" } })).toEqual(["ada"]);
    expect(found({ tags: { $contains: "mat" } })).toEqual([]);
    expect(found({ posts: { $contains: { likes: 3 } } })).toEqual(["cid"]);
    expect(found({ age: { $contains: 3 } })).toEqual([]);
  });

  test("$startsWith", () => {
    expect(found({ name: { $startsWith: "A" } })).toEqual(["ada"]);
    expect(found({ tags: { $startsWith: "po" } })).toEqual(["ada"]);
    expect(found({ nick: { $startsWith: "" } })).toEqual([]);
  });

  test("$size and $all", () => {
    expect(found({ tags: { $size: 0 } })).toEqual(["bob"]);
    expect(found({ name: { $size: 3 } })).toEqual([]);
    expect(found({ tags: { $all: ["poetry", "math"] } })).toEqual(["ada"]);
    expect(found({ tags: { $all: ["math", "art"] } })).toEqual([]);
    expect(found({ tags: { $all: [] } })).toEqual([]);
    expect(found({ tags: { $all: [/^p/, "math"] } })).toEqual(["ada"]);
    expect(found({ name: { $all: ["Ada"] } })).toEqual(["ada"]);
  });

  test("$elemMatch: all on one element", () => {
    expect(found({ posts: { $elemMatch: { likes: { $gt: 8 }, by: "x" } } })).toEqual(["cid"]);
    expect(found({ posts: { $elemMatch: { likes: 3, by: "x" } } })).toEqual([]);
    expect(found({ posts: { $elemMatch: { $or: [{ likes: 3 }, { by: "z" }] } } })).toEqual(["cid"]);
    expect(found({ tags: { $elemMatch: { $gt: "n", $lt: "q" } } })).toEqual(["ada"]);
    expect(found({ tags: { $elemMatch: { $gt: "n", $lt: "o" } } })).toEqual([]);
    expect(found({ address: { $elemMatch: { city: "Paris" } } })).toEqual([]);
  });

  test("$and, $or, $nor, $not", () => {
    expect(found({ $and: [{ age: 36 }, { name: "Ada" }] })).toEqual(["ada"]);
    expect(found({ $or: [{ age: 36 }, { name: "Bob" }] })).toEqual(["ada", "bob"]);
    expect(found({ $nor: [{ age: 36 }, { name: "Bob" }] })).toEqual(["cid", "dan"]);
    expect(found({ $not: { age: 36 } })).toEqual(["bob", "cid", "dan"]);
    expect(found({ name: "Ada", $or: [{ age: 17 }, { age: 36 }] })).toEqual(["ada"]);
  });

  test("A-N03 A-N04: $and with $in over arrays, nested dotted paths", () => {
    expect(found({ $and: [{ tags: { $in: ["math"] } }, { age: { $gt: 30 } }] })).toEqual(["ada"]);
    expect(found({ $or: [{ "address.city": "London" }, { "address.geo.lat": 48.8 }] })).toEqual([
      "ada",
      "bob",
    ]);
  });
});

describe("a filter as data", () => {
  test("holds no pattern and shares nothing with the caller's object", () => {
    const list = ["Bob", /^a/i];
    const data = normaliseFilter({ name: { $in: list }, age: 36, nick: { $not: /x/g } });
    list.push("Cid");
    expect(data).toEqual({
      name: { $in: ["Bob", { $regex: "^a", $options: "i" }] },
      age: 36,
      nick: { $not: { $regex: "x" } },
    });
    expect(structuredClone(data)).toEqual(data);
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
  });

  test("says which ids alone can match", () => {
    const idsOf = (filter: unknown): readonly string[] | null => filterIds(normaliseFilter(filter));
    expect(idsOf({ id: "a" })).toEqual(["a"]);
    expect(idsOf({ id: { $in: ["b", "a", "b"] } })).toEqual(["b", "a"]);
    expect(idsOf({ id: { $in: [] } })).toEqual([]);
    for (const filter of [
      {},
      { id: 5 },
      { id: /a/ },
      { id: { $in: ["a", /b/] } },
      { id: { $in: ["a", 5] } },
      { id: { $eq: "a", $ne: "b" } },
      { id: "a", name: "b" },
      { name: "a" },
      { "id.x": "a" },
      { $and: [{ id: "a" }, { id: "b" }] },
    ]) {
      expect(idsOf(filter)).toBeNull();
    }
  });
});

describe("a wrong filter is refused, its place named", () => {
  const refusal = (filter: unknown): { path: string | undefined; message: string } => {
    try {
      compileFilter(filter);
    } catch (error) {
      if (error instanceof NebulusError && error.code === "InvalidQuery") return error;
      throw error;
    }
    throw new Error("accepted");
  };
  const isAccepted = (filter: unknown): boolean => {
    try {
      compileFilter(filter);
      return true;
    } catch {
      return false;
    }
  };
  const cyclic: Record<string, unknown> = {};
  cyclic["a"] = { $elemMatch: cyclic };
  const endless: Record<string, unknown> = {};
  endless["$and"] = [endless];
  const selfish: unknown[] = [];
  selfish.push(selfish);
  const nested = (depth: number): unknown =>
    depth === 0 ? { $exists: true } : { $not: nested(depth - 1) };

  test.each<[name: string, filter: unknown, path: string, words: RegExp]>([
    ["null", null, "", /plain object, not null/],
    ["undefined", undefined, "", /plain object, not undefined/],
    ["text", "name", "", /plain object, not a string/],
    ["a list", [{ a: 1 }], "", /plain object, not an array/],
    ["a function", () => true, "", /plain object, not a function/],
    ["a class instance", new Map(), "", /plain object, not a Map/],
    ["unknown operator", { age: { $gtt: 1 } }, "age.$gtt", /unknown operator \$gtt; .*\$gt\?/],
    ["unknown logic", { $adn: [{}] }, "$adn", /unknown operator \$adn; .*\$and\?/],
    ["nothing close", { age: { $frobnicate: 1 } }, "age.$frobnicate", /\$frobnicate$/],
    ["misplaced operator", { $gt: 5 }, "$gt", /\{ age: \{ \$gt: … \} \}/],
    ["misplaced logic", { a: { $and: [] } }, "a.$and", /joins filters/],
    ["mixed", { a: { $gt: 1, b: 2 } }, "a.b", /among operators/],
    ["undefined value", { a: undefined }, "a", /undefined; use null/],
    ["undefined in a list", { a: { $in: [1, undefined] } }, "a.$in[1]", /undefined/],
    // a list of one hole
    ["a hole", { a: { $in: Array(1) } }, "a.$in[0]", /undefined/],
    ["NaN", { a: { $lt: NaN } }, "a.$lt", /NaN/],
    ["an invalid Date", { a: new Date(NaN) }, "a", /invalid Date/],
    ["a function as value", { $or: [{ a: () => 1 }] }, "$or[0].a", /function/],
    ["a symbol", { a: Symbol("x") }, "a", /symbol/],
    ["a bigint", { a: 1n }, "a", /bigint/],
    ["an operator in a value", { a: { b: { $gt: 1 } } }, "a.b.$gt", /leading \$/],
    ["pattern as value", { a: { $ne: /x/ } }, "a.$ne", /pattern/],
    ["empty $and", { $and: [] }, "$and", /empty list/],
    ["empty $or", { $nor: [{ $or: [] }] }, "$nor[0].$or", /empty list/],
    ["$or of no list", { $or: { a: 1 } }, "$or", /a list, not an object/],
    ["$in of no list", { a: { $in: "x" } }, "a.$in", /a list, not a string/],
    ["empty name", { "a..b": 1 }, "a..b", /empty name/],
    ["no name", { "": 1 }, "", /empty name/],
    ["broken pattern", { a: { $regex: "(" } }, "a.$regex", /regular expression/i],
    ["broken options", { a: { $regex: "a", $options: "x" } }, "a.$regex", /option "x"/],
    ["sticky", { a: /a/y }, "a", /option "y"/],
    ["double options", { a: { $regex: "a", $options: "ii" } }, "a.$regex", /flags/i],
    ["lone options", { a: { $options: "i" } }, "a.$options", /beside \$regex/],
    ["long pattern", { a: { $regex: "a".repeat(regexLengthMax + 1) } }, "a.$regex", /more than/],
    ["pattern of no text", { a: { $regex: 5 } }, "a.$regex", /text, not a number/],
    ["pattern with company", { a: { $in: [{ $regex: "a", $gt: 1 }] } }, "a.$in[0]", /beside/],
    ["$exists", { a: { $exists: 1 } }, "a.$exists", /true or false/],
    ["$size", { a: { $size: -1 } }, "a.$size", /whole number/],
    ["$size of text", { a: { $size: "1" } }, "a.$size", /number, not a string/],
    ["$startsWith", { a: { $startsWith: 1 } }, "a.$startsWith", /text, not a number/],
    ["$elemMatch", { a: { $elemMatch: 1 } }, "a.$elemMatch", /plain object/],
    ["$not of a value", { a: { $not: 5 } }, "a.$not", /\$ne/],
    ["lone surrogate", { a: "\ud800" }, "a", /surrogate/],
  ])("%s", (_, filter, path, words) => {
    const error = refusal(filter);
    expect(error.path).toBe(path);
    expect(error.message).toMatch(words);
  });

  test("too deep, or containing itself", () => {
    expect(() => compileFilter({ a: nested(queryDepthMax - 2) })).not.toThrow();
    expect(refusal({ a: nested(queryDepthMax - 1) }).message).toMatch(/nested deeper than 64/);
    for (const filter of [cyclic, endless, { a: selfish }, { a: { $in: [selfish] } }]) {
      expect(refusal(filter).message).toMatch(/itself/);
    }
  });

  test("the deepest filter is still accepted once it is normalised", () => {
    const deepest = { a: nested(queryDepthMax - 2) };
    expect(normaliseFilter(normaliseFilter(deepest))).toEqual(deepest);
    const wrap = (depth: number): unknown => (depth === 0 ? /x/ : { $not: wrap(depth - 1) });
    const deepening = Array.from({ length: queryDepthMax }, (_, depth) => ({ a: wrap(depth) }));
    const deepestPattern = deepening.findLast(isAccepted);
    expect(isAccepted(normaliseFilter(deepestPattern))).toBe(true);
    const patterns = {
      a: { $in: [/x/, 1] },
      $or: [{ b: /y/i }, { c: { $elemMatch: { $eq: 1 } } }],
    };
    expect(normaliseFilter(normaliseFilter(patterns))).toEqual(normaliseFilter(patterns));
  });
});
