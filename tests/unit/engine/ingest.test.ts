/**
 * What peers send: stored before it counts, read in causal order, waiting while something lacks,
 * and nothing of it lost when the store fails.
 */
import { describe, expect, test } from "vitest";
import type { Ingested } from "../../../src/engine/ingest.ts";
import { failAt, holdBack, storeFailure } from "./faults.ts";
import { createWorld, follow, segmentsOf, type Device, type World } from "./world.ts";

const give = (
  device: Device,
  segments: readonly Uint8Array[],
  from = "somebody",
): Promise<Ingested> => {
  const home = device.shared("notes");
  return device.engine.ingest.take(home, segments, { scope: home.scope, from, isRequested: false });
};

const writers = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, b] = [await world.open({ online: false }), await world.open({ online: false })];
  for (const device of [a, b]) await device.share("notes");
  return [a, b];
};

/** Three segments of one writer, each naming the one before. */
const chain = async (a: Device): Promise<readonly [Uint8Array, Uint8Array, Uint8Array]> => {
  for (const n of [1, 2, 3]) {
    if (n === 1) await a.insert("notes", [{ id: "1", n }]);
    else await a.update("notes", "1", { n });
    await a.engine.cutter.cutAll([a.shared("notes")]);
  }
  const [first, second, third] = await segmentsOf(a);
  if (first === undefined || second === undefined || third === undefined) throw new Error("three");
  return [first, second, third];
};

describe("a gap", () => {
  test("waits, in whatever order the rest comes, and is released", async () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ] as const;
    for (const order of orders) {
      const [a, b] = await writers(createWorld());
      const segments = await chain(a);
      const live = follow(b, "notes");
      for (const at of order) {
        expect((await give(b, [segments[at]])).refused).toBe(0);
      }
      expect(b.get("notes", "1"), order.join()).toEqual({ id: "1", n: 3 });
      expect(live.rows()).toEqual(b.find("notes"));
      expect(b.shared("notes").tree.heads()).toEqual(a.shared("notes").tree.heads());
      expect(b.shared("notes").digest.value()).toEqual(a.shared("notes").digest.value());
      await b.reopen();
      expect(b.get("notes", "1")).toEqual({ id: "1", n: 3 });
    }
  });

  test("is counted, and known segments are no news", async () => {
    const [a, b] = await writers(createWorld());
    const [first, second, third] = await chain(a);
    expect((await give(b, [third, second])).delivered).toEqual([]);
    expect(b.shared("notes").counters.snapshot().waits).toEqual({ header: 2 });
    expect((await give(b, [first])).delivered).toHaveLength(3);
    const again = await give(b, [first, second, third]);
    expect(again).toEqual({ delivered: [], refused: 0, splits: [], forgers: [] });
  });

  test("of another writer's row waits as well", async () => {
    const world = createWorld();
    const [a, b] = await writers(world);
    const c = await world.open({ online: false });
    await c.share("notes");
    const [first, second, third] = await chain(a);
    await give(b, [first, second, third]);
    await b.update("notes", "1", { n: 4 });
    const ofB = (await segmentsOf(b)).filter(
      (bytes) => ![first, second, third].some((one) => Buffer.compare(one, bytes) === 0),
    );
    await give(c, ofB);
    expect(c.find("notes")).toEqual([]);
    await give(c, [third, first]);
    expect(c.get("notes", "1")).toEqual({ id: "1", n: 1 });
    await give(c, [second]);
    expect(c.get("notes", "1")).toEqual({ id: "1", n: 4 });
  });
});

