/**
 * What readers see: strategies, quarantine, clashing paths, sets and counters, and what is told
 * beside the fields.
 */
import { expect, test } from "vitest";
import { clockAheadMillisecondsMax, readSiblingsMax } from "../../../../src/core/base/limits.ts";
import { readSiblings, visibleLeaves } from "../../../../src/core/doc/read.ts";
import { createTestDocument, readAll } from "../../../support/documents.ts";
import { dotOf, timeOf, writerOf } from "../../../support/model.ts";

/** x written concurrently by a, b and c, at 10, 20 and 30. */
const threeSiblings = (values: readonly [unknown, unknown, unknown] = ["A", "B", "C"]) => {
  const document = createTestDocument();
  document.write("z", [], { birth: true, at: 1 });
  const view = document.state();
  ["a", "b", "c"].forEach((who, index) =>
    document.write(who, [{ path: ["x"], set: String(values[index]) }], {
      view,
      at: (index + 1) * 10,
    }),
  );
  return document;
};

test("last-write-wins reads the greatest stamp, first-write-wins the least", () => {
  const document = threeSiblings();
  expect(document.fields({ strategy: "last-write-wins" })).toEqual({ x: "C" });
  expect(document.fields({ strategy: "first-write-wins" })).toEqual({ x: "A" });
});

test("stamps tie by writer, then n", () => {
  const document = createTestDocument();
  document.write("z", [], { birth: true, at: 1 });
  const view = document.state();
  document.write("b", [{ path: ["x"], set: "b" }], { view, at: 10 });
  document.write("a", [{ path: ["x"], set: "a" }], { view, at: 10 });
  expect(document.fields()).toEqual({ x: "b" });
});

test("an unset sibling wins or loses like any other", () => {
  const document = createTestDocument();
  document.write("z", [{ path: ["x"], set: 0 }], { birth: true, at: 1 });
  const view = document.state();
  document.write("a", [{ path: ["x"], set: 1 }], { view, at: 10 });
  document.write("b", [{ path: ["x"], unset: true }], { view, at: 20 });
  expect(document.fields()).toEqual({});
  expect(document.fields({ strategy: "first-write-wins" })).toEqual({ x: 1 });
  expect(document.view().meta.conflicts).toEqual(["x"]);
});

test("siblings that differ are a conflict, equal ones are none", () => {
  expect(threeSiblings(["A", "A", "B"]).view().meta.conflicts).toEqual(["x"]);
  expect(threeSiblings(["A", "A", "A"]).view().meta.conflicts).toEqual([]);
});

test("a quarantined stamp ranks below all others of its register until its time comes", () => {
  const document = threeSiblings();
  const now = 20 - clockAheadMillisecondsMax;
  expect(document.fields({ now })).toEqual({ x: "B" });
  expect(document.fields({ now: now + 9 })).toEqual({ x: "B" });
  expect(document.fields({ now: now + 10 })).toEqual({ x: "C" });
  expect(document.view({ now }).meta.quarantined).toEqual([]);
});

test("first-write-wins does not choose a quarantined stamp either", () => {
  const document = createTestDocument();
  document.write("z", [], { birth: true, at: 1 });
  const view = document.state();
  const far = 10 + clockAheadMillisecondsMax;
  document.write("a", [{ path: ["x"], set: "fast" }], { view, at: far + 1 });
  document.write("b", [{ path: ["x"], set: "due" }], { view, at: far });
  expect(document.fields({ strategy: "first-write-wins", now: 10 })).toEqual({ x: "due" });
});

test("a quarantined value is shown, and marked, where nothing else stands", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true, at: 1 });
  document.write("a", [{ path: ["x"], set: 2 }], { at: 2 + clockAheadMillisecondsMax });
  expect(document.fields({ now: 1 })).toEqual({ x: 2 });
  expect(document.view({ now: 1 }).meta.quarantined).toEqual(["x"]);
  expect(document.view({ now: 2 }).meta.quarantined).toEqual([]);
});

test("a quarantined delete and birth act at once", () => {
  const document = createTestDocument();
  const far = 1 + clockAheadMillisecondsMax * 2;
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true, at: 1 });
  document.remove("b", { at: far });
  expect(document.fields({ now: 1 })).toBeNull();
  document.write("b", [{ path: ["x"], set: 2 }], { birth: true, at: far + 1 });
  expect(document.fields({ now: 1 })).toEqual({ x: 2 });
});

test("of a path and one below it a quarantined value is hidden by one that is due", () => {
  const document = createTestDocument();
  document.write("z", [], { birth: true, at: 1 });
  const view = document.state();
  document.write("a", [{ path: ["a"], set: 5 }], { view, at: 10 + clockAheadMillisecondsMax });
  document.write("b", [{ path: ["a", "b"], set: 7 }], { view, at: 9 });
  expect(document.fields({ now: 9 })).toEqual({ a: { b: 7 } });
  expect(document.fields({ now: 10 })).toEqual({ a: 5 });
});

test("of one op the deeper path is shown, and an empty object hides nothing below it", () => {
  const tie = createTestDocument();
  const [above, below] = [{ path: ["a"], set: 5 } as const, { path: ["a", "b"], set: 7 } as const];
  const op = tie.draft("x", [above], { birth: true });
  const deeper = tie.draft("x", [below], { birth: true });
  if (op === null || deeper === null) throw new Error("a birth is always written");
  tie.apply({ ...op, entries: [...op.entries, ...deeper.entries] });
  expect(tie.fields()).toEqual({ a: { b: 7 } });

  const empty = createTestDocument();
  empty.write("z", [], { birth: true });
  const view = empty.state();
  empty.write("a", [below], { view });
  empty.write("b", [{ path: ["a"], set: {} }], { view });
  expect(empty.fields()).toEqual({ a: { b: 7 } });
});

