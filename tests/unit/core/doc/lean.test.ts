/**
 * What a state leans on, and what of it can be written anew: siblings and clashes are a person's to
 * decide, and stay.
 */
import { expect, test } from "vitest";
import { dotsOf, soleLeaves } from "../../../../src/core/doc/lean.ts";
import type { DocumentState } from "../../../../src/core/doc/state.ts";
import { createTestDocument } from "../../../support/documents.ts";
import { dotOf } from "../../../support/model.ts";

const now = 1_000;
const stateOf = (document: ReturnType<typeof createTestDocument>): DocumentState => {
  const state = document.state();
  if (state === null) throw new Error("something was written");
  return state;
};

test("births and visible entries are leant on, what was replaced is not", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true, at: 10 });
  document.write("a", [{ path: ["x"], set: 2 }], { at: 20 });
  document.write("a", [{ path: ["x"], set: 3 }], { at: 30 });
  expect(dotsOf(stateOf(document))).toEqual([dotOf("a:1"), dotOf("a:3")]);
  document.write("b", [{ path: ["t"], add: "tag" }], { at: 40 });
  document.write("b", [{ path: ["n"], increment: 5 }], { at: 50 });
  document.write("b", [{ path: ["n"], increment: 5 }], { at: 60 });
  const dots = dotsOf(stateOf(document));
  expect(dots).toEqual(
    expect.arrayContaining([dotOf("a:1"), dotOf("a:3"), dotOf("b:1"), dotOf("b:2"), dotOf("b:3")]),
  );
  expect(dots).not.toContainEqual(dotOf("a:2"));
});

test("values, sets and counters are written anew as they show", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["x"], set: 1 }], { birth: true, at: 10 });
  document.write("a", [{ path: ["y", "z"], set: 2 }], { at: 20 });
  document.write("a", [{ path: ["t"], add: "tag" }], { at: 30 });
  document.write("a", [{ path: ["n"], increment: 5 }], { at: 40 });
  document.write("a", [{ path: ["x"], unset: true }], { at: 50 });
  const leaves = soleLeaves(stateOf(document), now) ?? [];
  expect(leaves.map(({ path, value }) => [path.join("."), value])).toEqual([
    ["n", 5],
    ["t", ["tag"]],
    ["y.z", 2],
  ]);
});

test("siblings, clashes and a second birth stay as they are", () => {
  const siblings = createTestDocument();
  siblings.write("z", [{ path: ["x"], set: 0 }], { birth: true, at: 1 });
  const view = siblings.state();
  for (const who of ["a", "b"]) siblings.write(who, [{ path: ["x"], set: who }], { view, at: 10 });
  expect(soleLeaves(stateOf(siblings), now)).toBeNull();

  const clashing = createTestDocument();
  clashing.write("z", [{ path: ["y"], set: 0 }], { birth: true, at: 1 });
  const before = clashing.state();
  clashing.write("a", [{ path: ["x"], set: 1 }], { view: before, at: 10 });
  clashing.write("b", [{ path: ["x", "deep"], set: 2 }], { view: before, at: 20 });
  expect(soleLeaves(stateOf(clashing), now)).toBeNull();

  const twice = createTestDocument();
  for (const who of ["a", "b"]) {
    twice.write(who, [{ path: ["x"], set: 1 }], { birth: true, view: null, at: 10 });
  }
  expect(soleLeaves(stateOf(twice), now)).toBeNull();
});
