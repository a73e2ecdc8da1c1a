/**
 * The store contract's second half: all or nothing, opening, replacing, destroying and closing, and
 * whose bytes are whose.
 */
import { expect, test } from "vitest";
import type { ScopeId } from "../../src/core/base/types.ts";
import type { Store, StoreBatch } from "../../src/storage/store.ts";
import {
  bytes,
  collect,
  contents,
  empty,
  home,
  other,
  page,
  pageKey,
  place,
  record,
  segment,
  type Bench,
} from "./storeBench.ts";

export const batchTests = (bench: Bench): void => {
  const whole: StoreBatch = {
    segments: [segment(place({ first: 5 }), 5)],
    removedSegments: [place({ first: 1 })],
    pages: [page(pageKey({ number: 5 }), 5), page(pageKey({ scope: 2, number: 3 }), 3)],
    removedPages: [pageKey({ number: 1 })],
    clearedPages: [pageKey({ scope: 2 }).scope],
    absorbedSequence: 1,
    meta: new Map([
      ["head", bytes(2)],
      ["old", null],
    ]),
  };
  const begin = async (): Promise<Store> => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([record(1, 1), record(2, 2)], "strict");
    await store.write({
      segments: [segment(place({ first: 1 }), 1)],
      pages: [page(pageKey({ number: 1 }), 1), page(pageKey({ scope: 2, number: 1 }), 2)],
      meta: new Map([["old", bytes(1)]]),
    });
    return store;
  };

  test.each(["strict", "relaxed"] as const)("change all at once: %s", async (durability) => {
    const store = await begin();
    await store.write({ ...whole, durability });
    const expected = {
      ...{ absorbed: 1, last: 2 },
      pages: [page(pageKey({ number: 5 }), 5)],
      otherPages: [page(pageKey({ scope: 2, number: 3 }), 3)],
      meta: [["head", bytes(2)]],
      journal: [record(2, 2)],
      segments: [segment(place({ first: 5 }), 5)],
    };
    expect(await contents(store)).toEqual(expected);
    await store.close();
    const again = await bench.adapter.open(home);
    expect(await contents(again)).toEqual(expected);
    await again.close();
  });

  // Hexadecimal of the wrong length, and none at all
  const [short, foreign] = ["abc" as ScopeId, "g".repeat(32) as ScopeId];
  test.each<[string, StoreBatch]>([
    ["first n 0", { segments: [...(whole.segments ?? []), segment(place({ first: 0 }))] }],
    ["first n 1.5", { segments: [...(whole.segments ?? []), segment(place({ first: 1.5 }))] }],
    ["first n 2^53", { removedSegments: [place({ first: 2 ** 53 })] }],
    ["a short scope", { segments: [segment({ ...place({}), scope: short })] }],
    ["a scope of other letters", { removedSegments: [{ ...place({}), scope: foreign }] }],
    ["a page's kind 256", { pages: [page(pageKey({ kind: 256 }))] }],
    ["a page's number -1", { removedPages: [pageKey({ number: -1 })] }],
    ["a page's number 2^32", { pages: [page(pageKey({ number: 2 ** 32 }))] }],
    ["a page of a short scope", { pages: [page({ ...pageKey({}), scope: short })] }],
    ["cleared pages of a short scope", { clearedPages: [short] }],
    ["an impossible absorption", { absorbedSequence: 3 }],
  ])("with one bad part (%s) leave nothing", async (_title, bad) => {
    const store = await begin();
    const before = await contents(store);
    await expect(store.write({ ...whole, ...bad })).rejects.toThrow("invariant broken");
    expect(await contents(store)).toEqual(before);
    await store.write(whole);
    await store.close();
    const again = await bench.adapter.open(home);
    expect(again.absorbedSequence).toBe(1);
    await again.close();
  });

  test("of nothing are fine", async () => {
    const store = await bench.adapter.open(home);
    await store.write({});
    expect(await contents(store)).toEqual(empty);
    await store.close();
  });

  test("called together take effect in the order of their calls", async () => {
    const store = await bench.adapter.open(home);
    const key = place({});
    const writes = Array.from({ length: 50 }, (_, index) =>
      store.write({
        segments: [segment(key, index)],
        meta: new Map([["last", bytes(index)]]),
        durability: index % 2 === 0 ? "strict" : "relaxed",
      }),
    );
    const appends = Array.from({ length: 50 }, (_, index) =>
      store.appendJournal([record(index + 1, index)], "strict"),
    );
    await Promise.all([...writes, ...appends, store.write({ absorbedSequence: 49 })]);
    expect(await contents(store)).toEqual({
      ...empty,
      ...{ absorbed: 49, last: 50 },
      meta: [["last", bytes(49)]],
      journal: [record(50, 49)],
      segments: [segment(key, 49)],
    });
    await store.close();
  });
};

