/**
 * What ops do to a document, and that equal sets of ops make equal states; the reference model
 * checks the rest.
 */
import { expect, test } from "vitest";
import type { Value } from "../../../../src/core/base/types.ts";
import { applyOp } from "../../../../src/core/doc/merge.ts";
import { birthsOf, isAlive, isParked, type DocumentState } from "../../../../src/core/doc/state.ts";
import type { Op, WriteOp } from "../../../../src/core/op/types.ts";
import { createTestDocument } from "../../../support/documents.ts";
import { dotOf, timeOf } from "../../../support/model.ts";

const applyAll = (ops: readonly Op[]): DocumentState | null =>
  ops.reduce<DocumentState | null>(applyOp, null);

const unknown = { kind: "unknown", id: "document", dot: dotOf("u:1"), time: timeOf(1) } as const;

const setOf = (name: string, value: Value, replaces: readonly string[]): WriteOp["entries"][0] => ({
  kind: "set",
  path: [name],
  value,
  replaces: replaces.map(dotOf),
  seen: [],
  origin: null,
});

const writeOf = (
  dot: string,
  births: readonly string[],
  entries: WriteOp["entries"],
  birth = false,
): WriteOp => ({
  kind: "write",
  id: "document",
  dot: dotOf(dot),
  time: timeOf(dotOf(dot).n),
  birth,
  births: births.map(dotOf),
  entries,
});

test("an insert of plain fields is a plain state, and stays so while they are overwritten", () => {
  const document = createTestDocument();
  document.write(
    "a",
    [
      { path: ["name"], set: "Ada" },
      { path: ["address", "city"], set: "London" },
    ],
    { birth: true },
  );
  expect(document.state()).toMatchObject({ kind: "plain", stamps: null });
  document.write("b", [{ path: ["name"], set: "Grace" }]);
  const after = document.state();
  expect(after).toMatchObject({ kind: "plain", values: ["London", "Grace"] });
  expect(after?.kind === "plain" ? after.stamps?.map((stamp) => stamp?.dot) : null).toEqual([
    undefined,
    dotOf("b:1"),
  ]);
});

test("documents of one shape share it, in whatever order their fields were given", () => {
  const shapes = [
    ["x", "y"],
    ["y", "x"],
  ].map((names) => {
    const document = createTestDocument();
    document.write(
      "a",
      names.map((name) => ({ path: [name], set: name })),
      { birth: true },
    );
    const state = document.state();
    return state?.kind === "plain" ? state : null;
  });
  expect(shapes[0]?.shape).toBe(shapes[1]?.shape);
  expect(shapes[0]?.values).toEqual(["x", "y"]);
  expect(shapes[1]?.values).toEqual(["x", "y"]);
});

test("a conflict makes the state general; choosing makes it plain again", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 0 }], { birth: true });
  const view = document.state();
  document.write("a", [{ path: ["x"], set: 1 }], { view });
  document.write("b", [{ path: ["x"], set: 2 }], { view });
  expect(document.state()?.kind).toBe("general");
  document.write("c", [{ path: ["x"], set: 2 }]);
  expect(document.state()?.kind).toBe("plain");
});

test("nothing that is given is mutated", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 0 }], { birth: true });
  const before = document.state();
  const kept = structuredClone(before);
  document.write("a", [{ path: ["x"], set: 1 }]);
  document.write("b", [{ path: ["x"], set: 2 }], { view: before });
  document.write("b", [{ path: ["t"], add: 2 }]);
  document.remove("a");
  expect(structuredClone(before)).toEqual(kept);
});

test("a delete beats the updates that it did not see", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 0 }], { birth: true });
  const view = document.state();
  document.remove("b", { view });
  document.write("a", [{ path: ["x"], set: 1 }], { view });
  expect(document.fields()).toBeNull();
});

test("an insert that no delete has seen survives, alone", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: "first" }], { birth: true });
  const view = document.state();
  document.write("b", [{ path: ["y"], set: "second" }], { birth: true, view: null });
  document.remove("c", { view });
  expect(document.fields()).toEqual({ y: "second" });
  expect(document.state()?.kind).toBe("plain");
});

