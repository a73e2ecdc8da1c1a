/**
 * Sixty commands, as four lives of one database, and what a reader must see after any of them: a
 * map of documents, changed in the order of the commands.
 */
import type { Value } from "../../src/core/base/types.ts";
import type { DocumentWrite, Write } from "../../src/core/wire/requests.ts";
import { compileUpdate } from "../../src/core/query/update.ts";
import { networkId, rowsOf } from "../unit/engine/world.ts";

export type Documents = ReadonlyMap<string, Readonly<Record<string, Value>>>;

/** What shows of a collection. */
export interface Expected {
  readonly documents: Documents;
  readonly isAttached: boolean;
  /** Of documents that must not be in a network. */
  readonly privateIds: ReadonlySet<string>;
}

export type ExpectedState = ReadonlyMap<string, Expected>;

export interface Command {
  readonly id: string;
  readonly write: Write;
  readonly apply: (state: ExpectedState) => ExpectedState;
}

export interface LifePlan {
  /** Commands of a group are asked for at once. */
  readonly groups: readonly (readonly Command[])[];
  /** `close`: as it should; the others: the process, or the power, goes while all is quiet. */
  readonly end: "close" | "kill" | "crash";
}

type Change = (state: ExpectedState) => ExpectedState;

interface Planned<W extends Write = Write> {
  readonly write: W;
  readonly apply: Change;
}

const nothing: Expected = { documents: new Map(), isAttached: false, privateIds: new Set() };

const changing =
  (collection: string, change: (before: Expected) => Partial<Expected>): Change =>
  (state) => {
    const before = state.get(collection) ?? nothing;
    return new Map([...state, [collection, { ...before, ...change(before) }]]);
  };

const insert = (
  collection: string,
  documents: readonly (Record<string, Value> & { readonly id: string })[],
  visibility: "private" | null = null,
): Planned<DocumentWrite> => ({
  write: { kind: "insert", collection, rows: rowsOf(documents), visibility },
  apply: changing(collection, (before) => ({
    documents: new Map([...before.documents, ...documents.map((each) => [each.id, each] as const)]),
    privateIds:
      visibility === null
        ? before.privateIds
        : new Set([...before.privateIds, ...documents.map(({ id }) => id)]),
  })),
});

interface FieldChange {
  readonly $set?: Readonly<Record<string, Value>>;
  readonly $unset?: Readonly<Record<string, true>>;
  readonly $inc?: Readonly<Record<string, number>>;
}

const update = (
  collection: string,
  ids: readonly string[],
  fields: FieldChange,
): Planned<DocumentWrite> => ({
  write: {
    ...{ kind: "update", collection, target: { kind: "ids", ids } },
    update: compileUpdate(fields),
  },
  apply: changing(collection, ({ documents }) => ({
    documents: new Map(
      Array.from(documents, ([id, document]) => [
        id,
        ids.includes(id) ? changed(document, fields) : document,
      ]),
    ),
  })),
});

const changed = (
  document: Readonly<Record<string, Value>>,
  { $set = {}, $unset = {}, $inc = {} }: FieldChange,
): Readonly<Record<string, Value>> => {
  const next = new Map(Object.entries({ ...document, ...$set }));
  for (const name of Object.keys($unset)) next.delete(name);
  for (const [name, by] of Object.entries($inc)) {
    const before = next.get(name);
    next.set(name, (typeof before === "number" ? before : 0) + by);
  }
  return Object.fromEntries(next);
};

const remove = (collection: string, ids: readonly string[]): Planned<DocumentWrite> => ({
  write: { kind: "delete", collection, target: { kind: "ids", ids } },
  apply: changing(collection, ({ documents, privateIds }) => ({
    documents: new Map([...documents].filter(([id]) => !ids.includes(id))),
    privateIds: new Set([...privateIds].filter((id) => !ids.includes(id))),
  })),
});

const move = (collection: string, id: string, to: "shared" | "private"): Planned => ({
  write: { kind: "move", collection, id, to },
  apply: changing(collection, ({ documents, privateIds }) => {
    const others = [...privateIds].filter((each) => each !== id);
    const isMarked = to === "private" && documents.has(id);
    return { privateIds: new Set(isMarked ? [...others, id] : others) };
  }),
});

const attach = (collection: string): Planned => ({
  write: { kind: "attach", collection, networkId },
  apply: changing(collection, () => ({ isAttached: true })),
});

const detach = (collection: string): Planned => ({
  write: { kind: "detach", collection },
  apply: changing(collection, () => ({ isAttached: false })),
});

const make = (collection: string): Planned => ({
  write: { kind: "make-collection", collection },
  apply: changing(collection, () => ({})),
});

const together = (...parts: readonly Planned<DocumentWrite>[]): Planned => ({
  write: { kind: "batch", writes: parts.map(({ write }) => write), together: true, reads: [] },
  apply: (state) => parts.reduce((next, { apply }) => apply(next), state),
});

