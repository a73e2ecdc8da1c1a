/**
 * Documents and operations as one join: the laws on random input, documents made by hand among it,
 * in random merge trees; and equality with a reading of the never-pruned set, written apart from
 * the product's.
 */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Value } from "../../src/core/base/types.ts";
import { vectorClock, type VectorClock } from "../../src/core/clock/vector.ts";
import { applyOperation, resolveConflict } from "../../src/core/surface/resolver.ts";
import type { CRDTOperation, DistributedDocument } from "../../src/core/surface/types.ts";

// Few of everything, so that clocks, times and peers collide often.
const peers = ["a", "b", "c"] as const;
const clocks: fc.Arbitrary<VectorClock> = fc.record(
  { a: fc.nat(2), b: fc.nat(2), c: fc.nat(2) },
  { requiredKeys: [], noNullPrototype: true },
);
const values: fc.Arbitrary<Value> = fc.constantFrom(1, 2, "x", null, [1], { k: 1 }, new Date(1));
const fieldSets = fc.dictionary(fc.constantFrom("x", "y", "z"), values, {
  maxKeys: 3,
  noNullPrototype: true,
});
const stamps = fc.record({ timestamp: fc.nat(2), peerId: fc.constantFrom(...peers) });
const kinds = fc.constantFrom("MEMORY" as const, "MEMORY" as const, "AUTH" as const);

const documents: fc.Arbitrary<DistributedDocument> = fc
  .record({
    fields: fieldSets,
    clock: clocks,
    stamp: stamps,
    kind: kinds,
    isDeleted: fc.boolean(),
    isStaged: fc.boolean(),
  })
  .map(({ fields, clock, stamp, kind, isDeleted, isStaged }) => ({
    ...fields,
    id: "1",
    _entryType: kind,
    _vector: clock,
    _timestamp: stamp.timestamp,
    _peerId: stamp.peerId,
    ...(isDeleted ? { _deleted: true } : {}),
    ...(isStaged ? { _stage: "post-pending" } : {}),
  }));

const operations: fc.Arbitrary<CRDTOperation> = fc
  .record({
    type: fc.constantFrom("insert", "update", "update", "delete"),
    data: fieldSets,
    unset: fc.subarray(["x", "y"]),
    vector: clocks,
    stamp: stamps,
  })
  .map(({ type, data, unset, vector, stamp }) => ({
    id: "op",
    type,
    collection: "c",
    documentId: "1",
    vector,
    ...stamp,
    ...(type === "delete" ? {} : { data }),
    ...(type === "update" ? { unset } : {}),
  }));

type Item = { readonly document: DistributedDocument } | { readonly operation: CRDTOperation };
const items: fc.Arbitrary<Item> = fc.oneof(
  documents.map((document) => ({ document })),
  operations.map((operation) => ({ operation })),
);

type Merged = DistributedDocument | null;

const take = (state: Merged, item: Item): Merged =>
  "operation" in item
    ? applyOperation(state, item.operation)
    : resolveConflict(state, item.document);

const alone = (item: Item): Merged => take(null, item);

/**
 * Merges a list as a tree: at each step two neighbours, where the numbers say, in the order that
 * they say.
 */
const mergeTree = (parts: readonly Merged[], choices: readonly number[]): Merged => {
  let left = [...parts];
  for (let step = 0; left.length > 1; step++) {
    const choice = choices[step % choices.length] ?? 0;
    const at = choice % (left.length - 1);
    const [a = null, b = null] = left.slice(at, at + 2);
    const merged = choice % 2 === 0 ? resolveConflict(a, b) : resolveConflict(b, a);
    left = [
      ...left.slice(0, at),
      choice % 3 === 0 ? overTheWire(merged) : merged,
      ...left.slice(at + 2),
    ];
  }
  return left[0] ?? null;
};

/** Much faster than the matcher, which then says what differs. */
const expectSame = (actual: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
};

const overTheWire = (document: Merged): Merged => structuredClone(document);

/** Numbers that choose at each step of a merge. */
const choiceLists = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 12 });

