/** What is read from an op's bytes, and everything that makes them a no-op or park the document. */
import { expect, test } from "vitest";
import type { CborItem } from "../../../../src/core/cbor/item.ts";
import { CborWriter } from "../../../../src/core/cbor/writer.ts";
import { decodeOp } from "../../../../src/core/op/decode.ts";
import { dotOf, timeOf } from "../../../support/model.ts";
import { context, decodeItem, own, writeItem } from "../../../support/opBytes.ts";

const origin = [[99, 2], new Uint8Array(16).fill("h".charCodeAt(0)), 4] as const;

test("a write", () => {
  const item = writeItem([0, null, 0, "Ada", [1, 2, 2, 1], null, origin], [5, null, 4, 1.5]);
  expect(decodeItem(item)).toEqual({
    kind: "write",
    id: "document",
    dot: own,
    time: timeOf(1_000),
    birth: false,
    births: [dotOf("p:1")],
    entries: [
      {
        kind: "set",
        path: ["x"],
        value: "Ada",
        replaces: [dotOf("p:2"), dotOf("q:1")],
        seen: [],
        origin: { writer: dotOf("h:1").writer, n: 4, time: { ms: 99, counter: 2 } },
      },
      { kind: "increment", path: ["n"], run: own, total: 1.5, replaces: [], origin: null },
    ],
  });
});

test("a birth has its own dot among its births, which are sorted", () => {
  expect(decodeItem([0, "document", 7, true, [1, 1], []])).toMatchObject({
    births: [dotOf("m:10"), dotOf("p:1")],
  });
  expect(decodeItem([0, "document", 7, true, null, []])).toMatchObject({ births: [own] });
});

test("a delete", () => {
  expect(decodeItem([1, "document", 7, [0, 9, 1, 5]])).toEqual({
    kind: "delete",
    id: "document",
    dot: own,
    time: timeOf(1_000),
    births: [dotOf("m:9"), dotOf("p:5")],
  });
  expect(decodeItem([1, "document", 7, null])).toMatchObject({ kind: "delete", births: [] });
});

test("elements may be any value, nil included; values at the deepest allowed nesting", () => {
  expect(decodeItem(writeItem([4, null, 2], [4, [1, [2]], 3]))).toMatchObject({
    entries: [
      { kind: "add", element: null },
      { kind: "remove", element: [1, [2]] },
    ],
  });
  expect(decodeItem(writeItem([0, null, 0, nested(15)]))).toMatchObject({ kind: "write" });
  expect(decodeItem(writeItem([1, null, 0, nested(14)]))).toMatchObject({ kind: "write" });
  expect(decodeItem(writeItem([4, nested(14), 2]))).toMatchObject({ kind: "write" });
});

test("two rows may mean one writer: what they name is one name", () => {
  const twice = {
    ...context,
    dotOf: (row: number, n: number) => (row < 3 ? dotOf(`p:${String(n)}`) : null),
  };
  const bytes = bytesOf(writeItem([0, null, 1, null, [1, 2, 2, 1, 2, 2]]));
  expect(decodeOp(bytes, twice)).toMatchObject({
    entries: [{ replaces: [dotOf("p:1"), dotOf("p:2")] }],
  });
});

const nested = (depth: number): CborItem => (depth === 0 ? 1 : [nested(depth - 1)]);

const bytesOf = (item: CborItem): Uint8Array => {
  const writer = new CborWriter();
  const write = (each: CborItem): void => {
    if (Array.isArray(each)) {
      writer.arrayHead(each.length);
      each.forEach(write);
    } else if (each === null) writer.nil();
    else if (typeof each === "number") writer.number(each);
    else if (typeof each === "string") writer.text(each);
    else if (typeof each === "boolean") writer.bool(each);
  };
  write(item);
  return writer.take();
};

const values = Array.from({ length: 257 }, (_, index): CborItem => [4, index, 2]);
const removals = Array.from({ length: 16_385 }, (_, index): CborItem => [4, index, 3]);

