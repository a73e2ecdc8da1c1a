/**
 * Updates: what each operator changes in a document, and how an update that is wrong is refused.
 */
import { describe, expect, test } from "vitest";
import type { DocumentFields } from "../../../../src/core/base/types.ts";
import { changesFor, compileUpdate, type Change } from "../../../../src/core/query/update.ts";

const ada: DocumentFields = {
  id: "ada",
  name: "Ada",
  visits: 3,
  tags: ["b", "a", { x: 1 }],
  address: { city: "London", geo: { lat: 1 } },
  posts: [{ likes: 1 }],
};

const changes = (update: unknown, current: DocumentFields | null = ada): readonly Change[] => {
  const compiled = compileUpdate(update);
  // What a page checked crosses to a worker.
  expect(structuredClone(compiled)).toEqual(compiled);
  return changesFor(compiled, current);
};

describe("$set and $unset", () => {
  test("scalars, arrays, dates and empty objects are set as they are", () => {
    const at = new Date(5);
    expect(changes({ $set: { name: "B", "address.zip": 1, tags: [1], at, none: {} } })).toEqual([
      { path: ["name"], set: "B" },
      { path: ["address", "zip"], set: 1 },
      { path: ["tags"], set: [1] },
      { path: ["at"], set: at },
      { path: ["none"], set: {} },
    ]);
  });

  test("an object replaces what is held there, leaf by leaf", () => {
    expect(
      changes({ $set: { address: { city: "Paris", geo: { lat: 2, ids: [] }, x: {} } } }),
    ).toEqual([
      {
        path: ["address"],
        replace: [
          { path: ["address", "city"], value: "Paris" },
          { path: ["address", "geo", "lat"], value: 2 },
          { path: ["address", "geo", "ids"], value: [] },
          { path: ["address", "x"], value: {} },
        ],
      },
    ]);
  });

  test("a field of a scalar takes its place", () => {
    expect(changes({ $set: { "name.first": "A" } })).toEqual([
      { path: ["name", "first"], set: "A" },
    ]);
  });

  test("$unset takes an object or a list, and finds nothing where nothing is", () => {
    const gone = [
      { path: ["name"], unset: true },
      { path: ["address", "geo"], unset: true },
    ];
    expect(changes({ $unset: { name: true, "address.geo": true, none: true } })).toEqual(gone);
    expect(changes({ $unset: ["name", "address.geo", "name2.x"] })).toEqual(gone);
    expect(changes({ $unset: { name: "" } })).toHaveLength(1);
    expect(changes({ $unset: { "name.first": true } })).toEqual([]);
  });

  test("inherited names are no fields", () => {
    expect(changes({ $unset: { toString: true } })).toEqual([]);
    expect(changes({ $inc: { valueOf: 1 } })).toEqual([{ path: ["valueOf"], increment: 1 }]);
  });
});

describe("a patch", () => {
  test("replaces each field given; undefined unsets", () => {
    expect(changes({ name: undefined, visits: 4, address: { city: "Rome" } })).toEqual([
      { path: ["name"], unset: true },
      { path: ["visits"], set: 4 },
      { path: ["address"], replace: [{ path: ["address", "city"], value: "Rome" }] },
    ]);
  });

  test("may be what was read: id and kind as they are, computed fields ignored", () => {
    const computed = { _vector: { p: 1 }, _timestamp: 1, _peerId: "p", _deleted: false };
    const read = { ...ada, ...computed, _entryType: "MEMORY", name: "B" };
    expect(changes(read)).toContainEqual({ path: ["name"], set: "B" });
    expect(changes({ id: "ada" })).toEqual([]);
    expect(changes({ _entryType: "AUTH" }, { ...ada, _entryType: "AUTH" })).toEqual([]);
  });

  test("that is empty changes nothing", () => {
    expect(changes({})).toEqual([]);
    expect(changes({ $set: {}, $push: {} })).toEqual([]);
  });
});

describe("$inc", () => {
  test("adds to a number, and begins at 0 where there is none", () => {
    expect(changes({ $inc: { visits: 2, "stats.views": -1.5 } })).toEqual([
      { path: ["visits"], increment: 2 },
      { path: ["stats", "views"], increment: -1.5 },
    ]);
    expect(changes({ $inc: { n: 1 } }, null)).toEqual([{ path: ["n"], increment: 1 }]);
  });
});