test("an empty object that is read is nobody else's", () => {
  const document = createTestDocument();
  document.write(
    "a",
    [
      { path: ["a"], set: {} },
      { path: ["t"], set: [[1]] },
    ],
    { birth: true },
  );
  const { fields } = document.view();
  Object.assign(Object(fields["a"]), { stray: 1 });
  if (Array.isArray(fields["t"])) fields["t"].push(2);
  expect(document.fields()).toEqual({ a: {}, t: [[1]] });
});

test("fields that begin with _ stand apart, and no field replaces the id", () => {
  const document = createTestDocument("mine");
  document.write(
    "a",
    [
      { path: ["_entryType"], set: "MEMORY" },
      { path: ["_posted", "at"], set: 1 },
      { path: ["id"], set: "yours" },
      { path: ["x"], set: 1 },
    ],
    { birth: true },
  );
  const { fields, ours } = document.view();
  expect(fields).toEqual({ id: "mine", x: 1 });
  expect(ours).toEqual({ _entryType: "MEMORY", _posted: { at: 1 } });
});

test("the vector names births and visible entries, the latest stamp is the latest of them", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true, at: 10 });
  document.write("b", [{ path: ["x"], set: 2 }], { at: 20 });
  document.write("b", [{ path: ["x"], set: 3 }], { at: 30 });
  document.write(
    "c",
    [
      { path: ["y"], unset: true },
      { path: ["t"], add: 1 },
    ],
    { at: 40 },
  );
  const { meta } = document.view();
  expect(meta.vector).toEqual({ [writerOf("a")]: 1, [writerOf("b")]: 2, [writerOf("c")]: 1 });
  expect(meta.latest).toEqual({ ...dotOf("c:1"), time: timeOf(40) });
});

test("a birth that writes older values anew is no write, one without values is", () => {
  const document = createTestDocument();
  const origin = { ...dotOf("o:1"), time: timeOf(5) };
  document.write("a", [{ path: ["x"], set: 1, origin }], { birth: true, at: 10 });
  expect(document.view().meta.latest).toEqual(origin);
  const empty = createTestDocument();
  empty.write("a", [], { birth: true, at: 10 });
  expect(empty.view().meta.latest).toEqual({ ...dotOf("a:1"), time: timeOf(10) });
});

test("siblings are listed in the order of their stamps, with their count, 64 at most", () => {
  const document = createTestDocument();
  document.write("z", [], { birth: true });
  const view = document.state();
  for (let at = 70; at > 0; at--) document.write("a", [{ path: ["x"], set: at }], { view, at });
  const { siblings, count } = readSiblings(document.state(), ["x"]);
  expect(count).toBe(70);
  expect(siblings).toHaveLength(readSiblingsMax);
  expect(siblings[0]).toMatchObject({ value: 1, stamp: { time: timeOf(1) } });
  expect(readSiblings(document.state(), ["y"])).toEqual({ siblings: [], count: 0 });
  expect(document.fields()).toEqual({ x: 70 });
});

test("a counter near the end of the range stays a finite number", () => {
  const document = createTestDocument();
  document.write("z", [{ path: ["n"], set: 1e308 }], { birth: true });
  const view = document.state();
  document.write("a", [{ path: ["n"], increment: 1e308 }], { view });
  document.write("b", [{ path: ["n"], increment: 1e308 }], { view });
  expect(document.fields()).toEqual({ n: Number.MAX_VALUE });
});

test("runs are summed in the order of their dots", () => {
  const document = createTestDocument();
  document.write("z", [], { birth: true });
  for (const [who, amount] of [
    ["c", 0.3],
    ["a", 0.1],
    ["b", 0.2],
  ] as const) {
    document.write(who, [{ path: ["n"], increment: amount }]);
  }
  expect(document.fields()).toEqual({ n: 0.1 + 0.2 + 0.3 });
  expect(0.1 + 0.2 + 0.3).not.toBe(0.3 + 0.2 + 0.1);
});

test("counters and sets merge beside any strategy", () => {
  const document = createTestDocument();
  document.write(
    "z",
    [
      { path: ["n"], set: 1 },
      { path: ["t"], set: [1] },
    ],
    { birth: true },
  );
  const view = document.state();
  document.write(
    "a",
    [
      { path: ["n"], increment: 1 },
      { path: ["t"], add: 2 },
    ],
    { view },
  );
  document.write(
    "b",
    [
      { path: ["n"], increment: 1 },
      { path: ["t"], add: 3 },
    ],
    { view },
  );
  for (const strategy of ["last-write-wins", "first-write-wins"] as const) {
    expect(document.fields({ strategy })).toEqual({ n: 3, t: [1, 2, 3] });
  }
});

test("visible leaves carry the stamps that they rank by", () => {
  const document = threeSiblings();
  document.write("d", [{ path: ["y", "z"], set: 1 }], { at: 40 });
  expect(visibleLeaves(document.state(), readAll)).toEqual([
    { path: ["x"], value: "C", stamp: { ...dotOf("c:1"), time: timeOf(30) } },
    { path: ["y", "z"], value: 1, stamp: { ...dotOf("d:1"), time: timeOf(40) } },
  ]);
  expect(visibleLeaves(null, readAll)).toEqual([]);
});