const wrong: readonly (readonly [string, CborItem])[] = [
  ["no array", 5],
  ["an empty array", []],
  ["a kind that is no number", ["write", "document", 0]],
  ["a negative kind", [-1, "document", 0]],
  ["a later kind without an id", [2, 5, 0]],
  ["an empty id", [0, "", 7, false, null, []]],
  ["an id of 257 bytes", [0, "é".repeat(128) + "x", 7, false, null, []]],
  ["an id that is no text", [0, 5, 7, false, null, []]],
  ["a time that is no integer", [0, "document", 1.5, false, null, []]],
  ["a negative time", [0, "document", -1, false, null, []]],
  ["a write of five elements", [0, "document", 7, false, null]],
  ["a delete of three elements", [1, "document", 7]],
  ["a birth that is no boolean", [0, "document", 7, 1, null, []]],
  ["entries that are nil", [0, "document", 7, false, null, null]],
  ["births: an empty list", [0, "document", 7, false, [], []]],
  ["births: an odd list", [0, "document", 7, false, [1, 1, 2], []]],
  ["births: out of order", [0, "document", 7, false, [2, 1, 1, 1], []]],
  ["births: n out of order", [0, "document", 7, false, [1, 2, 1, 1], []]],
  ["births: twice", [0, "document", 7, false, [1, 1, 1, 1], []]],
  ["births: beyond the row", [0, "document", 7, false, [1, 6], []]],
  ["births: beyond the rows", [0, "document", 7, false, [3, 1], []]],
  ["births: own number", [0, "document", 7, true, [0, 10], []]],
  ["births: number 0", [0, "document", 7, false, [1, 0], []]],
  ["births removed: beyond the row", [1, "document", 7, [2, 6]]],
  ["an entry that is no array", writeItem(5)],
  ["an entry of two elements", writeItem([0, null])],
  ["a path beyond the table", writeItem([6, null, 1])],
  ["a bad path", writeItem([2, null, 1])],
  ["a path that is no index", writeItem(["x", null, 1])],
  ["a sub for a set", writeItem([0, 1, 0, 5])],
  ["a sub for an unset", writeItem([0, [1, 1], 1])],
  ["a value for an unset", writeItem([0, null, 1, 5])],
  ["a value for an add", writeItem([4, 1, 2, 5])],
  ["a value for a remove", writeItem([4, 1, 3, 5])],
  ["no total", writeItem([5, null, 4])],
  ["a total that is nil", writeItem([5, null, 4, null, [1, 1]])],
  ["a total that is text", writeItem([5, null, 4, "5"])],
  ["a run that is no pair", writeItem([5, [1, 1, 2], 4, 5])],
  ["a run that is a number", writeItem([5, 1, 4, 5])],
  ["a run beyond its row", writeItem([5, [1, 6], 4, 5])],
  ["a run named by the op itself", writeItem([5, [0, 10], 4, 5])],
  ["a trailing nil for a value", writeItem([0, null, 0, null])],
  ["a trailing nil for replaces", writeItem([0, null, 0, 5, null])],
  ["a trailing nil for seen", writeItem([0, null, 0, 5, [1, 1], null])],
  ["a trailing nil for an origin", writeItem([0, null, 0, 5, [1, 1], null, null])],
  ["a trailing nil for an extension", writeItem([0, null, 0, 5, null, null, null, null])],
  ["replaces: an empty list", writeItem([0, null, 0, 5, []])],
  ["replaces: no list", writeItem([0, null, 0, 5, 1])],
  ["replaces: out of order", writeItem([0, null, 0, 5, [2, 1, 1, 1]])],
  ["replaces: beyond the row", writeItem([0, null, 0, 5, [1, 6]])],
  ["replaces: a number that is text", writeItem([0, null, 0, 5, [1, "1"]])],
  ["seen: for an add", writeItem([4, 1, 2, null, null, [[1, 1, 1, 1, 5]]])],
  ["seen: for an increment", writeItem([5, null, 4, 5, null, [[1, 1, 1, 1, 5]]])],
  ["seen: an empty list", writeItem([0, null, 0, 5, null, []])],
  ["seen: four elements", writeItem([0, null, 0, 5, null, [[1, 1, 1, 1]]])],
  [
    "seen: a run twice",
    writeItem([
      0,
      null,
      0,
      5,
      null,
      [
        [1, 1, 1, 1, 5],
        [1, 1, 1, 2, 6],
      ],
    ]),
  ],
  [
    "seen: out of order",
    writeItem([
      0,
      null,
      0,
      5,
      null,
      [
        [2, 1, 1, 1, 5],
        [1, 1, 1, 2, 6],
      ],
    ]),
  ],
  ["seen: beyond the row", writeItem([0, null, 0, 5, null, [[1, 1, 1, 6, 5]]])],
  ["seen: a total that is text", writeItem([0, null, 0, 5, null, [[1, 1, 1, 1, "5"]]])],
  ["origin: no list", writeItem([0, null, 0, 5, null, null, 5])],
  ["origin: two elements", writeItem([0, null, 0, 5, null, null, [[1, 1], origin[1]]])],
  ["origin: a time of 3 parts", writeItem([0, null, 0, 5, null, null, [[1, 1, 1], origin[1], 1]])],
  ["origin: ms of 49 bits", writeItem([0, null, 0, 5, null, null, [[2 ** 48, 0], origin[1], 1]])],
  [
    "origin: counter of 17 bits",
    writeItem([0, null, 0, 5, null, null, [[1, 65_536], origin[1], 1]]),
  ],
  [
    "origin: a short writer",
    writeItem([0, null, 0, 5, null, null, [[1, 1], new Uint8Array(15), 1]]),
  ],
  ["origin: number 0", writeItem([0, null, 0, 5, null, null, [[1, 1], origin[1], 0]])],
  ["a register twice", writeItem([0, null, 0, 5], [0, null, 0, 5])],
  ["a register twice by kinds", writeItem([0, null, 0, 5], [0, null, 1])],
  ["a register twice by two indexes", writeItem([0, null, 0, 5], [3, null, 0, 6])],
  ["an element twice", writeItem([4, [1], 2], [4, [1], 3])],
  ["a run twice", writeItem([5, [1, 1], 4, 5], [5, [1, 1], 4, 6])],
  ["a value nested too deep", writeItem([0, null, 0, nested(16)])],
  ["a value nested too deep under a longer path", writeItem([1, null, 0, nested(15)])],
  ["an element nested too deep", writeItem([4, nested(15), 2])],
  ["257 values", writeItem(...values)],
  ["16,385 removals", writeItem(...removals)],
];