describe("lists", () => {
  test("$push writes the whole list", () => {
    expect(changes({ $push: { tags: "a" } })).toEqual([
      { path: ["tags"], set: ["b", "a", { x: 1 }, "a"] },
    ]);
    expect(changes({ $push: { none: { $each: [1, { y: 2 }] } } })).toEqual([
      { path: ["none"], set: [1, { y: 2 }] },
    ]);
    expect(changes({ $push: { none: [1] } })).toEqual([{ path: ["none"], set: [[1]] }]);
  });

  test("$addToSet adds what is not there, each once", () => {
    expect(changes({ $addToSet: { tags: { $each: ["a", "c", { x: 1 }, "c"] }, none: 1 } })).toEqual(
      [
        { path: ["tags"], add: "c" },
        { path: ["none"], add: 1 },
      ],
    );
  });

  test("$pull removes what is there, each once", () => {
    expect(changes({ $pull: { tags: { $in: ["a", "z", { x: 1 }, "a"] }, none: 1 } })).toEqual([
      { path: ["tags"], remove: "a" },
      { path: ["tags"], remove: { x: 1 } },
    ]);
    expect(changes({ $pull: { tags: { x: 1 } } })).toEqual([{ path: ["tags"], remove: { x: 1 } }]);
  });

  test("types are told apart, dates and bytes are elements like others", () => {
    const current = { id: "x", list: [1, new Date(1), new Uint8Array([1])] };
    const same = { $each: [1, "1", new Date(1), new Uint8Array([1])] };
    expect(changes({ $addToSet: { list: same } }, current)).toEqual([{ path: ["list"], add: "1" }]);
  });
});

test("several operators, in the order given", () => {
  const update = { $set: { a: 1 }, $inc: { visits: 1 }, $unset: ["name"], $push: { "b.c": 1 } };
  expect(changes(update)).toEqual([
    { path: ["a"], set: 1 },
    { path: ["visits"], increment: 1 },
    { path: ["name"], unset: true },
    { path: ["b", "c"], set: [1] },
  ]);
});

test("nothing of the caller's update is kept or changed", () => {
  const list = [1];
  const update = { $set: { list, inner: { at: new Date(1) } } };
  const compiled = compileUpdate(update);
  list.push(2);
  update.$set.inner.at.setTime(9);
  expect(changesFor(compiled, null)).toEqual([
    { path: ["list"], set: [1] },
    { path: ["inner"], replace: [{ path: ["inner", "at"], value: new Date(1) }] },
  ]);
});

