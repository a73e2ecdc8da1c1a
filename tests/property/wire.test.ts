/**
 * What crosses to the page and what goes to the journal comes back as it was: rows, patches of live
 * queries, and the records from which runs are rebuilt.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeIdOf, shortHashOf, writerIdOf } from "../../src/core/base/ids.ts";
import type { Value } from "../../src/core/base/types.ts";
import { checkDocument } from "../../src/core/cbor/document.ts";
import { encodeCbor } from "../../src/core/cbor/item.ts";
import { nameFault } from "../../src/core/cbor/names.ts";
import { encodeValue } from "../../src/core/cbor/value.ts";
import {
  decodeCommit,
  encodeCommit,
  type Commit,
  type JournalPart,
} from "../../src/core/journal/record.ts";
import { applyLiveChange } from "../../src/core/wire/liveChange.ts";
import type { LiveChange } from "../../src/core/wire/requests.ts";
import { decodeRows, encodeRows, rowToDocument, type Row } from "../../src/core/wire/rows.ts";
import { RowsReader } from "../../src/core/wire/rowsReader.ts";
import { RowsWriter } from "../../src/core/wire/rowsWriter.ts";
import { writeSoundDocument } from "../../src/core/wire/soundDocument.ts";

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((made) => new Uint8Array(made));
const anyBytes = fc.uint8Array({ maxLength: 40 }).map((made) => new Uint8Array(made));
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const name = text.filter((made) => nameFault(made) === null && !made.startsWith("_"));
const path = fc.array(name, { minLength: 1, maxLength: 4 });
const uint = fc.oneof(fc.nat(), fc.maxSafeNat());
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((made) => (made === 0 ? 0 : made)),
);

// A value is what its own type says, whatever fast-check calls it.
const value = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    anyBytes,
    fc.date({ noInvalidDate: true }),
    fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })).map((made) => {
      return Float32Array.from(made);
    }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const row: fc.Arbitrary<Row> = fc.record({
  id: text,
  leaves: fc.array(fc.record({ path, value }), { maxLength: 5 }),
  meta: fc.option(
    fc.record({
      timestamp: uint,
      peerId: text,
      entryType: fc.constantFrom("MEMORY", "AUTH"),
      deleted: fc.boolean(),
      private: fc.boolean(),
      vector: fc.array(fc.tuple(text, uint), { maxLength: 3 }),
      conflicts: fc.array(text, { maxLength: 3 }),
      ahead: fc.array(text, { maxLength: 3 }),
    }),
  ),
});

/** Many rows of few shapes, as collections have them. */
const rows = fc
  .array(row, { maxLength: 6 })
  .chain((shapes) =>
    shapes.length === 0
      ? fc.constant(shapes)
      : fc.array(fc.constantFrom(...shapes), { maxLength: 12 }),
  );

const expectRow = (reader: RowsReader, at: number, row: Row): void => {
  const { bytes } = reader;
  const ranges: number[] = [];
  expect(reader.valueRanges(at, ranges)).toBe(row.leaves.length);
  expect(reader.shape(at).paths).toEqual(row.leaves.map((leaf) => leaf.path));
  const [first = -1] = ranges;
  expect(bytes.slice(reader.idStart(at), first)).toEqual(encodeCbor(row.id));
  row.leaves.forEach((leaf, index) => {
    const start = ranges[index] ?? -1;
    expect(bytes.slice(start, ranges[index + 1])).toEqual(encodeValue(leaf.value));
    expect(reader.valueAt(start)).toEqual(leaf.value);
  });
  expect(reader.id(at)).toBe(row.id);
  expect(reader.meta(at)).toEqual(row.meta);
  const document = reader.document(at);
  expect(document).toEqual(rowToDocument(row));
  expect(Object.keys(document)).toEqual(Object.keys(rowToDocument(row)));
};

