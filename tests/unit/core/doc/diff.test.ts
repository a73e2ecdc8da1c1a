/**
 * What is written for what a caller wants: names of what was seen, nothing where nothing changes,
 * one entry a register, and a document written anew in another home.
 */
import { expect, test } from "vitest";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import type { Dot } from "../../../../src/core/base/types.ts";
import type { Change } from "../../../../src/core/doc/change.ts";
import { makeDelete, makeReissue, makeWrite } from "../../../../src/core/doc/diff.ts";
import { applyOp } from "../../../../src/core/doc/merge.ts";
import { readDocument, visibleLeaves } from "../../../../src/core/doc/read.ts";
import type { DocumentState } from "../../../../src/core/doc/state.ts";
import { createTestDocument, readAll } from "../../../support/documents.ts";
import { dotOf, registerOf, stableText, timeOf } from "../../../support/model.ts";

/** A document born with these leaves. */
const bornWith = (changes: readonly Change[]) => {
  const document = createTestDocument();
  document.write("z", changes, { birth: true });
  return document;
};

const set = (path: string, value: string | number | readonly number[] | object): Change => ({
  path: path.split("."),
  // What the tests below set are values.
  set: value as number,
});

test("an op names every living birth and every entry of its registers that its writer saw", () => {
  const document = bornWith([set("x", 0)]);
  const view = document.state();
  document.write("a", [set("x", 1)], { view });
  document.write("b", [set("x", 2)], { view });
  document.write("c", [set("y", 2)], { view: null, birth: true });
  const op = document.write("d", [set("x", 3), set("q", 4)]);
  expect(op.births).toEqual([dotOf("c:1"), dotOf("z:1")]);
  expect(op.entries.map(({ path, replaces }) => [path, replaces])).toEqual([
    [["x"], [dotOf("a:1"), dotOf("b:1")]],
    [["q"], []],
  ]);
});

test("a delete names the births that were seen, and there is none of what is not alive", () => {
  const document = bornWith([set("x", 0)]);
  const view = document.state();
  document.write("a", [set("x", 1)], { view: null, birth: true });
  expect(document.remove("b", { view }).births).toEqual([dotOf("z:1")]);
  const context = { id: "document", dot: dotOf("b:1"), time: timeOf(1) };
  expect(makeDelete({ ...context, state: null })).toBeNull();
});

test("what would change nothing is not written", () => {
  const document = bornWith([set("x", 1), set("t", [1, 2]), set("o", {}), set("d", 5)]);
  document.write("z", [{ path: ["d"], unset: true }]);
  const idle: readonly Change[] = [
    set("x", 1),
    set("t", [1, 2]),
    set("o", {}),
    { path: ["missing"], unset: true },
    { path: ["d"], unset: true },
    { path: ["o", "below"], unset: true },
    { path: ["t"], remove: 3 },
    { path: ["missing"], remove: 3 },
    { path: ["x"], replace: [{ path: ["x"], value: 1 }] },
  ];
  for (const change of idle) {
    expect([change, document.draft("a", [change])]).toEqual([change, null]);
  }
  expect(document.draft("a", idle)).toBeNull();
  expect(document.draft("a", [...idle, set("x", 2)])?.entries).toHaveLength(1);
});

test("a value is written again where it settles a conflict or stands against a tree", () => {
  const document = bornWith([set("x", 0)]);
  const view = document.state();
  document.write("a", [set("x", 1)], { view });
  document.write("b", [set("x", 2)], { view });
  expect(document.draft("c", [set("x", 2)])?.entries).toHaveLength(1);
  document.write("c", [set("k", 1)], { view });
  document.write("d", [set("k.below", 1)], { view });
  expect(
    document
      .draft("c", [set("k.below", 1)])
      ?.entries.map(({ kind }) => kind)
      .sort(),
  ).toEqual(["set", "unset"]);
});

test("an add is always written, since it stands against a remove elsewhere", () => {
  const document = bornWith([set("t", [1])]);
  const view = document.state();
  document.write("a", [{ path: ["t"], add: 1 }], { view });
  document.write("b", [{ path: ["t"], remove: 1 }], { view });
  expect(document.fields()).toEqual({ t: [1] });
});

test("a birth is written even with no fields", () => {
  const document = bornWith([]);
  expect(document.fields()).toEqual({});
});

test("writing to a document that is not alive without a birth is a bug", () => {
  const context = { id: "document", state: null, dot: dotOf("a:1"), time: timeOf(1) };
  expect(() => makeWrite(context, [set("x", 1)], { birth: false })).toThrow("invariant");
});