describe("a wrong update is refused, its place named", () => {
  const long = "n".repeat(257);
  const cyclic: Record<string, unknown> = {};
  cyclic["a"] = cyclic;
  test.each<[name: string, update: unknown, code: string, path: string, words: RegExp]>([
    ["null", null, "InvalidUpdate", "", /plain object, not null/],
    ["a list", [], "InvalidUpdate", "", /not an array/],
    ["a function", () => ({}), "InvalidUpdate", "", /not a function/],
    ["mixed", { $set: { a: 1 }, b: 2 }, "InvalidUpdate", "b", /\$set.*b.*do not mix/],
    ["unknown", { $sett: { a: 1 } }, "InvalidUpdate", "$sett", /did you mean \$set\?/],
    ["inherited", { $constructor: {} }, "InvalidUpdate", "$constructor", /unknown operator/],
    ["no object", { $set: 5 }, "InvalidUpdate", "$set", /object of paths, not a number/],
    ["list of $set", { $set: ["a"] }, "InvalidUpdate", "$set", /not an array/],
    ["undefined", { $set: { a: undefined } }, "InvalidUpdate", "$set.a", /\$unset/],
    ["$unset: false", { $unset: { a: false } }, "InvalidUpdate", "$unset.a", /true/],
    ["$unset of no path", { $unset: [5] }, "InvalidUpdate", "$unset[0]", /a path, not a number/],
    ["$inc text", { $inc: { a: "1" } }, "InvalidUpdate", "$inc.a", /finite number, not a string/],
    ["$inc NaN", { $inc: { a: NaN } }, "InvalidUpdate", "$inc.a", /not NaN/],
    ["$inc ∞", { $inc: { a: Infinity } }, "InvalidUpdate", "$inc.a", /not Infinity/],
    ["id", { $unset: { id: true } }, "InvalidUpdate", "$unset.id", /never changes/],
    ["below id", { $set: { "id.x": 1 } }, "InvalidUpdate", "$set.id.x", /never changes/],
    ["kind", { $push: { _entryType: 1 } }, "InvalidUpdate", "$push._entryType", /never changes/],
    ["ours", { $set: { _vector: {} } }, "InvalidUpdate", "$set._vector", /database's own/],
    ["ours in a patch", { _mine: 1 }, "InvalidUpdate", "_mine", /database's own/],
    ["proto", JSON.parse('{ "__proto__": 1 }'), "InvalidUpdate", "__proto__", /JavaScript/],
    ["dollar", { $set: { "a.$b": 1 } }, "InvalidUpdate", "$set.a.$b", /leading \$/],
    ["empty name", { $set: { "a.": 1 } }, "InvalidUpdate", "$set.a.", /empty name/],
    ["long name", { [long]: 1 }, "InvalidUpdate", long, /more than 256 bytes/],
    ["dotted patch", { "a.b": 1 }, "InvalidUpdate", "a.b", /\$set/],
    [
      "17 names",
      { $set: { [Array(17).fill("a").join(".")]: 1 } },
      "InvalidUpdate",
      "$set.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a",
      /16 names/,
    ],
    ["$slice", { $push: { a: { $each: [], $slice: 1 } } }, "InvalidUpdate", "$push.a", /\$slice/],
    ["$each of text", { $push: { a: { $each: "x" } } }, "InvalidUpdate", "$push.a.$each", /a list/],
    [
      "$in to add",
      { $addToSet: { a: { $in: [1] } } },
      "InvalidUpdate",
      "$addToSet.a",
      /only \$each/,
    ],
    ["$pull by filter", { $pull: { a: { $gt: 1 } } }, "InvalidUpdate", "$pull.a", /only \$in/],
    ["undefined element", { $push: { a: undefined } }, "InvalidUpdate", "$push.a", /undefined/],
    ["hole", { $pull: { a: { $in: Array(1) } } }, "InvalidUpdate", "$pull.a.$in[0]", /undefined/],
    ["NaN", { $set: { a: [NaN] } }, "InvalidDocument", "$set.a[0]", /NaN/],
    ["function", { a: { b: () => 1 } }, "InvalidDocument", "a.b", /function/],
    ["cyclic", { a: cyclic }, "InvalidDocument", "a.a", /contains itself/],
    ["bad name inside", { $set: { a: { "b.c": 1 } } }, "InvalidDocument", "$set.a.b.c", /dot/],
  ])("%s", (_, update, code, path, words) => {
    expect(() => compileUpdate(update)).toThrow(expect.objectContaining({ code, path }));
    expect(() => compileUpdate(update)).toThrow(words);
  });

  test.each<[name: string, update: unknown, both: RegExp]>([
    ["the same path", { $set: { a: 1 }, $inc: { a: 1 } }, /\$set "a" and \$inc "a"/],
    ["a path below", { $set: { "a.b": 1 }, $unset: { a: true } }, /\$unset "a" and \$set "a\.b"/],
    ["within one operator", { $set: { a: {}, "a.b.c": 1 } }, /\$set "a" and \$set "a\.b\.c"/],
    ["a list's twice", { $unset: ["a", "a"] }, /\$unset "a" and \$unset "a"/],
  ])("overlapping paths: %s", (_, update, both) => {
    expect(() => compileUpdate(update)).toThrow(both);
    expect(() => compileUpdate(update)).toThrow(expect.objectContaining({ code: "InvalidUpdate" }));
  });

  test("names that only begin alike do not overlap", () => {
    expect(() => compileUpdate({ $set: { a: 1, ab: 2, "b.a": 3, "b.ab": 4 } })).not.toThrow();
  });

  const entries = (count: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, at]));

  test("more than one op can hold", () => {
    const tooLarge: unknown = expect.objectContaining({ code: "TooLarge" });
    expect(() => compileUpdate({ $set: entries(256) })).not.toThrow();
    expect(() => compileUpdate({ $set: entries(257) })).toThrow(tooLarge);
    expect(() => compileUpdate({ $set: { a: entries(257) } })).toThrow(tooLarge);
    expect(() => compileUpdate({ $set: entries(256), $inc: { x: 1 } })).toThrow(tooLarge);
    const many = Array.from({ length: 257 }, (_, at) => at);
    expect(() => compileUpdate({ $addToSet: { a: { $each: many } } })).toThrow(tooLarge);
    expect(() => compileUpdate({ $pull: { a: { $in: many } } })).not.toThrow();
    expect(() => compileUpdate({ $unset: Object.keys(entries(16_385)) })).toThrow(tooLarge);
    expect(() => compileUpdate({ a: "x".repeat(1_048_577) })).toThrow(tooLarge);
  });

  test("path and nesting together are at most 16", () => {
    const path = Array(15).fill("a").join(".");
    expect(() => compileUpdate({ $set: { [path]: [1] } })).not.toThrow();
    const deeper: unknown = expect.objectContaining({ code: "InvalidDocument" });
    expect(() => compileUpdate({ $set: { [path]: [[1]] } })).toThrow(deeper);
    expect(() => compileUpdate({ $push: { [path]: [1] } })).toThrow(deeper);
    expect(() => compileUpdate({ $push: { [path]: 1 } })).not.toThrow();
  });
});

describe("what a document has no place for is refused, document and path named", () => {
  test.each<[name: string, update: unknown, path: string]>([
    ["$inc on text", { $inc: { name: 1 } }, "name"],
    ["$inc on an object", { $inc: { address: 1 } }, "address"],
    ["$push on text", { $push: { name: 1 } }, "name"],
    ["$addToSet on a number", { $addToSet: { visits: 1 } }, "visits"],
    ["$pull on an object", { $pull: { "address.geo": 1 } }, "address.geo"],
    ["a place inside a list", { $set: { "posts.0.likes": 2 } }, "posts.0.likes"],
    ["$unset inside a list", { $unset: ["tags.0"] }, "tags.0"],
    ["another id", { $set: { id: "bob" } }, "id"],
    ["another id in a patch", { id: undefined }, "id"],
    ["another kind", { _entryType: "AUTH" }, "_entryType"],
  ])("%s", (_, update, path) => {
    const refused = (): unknown => changesFor(compileUpdate(update), ada);
    expect(refused).toThrow(expect.objectContaining({ code: "InvalidUpdate", path }));
  });

  test("the message names the document", () => {
    const refused = (): unknown => changesFor(compileUpdate({ $inc: { name: 1 } }), ada);
    expect(refused).toThrow(/document "ada", name: \$inc needs a number/);
  });
});
