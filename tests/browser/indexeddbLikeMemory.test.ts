/**
 * Random histories on IndexedDB and on memory at once: after every step both answered alike and
 * hold the same. Memory is the simpler truth; the steps include mistakes, replaced stores, closing
 * and opening.
 */
import { expect, test } from "vitest";
import { NebulusError } from "../../src/core/base/errors.ts";
import { createIndexedDbAdapter } from "../../src/storage/indexeddb.ts";
import { InMemoryAdapter } from "../../src/storage/memory.ts";
import type { SegmentKey, StorageAdapter, Store, StoreBatch } from "../../src/storage/store.ts";
import { contents, place } from "../contract/storeBench.ts";
import { createRandom, type Random } from "../support/random.ts";

const histories = 20;
const steps = 40;

/** One adapter with the store in use and the one before it, which was closed or replaced. */
interface Side {
  readonly adapter: StorageAdapter;
  current: Store;
  former: Store | null;
}

type Step = (side: Side) => Promise<unknown>;

const randomKey = (random: Random): SegmentKey =>
  place({
    scope: 1 + random.integer(3),
    writer: 1 + random.integer(2),
    first: random.pick([1, 2, 255, 256, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 0]),
    header: random.integer(2),
  });

const randomBatch = (random: Random, last: number): StoreBatch => {
  const keys = (): SegmentKey[] =>
    Array.from({ length: random.integer(4) }, () => randomKey(random));
  const segments = keys().map((key) => ({ key, bytes: random.bytes(random.integer(50)) }));
  const names = Array.from({ length: random.integer(3) }, () => random.pick(["", "a", "b", "ä"]));
  return {
    segments,
    removedSegments: keys(),
    meta: new Map(names.map((name) => [name, random.chance(0.3) ? null : random.bytes(3)])),
    durability: random.pick(["strict", "relaxed"]),
    ...(random.chance(0.4) ? { absorbedSequence: random.integer(last + 2) } : {}),
  };
};

const randomStep = (random: Random, last: number): Step => {
  const kind = random.integer(10);
  if (kind === 0) {
    return async (side) => {
      side.former = side.current;
      if (last % 2 === 0) await side.current.close();
      side.current = await side.adapter.open("history");
      return side.current.epoch;
    };
  }
  if (kind === 1) return (side) => side.former?.write({ meta: new Map() }) ?? Promise.resolve();
  if (kind < 5) {
    const from = last + 1 + (random.chance(0.1) ? 1 : 0);
    const records = Array.from({ length: random.integer(4) }, (_, index) => ({
      sequence: from + index,
      payload: random.bytes(random.integer(20)),
    }));
    const durability = random.pick(["strict", "relaxed"] as const);
    return (side) => side.current.appendJournal(records, durability);
  }
  const batch = randomBatch(random, last);
  return (side) => side.current.write(batch);
};

/** What a call came to, without the words. */
const outcomeOf = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    return { value: await call };
  } catch (cause) {
    return { failed: cause instanceof NebulusError ? cause.code : "mistake" };
  }
};

const lastSequence = async (store: Store): Promise<number> => {
  let last = store.absorbedSequence;
  for await (const { sequence } of store.journal()) last = sequence;
  return last;
};

const timeoutMilliseconds = 60_000;

test("IndexedDB does what memory does", { timeout: timeoutMilliseconds }, async () => {
  for (let seed = 1; seed <= histories; seed++) {
    const random = createRandom(seed);
    const open = async (adapter: StorageAdapter): Promise<Side> => ({
      adapter,
      current: await adapter.open("history"),
      former: null,
    });
    const memory = await open(new InMemoryAdapter());
    const indexed = await open(createIndexedDbAdapter({ prefix: `seed-${seed}-` }));
    for (let number = 1; number <= steps; number++) {
      const step = randomStep(random, await lastSequence(memory.current));
      const expected = await outcomeOf(step(memory));
      const where = `seed ${seed}, step ${number}`;
      expect(await outcomeOf(step(indexed)), where).toEqual(expected);
      expect(await contents(indexed.current), where).toEqual(await contents(memory.current));
    }
    expect(indexed.current.damage()).toEqual([]);
    await indexed.current.close();
    await indexed.adapter.destroy("history");
  }
});
