/**
 * Vector clocks: the source designs' cases (T-108 … T-113, T-192 … T-200, A-K01 … A-K05) and the
 * laws of merge.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { vectorClock, type VectorClock } from "../../../../src/core/clock/vector.ts";

const { create, increment, merge, compare, happensBefore, strictlyBefore, clone } = vectorClock;

describe("cases of the source designs", () => {
  test("T-112 T-192: a new clock is empty", () => {
    expect(create()).toEqual({});
  });

  test("T-108 T-193: increment counts from nothing, and leaves its input alone", () => {
    const one = increment(create(), "peer1");
    expect(one).toEqual({ peer1: 1 });
    expect(increment(one, "peer1")).toEqual({ peer1: 2 });
    expect(one).toEqual({ peer1: 1 });
  });

  test("A-K01: increment adds a peer, and takes a missing clock as empty", () => {
    expect(increment({ a: 3 }, "b")).toEqual({ a: 3, b: 1 });
    expect(increment(null, "a")).toEqual({ a: 1 });
    expect(increment(undefined, "a")).toEqual({ a: 1 });
  });

  test("T-109 T-194 A-K02: merge takes the greater counter of every peer", () => {
    const merged = merge({ peer1: 2, peer2: 1 }, { peer1: 1, peer2: 3, peer3: 1 });
    expect(merged).toEqual({ peer1: 2, peer2: 3, peer3: 1 });
    expect(merge(null, { a: 1 })).toEqual({ a: 1 });
    expect(merge({ a: 1 }, undefined)).toEqual({ a: 1 });
  });

  test("T-110 T-195 … T-198 A-K03: the four textbook cases", () => {
    expect(compare({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe("equal");
    expect(compare({ a: 1 }, { a: 2 })).toBe("before");
    expect(compare({ a: 2 }, { a: 1 })).toBe("after");
    expect(compare({ a: 2, b: 1 }, { a: 1, b: 2 })).toBe("concurrent");
  });

  test("A-K03: a missing entry counts as 0", () => {
    expect(compare({ a: 1 }, { a: 1, b: 1 })).toBe("before");
    expect(compare({ a: 1 }, { b: 1 })).toBe("concurrent");
    expect(compare({ a: 0 }, {})).toBe("equal");
    expect(compare(null, undefined)).toBe("equal");
    expect(compare(null, { a: 1 })).toBe("before");
  });

  test("T-111 T-199 A-K04: happensBefore holds for equal, strictlyBefore does not", () => {
    expect(happensBefore({ a: 1 }, { a: 2 })).toBe(true);
    expect(happensBefore({ a: 1 }, { a: 1 })).toBe(true);
    expect(happensBefore({ a: 2 }, { a: 1 })).toBe(false);
    expect(happensBefore({ a: 1 }, { b: 1 })).toBe(false);
    expect(strictlyBefore({ a: 1 }, { a: 2 })).toBe(true);
    expect(strictlyBefore({ a: 1 }, { a: 1 })).toBe(false);
  });

  test("T-113 T-200 A-K05: a clone is equal and another object; of nothing it is empty", () => {
    const original = { a: 1 };
    const copy = clone(original);
    expect(copy).toEqual(original);
    expect(copy).not.toBe(original);
    expect(clone(null)).toEqual({});
    expect(clone(undefined)).toEqual({});
  });

  test("T-038: a clock survives JSON", () => {
    const clock = increment({ a: 1 }, "b");
    expect(JSON.parse(JSON.stringify(clock))).toEqual(clock);
  });
});

test("peers may have the names that every object inherits", () => {
  for (const peer of ["__proto__", "constructor", "toString"]) {
    const clock = increment(increment(null, peer), peer);
    expect(Object.entries(clock)).toEqual([[peer, 2]]);
    expect(compare({}, clock)).toBe("before");
    expect(Object.entries(merge(clock, increment(null, "a")))).toEqual([
      [peer, 2],
      ["a", 1],
    ]);
  }
});

describe("laws", () => {
  const clocks = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.nat(3));

  test("merge is commutative, associative and idempotent, and an upper bound", () => {
    fc.assert(
      fc.property(clocks, clocks, clocks, (a, b, c) => {
        expect(merge(a, b)).toEqual(merge(b, a));
        expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
        expect(merge(a, a)).toEqual(a);
        expect(happensBefore(a, merge(a, b))).toBe(true);
      }),
    );
  });

  test("compare is a partial order, and the same seen from the other side", () => {
    const seenFromB = {
      before: "after",
      after: "before",
      concurrent: "concurrent",
      equal: "equal",
    };
    fc.assert(
      fc.property(clocks, clocks, clocks, (a, b, c) => {
        expect(compare(b, a)).toBe(seenFromB[compare(a, b)]);
        if (strictlyBefore(a, b) && strictlyBefore(b, c)) expect(strictlyBefore(a, c)).toBe(true);
        expect(happensBefore(a, b)).toBe(["before", "equal"].includes(compare(a, b)));
        expect(strictlyBefore(a, increment(a, "b"))).toBe(true);
      }),
    );
  });

  test("nothing that is passed in changes", () => {
    const frozen: VectorClock = Object.freeze({ a: 1 });
    merge(frozen, increment(frozen, "a"));
    expect(clone(frozen)).toEqual({ a: 1 });
  });
});
