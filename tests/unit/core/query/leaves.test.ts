/** Documents taken apart to leaves, and what turns one document into another. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DocumentFields, Value } from "../../../../src/core/base/types.ts";
import { buildDocument, checkDocument, type Leaf } from "../../../../src/core/cbor/document.ts";
import type { Change } from "../../../../src/core/doc/change.ts";
import { diffDocuments, leavesBelow } from "../../../../src/core/query/leaves.ts";

test("objects are taken apart; arrays, empty objects and other values are leaves", () => {
  const at = new Date(1);
  expect(leavesBelow(["a"], { b: 1, c: { d: [{ x: 1 }], e: {} }, at })).toEqual([
    { path: ["a", "b"], value: 1 },
    { path: ["a", "c", "d"], value: [{ x: 1 }] },
    { path: ["a", "c", "e"], value: {} },
    { path: ["a", "at"], value: at },
  ]);
  expect(leavesBelow(["a"], 5)).toEqual([{ path: ["a"], value: 5 }]);
});

const leavesOf = (document: Record<string, unknown>): readonly Leaf[] =>
  checkDocument(document).leaves;

const diff = (before: DocumentFields | null, after: Record<string, unknown>): readonly Change[] =>
  diffDocuments(before, leavesOf(after));

describe("the difference of two documents", () => {
  test("is only what differs", () => {
    const before = {
      id: "x",
      same: [1, { a: new Date(1) }],
      name: "a",
      gone: 1,
      in: { a: 1, b: 2 },
    };
    const after = {
      id: "x",
      same: [1, { a: new Date(1) }],
      name: "b",
      in: { a: 1, b: 3 },
      more: {},
    };
    expect(diff(before, after)).toEqual([
      { path: ["name"], set: "b" },
      { path: ["in", "b"], set: 3 },
      { path: ["more"], set: {} },
      { path: ["gone"], unset: true },
    ]);
    expect(diff(before, before)).toEqual([]);
  });

  test("from nothing is everything", () => {
    expect(diff(null, { a: { b: 1 } })).toEqual([{ path: ["a", "b"], set: 1 }]);
  });

  test("writes a place once: what stands above or below a write goes by it", () => {
    expect(diff({ id: "x", a: 5 }, { a: { b: 1 } })).toEqual([{ path: ["a", "b"], set: 1 }]);
    expect(diff({ id: "x", a: { b: 1, c: 2 } }, { a: 5 })).toEqual([{ path: ["a"], set: 5 }]);
    expect(diff({ id: "x", a: {} }, { a: { b: 1 } })).toEqual([{ path: ["a", "b"], set: 1 }]);
    expect(diff({ id: "x", a: { b: 1 } }, { a: {} })).toEqual([{ path: ["a"], set: {} }]);
    expect(diff({ id: "x", a: { b: 1 } }, {})).toEqual([{ path: ["a", "b"], unset: true }]);
  });

  test("leaves alone what callers cannot name", () => {
    const before = { id: "x", _entryType: "MEMORY", _posted: { at: 1 }, a: 1 };
    expect(diff(before, { id: "x", a: 1 })).toEqual([]);
  });

  test("types are told apart", () => {
    expect(diff({ id: "x", a: 1, b: [1] }, { a: "1", b: new Float32Array([1]) })).toHaveLength(2);
  });

  test("applied to the one it gives the other", () => {
    const names = fc.constantFrom("a", "b", "c");
    const { fields } = fc.letrec<{ value: Value; fields: Record<string, Value> }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom<Value>(1, 2, "x", null, [], [1], new Date(1)),
        tie("fields"),
      ),
      fields: fc.dictionary(names, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    }));
    fc.assert(
      fc.property(fields, fields, (before, after) => {
        const changes = diff({ ...before, id: "x" }, after);
        const result = applyTo(leavesOf(before), changes);
        expect(buildDocument(result)).toEqual(buildDocument(leavesOf(after)));
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);
});

/** As the merge does: a write takes away what stands above and below it. */
const applyTo = (leaves: readonly Leaf[], changes: readonly Change[]): readonly Leaf[] => {
  const held = new Map(leaves.map((leaf) => [leaf.path.join("."), leaf]));
  const touched = new Set<string>();
  for (const change of changes) {
    const key = change.path.join(".");
    // Two entries in one register would make an op that nobody reads.
    expect(touched.has(key)).toBe(false);
    touched.add(key);
    for (const other of held.keys()) {
      const isRelated = other.startsWith(`${key}.`) || key.startsWith(`${other}.`);
      if (!isRelated && other !== key) continue;
      touched.add(other);
      held.delete(other);
    }
    if ("set" in change) held.set(key, { path: change.path, value: change.set });
  }
  return [...held.values()];
};