/** Changes of one op, and what the document reads before and after. */
const together: readonly {
  readonly name: string;
  readonly held: readonly Change[];
  readonly changes: readonly Change[];
  readonly reads: object;
}[] = [
  {
    name: "the last of two sets counts",
    held: [set("x", 0)],
    changes: [set("x", 1), set("x", 2)],
    reads: { x: 2 },
  },
  {
    name: "a set below takes away the set above it",
    held: [set("a", 0)],
    changes: [set("a", 1), set("a.b", 2)],
    reads: { a: { b: 2 } },
  },
  {
    name: "a set above takes away the set below it",
    held: [],
    changes: [set("a.b", 2), set("a", 1)],
    reads: { a: 1 },
  },
  {
    name: "a set above takes away what is held below it",
    held: [set("a.b", 0), set("a.c.d", 0)],
    changes: [set("a.b", 2), set("a", 1)],
    reads: { a: 1 },
  },
  {
    name: "two trees are unset together",
    held: [set("a.b", 0), set("a.c", 0), set("x", 0)],
    changes: [
      { path: ["a"], unset: true },
      { path: ["a", "b"], unset: true },
    ],
    reads: { x: 0 },
  },
  {
    name: "increments of one counter add up",
    held: [set("n", 1)],
    changes: [
      { path: ["n"], increment: 2 },
      { path: ["n"], increment: 3 },
    ],
    reads: { n: 6 },
  },
  {
    name: "an increment after a set counts on it",
    held: [set("n", 1)],
    changes: [set("n", 10), { path: ["n"], increment: 3 }],
    reads: { n: 13 },
  },
  {
    name: "a set after an increment forgets it",
    held: [set("n", 1)],
    changes: [{ path: ["n"], increment: 3 }, set("n", 10)],
    reads: { n: 10 },
  },
  {
    name: "an add after a set of the set",
    held: [set("t", [1])],
    changes: [set("t", [2]), { path: ["t"], add: 3 }],
    reads: { t: [2, 3] },
  },
  {
    name: "a remove after a set of the set",
    held: [set("t", [1])],
    changes: [set("t", [2, 3]), { path: ["t"], remove: 3 }],
    reads: { t: [2] },
  },
  {
    name: "a set of the set after an add",
    held: [set("t", [1])],
    changes: [{ path: ["t"], add: 3 }, set("t", [2])],
    reads: { t: [2] },
  },
  {
    name: "an element added and removed again",
    held: [set("t", [1])],
    changes: [
      { path: ["t"], add: 3 },
      { path: ["t"], remove: 3 },
    ],
    reads: { t: [1] },
  },
  {
    name: "an element removed and added again",
    held: [set("t", [1, 3])],
    changes: [
      { path: ["t"], remove: 3 },
      { path: ["t"], add: 3 },
    ],
    reads: { t: [1, 3] },
  },
  {
    name: "a subtree is replaced: kept, changed, new and gone",
    held: [set("a.kept", 1), set("a.changed", 1), set("a.gone.deep", 1), set("x", 1)],
    changes: [
      {
        path: ["a"],
        replace: [
          { path: ["a", "kept"], value: 1 },
          { path: ["a", "changed"], value: 2 },
          { path: ["a", "new", "deep"], value: 3 },
        ],
      },
    ],
    reads: { a: { kept: 1, changed: 2, new: { deep: 3 } }, x: 1 },
  },
  {
    name: "a subtree is replaced by nothing",
    held: [set("a.b", 1), set("x", 1)],
    changes: [{ path: ["a"], replace: [] }],
    reads: { x: 1 },
  },
  {
    name: "a subtree takes the place of a value above it",
    held: [set("a", 1)],
    changes: [{ path: ["a", "b"], replace: [{ path: ["a", "b", "c"], value: 2 }] }],
    reads: { a: { b: { c: 2 } } },
  },
  {
    name: "a replaced subtree forgets what the op wrote there before",
    held: [set("a.b", 1)],
    changes: [
      set("a.b", 5),
      set("a.c", 6),
      set("y", 7),
      { path: ["a"], replace: [{ path: ["a", "b"], value: 1 }] },
    ],
    reads: { a: { b: 1 }, y: 7 },
  },
  {
    name: "a set and a counter in a replaced subtree go too",
    held: [{ path: ["a", "n"], increment: 1 }, { path: ["a", "t"], add: 1 }, set("a.x", 1)],
    changes: [{ path: ["a"], replace: [{ path: ["a", "x"], value: 1 }] }],
    reads: { a: { x: 1 } },
  },
];

test.each(together)("in one op: $name", ({ held, changes, reads }) => {
  const document = bornWith(held);
  const op = document.write("a", changes);
  expect(document.fields()).toEqual(reads);
  const registers = op.entries.map((entry) => stableText(registerOf(entry)));
  expect(new Set(registers).size).toBe(registers.length);
});

test("replacing a subtree does not write again what stays", () => {
  const document = bornWith([set("a.kept", 1), set("a.gone", 1)]);
  const op = document.write("a", [{ path: ["a"], replace: [{ path: ["a", "kept"], value: 1 }] }]);
  expect(op.entries).toMatchObject([{ kind: "unset", path: ["a", "gone"] }]);
});

test("a writer goes on with its run while it sees its own last total", () => {
  const document = bornWith([]);
  const first = document.write("a", [{ path: ["n"], increment: 1 }]);
  const second = document.write("a", [{ path: ["n"], increment: 1 }]);
  const other = document.write("b", [{ path: ["n"], increment: 1 }]);
  expect(first.entries).toMatchObject([{ run: dotOf("a:1"), total: 1, replaces: [] }]);
  expect(second.entries).toMatchObject([{ run: dotOf("a:1"), total: 2, replaces: [dotOf("a:1")] }]);
  expect(other.entries).toMatchObject([{ run: dotOf("b:1"), total: 1, replaces: [] }]);
});