describe("laws", () => {
  test("any tree, any order, any repetition of documents and operations gives the same", () => {
    fc.assert(
      fc.property(
        fc.array(items, { minLength: 1, maxLength: 6 }),
        choiceLists,
        fc.infiniteStream(fc.nat(5)),
        (list, choices, more) => {
          const inOrder = list.reduce<Merged>(take, null);
          const shuffled = list.toSorted(
            (a, b) => (choices[list.indexOf(a)] ?? 0) - (choices[list.indexOf(b)] ?? 0),
          );
          expectSame(shuffled.reduce<Merged>(take, null), inOrder);
          expectSame(mergeTree(shuffled.map(alone), choices), inOrder);
          const repeated = [...list, ...[...more.take(3)].flatMap((at) => list[at] ?? [])];
          expectSame(repeated.reduce<Merged>(take, null), inOrder);
          expectSame(list.reduce(take, inOrder), inOrder);
        },
      ),
      { numRuns: 1_500 },
    );
  }, 120_000);

  test("commutative, associative, idempotent, nothing is neutral", () => {
    const states = fc
      .array(items, { minLength: 1, maxLength: 3 })
      .map((list) => list.reduce<Merged>(take, null));
    fc.assert(
      fc.property(states, states, states, (a, b, c) => {
        expectSame(resolveConflict(a, b), resolveConflict(b, a));
        const left = resolveConflict(resolveConflict(a, b), c);
        expectSame(left, resolveConflict(a, resolveConflict(b, c)));
        expectSame(resolveConflict(a, a), a);
        expectSame(resolveConflict(a, null), a);
        expectSame(resolveConflict(resolveConflict(a, b), b), resolveConflict(a, b));
      }),
      { numRuns: 1_500 },
    );
  }, 120_000);

  test("a document made by hand is its own join", () => {
    fc.assert(
      fc.property(documents, (document) => {
        expectSame(resolveConflict(document, null), document);
        expectSame(resolveConflict(document, document), document);
      }),
    );
  }, 60_000);

  test("documents that were changed by hand after merging obey the laws too", () => {
    const edits = fc.record({
      base: fc.array(items, { minLength: 1, maxLength: 3 }),
      by: documents,
    });
    const edited = edits.map(({ base, by }) => {
      const merged = base.reduce<Merged>(take, null);
      const { _elements, ...fields } = merged ?? by;
      return resolveConflict({ ...fields, ...by, ...(_elements && { _elements }) }, null);
    });
    fc.assert(
      fc.property(edited, edited, edited, (a, b, c) => {
        expectSame(resolveConflict(a, b), resolveConflict(b, a));
        const left = resolveConflict(resolveConflict(a, b), c);
        expectSame(left, resolveConflict(a, resolveConflict(b, c)));
        expectSame(resolveConflict(a, a), a);
      }),
      { numRuns: 1_500 },
    );
  }, 60_000);
});

// ------------------------------------------------------------------------------ the oracle

interface Said {
  readonly isWhole: boolean;
  readonly isDelete: boolean;
  readonly vector: VectorClock;
  readonly timestamp: number;
  readonly peerId: string;
  /** Undefined: taken away. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const saidBy = (item: Item): readonly Said[] => {
  if ("operation" in item) {
    const { type, data, unset = [], vector, timestamp, peerId } = item.operation;
    const taken = Object.fromEntries(unset.map((name) => [name, undefined]));
    const fields = { ...taken, ...data };
    if (type === "update" && Object.keys(fields).length === 0) return [];
    return [
      {
        isWhole: type !== "update",
        isDelete: type === "delete",
        vector,
        timestamp,
        peerId,
        fields,
      },
    ];
  }
  const { _vector, _timestamp, _peerId, _deleted, ...rest } = item.document;
  const own = Object.entries(rest).filter(([name]) => !name.startsWith("_") && name !== "id");
  return [
    {
      isWhole: true,
      isDelete: _deleted === true,
      vector: _vector,
      timestamp: _timestamp,
      peerId: _peerId,
      fields: Object.fromEntries(own),
    },
  ];
};

const isAfter = (later: Said, earlier: Said): boolean =>
  peers.every((peer) => (later.vector[peer] ?? 0) >= (earlier.vector[peer] ?? 0)) &&
  peers.some((peer) => (later.vector[peer] ?? 0) > (earlier.vector[peer] ?? 0));

const jsonOf = (value: unknown): string | undefined => JSON.stringify(value);

interface NaiveReading {
  readonly isDeleted: boolean;
  /** What each field may show, as JSON. */
  readonly fields: Readonly<Record<string, readonly (string | undefined)[]>>;
  readonly vector: readonly number[];
}