test("an entry that saw two births lives while one of them does", () => {
  const document = createTestDocument();
  document.write("a", [], { birth: true });
  const first = document.state();
  document.write("b", [], { birth: true, view: null });
  document.write("c", [{ path: ["x"], set: 1 }]);
  document.remove("d", { view: first });
  expect(document.fields()).toEqual({ x: 1 });
  expect(birthsOf(document.state()).map(({ dot }) => dot)).toEqual([dotOf("b:1")]);
});

test("an invisible op still replaces what it names", () => {
  const birth = writeOf("a:1", ["a:1"], [setOf("x", 1, [])], true);
  const other = writeOf("b:1", ["b:1"], [], true);
  const both = writeOf("a:2", ["a:1", "b:1"], [setOf("x", 2, ["a:1"])]);
  const dead = writeOf("c:1", ["a:1"], [setOf("x", 3, ["a:2"])]);
  const gone: Op = {
    kind: "delete",
    id: "document",
    dot: dotOf("d:1"),
    time: timeOf(9),
    births: [dotOf("a:1")],
  };
  const late = applyAll([birth, other, both, gone, dead]);
  const early = applyAll([birth, other, both, dead, gone]);
  expect(late).toEqual(early);
  expect(late).toMatchObject({ kind: "plain", values: [] });
});

test("names that are no birth or entry of the document are inert", () => {
  const birth = writeOf("a:1", ["a:1"], [setOf("x", 1, ["z:9"])], true);
  const write = writeOf("b:1", ["a:1", "y:7"], [setOf("x", 2, ["a:1", "y:7"])]);
  const gone: Op = {
    kind: "delete",
    id: "document",
    dot: dotOf("d:1"),
    time: timeOf(9),
    births: [dotOf("y:7")],
  };
  expect(applyAll([birth, write])).toMatchObject({ kind: "plain", values: [2] });
  expect(isAlive(applyAll([birth, write, gone]))).toBe(true);
  expect(isAlive(applyAll([gone, write]))).toBe(false);
});

test("an unknown op parks the document, which keeps what was understood", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true });
  document.apply(unknown);
  expect(isParked(document.state())).toBe(true);
  document.write("a", [{ path: ["x"], set: 2 }]);
  expect(isParked(document.state())).toBe(true);
  expect(document.fields()).toEqual({ x: 2 });
});

test("parked is parked in any order", () => {
  const birth = writeOf("a:1", ["a:1"], [setOf("x", 1, [])], true);
  expect(applyAll([unknown, birth])).toEqual(applyAll([birth, unknown]));
});

test("what is told of a deletion does not depend on the order of the deletes", () => {
  const births = ["a:1", "b:1"].map((dot) => writeOf(dot, [dot], [], true));
  const deletes = [
    { by: "c:1", birth: "a:1", at: 30 },
    { by: "d:4", birth: "b:1", at: 20 },
  ].map(({ by, birth, at }): Op => ({
    kind: "delete",
    id: "document",
    dot: dotOf(by),
    time: timeOf(at),
    births: [dotOf(birth)],
  }));
  const [first, second] = [
    applyAll([...births, ...deletes]),
    applyAll([...births, ...deletes.toReversed()]),
  ];
  expect(first).toEqual(second);
  expect(first).toMatchObject({
    births: [],
    registers: [],
    deletion: {
      stamp: { ...dotOf("c:1"), time: timeOf(30) },
      vector: ["a:1", "b:1", "c:1", "d:4"].map(dotOf),
    },
  });
});

test("a document that is born again remembers that it was deleted, and is plain", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true });
  document.remove("a");
  document.write("a", [{ path: ["y"], set: 2 }], { birth: true });
  expect(document.fields()).toEqual({ y: 2 });
  expect(document.state()).toMatchObject({ kind: "plain", deletion: { vector: [dotOf("a:2")] } });
});