describe("a store that fails", () => {
  test.each(["before", "after"] as const)("%s the effect: later delivery works", async (phase) => {
    const [a, b] = await writers(createWorld());
    await b.insert("notes", [{ id: "mine", pending: true }]);
    const [first, second, third] = await chain(a);
    await give(b, [first]);
    failAt(b, ["write"], phase, 1);
    await expect(give(b, [second, third])).rejects.toBe(storeFailure);
    b.fault = null;
    expect(b.get("notes", "mine")).toEqual({ id: "mine", pending: true });
    expect(b.get("notes", "1")).toEqual({ id: "1", n: phase === "before" ? 1 : 3 });
    const { delivered } = await give(b, [second, third]);
    expect(delivered).toHaveLength(phase === "before" ? 2 : 0);
    expect(b.get("notes", "1")).toEqual({ id: "1", n: 3 });
    await b.engine.cutter.cutAll([b.shared("notes")]);
    const held = b.shared("notes");
    const state = [held.tree.heads(), [...held.digest.value()]];
    await b.reopen();
    expect([b.shared("notes").tree.heads(), [...b.shared("notes").digest.value()]]).toEqual(state);
  });

  test("while a fork is read anew leaves what was there; the next opening mends it", async () => {
    const world = createWorld();
    const [a, c] = await writers(world);
    await a.insert("notes", [{ id: "1", n: 1 }]);
    const image = a.image();
    const copy = await world.open({ image, online: false });
    await a.update("notes", "1", { by: "a" });
    await copy.update("notes", "1", { by: "copy" });
    await give(c, await segmentsOf(a));
    expect(c.get("notes", "1")).toEqual({ id: "1", n: 1, by: "a" });
    failAt(c, ["segments"], "before");
    await expect(give(c, await segmentsOf(copy))).rejects.toBe(storeFailure);
    c.fault = null;
    expect(c.find("notes")).toEqual([{ id: "1", n: 1, by: "a" }]);
    await c.reopen();
    expect(c.shared("notes").tree.forks()).toHaveLength(1);
    expect(c.rows("notes", { meta: true })[0]?.meta?.conflicts).toEqual(["by"]);
  });

  test("in the middle of a command, with a fork to be read: it is taken back", async () => {
    const world = createWorld();
    const [a, c] = await writers(world);
    await a.insert("notes", [{ id: "1", n: 0 }]);
    const copy = await world.open({ image: a.image(), online: false });
    await a.update("notes", "1", { by: "a" });
    await copy.update("notes", "1", { by: "copy" });
    await give(c, await segmentsOf(a));
    const ofCopy = await segmentsOf(copy);
    const gate = holdBack(c, "appendJournal");
    const refused = c.update("notes", "1", { n: 1 });
    await world.settle();
    const given = give(c, ofCopy);
    await world.settle();
    gate.fail();
    await expect(refused).rejects.toMatchObject({ outcome: "not committed" });
    await given;
    const held = [...c.shared("notes").documents.values()];
    await c.reopen();
    expect([...c.shared("notes").documents.values()]).toEqual(held);
    expect(c.get("notes", "1")?.["n"]).toBe(0);
  });

  test("reading nobody meets a home that is half read", async () => {
    const world = createWorld();
    const [a, c] = await writers(world);
    await a.insert("notes", [{ id: "1" }, { id: "2" }]);
    const copy = await world.open({ image: a.image(), online: false });
    await a.insert("notes", [{ id: "a" }]);
    await copy.insert("notes", [{ id: "copy" }]);
    await give(c, await segmentsOf(a));
    const counts = new Set<number>();
    c.fault = () => {
      counts.add(c.find("notes").length);
    };
    await give(c, await segmentsOf(copy));
    counts.add(c.find("notes").length);
    expect([...counts].sort((x, y) => x - y)).toEqual([3, 4]);
  });
});

test("what is malformed or against the rules is refused and counted", async () => {
  const [a, b] = await writers(createWorld());
  const [first, second] = await chain(a);
  const spoilt = second.map((byte, at) => (at === second.length - 3 ? byte ^ 1 : byte));
  const { refused } = await give(b, [first, spoilt, Uint8Array.of(1, 2, 3), first.slice(0, -1)]);
  expect(refused).toBe(3);
  expect(Object.values(b.shared("notes").counters.snapshot().refused)).toEqual([1, 2]);
  expect(b.get("notes", "1")).toEqual({ id: "1", n: 1 });
});
