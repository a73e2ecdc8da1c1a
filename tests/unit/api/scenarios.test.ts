/**
 * The source designs' stories of several peers, told over memory: what must be the same everywhere
 * in the end, and who must not be overwritten.
 */
import { afterEach, describe, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import {
  connected,
  documentsOnce,
  members,
  rowsOf,
  statusOnce,
  users,
  verified,
} from "../../contract/api/peers.ts";
import { createMemoryPeers } from "../../support/memoryPeers.ts";

const bench = createMemoryPeers();
afterEach(() => bench.clean());

const open = (count: number): Promise<readonly DistributedDatabase[]> => members(bench, count);

/** Everybody alone. */
const scatter = async (databases: readonly DistributedDatabase[]): Promise<void> => {
  bench.apart();
  await Promise.all(databases.map(alone));
};
const alone = (database: DistributedDatabase): Promise<unknown> =>
  statusOnce(database, ({ kind }) => kind === "disconnected");

const gather = async (databases: readonly DistributedDatabase[]): Promise<void> => {
  bench.together();
  await verified(...databases);
};

/** The same on all of them, with authors and times. */
const sameEverywhere = async (databases: readonly DistributedDatabase[]): Promise<unknown> => {
  const [first, ...others] = await Promise.all(databases.map(rowsOf));
  for (const other of others) expect(other).toEqual(first);
  return first;
};

const each = <T>(items: readonly T[], run: (item: T, which: number) => Promise<unknown>) =>
  Promise.all(items.map(run));

describe("pairwise", () => {
  test("A-P02 A-P07 three with documents of their own, two at a time", async () => {
    const all = await open(3);
    await scatter(all);
    await each(all, (database, which) => users(database).insert({ id: `from-${which}`, which }));
    for (const [p, q] of [
      [0, 1],
      [1, 2],
      [0, 2],
    ] as const) {
      const pair = [at(all, p), at(all, q)];
      bench.apart(pair);
      await verified(...pair);
      bench.apart();
    }
    for (const database of all) {
      expect((await users(database).find()).map(({ id }) => id)).toEqual([
        "from-0",
        "from-1",
        "from-2",
      ]);
    }
    await sameEverywhere(all);
  });

  test("A-P04 what passes through another keeps its author and its time", async () => {
    const all = await open(3);
    const [a, b, c] = [at(all, 0), at(all, 1), at(all, 2)];
    await scatter(all);
    await users(a).insert({ id: "x", name: "Ada" });
    const written = await rowsOf(a);
    bench.apart([a, b]);
    await verified(a, b);
    await a.shutdown();
    bench.apart([b, c]);
    await documentsOnce(c, 1);
    expect(await rowsOf(c)).toEqual(written);
  });
});

describe("parted", () => {
  test("A-P03 three write one field: the same one shows, whoever meets whom first", async () => {
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ];
    for (const order of orders) {
      const all = await open(3);
      await users(first(all)).insert({ id: "x", name: "none" });
      await verified(...all);
      await scatter(all);
      for (const [which, database] of all.entries()) {
        await nextMillisecond();
        await users(database).update("x", { name: `${which}` });
      }
      const two = order.slice(0, 2).map((which) => at(all, which));
      bench.apart(two);
      await verified(...two);
      await gather(all);
      const shown = await sameEverywhere(all);
      expect(shown).toMatchObject([{ id: "x", name: "2" }]);
      await bench.clean();
    }
  });

  test("A-P06 split brain, one field: the later write shows on both sides", async () => {
    const all = await open(2);
    await users(first(all)).insert({ id: "x", name: "Ada", age: 1 });
    await verified(...all);
    await scatter(all);
    await users(first(all)).update("x", { name: "earlier" });
    await nextMillisecond();
    await users(last(all)).update("x", { name: "later" });
    await gather(all);
    expect(await sameEverywhere(all)).toMatchObject([{ id: "x", name: "later", age: 1 }]);
  });

  test("A-P06 split brain, different fields: all of them stay; and field by field", async () => {
    const all = await open(2);
    await users(first(all)).insert({ id: "x", name: "Ada", age: 1, town: "Rome" });
    await verified(...all);
    await scatter(all);
    await users(first(all)).update("x", { name: "A.", town: "earlier" });
    await nextMillisecond();
    await users(last(all)).update("x", { age: 2, town: "later" });
    await gather(all);
    expect(await sameEverywhere(all)).toMatchObject([
      { id: "x", name: "A.", age: 2, town: "later" },
    ]);
  });

  test("A-P06 three in two parts, then whole again", async () => {
    const all = await open(3);
    await verified(...all);
    bench.apart(all.slice(0, 2), all.slice(2));
    await alone(last(all));
    await users(first(all)).insert({ id: "from-a" });
    await documentsOnce(at(all, 1), 1);
    await users(last(all)).insertBatch([{ id: "from-c" }, { id: "also-from-c" }]);
    await gather(all);
    await documentsOnce(first(all), 3);
    expect(await users(last(all)).count()).toBe(3);
    await sameEverywhere(all);
  });

  test("A-P05 A-P07 back again, with what was there before and what came since", async () => {
    const all = await open(2);
    await users(first(all)).insert({ id: "before" });
    await documentsOnce(last(all), 1);
    await scatter(all);
    await users(first(all)).insert({ id: "here" });
    await users(last(all)).insert({ id: "there" });
    await users(last(all)).delete("before");
    await gather(all);
    await users(first(all)).insert({ id: "since" });
    await documentsOnce(last(all), 3);
    await verified(...all);
    expect((await users(last(all)).find()).map(({ id }) => id)).toEqual(["here", "since", "there"]);
    await sameEverywhere(all);
  });

  test("A-Q12 the same name on both sides: one entry, and both agree", async () => {
    const all = await open(2);
    await scatter(all);
    await users(first(all)).insert({ id: "mail", name: "mail", user: "ada" });
    await nextMillisecond();
    await users(last(all)).insert({ id: "mail", name: "mail", user: "bob" });
    await gather(all);
    expect(await sameEverywhere(all)).toMatchObject([{ id: "mail", name: "mail", user: "bob" }]);
  });
});

describe("many", () => {
  test("A-Q10 Q-121 what one of three adds, the other two show", async () => {
    const all = await open(3);
    await Promise.all(all.map((database) => connected(database, 2)));
    for (const [which, database] of all.entries()) {
      await users(database).insert({ id: `n${which}` });
      await each(all, (other) => documentsOnce(other, which + 1));
    }
    await verified(...all);
    await sameEverywhere(all);
  });

  test("A-Q12 P-142 five, each with ten at once: the same state everywhere", async () => {
    const all = await open(5);
    await each(all, (database, which) =>
      each(Array.from({ length: 10 }), (_, n) =>
        users(database).insert({ id: `n${which}-${n}`, n }),
      ),
    );
    await each(all, (database) => documentsOnce(database, 50));
    // Verified is equality of digests, with all four
    await verified(...all);
    await sameEverywhere(all);
  });
});

const first = (databases: readonly DistributedDatabase[]): DistributedDatabase => at(databases, 0);
const last = (databases: readonly DistributedDatabase[]): DistributedDatabase => at(databases, -1);
const at = (databases: readonly DistributedDatabase[], index: number): DistributedDatabase => {
  const found = databases.at(index);
  if (found === undefined) throw new Error("so many were not opened");
  return found;
};

/** So that the later write is later by the clock, and not by the name of its device. */
const nextMillisecond = async (): Promise<void> => {
  const now = Date.now();
  while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve));
};
