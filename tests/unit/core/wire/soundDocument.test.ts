/**
 * The short road of documents: what it takes is what the long one makes of it, byte for byte and
 * copy for copy; what the long one refuses, or nobody can be sure of, it leaves alone.
 */
import { expect, test } from "vitest";
import { opBytesMax, shapeStepsMax } from "../../../../src/core/base/limits.ts";
import { checkDocument } from "../../../../src/core/cbor/document.ts";
import { decodeRows, encodeRows, rowToDocument } from "../../../../src/core/wire/rows.ts";
import { RowsWriter } from "../../../../src/core/wire/rowsWriter.ts";
import { firstStep } from "../../../../src/core/wire/shapeWalk.ts";
import { writeSoundDocument } from "../../../../src/core/wire/soundDocument.ts";

const makeId = (): string => "made";

const objects = (depth: number, inner: unknown): unknown =>
  depth === 0 ? inner : { n: objects(depth - 1, inner) };
const arrays = (depth: number, inner: unknown): unknown =>
  depth === 0 ? inner : [arrays(depth - 1, inner)];
const fields = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, at]));

const sound: readonly (readonly [what: string, document: Record<string, unknown>])[] = [
  ["nothing", {}],
  ["an id", { id: "a" }],
  ["an id behind a field", { x: 1, id: "a" }],
  ["every kind of value", everyKind()],
  ["the other zero", { a: -0, b: [-0], c: [{ d: -0 }] }],
  ["undefined fields", { a: undefined, b: { c: undefined }, d: [{ e: undefined, f: 1 }] }],
  ["an object of nothing", { a: {}, b: { c: {} }, d: 1 }],
  ["maps in arrays, names out of order", { a: [{ zz: 1, b: { y: 2, é: 3, x: null } }, {}] }],
  ["what is computed, and the usual kind", { _vector: {}, _entryType: "MEMORY", a: 1, _ahead: 2 }],
  ["a kind that is undefined", { _entryType: undefined, a: 1 }],
  ["ids and kinds further in", { a: { id: 1, b: [{ id: 2 }] } }],
  // `Object.create` says `any`; it is an object without a single field
  ["no prototype", Object.assign(Object.create(null) as Record<string, unknown>, { a: 1 })],
  ["names like numbers", { 2: "b", 1: "a", x: "c" }],
  ["depth 16", { a: objects(15, 1), b: arrays(15, 1), c: objects(14, {}) }],
  ["256 leaves", fields(256)],
  ["1 MiB", { text: "x".repeat(opBytesMax - 5) }],
  ["long and foreign text", { a: "é".repeat(300), b: "x".repeat(70_000), c: "水😀", d: "ab水" }],
  ["what is symbolic", { a: 1, [Symbol("s")]: 2 }],
];

function everyKind(): Record<string, unknown> {
  return {
    id: "thing",
    nothing: null,
    yes: true,
    no: false,
    numbers: [0, 23, 24, -1, -25, 256, 65_536, 2 ** 32, 2 ** 53 - 1, -(2 ** 53 - 1), 0.1, 1e300],
    beyond: 2 ** 53,
    text: "naïve 😀",
    empty: "",
    at: new Date(-1),
    bytes: new Uint8Array([0, 255]),
    vector: new Float32Array([0.5, -1]),
    list: [1, [2, { three: 3 }], null, new Date(5), new Uint8Array(300), "x".repeat(300)],
    object: { inner: { leaf: 1 }, none: {}, after: [] },
  };
}

test.each(sound)("taken: %s", (_what, document) => {
  const { id, leaves } = checkDocument(document);
  const row = { id: id ?? "made", leaves, meta: null };
  const writer = new RowsWriter(1);
  const copy = writeSoundDocument(writer, document, makeId);
  expect(copy).toEqual(rowToDocument(row));
  expect(JSON.stringify(copy), "in the same order").toBe(JSON.stringify(rowToDocument(row)));
  expect(writer.take()).toEqual(encodeRows([row]));
});

const cyclic: Record<string, unknown> = { a: {} };
cyclic["a"] = { b: cyclic };
const ring: unknown[] = [];
ring.push(ring);

