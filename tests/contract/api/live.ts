/**
 * API cases: live queries. Each waits for what it is told, never for time.
 */
import { expect, test } from "vitest";
import type { DistributedCollection } from "../../../src/client/api.ts";
import type { Document } from "../../../src/client/types.ts";
import { NebulusError } from "../../../src/core/base/errors.ts";
import type { ApiBench } from "./bench.ts";

/** Notes what a subscriber is told, and lets a test wait for the n-th. */
export class Told<T> {
  readonly all: T[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: (told: T) => void }[] = [];

  readonly note = (told: T): void => {
    this.all.push(told);
    for (const { count, resolve } of this.#waiting) if (this.all.length === count) resolve(told);
  };

  /** Counted from 1. */
  nth(count: number): Promise<T> {
    const there = this.all.slice(count - 1);
    if (there[0] !== undefined) return Promise.resolve(there[0]);
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
    });
  }
}

type Rows = readonly Document[];
const names = (rows: Rows | undefined): string =>
  (rows ?? []).map(({ name }) => String(name)).join("");

export const liveCases = (bench: ApiBench): void => {
  const letters = async (...given: string[]): Promise<DistributedCollection> => {
    const collection = bench.open().collection("letters");
    await collection.insertBatch(given.map((name) => ({ id: name, name })));
    return collection;
  };

  test("A-N09 a subscription is told at once, after changes, never after its end", async () => {
    const collection = await letters("a", "c");
    const told = new Told<Rows>();
    const stop = collection.subscribe({ name: { $lt: "m" } }, told.note);
    expect(names(await told.nth(1))).toBe("ac");
    await collection.insert({ id: "b", name: "b" });
    expect(names(await told.nth(2))).toBe("abc");
    await collection.insert({ id: "x", name: "x" });
    await collection.update("c", { name: "z" });
    expect(names(await told.nth(3))).toBe("ab");
    await collection.delete("a");
    expect(names(await told.nth(4))).toBe("b");
    stop();
    await collection.insert({ id: "d", name: "d" });
    const marker = new Told<Rows>();
    collection.subscribe({}, marker.note);
    expect(names(await marker.nth(1))).toBe("bzdx");
    expect(told.all).toHaveLength(4);
  });

  test("A-N09 one notification per batch", async () => {
    const collection = await letters("a");
    const told = new Told<Rows>();
    collection.subscribe({}, told.note);
    await told.nth(1);
    await collection.insertBatch([{ name: "b" }, { name: "c" }, { name: "d" }]);
    expect(new Set(names(await told.nth(2)))).toEqual(new Set("abcd"));
    await collection.update({}, { $set: { seen: true } });
    expect((await told.nth(3)).every(({ seen }) => seen === true)).toBe(true);
    await collection.clear();
    expect(await told.nth(4)).toEqual([]);
  });

  test("a live query is a store: undefined before the answer, then [] if empty", async () => {
    const collection = await letters();
    const live = collection.live();
    const told = new Told<Rows | undefined>();
    expect(live.current).toBeUndefined();
    const stop = live.subscribe(told.note);
    expect(told.all).toEqual([undefined]);
    const answered = new Told<Rows>();
    collection.subscribe({}, answered.note);
    await answered.nth(1);
    expect(told.all).toEqual([undefined, []]);
    expect(live.current).toEqual([]);
    stop();
    expect(live.current).toBeUndefined();
  });

  test("a second subscriber is told at once what the first knows", async () => {
    const collection = await letters("a");
    const live = collection.live({}, { sort: { name: 1 } });
    const first = new Told<Rows | undefined>();
    const second = new Told<Rows | undefined>();
    const stop = live.subscribe(first.note);
    await first.nth(2);
    live.subscribe(second.note);
    expect(second.all).toEqual([live.current]);
    stop();
    await collection.insert({ name: "b" });
    expect(names(await second.nth(2))).toBe("ab");
    expect(first.all).toHaveLength(2);
  });

  test("rows that did not change keep their identity", async () => {
    const collection = await letters("a", "b", "c", "d");
    const told = new Told<Rows>();
    collection.subscribe({}, told.note);
    const before = await told.nth(1);
    await collection.update("b", { n: 1 });
    const after = await told.nth(2);
    expect(after.map((row, at) => row === before[at])).toEqual([true, false, true, true]);
    expect(after).not.toBe(before);
    await collection.delete("a");
    expect((await told.nth(3)).map((row) => after.includes(row))).toEqual([true, true, true]);
  });

  test("sort, limit, offset and fields hold as documents come and go", async () => {
    const collection = await letters("a", "b", "c", "d", "e");
    const told = new Told<Rows | undefined>();
    const options = { sort: { name: -1 }, offset: 1, limit: 2, fields: ["name"] } as const;
    collection.live({}, options).subscribe(told.note);
    expect(names(await told.nth(2))).toBe("dc");
    await collection.delete("d");
    expect(names(await told.nth(3))).toBe("cb");
    await collection.insert({ id: "z", name: "z", other: 1 });
    expect(await told.nth(4)).toEqual([
      { id: "e", name: "e" },
      { id: "c", name: "c" },
    ]);
  });

  test("many changes, told in patches, end in what find says", async () => {
    const collection = await letters("a", "b", "c");
    const told = new Told<Rows>();
    const query = { n: { $gte: 3 } };
    collection.subscribe(query, told.note);
    const writes = Array.from({ length: 60 }, async (_, at) => {
      const id = `d${String((at * 7) % 20)}`;
      if (at % 5 === 4) await collection.delete(id);
      else await collection.upsert({ id, n: at % 9 });
    });
    await Promise.all(writes);
    const last = new Told<Rows>();
    collection.subscribe(query, last.note);
    expect(told.all.at(-1) ?? (await told.nth(1))).toEqual(await last.nth(1));
    expect(await collection.find(query)).toEqual(last.all[0]);
  });

  test("a callback that throws is reported, and keeps nobody else from being told", async () => {
    const database = bench.open();
    const collection = database.collection("letters");
    const reported = new Told<Error>();
    database.on("error", reported.note);
    const told = new Told<Rows>();
    collection.subscribe({}, () => {
      throw new Error("mine");
    });
    collection.subscribe({}, told.note);
    await told.nth(1);
    expect((await reported.nth(1)).message).toBe("mine");
  });

  test("a subscription to a closed database is told why by its onError", async () => {
    const database = bench.open();
    const collection = database.collection("letters");
    await database.shutdown();
    const errors = new Told<Error>();
    collection.subscribe({}, () => undefined, errors.note);
    const error = await errors.nth(1);
    expect(error).toBeInstanceOf(NebulusError);
    expect(error).toMatchObject({ code: "Closed" });
  });
};
