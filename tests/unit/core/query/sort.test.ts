/** The order of rows, the cursor of a row, and how a wrong sort or cursor is refused. */
import { describe, expect, test } from "vitest";
import type { DocumentFields, Value } from "../../../../src/core/base/types.ts";
import { compareAny, equalAny, typeOf } from "../../../../src/core/query/order.ts";
import {
  compileSort,
  decodeCursor,
  encodeCursor,
  normaliseSort,
} from "../../../../src/core/query/sort.ts";

/** One or more of each type, least first. */
const rising: readonly (Value | undefined)[] = [
  undefined,
  null,
  false,
  true,
  -1.5,
  0,
  10,
  "",
  "10",
  "9",
  "\uffff",
  "😀",
  new Date(-1),
  new Date(0),
  new Uint8Array([]),
  new Uint8Array([1, 2]),
  new Uint8Array([2]),
  new Float32Array([0.5]),
  new Float32Array([0.5, 0]),
  [],
  [1, 2],
  [2],
  [[]],
  {},
  { a: 1 },
  { a: 1, b: 0 },
  { a: 2 },
  { b: 0 },
];

test("one order across all types", () => {
  for (const [at, a] of rising.entries()) {
    for (const [other, b] of rising.entries()) {
      expect(Math.sign(compareAny(a, b)), `${at} ${other}`).toBe(Math.sign(at - other));
      expect(equalAny(a, b)).toBe(at === other);
    }
  }
});

test("equal contents are equal, whatever the order of names", () => {
  expect(compareAny({ a: 1, b: [new Date(1)] }, { b: [new Date(1)], a: 1 })).toBe(0);
  expect(equalAny(new Uint8Array([1]), new Uint8Array([1]))).toBe(true);
  expect(typeOf(new Uint8Array())).toBe("bytes");
});

describe("sorting", () => {
  const rows: readonly DocumentFields[] = [
    { id: "c", age: 2, name: { last: "x" } },
    { id: "a", age: 2, name: { last: "y" } },
    { id: "b", age: 10, tags: [3, 1] },
    { id: "d" },
  ];
  const order = (sort: unknown): string =>
    rows
      .toSorted(compileSort(sort))
      .map(({ id }) => id)
      .join("");

  test("without a sort rows stand in the order of their ids", () => {
    for (const none of [undefined, null, {}, []]) expect(order(none)).toBe("abcd");
  });

  test("ties are broken by id, ascending in both directions", () => {
    expect(order({ age: 1 })).toBe("dacb");
    expect(order({ age: -1 })).toBe("bacd");
    expect(order({ age: "desc", "name.last": "asc" })).toBe("bcad");
  });

  test("a list of pairs keeps the order of keys that an object would not", () => {
    expect(
      order([
        ["age", "asc"],
        ["name.last", -1],
      ]),
    ).toBe("dacb");
    expect(order([["tags.1", -1]])).toBe("bacd");
  });

  test("what is normalised is plain data and stays as it is", () => {
    const sort = normaliseSort({ age: "desc", "name.last": 1 });
    expect(sort).toEqual([
      ["age", -1],
      ["name.last", 1],
    ]);
    expect(normaliseSort(structuredClone(sort))).toEqual(sort);
  });

  test.each<[sort: unknown, path: string]>([
    ["age", "sort"],
    [5, "sort"],
    [{ age: 0 }, "sort.age"],
    [{ age: "up" }, "sort.age"],
    [{ "a..b": 1 }, "sort.a..b"],
    [{ $gt: 1 }, "sort.$gt"],
    [["age"], "sort[0]"],
    [[["age", 1, 2]], "sort[0]"],
    [[[5, 1]], "sort"],
    [
      [
        ["age", 1],
        ["age", -1],
      ],
      "sort",
    ],
  ])("a wrong sort is refused: %j", (sort, path) => {
    expect(() => compileSort(sort)).toThrow(
      expect.objectContaining({ code: "InvalidQuery", path }),
    );
  });
});

describe("cursors", () => {
  const sort = normaliseSort({ "a.b": 1, a: -1, "list.1": 1, gone: 1 });
  const row: DocumentFields = {
    id: "x",
    a: { b: new Date(1), c: new Uint8Array([1]) },
    list: [1, { deep: new Float32Array([1]) }],
    big: "not in the cursor".repeat(100),
  };

  test("stand exactly where their row stands", () => {
    const text = encodeCursor(row, sort);
    expect(text).toMatch(/^[\w-]+$/);
    expect(text.length).toBeLessThan(300);
    const compare = compileSort(sort);
    const cursor = decodeCursor(text, sort);
    expect(compare(row, cursor)).toBe(0);
    expect(compare({ ...row, id: "y" }, cursor)).toBeGreaterThan(0);
    expect(compare({ ...row, list: [1, 5] }, cursor)).toBeLessThan(0);
  });

  test.each([
    ["no base64url", "?"],
    ["no CBOR", "AAAA"],
    ["nothing", ""],
    ["cut off", encodeCursor(row, sort).slice(0, -4)],
    ["another thing", "gWFh"],
  ])("foreign text is refused: %s", (_, text) => {
    expect(() => decodeCursor(text, sort)).toThrow(
      expect.objectContaining({ code: "InvalidQuery", path: "after" }),
    );
  });

  test("the cursor of another sort is refused", () => {
    const other = normaliseSort({ "a.b": -1 });
    expect(() => decodeCursor(encodeCursor(row, other), sort)).toThrow(/another sort/);
  });
});
