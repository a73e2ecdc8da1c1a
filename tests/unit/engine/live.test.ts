/**
 * Live queries: what a page holds by patches is what a fresh find answers, after every change; one
 * message a batch, none for what a query does not concern, nothing that may be taken back.
 */
import { describe, expect, test } from "vitest";
import type { DocumentWrite, FindRequest } from "../../../src/core/wire/requests.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { failAt, holdBack } from "./faults.ts";
import { createWorld, findOf, follow, rowsOf, updateOf, type Device } from "./world.ts";

const words = ["ant", "bee", "cat", "dog", "eel"];

const queries: readonly Partial<FindRequest>[] = [
  {},
  { filter: { n: { $gte: 5 } } },
  { filter: { word: { $in: ["ant", "bee"] } }, sort: [["n", -1]] },
  {
    sort: [
      ["word", 1],
      ["n", -1],
    ],
    limit: 4,
  },
  { sort: [["n", 1]], limit: 3, offset: 2 },
  { filter: { n: { $lt: 8 } }, sort: [["word", -1]], offset: 1, limit: 5 },
  { filter: { id: { $in: ["k1", "k3", "k5"] } } },
  { filter: { tags: "x" }, fields: ["n"], limit: 2 },
  { filter: { "deep.one": { $exists: true } }, sort: [["deep.one", 1]] },
  { includeDeleted: true, sort: [["n", 1]], limit: 6 },
  { limit: 0 },
  { offset: 100 },
];

/** Any write of any kind, one document or several. */
const anyWrite = (random: Random): DocumentWrite => {
  const id = `k${random.integer(12)}`;
  const fields = {
    ...(random.chance(0.8) ? { n: random.integer(12) } : {}),
    ...(random.chance(0.8) ? { word: random.pick(words) } : {}),
    ...(random.chance(0.3) ? { tags: ["x", random.integer(3)] } : {}),
    ...(random.chance(0.3) ? { deep: { one: random.integer(3) } } : {}),
  };
  switch (random.integer(6)) {
    case 0:
      return updateOf("notes", id, { $inc: { n: 1 } });
    case 1:
      return updateOf("notes", id, fields);
    case 2:
      return { kind: "delete", collection: "notes", target: { kind: "ids", ids: [id] } };
    case 3:
      return {
        ...{ kind: "delete", collection: "notes" },
        target: { kind: "filter", filter: { n: random.integer(12) }, limit: 2 },
      };
    default:
      return { kind: "upsert", collection: "notes", rows: rowsOf([{ id, ...fields }]) };
  }
};

const change = async (device: Device, random: Random): Promise<unknown> => {
  const dice = random.integer(10);
  if (dice === 0) {
    const to = random.pick(["shared", "private"] as const);
    const id = `k${random.integer(12)}`;
    return device.write({ kind: "move", collection: "notes", id, to });
  }
  if (dice > 3) return device.write(anyWrite(random));
  const writes = Array.from({ length: 1 + random.integer(5) }, () => anyWrite(random));
  return device.write({ kind: "batch", writes, together: random.chance(0.5), reads: [] });
};

describe("patches", () => {
  test.each([1, 2, 3, 4, 5, 6])("equal a fresh find after every change (seed %i)", async (seed) => {
    const random = createRandom(seed);
    const world = createWorld(seed);
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    const followers = queries.map((query) => ({ query, live: follow(a, "notes", query) }));
    for (let step = 0; step < 120; step++) {
      const before = followers.map(({ live }) => live.messages());
      const isPeers = random.chance(0.2);
      await change(isPeers ? b : a, random);
      if (isPeers && random.chance(0.5)) await world.pass(50);
      followers.forEach(({ query, live }, at) => {
        const text = `seed ${seed}, step ${step}, ${JSON.stringify(query)}`;
        expect(live.rows(), text).toEqual(a.find("notes", query));
        if (!isPeers) expect(live.messages() - (before[at] ?? 0), text).toBeLessThanOrEqual(1);
      });
    }
    await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
    for (const { query, live } of followers) {
      expect(live.rows(), `seed ${seed} ${JSON.stringify(query)}`).toEqual(a.find("notes", query));
    }
  });

  test("are patches: a change of one document sends one row", async () => {
    const device = await createWorld().open({ online: false });
    await device.insert(
      "notes",
      Array.from({ length: 50 }, (_, at) => ({ id: `${at + 100}`, at })),
    );
    const live = follow(device, "notes", { sort: [["at", 1]] });
    await device.update("notes", "120", { at: 20.5 });
    const last = device.events.findLast((event) => event.kind === "live");
    expect(last?.change).toMatchObject({ kind: "patch", removed: [20], placed: [20] });
    await device.update("notes", "120", { at: 3.5 });
    const moved = device.events.findLast((event) => event.kind === "live");
    expect(moved?.change).toMatchObject({ kind: "patch", removed: [20], placed: [4] });
    expect(live.rows().map(({ id }) => id)).toEqual(
      device.find("notes", { sort: [["at", 1]] }).map(({ id }) => id),
    );
  });
});