/** Read off all that was ever said. */
const naiveReading = (all: readonly Said[]): NaiveReading => {
  const standing = all.filter(
    (one) => one.isDelete && !all.some((other) => other.isWhole && isAfter(other, one)),
  );
  const isDeleted = standing.length > 0;
  const fields: Record<string, readonly (string | undefined)[]> = {};
  for (const name of ["x", "y", "z"]) {
    // Of a deleted document only tombstones are shown, and nobody changes a tombstone's fields.
    const speakers = (isDeleted ? standing : all.filter((one) => !one.isDelete)).filter(
      (one) =>
        name in one.fields &&
        !all.some(
          (other) => isAfter(other, one) && (other.isWhole || (!isDeleted && name in other.fields)),
        ),
    );
    const rank = (one: Said): string => `${one.timestamp} ${one.peerId}`;
    const [top = ""] = speakers.map(rank).sort().reverse();
    const winners = speakers.filter((one) => rank(one) === top).map((one) => one.fields[name]);
    fields[name] = winners.map(jsonOf);
  }
  const vector = peers.map((peer) => Math.max(...all.map((one) => one.vector[peer] ?? 0)));
  return { isDeleted, fields, vector };
};

describe("what is read", () => {
  test("is what the never-pruned set says", () => {
    let deleted = 0;
    fc.assert(
      fc.property(fc.array(items, { minLength: 1, maxLength: 7 }), (list) => {
        const all = list.flatMap(saidBy);
        const merged = list.reduce<Merged>(take, null);
        if (all.length === 0) {
          expect(merged).toBeNull();
          return;
        }
        if (merged === null) throw new Error("nothing came of something");
        const expected = naiveReading(all);
        expect(merged._deleted === true).toBe(expected.isDeleted);
        expect(peers.map((peer) => merged._vector[peer] ?? 0)).toEqual(expected.vector);
        for (const [name, candidates] of Object.entries(expected.fields)) {
          const shown = jsonOf(merged[name]);
          // Of equal stamps any may show; the laws above say that it is always the same one.
          expect(candidates.length === 0 ? [undefined] : candidates).toContain(shown);
        }
        if (expected.isDeleted) deleted++;
      }),
      { numRuns: 1_500 },
    );
    expect(deleted).toBeGreaterThan(300);
  }, 120_000);
});

describe("peers that write, forget nothing and meet at random", () => {
  interface Step {
    readonly who: number;
    readonly what: "insert" | "update" | "delete" | "meet" | "edit";
    readonly with: number;
    readonly fields: Readonly<Record<string, Value>>;
    readonly time: number;
  }
  const steps: fc.Arbitrary<Step> = fc.record({
    who: fc.nat(2),
    what: fc.constantFrom("insert", "update", "update", "delete", "meet", "meet", "edit"),
    with: fc.nat(2),
    fields: fieldSets,
    time: fc.nat(5),
  });

  const write = (state: Merged, { what, who, fields, time }: Step): Merged => {
    const peerId = peers[who] ?? "a";
    const vector = vectorClock.increment(state?._vector, peerId);
    if (what === "edit") {
      const kept = state ?? { id: "1", _entryType: "MEMORY" as const };
      const own = { _vector: vector, _timestamp: time, _peerId: peerId };
      return resolveConflict({ ...kept, ...fields, ...own }, null);
    }
    if (what === "meet") return state;
    const data = what === "delete" ? null : fields;
    const base = { id: "op", collection: "c", documentId: "1" };
    return applyOperation(state, { ...base, type: what, data, vector, timestamp: time, peerId });
  };

  test("read what they wrote, and agree once all have met", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 14 }), choiceLists, (history, choices) => {
        const states: Merged[] = [null, null, null];
        for (const step of history) {
          const before = states[step.who] ?? null;
          if (step.what === "meet") {
            states[step.who] = resolveConflict(before, overTheWire(states[step.with] ?? null));
            continue;
          }
          const after = write(before, step);
          states[step.who] = after;
          if (step.what === "delete") expect(after?._deleted).toBe(true);
          if (step.what === "insert") expect(after?._deleted).toBeUndefined();
          if (after !== null && (step.what === "insert" || after._deleted === undefined)) {
            expect(after).toMatchObject(step.fields);
          }
        }
        const one = mergeTree(states, choices);
        expect(mergeTree(states.toReversed(), choices.toReversed())).toEqual(one);
        for (const state of states) expect(resolveConflict(one, state)).toEqual(one);
      }),
      { numRuns: 1_500 },
    );
  }, 120_000);
});
