/**
 * The store contract's first half: what journal, segments and meta hold, and in which order they
 * come.
 */
import { expect, test } from "vitest";
import type { HeaderHash, ScopeId, WriterId } from "../../src/core/base/types.ts";
import { bytes, collect, home, place, record, segment, type Bench } from "./storeBench.ts";

export const journalTests = (bench: Bench): void => {
  test("is empty at first and shows records by rising sequence", async () => {
    const store = await bench.adapter.open(home);
    expect(await collect(store.journal())).toEqual([]);
    await store.appendJournal([record(1, 10), record(2, 20)], "strict");
    await store.appendJournal([record(3, 30)], "relaxed");
    expect(await collect(store.journal())).toEqual([record(1, 10), record(2, 20), record(3, 30)]);
    await store.close();
  });

  test("sorts sequences as numbers", async () => {
    const store = await bench.adapter.open(home);
    const records = Array.from({ length: 300 }, (_, index) => record(index + 1, index & 255));
    await store.appendJournal(records, "strict");
    expect(await collect(store.journal())).toEqual(records);
    await store.close();
  });

  test("keeps empty payloads and takes empty groups", async () => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([], "strict");
    await store.appendJournal([record(1)], "strict");
    expect(await collect(store.journal())).toEqual([record(1)]);
    await store.close();
  });

  test.each([
    ["a gap", [record(3)]],
    ["a repetition", [record(1)]],
    ["a gap inside the group", [record(2), record(4)]],
    ["one sequence twice in the group", [record(2), record(2)]],
    ["no whole number", [record(2), record(2.5)]],
  ])("refuses %s, wholly", async (_title, records) => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([record(1, 1)], "strict");
    await expect(store.appendJournal(records, "strict")).rejects.toThrow("journal sequence");
    expect(await collect(store.journal())).toEqual([record(1, 1)]);
    await store.appendJournal([record(2, 2)], "strict");
    await store.close();
  });

  test("drops what is absorbed, keeps the rest, also over a reopening", async () => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([record(1), record(2), record(3)], "strict");
    await store.write({ absorbedSequence: 2 });
    expect(store.absorbedSequence).toBe(2);
    expect(await collect(store.journal())).toEqual([record(3)]);
    await store.close();
    const again = await bench.adapter.open(home);
    expect(again.absorbedSequence).toBe(2);
    expect(await collect(again.journal())).toEqual([record(3)]);
    await again.close();
  });

  test("goes on with its sequences when all of it is absorbed, also over a reopening", async () => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([record(1), record(2)], "strict");
    await store.write({ absorbedSequence: 2 });
    await store.close();
    const again = await bench.adapter.open(home);
    expect(again.absorbedSequence).toBe(2);
    await expect(again.appendJournal([record(1)], "strict")).rejects.toThrow("journal sequence");
    await again.appendJournal([record(3, 3)], "strict");
    expect(await collect(again.journal())).toEqual([record(3, 3)]);
    expect(again.damage()).toEqual([]);
    await again.close();
  });

  test.each([
    ["beyond the journal's end", 4],
    ["backwards", 1],
    ["to no whole number", 2.5],
  ])("is never absorbed %s", async (_title, absorbedSequence) => {
    const store = await bench.adapter.open(home);
    await store.appendJournal([record(1), record(2), record(3)], "strict");
    await store.write({ absorbedSequence: 2 });
    await expect(store.write({ absorbedSequence })).rejects.toThrow("absorbed sequence");
    expect(store.absorbedSequence).toBe(2);
    expect(await collect(store.journal())).toEqual([record(3)]);
    await store.close();
  });
};

