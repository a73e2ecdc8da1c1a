/**
 * What people mean by their edits: the examples of tests/support/model/intent.mjs, held by the
 * product.
 */
import { expect, test } from "vitest";
import { toGeneral } from "../../../../src/core/doc/pack.ts";
import { createTestDocument } from "../../../support/documents.ts";

test("a counter that is reset while another increments keeps the concurrent increment", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["n"], set: 10 }], { birth: true });
  for (let i = 0; i < 5; i++) document.write("a", [{ path: ["n"], increment: 1 }]);
  const view = document.state();
  document.write("b", [{ path: ["n"], set: 0 }], { view });
  document.write("a", [{ path: ["n"], increment: 1 }], { view });
  expect(document.fields()).toEqual({ n: 1 });
});

test("a run of increments is one entry, however long", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["n"], set: 10 }], { birth: true });
  for (let i = 0; i < 5; i++) document.write("a", [{ path: ["n"], increment: 1 }]);
  const state = document.state();
  const [registers] = state === null ? [] : toGeneral(state).registers;
  expect(registers?.runs).toHaveLength(1);
  expect(document.fields()).toEqual({ n: 15 });
});

test("two writers count up from nothing, and after an unset from nothing again", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true });
  const view = document.state();
  document.write("a", [{ path: ["n"], increment: 2 }], { view });
  document.write("b", [{ path: ["n"], increment: 3 }], { view });
  expect(document.fields()).toEqual({ x: 1, n: 5 });
  document.write("a", [{ path: ["n"], unset: true }]);
  expect(document.fields()).toEqual({ x: 1 });
  document.write("b", [{ path: ["n"], increment: 1 }]);
  expect(document.fields()).toEqual({ x: 1, n: 1 });
});

test("a counter over two births, one of which is deleted", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["n"], increment: 5 }], { birth: true });
  const only = document.state();
  document.write("b", [{ path: ["x"], set: 1 }], { birth: true, view: null });
  document.write("c", [{ path: ["n"], set: 0 }]);
  document.remove("d", { view: only });
  document.write("a", [{ path: ["n"], increment: 1 }]);
  expect(document.fields()).toEqual({ x: 1, n: 1 });
});

test("in sets an add wins over a concurrent remove, and a new set replaces the elements", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["t"], set: [1, 2] }], { birth: true });
  document.write("a", [{ path: ["t"], remove: 1 }]);
  expect(document.fields()).toEqual({ t: [2] });
  document.write("b", [{ path: ["t"], add: 3 }]);
  expect(document.fields()).toEqual({ t: [2, 3] });
  const view = document.state();
  document.write("a", [{ path: ["t"], remove: 3 }], { view });
  document.write("b", [{ path: ["t"], add: 3 }], { view });
  expect(document.fields()).toEqual({ t: [2, 3] });
  document.write("c", [{ path: ["t"], set: [9] }]);
  expect(document.fields()).toEqual({ t: [9] });
  document.write("c", [{ path: ["t"], add: 2 }]);
  expect(document.fields()).toEqual({ t: [2, 9] });
  document.write("c", [{ path: ["t"], unset: true }]);
  expect(document.fields()).toEqual({});
});

test("elements of a set stand in the order of their bytes, not of their text", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["t"], set: [10, 9, 2] }], { birth: true });
  document.write("b", [{ path: ["t"], add: 100 }]);
  expect(document.fields()).toEqual({ t: [2, 9, 10, 100] });
});

test("replacing takes the tree away; of concurrent ones the later wins, nothing half", () => {
  const document = createTestDocument();
  document.write(
    "a",
    [
      { path: ["a", "b"], set: 1 },
      { path: ["a", "c"], set: 2 },
    ],
    { birth: true },
  );
  const view = document.state();
  document.write("a", [{ path: ["a"], set: 5 }], { view });
  document.write("b", [{ path: ["a", "b"], set: 7 }], { view });
  expect(document.fields()).toEqual({ a: { b: 7 } });
  document.write("c", [
    { path: ["a", "t"], add: 1 },
    { path: ["a", "n"], increment: 3 },
  ]);
  expect(document.fields()).toEqual({ a: { b: 7, n: 3, t: [1] } });
  document.write("c", [{ path: ["a"], set: {} }]);
  expect(document.fields()).toEqual({ a: {} });
  document.write("c", [{ path: ["a", "z"], set: 1 }]);
  expect(document.fields()).toEqual({ a: { z: 1 } });
});

test("of a document that both sides had, the later edit wins by its first stamp", () => {
  const document = createTestDocument();
  document.write(
    "a",
    [
      { path: ["x"], set: "network" },
      { path: ["y"], set: "network" },
    ],
    { birth: true, at: 10 },
  );
  const stamp = document.view().meta.latest;
  const early = { ...stamp, time: { ms: 5, counter: 0 } };
  const late = { ...stamp, time: { ms: 15, counter: 0 } };
  document.write(
    "b",
    [
      { path: ["x"], set: "home, early", origin: early },
      { path: ["y"], set: "home, late", origin: late },
    ],
    { birth: true, view: null, at: 20 },
  );
  expect(document.fields()).toEqual({ x: "network", y: "home, late" });
});

test("overwriting a field hundreds of times leaves one value", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: -1 }], { birth: true });
  for (let i = 0; i < 300; i++) document.write("a", [{ path: ["x"], set: i }]);
  expect(document.state()).toMatchObject({ kind: "plain", values: [299] });
});
