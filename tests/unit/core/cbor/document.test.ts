/** Documents taken apart and put together, their limits, and every refusal with its place. */
import { expect, test } from "vitest";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import { depthMax, opBytesMax, writeEntriesPerOpMax } from "../../../../src/core/base/limits.ts";
import type { Value } from "../../../../src/core/base/types.ts";
import { buildDocument, checkDocument, checkId } from "../../../../src/core/cbor/document.ts";

const errorOf = (check: () => unknown): NebulusError => {
  try {
    check();
  } catch (error) {
    if (error instanceof NebulusError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

const fields = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${String(at)}`, at]));

/** `depth` objects, the innermost holding a number: a path of `depth` names. */
const objects = (depth: number, inner: unknown = 1): unknown =>
  depth === 0 ? inner : { n: objects(depth - 1, inner) };

const pathOf = (length: number): string => Array.from({ length }, () => "n").join(".");

const cyclic: Record<string, unknown> = { a: { b: {} } };
cyclic["a"] = { b: { back: cyclic } };
const inner: Record<string, unknown> = {};
inner["self"] = inner;

class Note {
  readonly text = "x";
}

test("objects are taken apart to leaves; the rest stays whole", () => {
  const at = new Date(5);
  const bytes = Uint8Array.of(1);
  const vector = Float32Array.of(1);
  const document = {
    id: "a",
    n: 1,
    m: { x: null, deep: { y: [{ z: 1 }] }, e: {} },
    at,
    bytes,
    vector,
  };
  expect(checkDocument(document)).toEqual({
    id: "a",
    entryType: "MEMORY",
    leaves: [
      { path: ["n"], value: 1 },
      { path: ["m", "x"], value: null },
      { path: ["m", "deep", "y"], value: [{ z: 1 }] },
      { path: ["m", "e"], value: {} },
      { path: ["at"], value: at },
      { path: ["bytes"], value: bytes },
      { path: ["vector"], value: vector },
    ],
  });
});

test("an atomic path stays whole", () => {
  const options = { atomicPaths: new Set(["m.deep"]) };
  const { leaves } = checkDocument({ m: { deep: { x: { y: 1 } }, flat: { x: 1 } } }, options);
  expect(leaves).toEqual([
    { path: ["m", "deep"], value: { x: { y: 1 } } },
    { path: ["m", "flat", "x"], value: 1 },
  ]);
});

test("what is undefined is left out; an object of nothing else is empty", () => {
  expect(checkDocument({ id: undefined, a: undefined, b: { c: undefined } })).toEqual({
    id: undefined,
    entryType: "MEMORY",
    leaves: [{ path: ["b"], value: {} }],
  });
  expect(checkDocument({}).leaves).toEqual([]);
});

test("a document that was read can be written back", () => {
  const read = { id: "a", x: 1, _entryType: "AUTH", _vector: { a: 1 }, _timestamp: 5 };
  const all = { ...read, _peerId: "p", _deleted: false, _stage: "post" };
  expect(checkDocument(all)).toEqual({
    id: "a",
    entryType: "AUTH",
    leaves: [{ path: ["x"], value: 1 }],
  });
});

test("a field called id is an ordinary one below the root", () => {
  expect(checkDocument({ ref: { id: 5 } }).leaves).toEqual([{ path: ["ref", "id"], value: 5 }]);
});

const refused: readonly (readonly [string, unknown, string, string])[] = [
  ["null", null, "InvalidDocument", ""],
  ["undefined", undefined, "InvalidDocument", ""],
  ["an array", [{ id: "a" }], "InvalidDocument", ""],
  ["text", "x", "InvalidDocument", ""],
  ["a class instance", new Note(), "InvalidDocument", ""],
  ["a Date", new Date(), "InvalidDocument", ""],
  ["an empty id", { id: "" }, "InvalidDocument", "id"],
  ["a number as id", { id: 5 }, "InvalidDocument", "id"],
  ["null as id", { id: null }, "InvalidDocument", "id"],
  ["an id of 257 bytes", { id: "x".repeat(257) }, "InvalidDocument", "id"],
  ["an id of 258 bytes in 129 characters", { id: "é".repeat(129) }, "InvalidDocument", "id"],
  ["an id with a lone surrogate", { id: "\ud800" }, "InvalidDocument", "id"],
  ["an unknown entry type", { _entryType: "SECRET" }, "InvalidEntryType", "_entryType"],
  ["an entry type in lower case", { _entryType: "auth" }, "InvalidEntryType", "_entryType"],
  ["null as entry type", { _entryType: null }, "InvalidEntryType", "_entryType"],
  ["a register of the database", { _embedding: [1] }, "InvalidDocument", "_embedding"],
  ["metadata below the root", { m: { _vector: 1 } }, "InvalidDocument", "m._vector"],
  ["__proto__", JSON.parse('{"__proto__":{"x":1}}'), "InvalidDocument", "__proto__"],
  ["constructor", { m: { constructor: { x: 1 } } }, "InvalidDocument", "m.constructor"],
  ["prototype in an array", { m: [{ prototype: 1 }] }, "InvalidDocument", "m[0].prototype"],
  ["a dotted name", { "a.b": 1 }, "InvalidDocument", "a.b"],
  ["a name with a leading $", { a: { $inc: 1 } }, "InvalidDocument", "a.$inc"],
  ["NaN", { a: { b: Number.NaN } }, "InvalidDocument", "a.b"],
  ["a function", { a: { b: [{ c: () => 1 }] } }, "InvalidDocument", "a.b[0].c"],
  ["a lone surrogate", { a: "\udfff" }, "InvalidDocument", "a"],
  ["a class instance in a field", { a: { note: new Note() } }, "InvalidDocument", "a.note"],
  ["a document in itself", cyclic, "InvalidDocument", "a.b.back"],
  ["a field in itself", { inner }, "InvalidDocument", "inner.self"],
  ["an array in itself", { list: [inner] }, "InvalidDocument", "list[0].self"],
  ["depth 17 of objects", objects(17), "InvalidDocument", pathOf(17)],
  ["depth 17 of an array", objects(16, [1]), "InvalidDocument", pathOf(16)],
  ["depth 17 of an empty object", objects(16, {}), "InvalidDocument", pathOf(16)],
  ["257 leaves", fields(257), "TooLarge", "f256"],
  ["1 MiB + 1", { a: 1, text: "x".repeat(opBytesMax + 1) }, "TooLarge", "text"],
  ["1 MiB + 1 in bytes", { blob: new Uint8Array(opBytesMax + 1) }, "TooLarge", "blob"],
  ["1 MiB in sum", { a: "x".repeat(600_000), b: "y".repeat(600_000) }, "TooLarge", "b"],
];

test.each(refused)("%s is refused with its place", (_what, input, code, path) => {
  const error = errorOf(() => checkDocument(input));
  expect({ code: error.code, path: error.path }).toEqual({ code, path });
  expect(error.retryable).toBe(false);
});

test("limits are exact", () => {
  expect(checkDocument(fields(writeEntriesPerOpMax)).leaves).toHaveLength(writeEntriesPerOpMax);
  expect(checkDocument(objects(depthMax)).leaves[0]?.path).toHaveLength(depthMax);
  expect(checkDocument(objects(depthMax - 1, [1])).leaves).toHaveLength(1);
  expect(checkDocument(objects(depthMax - 1, {})).leaves).toHaveLength(1);
  // Text of so many characters takes a head of five bytes.
  expect(checkDocument({ text: "x".repeat(opBytesMax - 5) }).leaves).toHaveLength(1);
  expect(errorOf(() => checkDocument({ text: "x".repeat(opBytesMax - 4) })).code).toBe("TooLarge");
  expect(checkDocument({ id: "é".repeat(128) }).id).toHaveLength(128);
});

test("errors say what to do", () => {
  expect(errorOf(() => checkId(5, "id")).message).toContain("String(id)");
  expect(errorOf(() => checkId("", "ids[2]")).path).toBe("ids[2]");
  const large = errorOf(() => checkDocument({ text: "x".repeat(opBytesMax) })).message;
  expect(large).toContain("1048581 bytes");
  expect(large).toContain("1048576 bytes");
});

test("leaves share nothing with the input", () => {
  const input = { list: [1], m: { at: new Date(5) } };
  const { leaves } = checkDocument(input);
  input.list.push(2);
  input.m.at.setTime(9);
  expect(buildDocument(leaves)).toEqual({ list: [1], m: { at: new Date(5) } });
});

test("built documents are the ones taken apart, and share nothing with the leaves", () => {
  const input = { n: 1, m: { x: null, deep: { y: [{ z: 1 }] }, e: {} }, toString: "x" };
  const { leaves } = checkDocument(input);
  const built = buildDocument(leaves);
  expect(built).toStrictEqual(input);
  const list: readonly Value[] = [1];
  const leaf = { path: ["list"], value: list };
  expect(buildDocument([leaf])["list"]).not.toBe(list);
});

test("an empty object gives way to what stands below it, in either order", () => {
  const empty = { path: ["a"], value: {} };
  const below = { path: ["a", "z"], value: 1 };
  expect(buildDocument([empty, below])).toEqual({ a: { z: 1 } });
  expect(buildDocument([below, empty])).toEqual({ a: { z: 1 } });
});

test("of leaves that clash the later one stays, and no leaf is written into", () => {
  const whole = { path: ["a"], value: { x: 1 } };
  const below = { path: ["a", "z"], value: 2 };
  expect(buildDocument([whole, below])).toEqual({ a: { z: 2 } });
  expect(buildDocument([below, whole])).toEqual({ a: { x: 1 } });
  expect(buildDocument([{ path: ["a"], value: 5 }, below])).toEqual({ a: { z: 2 } });
  expect(whole.value).toEqual({ x: 1 });
});