test("a writer whose own total a stranger took away begins a new run", () => {
  const document = bornWith([]);
  const mine = document.write("a", [{ path: ["n"], increment: 5 }]);
  const [entry] = mine.entries;
  if (entry?.kind !== "increment") throw new Error("an increment");
  const stolen = { ...entry, total: 1_000, replaces: [mine.dot] };
  document.apply({ ...mine, dot: dotOf("s:1"), entries: [stolen] });
  const next = document.write("a", [{ path: ["n"], increment: 1 }]);
  expect(next.entries).toMatchObject([{ run: dotOf("a:2"), total: 1 }]);
});

test("a set records each run's last total, and the dots of all that it saw", () => {
  const document = bornWith([]);
  const mine = document.write("a", [{ path: ["n"], increment: 5 }]);
  const forked = { ...mine, dot: dotOf("b:1"), time: timeOf(99) };
  document.apply(forked);
  const op = document.write("c", [set("n", 0)]);
  expect(op.entries).toMatchObject([
    { seen: [{ run: dotOf("a:1"), dot: dotOf("b:1"), total: 5, alsoSaw: [dotOf("a:1")] }] },
  ]);
  expect(document.fields()).toEqual({ n: 0 });
});

test("more values or removals than an op holds are refused, naming the document", () => {
  const many = (count: number): Change[] =>
    Array.from({ length: count }, (_, index) => set(`x${String(index)}`, index));
  const document = createTestDocument("the one");
  expect(() => document.draft("a", many(257), { birth: true })).toThrow(NebulusError);
  expect(() => document.draft("a", many(257), { birth: true })).toThrow(
    'document "the one": 257 values in one write, at most 256',
  );
  document.write("a", many(256), { birth: true });
  document.write("a", many(512).slice(256));
  const unsets = many(512).map(({ path }): Change => ({ path, unset: true }));
  expect(document.draft("a", unsets)?.entries).toHaveLength(512);
});

// -------------------------------------------------------------------------- another home

const counted = (writer: string) => {
  let n = 0;
  return (): { readonly dot: Dot; readonly time: ReturnType<typeof timeOf> } => {
    n += 1;
    return { dot: dotOf(`${writer}:${String(n)}`), time: timeOf(1_000 + n) };
  };
};

const moved = (from: DocumentState | null, into: DocumentState | null) => {
  const leaves = visibleLeaves(from, readAll);
  const ops = makeReissue("document", leaves, counted("m"));
  return { ops, state: ops.reduce<DocumentState | null>(applyOp, into) };
};

test("a document written anew reads the same and ranks by its first stamps", () => {
  const home = bornWith([set("a.b", 1), set("o", {}), { path: ["n"], increment: 2 }]);
  home.write("a", [{ path: ["t"], add: 3 }]);
  const { ops, state } = moved(home.state(), null);
  expect(ops).toHaveLength(1);
  expect(readDocument(state, readAll)?.fields).toEqual(home.view().fields);
  expect(visibleLeaves(state, readAll)).toEqual(visibleLeaves(home.state(), readAll));
});

test("an id that the network has gets another birth and concurrent values", () => {
  const home = bornWith([set("x", "home"), set("same", 1)]);
  const network = createTestDocument();
  network.write("b", [set("x", "network"), set("same", 1)], { birth: true, at: 500 });
  const { ops, state } = moved(home.state(), network.state());
  expect(ops.map(({ birth, births }) => ({ birth, births }))).toEqual([
    { birth: true, births: [dotOf("m:1")] },
  ]);
  const view = readDocument(state, readAll);
  expect(view?.fields).toEqual({ id: "document", x: "network", same: 1 });
  expect(view?.meta.conflicts).toEqual(["x"]);
  // A delete that saw only the network's birth leaves the moved document whole.
  const survivor = applyOp(state, network.remove("c"));
  expect(readDocument(survivor, readAll)?.fields).toEqual(home.view().fields);
});

test("a document born again keeps all its values when the older birth is deleted", () => {
  const document = bornWith([set("x", 1), set("a.b", { c: 2 })]);
  const view = document.state();
  document.write("a", [set("x", 1), { path: ["a"], replace: [] }, set("y", 3)], { birth: true });
  document.write("b", [set("x", 1), set("y", 3)], { birth: true });
  document.remove("c", { view });
  expect(document.fields()).toEqual({ x: 1, y: 3 });
});

test("a document that a merge made larger than one op moves in several", () => {
  const home = bornWith([]);
  for (let part = 0; part < 3; part++) {
    const names = Array.from({ length: 200 }, (_, index) => `x${String(part * 200 + index)}`);
    home.write(
      "a",
      names.map((name) => set(name, 1)),
    );
  }
  const { ops, state } = moved(home.state(), null);
  expect(ops.map(({ entries }) => entries.length)).toEqual([256, 256, 88]);
  expect(readDocument(state, readAll)?.fields).toEqual(home.view().fields);
});