export const segmentTests = (bench: Bench): void => {
  /** In key order: by scope, writer, first n as a number, header. */
  const ordered = [
    place({ first: 1 }),
    place({ first: 2, header: 1 }),
    place({ first: 2, header: 2 }),
    place({ first: 10 }),
    place({ first: 256 }),
    place({ first: 2 ** 31 + 5 }),
    place({ first: 2 ** 32 - 1 }),
    place({ first: 2 ** 32 }),
    place({ first: 2 ** 32 + 3 }),
    place({ first: 2 ** 40 }),
    place({ first: Number.MAX_SAFE_INTEGER }),
    place({ writer: 2 }),
    place({ writer: 255 }),
    place({ writer: 256 }),
    place({ scope: 2 }),
    place({ scope: 2, writer: 2 }),
    place({ scope: 255 }),
    place({ scope: 256 }),
  ].map((key, index) => segment(key, index));

  test("come in key order, however they were written", async () => {
    const store = await bench.adapter.open(home);
    const shuffled = ordered.map((_, index) => ordered[(index * 7) % ordered.length]);
    for (const one of shuffled) if (one !== undefined) await store.write({ segments: [one] });
    expect(await collect(store.segments())).toEqual(ordered);
    await store.close();
  });

  test("come of one scope where one is asked for", async () => {
    const store = await bench.adapter.open(home);
    const edges = ["0", "f"].map((digit) => ({
      // 16, 16 and 32 bytes of hexadecimal, which is what these ids are
      scope: digit.repeat(32) as ScopeId,
      // as above
      writer: digit.repeat(32) as WriterId,
      first: digit === "0" ? 1 : Number.MAX_SAFE_INTEGER,
      // as above
      header: digit.repeat(64) as HeaderHash,
    }));
    // as above
    const inner = { ...place({ scope: 2 }), writer: "f".repeat(32) as WriterId };
    const all = [...ordered, ...[...edges, inner].map((key) => segment(key, 7))];
    await store.write({ segments: all });
    for (const { key } of all) {
      const expected = all.filter((one) => one.key.scope === key.scope);
      expect(await collect(store.segments(key.scope))).toEqual(expected);
    }
    expect(await collect(store.segments(place({ scope: 77 }).scope))).toEqual([]);
    await store.close();
  });

  test("are found by key; null where there is none", async () => {
    const store = await bench.adapter.open(home);
    await store.write({ segments: ordered });
    for (const { key, bytes: content } of ordered) {
      expect(await store.segment(key)).toEqual(content);
    }
    expect(await store.segment(place({ header: 3 }))).toBeNull();
    expect(await store.segment(place({ first: 3 }))).toBeNull();
    await store.close();
  });

  test("are replaced and removed by key; what is not there can be removed too", async () => {
    const store = await bench.adapter.open(home);
    const [a, b, c] = [place({ first: 1 }), place({ first: 2 }), place({ first: 3 })];
    await store.write({ segments: [segment(a, 1), segment(b, 2)] });
    await store.write({ segments: [segment(a, 9)], removedSegments: [b, c] });
    expect(await collect(store.segments())).toEqual([segment(a, 9)]);
    await store.write({ segments: [segment(a, 8)], removedSegments: [a] });
    expect(await collect(store.segments())).toEqual([segment(a, 8)]);
    await store.close();
  });

  test("may be empty, and large", async () => {
    const store = await bench.adapter.open(home);
    const large = new Uint8Array(1_300_000).map((_, index) => index % 251);
    const segments = [segment(place({})), { key: place({ first: 2 }), bytes: large }];
    await store.write({ segments });
    expect((await store.segment(place({})))?.length).toBe(0);
    expect(await collect(store.segments())).toEqual(segments);
    await store.close();
  });

  test("2,000 in one batch, read while some are removed", async () => {
    const store = await bench.adapter.open(home);
    const segments = Array.from({ length: 2_000 }, (_, index) => ({
      key: place({ scope: 1 + (index % 3), first: 1 + index * 256 }),
      bytes: new Uint8Array(300).fill(index & 255),
    }));
    await store.write({ segments, durability: "relaxed" });
    expect((await collect(store.segments())).length).toBe(2_000);
    const left = segments.filter((_, index) => index % 2 === 0);
    const seen = new Set<number>();
    let removed = false;
    for await (const { key } of store.segments()) {
      seen.add(key.first);
      if (removed) continue;
      removed = true;
      const gone = segments.filter((_, index) => index % 2 === 1);
      await store.write({ removedSegments: gone.map((one) => one.key) });
    }
    expect(left.filter(({ key }) => !seen.has(key.first))).toEqual([]);
    expect((await collect(store.segments())).length).toBe(left.length);
    await store.close();
  });
};

export const metaTests = (bench: Bench): void => {
  test("holds named values, empty names and values too; null removes", async () => {
    const store = await bench.adapter.open(home);
    expect((await store.meta()).size).toBe(0);
    const names = ["", "a", "epoch", "absorbed", "ключ", "__proto__", "a/b"];
    await store.write({ meta: new Map(names.map((name, index) => [name, bytes(index)])) });
    await store.write({ meta: new Map([["empty", bytes()]]) });
    expect(new Set((await store.meta()).keys())).toEqual(new Set([...names, "empty"]));
    expect((await store.meta()).get("epoch")).toEqual(bytes(2));
    expect((await store.meta()).get("empty")).toEqual(bytes());
    const changes = new Map([
      ["a", null],
      ["never", null],
      ["", bytes(99)],
    ]);
    await store.write({ meta: changes });
    expect((await store.meta()).has("a")).toBe(false);
    expect((await store.meta()).get("")).toEqual(bytes(99));
    expect((await store.meta()).size).toBe(names.length);
    await store.close();
  });

  test("does not disturb the store's own: names like its own change no epoch", async () => {
    const store = await bench.adapter.open(home);
    await store.write({ meta: new Map([["epoch", bytes(9, 9)]]) });
    await store.write({ meta: new Map([["absorbed", bytes(9, 9)]]) });
    await store.close();
    const again = await bench.adapter.open(home);
    expect(again.epoch).toBeGreaterThan(store.epoch);
    expect(again.absorbedSequence).toBe(0);
    expect(again.damage()).toEqual([]);
    await again.close();
  });
};