describe("rows", () => {
  test("come back as they were", () => {
    fc.assert(
      fc.property(rows, (made) => {
        expect(decodeRows(encodeRows(made))).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });

  test("are read in any order, one by one, value by value", () => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat()), (made, order) => {
        const reader = new RowsReader(encodeRows(made));
        expect(reader.length).toBe(made.length);
        for (const at of [...order.map((any) => any % made.length), ...made.keys()]) {
          const one = made[at];
          if (one !== undefined) expectRow(reader, at, one);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("are read from the middle of a buffer, at any byte", () => {
    const made = [0, 1, 2].map((at): Row => {
      return { id: `${at}`, leaves: [{ path: ["a", "b"], value: [at] }], meta: null };
    });
    const message = encodeRows(made);
    for (const offset of [1, 2, 3, 4]) {
      const buffer = new Uint8Array(message.length + offset);
      buffer.set(message, offset);
      expect(decodeRows(buffer.subarray(offset))).toEqual(made);
    }
  });

  test("that are none are refused", () => {
    const message = encodeRows([{ id: "1", leaves: [], meta: null }]);
    for (let length = 0; length < message.length; length++) {
      expect(() => decodeRows(message.subarray(0, length))).toThrow();
    }
    const reader = new RowsReader(message);
    expect(() => reader.document(1)).toThrow("there is no row 1");
  });

  test("of large values have their ranges too", () => {
    const value = ["x".repeat(254), "x".repeat(300), new Uint8Array(70_000), 1, "x".repeat(251)];
    const leaves = value.map((one, at) => ({ path: [`f${at}`], value: one }));
    const made: readonly Row[] = [1, 2].map((id) => ({ id: `${id}`, leaves, meta: null }));
    const reader = new RowsReader(encodeRows(made));
    made.forEach((one, at) => expectRow(reader, at, one));
    expect(reader.shape(0)).toBe(reader.shape(1));
  });

  test("of one shape tell it once", () => {
    const wide = Array.from({ length: 200 }, (_, at): Row => {
      const leaves = ["one", "two", "three"].map((field) => ({ path: [field], value: at }));
      return { id: `${at}`, leaves, meta: null };
    });
    const text = Buffer.from(encodeRows(wide)).toString("latin1");
    expect(text.split("three")).toHaveLength(2);
    expect(decodeRows(encodeRows(wide))).toEqual(wide);
  });

  test("that differ only in where a name ends are not confused", () => {
    const leaf = (...names: readonly string[]): Row["leaves"][number] => ({
      path: names,
      value: 1,
    });
    const made: readonly Row[] = [
      { id: "1", leaves: [leaf("a", "b"), leaf("c")], meta: null },
      { id: "2", leaves: [leaf("a"), leaf("b", "c")], meta: null },
      { id: "3", leaves: [leaf("a", "b", "c")], meta: null },
      { id: "4", leaves: [leaf("a"), leaf("b"), leaf("c")], meta: null },
      { id: "5", leaves: [], meta: null },
    ];
    expect(decodeRows(encodeRows(made))).toEqual(made);
    expect(rowToDocument(made[1] ?? { id: "", leaves: [], meta: null })).toEqual({
      ...{ id: "2", a: 1, b: { c: 1 } },
    });
  });
});

describe("a document that is checked and written in one walk", () => {
  const fieldsOf = (inside: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> =>
    fc.dictionary(name, inside, { maxKeys: 5, noNullPrototype: true });
  const nested = fc.oneof(value, fieldsOf(fc.oneof(value, fieldsOf(value))));
  const anyKey = fc.oneof(name, fc.string({ unit: "binary", maxLength: 3 }), fc.constant("_a"));
  const anything = fc.anything({ key: anyKey, withDate: true, withTypedArray: true });

  const careful = (document: unknown): Row | null => {
    try {
      const { id, leaves } = checkDocument(document);
      return { id: id ?? "made", leaves, meta: null };
    } catch {
      return null;
    }
  };

  test("is what checking and then writing makes of it", () => {
    fc.assert(
      fc.property(fc.array(fieldsOf(nested), { maxLength: 5 }), (documents) => {
        const writer = new RowsWriter(documents.length);
        const rows = documents.map((document): Row => {
          const row = careful(document) ?? { id: "", leaves: [], meta: null };
          expect(writeSoundDocument(writer, document, () => "made")).toEqual(rowToDocument(row));
          return row;
        });
        expect(decodeRows(writer.take())).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });

  test("is never one that checking refuses", () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.dictionary(anyKey, anything)), (document) => {
        const writer = new RowsWriter(1);
        const copy = writeSoundDocument(writer, document, () => "made");
        if (copy === null) return;
        const row = careful(document);
        expect(row).not.toBeNull();
        expect(decodeRows(writer.take())).toEqual([row]);
      }),
      { numRuns: 2_000 },
    );
  });
});

test("a patch makes the answer after of the answer before, whatever came and went", () => {
  const ids = fc.uniqueArray(fc.nat(30), { maxLength: 15 });
  fc.assert(
    fc.property(ids, ids, (before, after) => {
      const kept = new Set(after);
      const had = new Set(before);
      // Those that stay keep their order: a total order of documents that did not change.
      const stayed = before.filter((id) => kept.has(id));
      const inOrder = stayed.values();
      const next = after.map((id) => (had.has(id) ? (inOrder.next().value ?? id) : id));
      const at = (list: readonly number[], other: ReadonlySet<number>): readonly number[] =>
        list.flatMap((id, index) => (other.has(id) ? [] : [index]));
      const placed = at(next, had);
      const rows = Uint8Array.from(placed.map((index) => next[index] ?? 0));
      const change: LiveChange = { kind: "patch", removed: at(before, kept), placed, rows };
      expect(applyLiveChange(before, change, (bytes) => [...bytes])).toEqual(next);
    }),
    { numRuns: 500 },
  );
});

describe("a journal record", () => {
  const time = fc.record({ ms: fc.nat(2 ** 31 - 1), counter: fc.nat(65_535) });
  const opening = fc.option(
    fc.tuple(bytesOf(32), bytesOf(16), fc.option(anyBytes), fc.constant([])),
  );
  const part: fc.Arbitrary<JournalPart> = fc.record({
    scope: bytesOf(16).map(scopeIdOf),
    writer: bytesOf(16).map(writerIdOf),
    first: uint,
    ...{ runFirst: uint, time, opening },
    paths: fc.array(fc.record({ index: uint, path }), { maxLength: 3 }),
    rows: fc.array(
      fc.record({
        index: uint,
        writer: bytesOf(16).map(writerIdOf),
        n: uint,
        header: bytesOf(16).map(shortHashOf),
      }),
      { maxLength: 3 },
    ),
    ops: fc.array(anyBytes, { maxLength: 3 }),
  });
  const commit: fc.Arbitrary<Commit> = fc.record({
    sequence: uint,
    commandId: text,
    time,
    result: fc.array(uint, { maxLength: 4 }),
    parts: fc.array(part, { maxLength: 3 }),
  });

  test("comes back as it was", () => {
    fc.assert(
      fc.property(commit, (made) => {
        expect(decodeCommit(encodeCommit(made))).toEqual({ ok: true, value: made });
      }),
      { numRuns: 500 },
    );
  });

  test("that was cut short, grew, or changed is an error or another record, never a throw", () => {
    fc.assert(
      fc.property(commit, fc.nat(), fc.integer({ min: 1, max: 255 }), (made, at, flip) => {
        const bytes = encodeCommit(made);
        for (let length = 0; length < bytes.length; length += 1 + (at % 7)) {
          expect(decodeCommit(bytes.subarray(0, length)).ok).toBe(false);
        }
        expect(decodeCommit(Uint8Array.of(...bytes, 0)).ok).toBe(false);
        const changed = bytes.slice();
        const index = at % bytes.length;
        changed[index] = (changed[index] ?? 0) ^ flip;
        expect(() => decodeCommit(changed)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});