test.each(wrong)("a no-op: %s", (_, item) => {
  expect(decodeItem(item)).toMatchObject({ kind: "no-op", dot: own });
});

test("256 values beside 16,384 removals are allowed", () => {
  const op = decodeItem(writeItem(...removals.slice(256, 16_385), ...values.slice(0, 256)));
  expect(op).toMatchObject({ kind: "write" });
});

/** Op bytes around a value that is no structure: maps and tags. */
const withValue = (value: (writer: CborWriter) => void): Uint8Array => {
  const writer = new CborWriter();
  writer.raw(bytesOf([0, "document", 7, false]).with(0, 0x86));
  writer.nil();
  writer.arrayHead(1);
  writer.raw(bytesOf([0, null, 0]).with(0, 0x84));
  value(writer);
  return writer.take();
};

const mapOf =
  (name: string) =>
  (writer: CborWriter): void => {
    writer.mapHead(1);
    writer.text(name);
    writer.uint(1);
  };

test.each(["a.b", "$set", "", "__proto__", "constructor", "prototype", "x".repeat(257)])(
  "a no-op: a key %j inside a value",
  (name) => {
    expect(decodeOp(withValue(mapOf(name)), context).kind).toBe("no-op");
    expect(decodeOp(withValue(mapOf("fine")), context).kind).toBe("write");
  },
);

test("a no-op: a reserved tag", () => {
  const tagged = (tag: number) => (writer: CborWriter) => {
    writer.tag(tag);
    writer.float(1.5);
  };
  expect(decodeOp(withValue(tagged(4)), context).kind).toBe("no-op");
  expect(decodeOp(withValue(tagged(1)), context)).toMatchObject({
    entries: [{ value: new Date(1_500) }],
  });
});

test("a no-op: more than 1 MiB", () => {
  const long = (length: number) => writeItem([0, null, 0, "x".repeat(length)]);
  expect(decodeItem(long(1_048_576)).kind).toBe("no-op");
  expect(decodeItem(long(1_048_500)).kind).toBe("write");
});

const later: readonly (readonly [string, CborItem])[] = [
  ["an op of a later kind", [2, "document", 7]],
  ["an op of a later kind, with more", [99, "document", 7, [1, [2]], "x", null]],
  ["a write with a seventh element", [0, "document", 7, false, null, [], 1]],
  ["a delete with a fifth element", [1, "document", 7, null, null]],
  ["an entry of a later kind", writeItem([0, null, 5])],
  [
    "an entry of a later kind beside others",
    writeItem([0, null, 0, 1], [99, [1, 2], 17, "x", null]),
  ],
  ["an entry with an extension", writeItem([0, null, 0, 1, null, null, null, "extension"])],
  ["two extensions, the first nil", writeItem([0, null, 0, 1, null, null, null, null, 1])],
];

test.each(later)("parked: %s", (_, item) => {
  expect(decodeItem(item)).toEqual({
    kind: "unknown",
    id: "document",
    dot: own,
    time: timeOf(1_000),
  });
});

test("what is wrong in every version is a no-op even beside what a later one may know", () => {
  expect(decodeItem(writeItem([0, null, 5], [0, null, 1, 5])).kind).toBe("no-op");
  expect(decodeItem([0, "document", 7, 1, null, [], 1]).kind).toBe("no-op");
});