const unsound: readonly (readonly [what: string, document: unknown])[] = [
  ["null", null],
  ["undefined", undefined],
  ["text", "document"],
  ["an array", [1]],
  ["an array without a prototype", Object.setPrototypeOf([1], null)],
  ["a class instance", new Map()],
  ["an empty id", { id: "" }],
  ["a number as id", { id: 7 }],
  ["an id of null", { id: null }],
  ["an id of 257 bytes", { id: "x".repeat(257) }],
  ["an id with a lone surrogate", { id: "\ud800" }],
  ["a secret", { _entryType: "AUTH" }],
  ["a wrong kind", { _entryType: null }],
  ["a prototype key", JSON.parse('{"__proto__": 1}')],
  ["a prototype key inside", JSON.parse('{"a": {"constructor": 1}}')],
  ["a prototype key in an array", JSON.parse('{"a": [{"__proto__": 1}]}')],
  ["a dotted name", { "a.b": 1 }],
  ["a $ name in an array", { a: [{ $b: 1 }] }],
  ["an empty name", { "": 1 }],
  ["our own names", { _secret: 1 }],
  ["a computed name further in", { a: { _vector: 1 } }],
  ["a computed name in an array", { a: [{ _vector: 1 }] }],
  ["NaN", { a: { b: [0, Number.NaN] } }],
  ["infinity", { a: -Infinity }],
  ["depth 17", { a: objects(16, 1) }],
  ["arrays of depth 17", { a: arrays(16, 1) }],
  ["an empty object at depth 17", objects(16, {})],
  ["an empty map at depth 17", { a: arrays(15, {}) }],
  ["257 leaves", fields(257)],
  ["257 leaves, the last an object", { ...fields(256), f256: {} }],
  ["1 MiB and a byte", { text: "x".repeat(opBytesMax - 4) }],
  ["1 MiB in pieces", { a: Array.from({ length: 1_025 }, () => "x".repeat(1_024)) }],
  ["1 MiB of maps", { a: Array.from({ length: 1_025 }, () => ({ b: "x".repeat(1_024) })) }],
  ["1 MiB of bytes", { a: new Uint8Array(opBytesMax) }],
  ["a cyclic object", cyclic],
  ["a cyclic array", { ring }],
  ["a function", { a: { f: () => 1 } }],
  ["a symbol", { a: Symbol("s") }],
  ["a bigint", { a: 1n }],
  ["a lone surrogate", { a: ["ok", "\ud800"] }],
  ["a lone surrogate in long text", { a: "x".repeat(300) + "\ud800" }],
  ["a lone surrogate in a name", { "\udc00": 1 }],
  ["undefined in an array", { a: [1, undefined] }],
  ["a hole in an array", { a: [1, , 2] }],
  ["an invalid date", { a: new Date(Number.NaN) }],
  ["a vector with NaN", { a: new Float32Array([1, Number.NaN]) }],
  ["a set", { a: new Set([1]) }],
  ["a set in an array", { a: [new Set([1])] }],
];

test.each(unsound)("left alone: %s", (_what, document) => {
  const writer = new RowsWriter(1);
  expect(writeSoundDocument(writer, document, makeId)).toBeNull();
  expect(decodeRows(writer.take()), "nothing of it was written").toEqual([]);
});

test("what is left alone in a batch does not show between its neighbours", () => {
  const writer = new RowsWriter(3);
  for (const document of [
    { id: "a", x: 1, y: { z: "one" } },
    { id: "b", x: 1, y: { z: Number.NaN } },
    { id: "c", x: 2, y: { z: "two" } },
  ]) {
    writeSoundDocument(writer, document, makeId);
  }
  expect(decodeRows(writer.take()).map(rowToDocument)).toEqual([
    { id: "a", x: 1, y: { z: "one" } },
    { id: "c", x: 2, y: { z: "two" } },
  ]);
});

test("a copy shares nothing with what was given", () => {
  const document = everyKind();
  const copy = writeSoundDocument(new RowsWriter(1), document, makeId) ?? {};
  const shared = (a: unknown, b: unknown): boolean =>
    typeof a === "object" &&
    a !== null &&
    (a === b ||
      Object.entries(a).some(([name, inner]) => shared(inner, Reflect.get(Object(b), name))));
  expect(shared(copy, document)).toBe(false);
  expect(copy).toEqual(document);
});

test("a field that all objects inherit is nobody's", () => {
  Object.defineProperty(Object.prototype, "inherited", {
    ...{ value: 1, enumerable: true, configurable: true },
  });
  let copy: unknown;
  try {
    copy = writeSoundDocument(new RowsWriter(1), { a: 1 }, makeId);
  } finally {
    Reflect.deleteProperty(Object.prototype, "inherited");
  }
  expect(copy).toBeNull();
});

test("a getter is asked once, and what it said is what is stored", () => {
  let asked = 0;
  const document = {
    get a() {
      return (asked += 1);
    },
    b: [
      {
        get c() {
          return (asked += 10);
        },
      },
    ],
  };
  const writer = new RowsWriter(1);
  const copy = writeSoundDocument(writer, document, makeId);
  expect(copy).toEqual({ id: "made", a: 1, b: [{ c: 11 }] });
  expect(decodeRows(writer.take()).map(rowToDocument)).toEqual([copy]);
});

test("shapes stay what they are while more fields come by than are remembered", () => {
  const count = Math.ceil(shapeStepsMax / 4);
  const documents = Array.from({ length: count }, (_, at) => ({
    ...{ id: `d${at}`, [`only${at}`]: at, common: { [`inner${at}`]: at, last: 1 } },
  }));
  const writer = new RowsWriter(count);
  const first = firstStep();
  for (const document of documents) {
    expect(writeSoundDocument(writer, document, makeId)).toEqual(document);
  }
  expect(decodeRows(writer.take()).map(rowToDocument)).toEqual(documents);
  const later = firstStep();
  expect(later, "what was learned first is forgotten").not.toBe(first);
  writeSoundDocument(new RowsWriter(1), { a: 1 }, makeId);
  expect(firstStep(), "and kept until it is too much").toBe(later);
});