describe("messages", () => {
  test("are one a batch, whatever it holds and wherever its documents live", async () => {
    const device = await createWorld().open({ online: false });
    await device.share("notes");
    await device.insert("notes", [{ id: "mine" }], "private");
    const live = follow(device, "notes");
    const writes = [
      { kind: "upsert", collection: "notes", rows: rowsOf([{ id: "1" }, { id: "2" }]) },
      updateOf("notes", "mine", { changed: true }),
      updateOf("notes", "1", { changed: true }),
    ] as const;
    await device.write({ kind: "batch", writes, together: false, reads: [] });
    expect(live.messages()).toBe(2);
    expect(live.rows()).toEqual(device.find("notes"));
  });

  test("are none for what does not concern a query", async () => {
    const device = await createWorld().open({ online: false });
    await device.insert("notes", [
      { id: "1", n: 1 },
      { id: "2", n: 2 },
    ]);
    const some = follow(device, "notes", { filter: { n: 1 } });
    const top = follow(device, "notes", { sort: [["n", -1]], limit: 1 });
    const other = follow(device, "other");
    await device.insert("notes", [{ id: "0", n: 0 }]);
    await device.update("notes", "0", { n: 0.5 });
    await device.remove("notes", "0");
    expect([some.messages(), top.messages(), other.messages()]).toEqual([1, 1, 1]);
    await device.update("notes", "2", { n: 1 });
    expect([some.messages(), top.messages(), other.messages()]).toEqual([2, 2, 1]);
  });

  test("of a collection that nobody made begin with none, and end with unsubscribing", async () => {
    const device = await createWorld().open({ online: false });
    const live = follow(device, "notes");
    expect([live.messages(), live.rows()]).toEqual([1, []]);
    await device.insert("notes", [{ id: "1" }]);
    expect(live.rows()).toEqual([{ id: "1" }]);
    device.engine.live.subscribe(-1, findOf("notes", {}));
    device.engine.live.unsubscribe(-1);
    const told = device.events.length;
    await device.insert("notes", [{ id: "2" }]);
    const later = device.events.slice(told).filter(({ kind }) => kind === "live");
    expect(later).toHaveLength(1);
  });

  test("show nothing that a later command wrote and that may be taken back", async () => {
    const world = createWorld();
    const device = await world.open({ online: false });
    await device.insert("notes", [{ id: "1", n: 0 }]);
    const live = follow(device, "notes");
    const shown: unknown[] = [];
    const gate = holdBack(device, "appendJournal");
    const first = device.update("notes", "1", { n: 1 }).then(() => shown.push(live.rows()));
    await world.settle();
    // It waits for the next flush, which fails.
    const second = device.update("notes", "1", { n: 2 });
    gate.go();
    failAt(device, ["appendJournal"], "before");
    await first;
    await expect(second).rejects.toMatchObject({ outcome: "not committed" });
    expect(live.rows()).toEqual([{ id: "1", n: 1 }]);
    expect(JSON.stringify([...shown, live.rows()])).not.toContain('"n":2');
    const rows = device.events.flatMap((event) => (event.kind === "live" ? [event.change] : []));
    expect(rows).toHaveLength(2);
  });
});