export const openingTests = (bench: Bench): void => {
  test("an opening finds what the one before wrote, under a higher epoch", async () => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([record(1, 1)], "strict");
    await store.write({
      segments: [segment(place({}), 1)],
      meta: new Map([["a", bytes(1)]]),
    });
    const before = await contents(store);
    await store.close();
    const again = await bench.adapter.open(home);
    expect(again.epoch).toBeGreaterThan(store.epoch);
    expect(await contents(again)).toEqual(before);
    expect(again.damage()).toEqual([]);
    expect(again.journalProvesContinuity).toBe(store.journalProvesContinuity);
    await again.close();
  });

  test("names are apart", async () => {
    const [store, apart] = [await bench.adapter.open(home), await bench.adapter.open(other)];
    await store.write({ meta: new Map([["a", bytes(1)]]), segments: [segment(place({}), 1)] });
    await store.appendJournal([record(1)], "strict");
    expect(await contents(apart)).toEqual(empty);
    await apart.close();
    await bench.adapter.destroy(other);
    expect((await store.meta()).get("a")).toEqual(bytes(1));
    await store.close();
  });

  test("destroyed data is gone, and the name can be used anew", async () => {
    const store = await bench.adapter.open(home);
    await store.write({ meta: new Map([["a", bytes(1)]]), segments: [segment(place({}), 1)] });
    await store.appendJournal([record(1)], "strict");
    await store.close();
    await bench.adapter.destroy(home);
    await bench.adapter.destroy(home);
    const again = await bench.adapter.open(home);
    expect(await contents(again)).toEqual(empty);
    await again.appendJournal([record(1)], "strict");
    await again.close();
  });

  test("openings called together get epochs of their own; one holds the store", async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, () => bench.adapter.open(home)));
    expect(new Set(stores.map((store) => store.epoch)).size).toBe(5);
    const writes = stores.map((store) => store.write({ meta: new Map([["a", bytes(1)]]) }));
    const results = await Promise.allSettled(writes);
    expect(results.filter((result) => result.status === "fulfilled").length).toBe(1);
    await Promise.all(stores.map((store) => store.close()));
  });
};

const replaced = { code: "Replaced", outcome: "not committed" };
const gone = { code: "Replaced" };
const closed = { code: "Closed", outcome: "not committed" };

