/** The exact bytes of ops, through an encoder of others where the value has a plain form. */
import { encode, rfc8949EncodeOptions } from "cborg";
import { expect, test } from "vitest";
import { bytesToHex, hexToBytes } from "../../../../src/core/base/bytes.ts";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import type { Dot } from "../../../../src/core/base/types.ts";
import type { Entry, WriteOp } from "../../../../src/core/op/types.ts";
import { dotOf, timeOf, writerOf } from "../../../support/model.ts";
import { encodeOp, own, tables } from "../../../support/opBytes.ts";

const expectItem = (bytes: Uint8Array, item: unknown): void => {
  const expected = encode(item, { ...rfc8949EncodeOptions, float64: true });
  expect(bytesToHex(bytes)).toBe(bytesToHex(expected));
};

const write = (entries: readonly Entry[], births: readonly Dot[] = [dotOf("p:1")]): WriteOp => ({
  kind: "write",
  id: "document",
  dot: own,
  time: timeOf(1_000),
  birth: false,
  births,
  entries,
});

const base = { replaces: [], seen: [], origin: null } as const;

test("a birth does not name itself, and empty lists are nil", () => {
  const entry: Entry = { kind: "set", path: ["x"], value: "Ada", ...base };
  const op = { ...write([entry], [own]), birth: true };
  expectItem(encodeOp(op), [0, "document", 7, true, null, [[0, null, 0, "Ada"]]]);
  expect(bytesToHex(encodeOp(op, 0))).toBe("860068646f63756d656e7400f5f6818400f60063416461");
});

test("a birth again names the births that it saw beside its own", () => {
  const op = { ...write([], [own, dotOf("p:1")]), birth: true };
  expectItem(encodeOp(op), [0, "document", 7, true, [1, 1], []]);
});

test("a delete names births", () => {
  const births = [dotOf("m:2"), dotOf("q:3")];
  const op = { kind: "delete", id: "document", dot: own, time: timeOf(1), births } as const;
  expectItem(encodeOp(op), [1, "document", 7, [0, 2, 2, 3]]);
});

test("names are sorted by row, then n, not by writer", () => {
  const order = { ...tables, rowIndex: ({ writer }: Dot) => (writer === writerOf("p") ? 2 : 1) };
  const replaces = ["p:1", "p:4", "q:2"].map(dotOf);
  const entry: Entry = { kind: "unset", path: ["x"], ...base, replaces };
  expectItem(encodeOp(write([entry]), 7, order), [
    0,
    "document",
    7,
    false,
    [2, 1],
    [[0, null, 1, null, [1, 2, 2, 1, 2, 4]]],
  ]);
});

const origin = { writer: writerOf("h"), n: 4, time: { ms: 99, counter: 2 } };
const originItem = [[99, 2], new Uint8Array(16).fill("h".charCodeAt(0)), 4];
const seen = [
  { run: dotOf("q:2"), dot: dotOf("q:5"), total: 1.5, alsoSaw: [] },
  { run: own, dot: dotOf("m:3"), total: 2, alsoSaw: [] },
];

const entries: readonly (readonly [string, Entry, readonly unknown[]])[] = [
  ["set to null", { kind: "set", path: ["x"], value: null, ...base }, [0, null, 0]],
  ["unset", { kind: "unset", path: ["a", "b"], ...base }, [1, null, 1]],
  [
    "add",
    { kind: "add", path: ["t"], element: [1, "two"], replaces: [dotOf("p:3")], origin: null },
    [4, [1, "two"], 2, null, [1, 3]],
  ],
  [
    "add of null",
    { kind: "add", path: ["t"], element: null, replaces: [], origin: null },
    [4, null, 2],
  ],
  [
    "remove",
    { kind: "remove", path: ["t"], element: "e", replaces: [], origin },
    [4, "e", 3, null, null, null, originItem],
  ],
  [
    "increment that begins its run",
    { kind: "increment", path: ["n"], run: own, total: 5, replaces: [], origin: null },
    [5, null, 4, 5],
  ],
  [
    "increment that goes on",
    {
      kind: "increment",
      path: ["n"],
      run: dotOf("m:4"),
      total: 0,
      replaces: [dotOf("m:6")],
      origin: null,
    },
    [5, [0, 4], 4, 0, [0, 6]],
  ],
  [
    "set that saw totals, sorted by row",
    {
      kind: "set",
      path: ["n"],
      value: 0,
      replaces: [],
      seen: [...seen.slice(1).map((each) => ({ ...each, run: dotOf("m:3") })), ...seen.slice(0, 1)],
      origin,
    },
    [
      5,
      null,
      0,
      0,
      null,
      [
        [0, 3, 0, 3, 2],
        [2, 2, 2, 5, 1.5],
      ],
      originItem,
    ],
  ],
];

test.each(entries)("%s", (_, entry, item) => {
  expectItem(encodeOp(write([entry])), [0, "document", 7, false, [1, 1], [item]]);
});

test("the table covers every total that was seen, although only the last is written", () => {
  const asked: Dot[] = [];
  const watching = {
    ...tables,
    rowIndex: (dot: Dot) => {
      asked.push(dot);
      return tables.rowIndex(dot);
    },
  };
  const run = { run: dotOf("p:1"), dot: dotOf("p:2"), total: 1, alsoSaw: [dotOf("q:5")] };
  encodeOp(write([{ kind: "unset", path: ["n"], ...base, seen: [run] }]), 0, watching);
  expect(asked).toContainEqual(dotOf("q:5"));
});

test("more than 1 MiB is refused, naming the document", () => {
  const value = "x".repeat(1_048_576);
  const op = write([{ kind: "set", path: ["x"], value, ...base }]);
  expect(() => encodeOp(op)).toThrow(NebulusError);
  expect(() => encodeOp(op)).toThrow('document "document": 10486');
  const fits = value.slice(0, 1_048_576 - 40);
  expect(encodeOp(write([{ kind: "set", path: ["x"], value: fits, ...base }]))).toHaveLength(
    encodeOp(write([{ kind: "set", path: ["x"], value: "", ...base }])).length + 4 + fits.length,
  );
});

test("hexadecimal writers are bytes", () => {
  expect(hexToBytes(own.writer)).toEqual(new Uint8Array(16).fill("m".charCodeAt(0)));
});
