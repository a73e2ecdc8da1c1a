/** Documents of an answer: texts cut from windows, keys that were met before, nested fields. */
import { expect, test } from "vitest";
import { textWindowBytes } from "../../../../src/core/base/limits.ts";
import type { Value } from "../../../../src/core/base/types.ts";
import { encodeRows, rowToDocument, type Row } from "../../../../src/core/wire/rows.ts";
import { RowsReader } from "../../../../src/core/wire/rowsReader.ts";

const rowOf = (at: number, fields: Readonly<Record<string, Value>>): Row => ({
  id: `document-${at}`,
  leaves: Object.entries(fields).map(([dotted, value]) => ({ path: dotted.split("."), value })),
  meta: null,
});

const expectDocuments = (rows: readonly Row[], order: Iterable<number> = rows.keys()): void => {
  const reader = new RowsReader(encodeRows(rows));
  for (const at of order) {
    const row = rows[at] ?? rowOf(-1, {});
    expect(reader.document(at)).toEqual(rowToDocument(row));
    expect(Object.keys(reader.document(at))).toEqual(Object.keys(rowToDocument(row)));
  }
};

test("texts of every length, ASCII and not, over many windows, in any order", () => {
  const lengths = [0, 1, 7, 8, 12, 13, 100, textWindowBytes - 1, textWindowBytes];
  const rows = [...lengths, textWindowBytes + 1, 3 * textWindowBytes, ...lengths].map(
    (length, at) =>
      rowOf(at, {
        a: "x".repeat(length),
        b: "é".repeat(length),
        c: `${"y".repeat(length)}水`,
        d: "z",
      }),
  );
  expectDocuments(rows);
  expectDocuments(rows, [...rows.keys()].reverse());
});

test("bytes that are no text, between texts, are not taken for any", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, at) => at);
  const rows = Array.from({ length: 200 }, (_, at) =>
    rowOf(at, {
      bytes,
      text: "between",
      list: [at, -1 - at, at / 7, "in a list"],
      date: new Date(at),
    }),
  );
  expectDocuments(rows);
});

test("keys that share a place with others, are long, or foreign", () => {
  const keys = ["abcx", "abdx", "aéx", "k".repeat(32), "k".repeat(33), "水", "a", "b", "ab", "aab"];
  const rows = Array.from({ length: 60 }, (_, at) => {
    const entries = keys.map((key): [string, Value] => [at % 2 === 0 ? key : `${key}x`, at]);
    const map: Value = Object.fromEntries(entries);
    return rowOf(at, { map, list: [map, { inner: map }] });
  });
  expectDocuments(rows);
});

test("fields that stand together are nested, whatever their depth", () => {
  expectDocuments([
    rowOf(0, { "a.b.c": 1, "a.b.d": 2, "a.e": {}, "f.g": [], h: 3 }),
    rowOf(1, { a: 1, "b.a": 2, "c.b.a": 3 }),
    rowOf(2, {}),
  ]);
});

test("what stands apart, clashes, or is called id takes the long road to the same document", () => {
  expectDocuments([
    rowOf(0, { "a.b": 1, c: 2, "a.d": 3 }),
    rowOf(1, { a: 1, "a.b": 2 }),
    rowOf(2, { "a.b": 2, a: 1 }),
    rowOf(3, { a: {}, "a.b": 2 }),
    rowOf(4, { "a.b.c": 2, "a.b": {} }),
    rowOf(5, { id: "another", x: 1 }),
    rowOf(6, { "id.x": 1 }),
  ]);
  const [first] = [new RowsReader(encodeRows([rowOf(5, { id: "another" })])).document(0)];
  expect(first).toEqual({ id: "document-5" });
});

test("two documents share nothing", () => {
  const reader = new RowsReader(encodeRows([rowOf(0, { "a.b": [1], c: Uint8Array.of(1) })]));
  const [one, other] = [reader.document(0), reader.document(0)];
  expect(one).toEqual(other);
  for (const name of ["a", "c"]) expect(one[name]).not.toBe(other[name]);
});