export const endingTests = (bench: Bench): void => {
  test("a replaced store can only fail, and changes nothing", async () => {
    const old = await bench.adapter.open(home);
    await old.appendJournal([record(1, 1)], "strict");
    await old.write({ segments: [segment(place({}), 1)], meta: new Map([["a", bytes(1)]]) });
    const current = await bench.adapter.open(home);
    const before = await contents(current);
    const writes = [
      old.write({ segments: [segment(place({}), 2)] }),
      old.write({ removedSegments: [place({})], meta: new Map([["a", null]]) }),
      old.write({ absorbedSequence: 1, durability: "relaxed" }),
      old.write({}),
      old.appendJournal([record(2, 2)], "strict"),
      old.appendJournal([record(2, 2)], "relaxed"),
    ];
    await Promise.all(writes.map((write) => expect(write).rejects.toMatchObject(replaced)));
    expect(await contents(current)).toEqual(before);
    await current.appendJournal([record(2, 22)], "strict");
    expect(await collect(current.journal())).toEqual([record(1, 1), record(2, 22)]);
    await old.close();
    await current.close();
  });

  test("a destroyed store can only fail, and does not come back by it", async () => {
    const old = await bench.adapter.open(home);
    await old.write({ meta: new Map([["a", bytes(1)]]) });
    await bench.adapter.destroy(home);
    const failing = (): Promise<unknown>[] => [
      old.write({ meta: new Map([["a", bytes(2)]]) }),
      old.appendJournal([record(1)], "strict"),
      old.meta(),
      old.segment(place({})),
      collect(old.journal()),
      collect(old.segments()),
    ];
    await Promise.all(failing().map((call) => expect(call).rejects.toMatchObject(gone)));
    const current = await bench.adapter.open(home);
    await Promise.all(failing().map((call) => expect(call).rejects.toMatchObject(gone)));
    expect(await contents(current)).toEqual(empty);
    await old.close();
    await current.close();
  });

  test("after close every call rejects; what was called before is done", async () => {
    const store = await bench.adapter.open(home);
    const before = [
      store.appendJournal([record(1, 1)], "strict"),
      store.write({ meta: new Map([["a", bytes(1)]]) }),
      store.write({ meta: new Map([["b", bytes(2)]]) }),
    ];
    const closing = store.close();
    const after = [
      store.write({ meta: new Map([["a", bytes(3)]]) }),
      store.appendJournal([record(2)], "strict"),
      store.meta(),
      store.segment(place({})),
      collect(store.journal()),
      collect(store.segments()),
    ];
    const refused = after.map((call) => expect(call).rejects.toMatchObject(closed));
    await Promise.all([...before, closing, ...refused]);
    await store.close();
    expect(store.damage()).toEqual([]);
    const again = await bench.adapter.open(home);
    expect(await contents(again)).toMatchObject({
      meta: [
        ["a", bytes(1)],
        ["b", bytes(2)],
      ],
      journal: [record(1, 1)],
    });
    await again.close();
  });
};

export const copyTests = (bench: Bench): void => {
  test("in, at the call: what the caller does to its array later is not stored", async () => {
    const store = await bench.adapter.open(home);
    const [payload, content, value] = [bytes(1), bytes(2), bytes(3)];
    const calls = [
      store.appendJournal([{ sequence: 1, payload }], "strict"),
      store.write({ segments: [{ key: place({}), bytes: content }] }),
      store.write({ meta: new Map([["a", value]]) }),
    ];
    for (const array of [payload, content, value]) array.fill(99);
    await Promise.all(calls);
    for (const array of [payload, content, value]) array.fill(98);
    expect(await contents(store)).toEqual({
      ...{ ...empty, last: 1 },
      meta: [["a", bytes(3)]],
      journal: [record(1, 1)],
      segments: [segment(place({}), 2)],
    });
    await store.close();
  });

  test("out: what a reader does to its array changes nothing", async () => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([record(1, 1)], "strict");
    await store.write({ segments: [segment(place({}), 2)], meta: new Map([["a", bytes(3)]]) });
    const before = await contents(store);
    for (const { payload } of await collect(store.journal())) payload.fill(99);
    for (const one of await collect(store.segments())) one.bytes.fill(99);
    (await store.segment(place({})))?.fill(99);
    (await store.meta()).get("a")?.fill(99);
    expect(await contents(store)).toEqual(before);
    await store.close();
  });

  test("of a view only the view is stored, not the buffer under it", async () => {
    const store = await bench.adapter.open(home);
    const view = bytes(0, 1, 2, 3, 4, 5).subarray(2, 4);
    await store.write({ segments: [{ key: place({}), bytes: view }] });
    expect(await store.segment(place({}))).toEqual(bytes(2, 3));
    await store.close();
  });
};