const many = (prefix: string, count: number): (Record<string, Value> & { readonly id: string })[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ id: `${prefix}${at}`, text: `${prefix} number ${at}`, n: at },
  }));

const lives: readonly { readonly groups: readonly (readonly Planned[])[]; end: LifePlan["end"] }[] =
  [
    {
      groups: [
        [make("a")],
        [insert("a", [{ id: "m", x: 1, y: "text", n: 0 }])],
        [insert("a", many("p", 6))],
        [make("b")],
        [
          insert("b", many("q", 4)),
          update("a", ["m"], { $set: { x: 2, z: [1, 2] }, $inc: { n: 1 } }),
          update("a", ["p1"], { $inc: { n: 5 } }),
        ],
        [attach("b")],
        [update("b", ["q0", "q1"], { $inc: { n: 2 }, $set: { by: "two" } })],
        [insert("b", [{ id: "s", secret: "kept here", n: 3 }], "private")],
        [remove("a", ["p0"])],
        [update("a", ["m"], { $unset: { y: true } })],
        [together(update("a", ["m"], { $inc: { n: 1 } }), remove("a", ["p2"]))],
        [move("b", "q2", "private")],
        [update("b", ["q2", "s"], { $inc: { n: 1 } })],
      ],
      end: "close",
    },
    {
      groups: [
        [update("a", ["m"], { $inc: { n: 1 } })],
        [
          update("b", ["q1"], { $inc: { n: 1 } }),
          update("b", ["q1"], { $inc: { n: 1 } }),
          insert("b", [{ id: "r", n: 1 }]),
        ],
        [insert("a", many("t", 8))],
        [update("a", ["t1", "t2", "t3", "t4"], { $set: { w: { deep: { er: 1 } } } })],
        [move("b", "s", "shared")],
        [detach("b")],
        [update("b", ["s"], { $inc: { n: 1 } })],
        [remove("a", ["t0", "t7"])],
        [attach("b")],
        [update("b", ["r", "q3"], { $set: { by: "r" }, $inc: { n: 1 } })],
        [move("b", "q2", "shared")],
        [attach("a")],
        [update("a", ["m", "p1"], { $inc: { n: 1 } })],
      ],
      end: "crash",
    },
    {
      groups: [
        [update("a", ["m"], { $inc: { n: 1 }, $set: { x: 3 } })],
        [remove("a", ["p1"])],
        [insert("a", [{ id: "p1", again: true, n: 0 }])],
        [update("a", ["p1"], { $inc: { n: 1 } }), update("a", ["m"], { $inc: { n: -3 } })],
        [insert("b", many("u", 6))],
        [move("a", "m", "private")],
        [update("a", ["m"], { $inc: { n: 1 } })],
        [together(insert("a", many("v", 3)), update("b", ["u1"], { $inc: { n: 1 } }))],
        [remove("b", ["u0", "u2"])],
        [update("b", ["q0", "q1", "u1"], { $unset: { text: true } })],
        [detach("a")],
        [update("a", ["v0"], { $set: { x: 9 }, $inc: { n: 1 } })],
        [move("a", "m", "shared")],
      ],
      end: "kill",
    },
    {
      groups: [
        [attach("a")],
        [
          update("a", ["m"], { $inc: { n: 1 } }),
          remove("b", ["r"]),
          update("b", ["u3"], { $inc: { n: 1 } }),
        ],
        [insert("a", many("w", 5))],
        [update("a", ["w1", "w2"], { $set: { x: "w" } })],
        [move("b", "u3", "private")],
        [update("b", ["u3"], { $inc: { n: 1 } })],
        [remove("a", ["w0"])],
        [update("a", ["m", "w4"], { $inc: { n: 2 } })],
        [update("b", ["q1"], { $set: { end: "of all" } })],
      ],
      end: "close",
    },
  ];

const numbered = (prefix: string): ((planned: Planned) => Command) => {
  let count = 0;
  return (planned) => ({ id: `${prefix}-${++count}`, ...planned });
};

const command = numbered("command");

export const workload: readonly LifePlan[] = lives.map(({ groups, end }) => ({
  groups: groups.map((group) => group.map(command)),
  end,
}));

/** Written when all is said: that the database goes on. */
export const afterwards: readonly Command[] = [
  make("a"),
  update("a", ["m", "t1"], { $inc: { n: 1 } }),
  insert("a", [{ id: "z", n: 1 }]),
  together(update("a", ["z"], { $inc: { n: 1 } }), remove("a", ["t5"])),
  update("b", ["q0", "s"], { $inc: { n: 1 }, $set: { by: "the end" } }),
].map(numbered("afterwards"));

export const expectedAfter = (commands: readonly Command[]): ExpectedState =>
  commands.reduce<ExpectedState>((state, { apply }) => apply(state), new Map());
