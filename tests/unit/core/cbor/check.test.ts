/** What callers may not store, each with the path that the error must name. */
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import { checkValue, describe as describeInput } from "../../../../src/core/cbor/check.ts";
import { checkName, isMetadataName, isOurName } from "../../../../src/core/cbor/names.ts";

const cyclic: { list: unknown[] } = { list: [] };
cyclic.list.push({ back: cyclic });
const nested = (levels: number): unknown => (levels === 0 ? 0 : [nested(levels - 1)]);
const childOf = (parent: object): unknown => Object.create(parent);
const fromJson = (json: string): unknown => JSON.parse(json);
const boxed: unknown = Object(1);
class Person {
  readonly name = "Ada";
}
const sparse = [1, 2, 3];
// A hole is what is tested here.
// eslint-disable-next-line @typescript-eslint/no-array-delete
delete sparse[1];

/** The error that checking throws, which must be the typed one. */
const errorOf = (check: () => unknown): NebulusError => {
  try {
    check();
  } catch (error) {
    if (error instanceof NebulusError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

const refused: readonly (readonly [what: string, input: unknown, path: string, says: string])[] = [
  ["a function", { items: [0, 0, 0, { x: () => 1 }] }, "meta.items[3].x", "function"],
  ["a symbol", { x: Symbol("s") }, "meta.x", "symbol"],
  ["a bigint", [1n], "meta[0]", "store it as text"],
  ["undefined itself", undefined, "meta", "undefined"],
  ["undefined in an array", { a: [1, undefined] }, "meta.a[1]", "use null"],
  ["a hole in an array", { a: sparse }, "meta.a[1]", "hole"],
  ["an array of holes only", { a: new Array(4_000_000_000) }, "meta.a[0]", "hole"],
  ["NaN", { a: [[Number.NaN]] }, "meta.a[0][0]", "NaN"],
  ["Infinity", Infinity, "meta", "Infinity"],
  ["-Infinity", [-Infinity], "meta[0]", "-Infinity"],
  ["NaN in a vector", { v: Float32Array.of(0, Number.NaN) }, "meta.v[1]", "NaN in a vector"],
  ["Infinity in a vector", Float32Array.of(Infinity), "meta[0]", "Infinity in a vector"],
  ["a lone surrogate", { t: "a\ud800" }, "meta.t", "surrogate"],
  ["a name with a lone surrogate", { "\udc00": 1 }, "meta.\udc00", "surrogate"],
  ["an invalid date", { d: new Date(Number.NaN) }, "meta.d", "invalid Date"],
  ["a class instance", { p: new Person() }, "meta.p", "Person"],
  ["an object made from another", { p: childOf({ x: 1 }) }, "meta.p", "plain objects"],
  ["a Map", { m: new Map() }, "meta.m", "plain object"],
  ["a Set", { m: new Set() }, "meta.m", "array"],
  ["a boxed number", { m: boxed }, "meta.m", "Number"],
  ["an Error", { m: new Error("x") }, "meta.m", "Error"],
  ["a promise", { m: Promise.resolve(1) }, "meta.m", "Promise"],
  ["an ArrayBuffer", { m: new ArrayBuffer(4) }, "meta.m", "Uint8Array"],
  ["a DataView", { m: new DataView(new ArrayBuffer(4)) }, "meta.m", "Uint8Array"],
  ["a Float64Array", { m: Float64Array.of(1) }, "meta.m", "Float32Array"],
  ["a Uint8ClampedArray", { m: Uint8ClampedArray.of(1) }, "meta.m", "Uint8Array"],
  ["an object in itself", cyclic, "meta.list[0].back", "contains itself"],
  ["__proto__", fromJson('{"a":{"__proto__":{"x":1}}}'), "meta.a.__proto__", "JavaScript"],
  ["constructor", { constructor: 1 }, "meta.constructor", "JavaScript"],
  ["prototype", [{ prototype: 1 }], "meta[0].prototype", "JavaScript"],
  ["a dotted name", { "a.b": 1 }, "meta.a.b", "dot"],
  ["a name with a leading $", { $set: 1 }, "meta.$set", "$"],
  ["an empty name", { "": 1 }, "meta.", "empty"],
  ["a name of the database", { _x: 1 }, "meta._x", "underscore"],
  ["a name of 257 bytes", { ["x".repeat(257)]: 1 }, `meta.${"x".repeat(64)}…`, "256 bytes"],
  ["sixteen arrays", nested(16), `meta${"[0]".repeat(15)}`, "nested too deep"],
];

test.each(refused)("%s is refused with its place", (_what, input, path, says) => {
  const error = errorOf(() => checkValue(input, "meta"));
  expect(error.code).toBe("InvalidDocument");
  expect(error.path).toBe(path);
  expect(error.message).toContain(path);
  expect(error.message).toContain(says);
});

test("what fits comes back equal, and undefined fields are left out", () => {
  const input = {
    a: [1, -0, 1.5, "ü", null, true, []],
    b: { at: new Date(5), bytes: Uint8Array.of(1), v: Float32Array.of(1), e: {}, u: undefined },
    ["x".repeat(256)]: 1,
    ["é".repeat(128)]: 2,
  };
  const { at, bytes, v, e } = input.b;
  const expected = { ...input, a: [1, 0, 1.5, "ü", null, true, []], b: { at, bytes, v, e } };
  const checked = checkValue(input, "");
  expect(checked).toStrictEqual(expected);
  expect(checkValue(nested(15), "")).toEqual(nested(15));
  expect(checkValue(nested(2), "", 2)).toEqual(nested(2));
  expect(errorOf(() => checkValue(nested(3), "", 2)).path).toBe("[0][0]");
});

test("the result shares nothing with the input, and the input is as it was", () => {
  const buffer = Buffer.from([1, 2]);
  const input = { list: [{ at: new Date(5) }], bytes: Uint8Array.of(1), buffer };
  const before = structuredClone({ ...input, buffer: new Uint8Array(buffer) });
  const checked = checkValue(input, "");
  expect({ ...input, buffer: new Uint8Array(buffer) }).toEqual(before);
  input.list[0]?.at.setTime(9);
  input.list.push({ at: new Date(0) });
  input.bytes[0] = 9;
  buffer[0] = 9;
  expect(checked).toEqual(before);
});

test("one object in two places is no cycle", () => {
  const shared = { x: [1] };
  expect(checkValue([shared, { shared }, shared], "")).toEqual([shared, { shared }, shared]);
});

test("objects without prototype, and of another realm, are plain", () => {
  const bare: unknown = Object.assign(Object.create(null), { x: 1 });
  const foreign: unknown = runInNewContext("({ x: [1] })");
  expect(checkValue(bare, "")).toEqual({ x: 1 });
  expect(checkValue(foreign, "")).toEqual({ x: [1] });
});

test("a name that objects inherit is an ordinary one", () => {
  const checked = checkValue({ toString: 1, hasOwnProperty: 2 }, "");
  expect(Object.entries(checked ?? {})).toEqual([
    ["toString", 1],
    ["hasOwnProperty", 2],
  ]);
});

test("names: what is ours, what is metadata, who may write what", () => {
  expect(["_vector", "_timestamp", "_peerId", "_deleted", "_stage"].every(isMetadataName)).toBe(
    true,
  );
  expect(["_entryType", "_embedding", "vector"].some(isMetadataName)).toBe(false);
  expect(["_embedding", "_", "_vector"].every(isOurName)).toBe(true);
  expect(["_entryType", "a_b"].some(isOurName)).toBe(false);
  expect(() => {
    checkName("_embedding", "_embedding", { allowOurs: true });
    checkName("_entryType", "_entryType");
    checkName("name", "name");
  }).not.toThrow();
  const bad = ["_embedding", "a.b", "$x", "", "__proto__"];
  expect(
    bad.map(
      (name) =>
        errorOf(() => {
          checkName(name, `p.${name}`);
        }).path,
    ),
  ).toEqual(bad.map((name) => `p.${name}`));
  expect(
    errorOf(() => {
      checkName("__proto__", "x", { allowOurs: true });
    }).code,
  ).toBe("InvalidDocument");
});

test("things are called by what they are", () => {
  const things = [null, undefined, [], {}, new Person(), "x", 1, Object.create(null)];
  expect(things.map(describeInput)).toEqual([
    "null",
    "undefined",
    "an array",
    "an object",
    "a Person",
    "a string",
    "a number",
    "an object",
  ]);
});
