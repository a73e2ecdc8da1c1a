/**
 * Rows that only two databases can decide: what one writes, the other shows. Whole databases over
 * memory; schedules, losses and liars are the simulator's.
 */
import { afterEach, expect, test } from "vitest";
import type { DistributedCollection } from "../../../src/client/api.ts";
import { InMemoryAdapter, type StoreOperation } from "../../../src/storage/memory.ts";
import { noteFrames } from "../../support/noteFrames.ts";
import {
  attached,
  createPeers,
  isVerified,
  rowsOnce,
  statusOnce,
  type Peer,
} from "../../support/twoPeers.ts";

interface User {
  name?: string;
  age?: number;
  town?: string;
  [field: string]: unknown;
}
interface Pair {
  readonly a: Peer;
  readonly b: Peer;
  readonly here: DistributedCollection<User>;
  readonly there: DistributedCollection<User>;
}

const peers = createPeers();
afterEach(() => peers.clean());

const pair = async (): Promise<Pair> => {
  const [a, b] = [await peers.open(), await peers.open()];
  return { a, b, here: await attached(a, "users"), there: await attached(b, "users") };
};
const verified = async ({ a, b, here, there }: Pair): Promise<void> => {
  await statusOnce(a, here, isVerified);
  await statusOnce(b, there, isVerified);
};
const apart = async ({ a, b, here, there }: Pair): Promise<void> => {
  peers.hub.partition([[a.network], [b.network]]);
  await statusOnce(a, here, ({ kind }) => kind === "disconnected");
  await statusOnce(b, there, ({ kind }) => kind === "disconnected");
};
const together = async (both: Pair): Promise<void> => {
  peers.hub.heal();
  await verified(both);
};
const all = (users: DistributedCollection<User>): Promise<unknown> =>
  users.find({}, { includeDeleted: true, meta: true });

test("T-157 initialDocs are replicated on attach", async () => {
  const first = [{ id: "x", name: "Ada" }];
  const [a, b] = [await peers.open({ initialDocs: { users: first } }), await peers.open()];
  const there = await attached<User>(b, "users");
  await attached(a, "users");
  expect(await rowsOnce(there, {}, (rows) => rows.length > 0)).toEqual(first);
});

test("T-165 G-115 D-10 an update reaches the other, even one of what it selects by", async () => {
  const both = await pair();
  const { here, there } = both;
  await here.insertBatch([
    { id: "x", town: "Rome", age: 1 },
    { id: "y", town: "Rome", age: 2 },
    { id: "z", town: "Oslo", age: 3 },
  ]);
  await rowsOnce(there, { town: "Rome" }, (rows) => rows.length === 2);
  expect(await here.update({ town: "Rome" }, { $set: { town: "Paris" } })).toBe(2);
  expect(await here.update("z", { age: 4 })).toBe(1);
  await rowsOnce(there, { age: 4 }, (rows) => rows.length === 1);
  expect(await there.find()).toEqual([
    { id: "x", town: "Paris", age: 1 },
    { id: "y", town: "Paris", age: 2 },
    { id: "z", town: "Oslo", age: 4 },
  ]);
  await verified(both);
});

test("T-166 G-116 D-09 deletes reach the other as tombstones, by query and by id", async () => {
  const both = await pair();
  const { here, there } = both;
  await here.insertBatch([{ id: "x" }, { id: "y", age: 1 }, { id: "z", age: 1 }]);
  await rowsOnce(there, {}, (rows) => rows.length === 3);
  expect(await here.delete({ age: 1 })).toBe(2);
  expect(await here.delete("x")).toBe(1);
  await rowsOnce(there, {}, (rows) => rows.length === 0);
  await verified(both);
  const dead = await there.find({}, { includeDeleted: true, meta: true });
  expect(dead.map(({ id, _deleted }) => [id, _deleted])).toEqual([
    ["x", true],
    ["y", true],
    ["z", true],
  ]);
  expect(await all(here)).toEqual(dead);
});

test("T-177 D-11 batches of updates, deletes and upserts reach the other", async () => {
  const both = await pair();
  const { here, there } = both;
  await here.insertBatch([{ id: "x" }, { id: "y" }, { id: "z" }]);
  await here.updateBatch([
    { where: "x", update: { $set: { age: 1 } } },
    { where: "y", update: { $inc: { age: 2 } } },
  ]);
  await here.upsertBatch([{ id: "y", name: "Bob" }, { id: "new" }]);
  await here.deleteBatch(["z", { age: 9 }]);
  await rowsOnce(there, {}, (rows) => rows.map(({ id }) => id).join("") === "newxy");
  await verified(both);
  expect(await there.find()).toEqual([
    { id: "new" },
    { id: "x", age: 1 },
    { id: "y", name: "Bob" },
  ]);
});

test("T-171 T-177 the other's subscribers are notified once for a batch", async () => {
  const both = await pair();
  const { here, there } = both;
  await verified(both);
  const counts: number[] = [];
  const stop = there.subscribe({}, (rows) => counts.push(rows.length));
  await here.insertBatch([{ age: 1 }, { age: 2 }, { age: 3 }, { age: 4 }, { age: 5 }]);
  await rowsOnce(there, {}, (rows) => rows.length === 5);
  await here.insert({ age: 6 });
  await rowsOnce(there, {}, (rows) => rows.length === 6);
  stop();
  expect(counts).toEqual([0, 5, 6]);
});

test("T-119 D-12 T-049 edits of different fields made apart are both kept", async () => {
  const both = await pair();
  const { here, there } = both;
  await here.insert({ id: "x", name: "Ada", age: 36, town: "Rome" });
  await rowsOnce(there, {}, (rows) => rows.length === 1);
  await verified(both);
  await apart(both);
  await here.update("x", { $set: { name: "Ada L." } });
  await there.update("x", { $set: { age: 37 } });
  await together(both);
  expect(await here.find()).toEqual([{ id: "x", name: "Ada L.", age: 37, town: "Rome" }]);
  expect(await all(there)).toEqual(await all(here));
});

test("T-117 T-045 D-16 of one field the later write shows, and its author", async () => {
  const both = await pair();
  const { here, there } = both;
  await here.insert({ id: "x", name: "Ada" });
  await rowsOnce(there, {}, (rows) => rows.length === 1);
  await verified(both);
  await apart(both);
  await here.update("x", { name: "first" });
  await there.update("x", { name: "second" });
  const [[mine], [theirs]] = [
    await here.find({}, { meta: true }),
    await there.find({}, { meta: true }),
  ];
  const order = (mine?._timestamp ?? 0) - (theirs?._timestamp ?? 0);
  await together(both);
  const [shown] = await here.find({}, { meta: true });
  expect(await all(there)).toEqual([shown]);
  expect(mine?._peerId).not.toBe(theirs?._peerId);
  // In one millisecond the devices' names decide, so that either may show.
  const winner = shown?.name === "first" ? mine : theirs;
  expect([order > 0 ? "first" : order < 0 ? "second" : shown?.name]).toEqual([shown?.name]);
  expect(shown?._peerId).toBe(winner?._peerId);
  expect(shown?._timestamp).toBe(winner?._timestamp);
});

test("T-115 C-46 a delete beats the update it did not see, and no new birth", async () => {
  const both = await pair();
  const { here, there } = both;
  await here.insertBatch([
    { id: "x", age: 1 },
    { id: "y", age: 1 },
  ]);
  await rowsOnce(there, {}, (rows) => rows.length === 2);
  await verified(both);
  await apart(both);
  await here.delete({});
  await there.update({}, { $inc: { age: 1 } });
  await here.insert({ id: "y", name: "again" });
  await together(both);
  expect(await here.find()).toEqual([{ id: "y", name: "again" }]);
  expect(await there.find()).toEqual([{ id: "y", name: "again" }]);
});

test("T-043 D-04 D-05 D-17 every write of a sender counts, in one millisecond too", async () => {
  const both = await pair();
  const { here, there } = both;
  await here.insert({ id: "x", age: 0 });
  const [first] = await here.find({}, { meta: true });
  expect(Object.values(first?._vector ?? {})).toEqual([1]);
  await Promise.all(Array.from({ length: 50 }, (_, n) => here.insert({ id: `y${String(n)}`, n })));
  await Promise.all(Array.from({ length: 50 }, () => here.update("x", { $inc: { age: 1 } })));
  await rowsOnce(there, { age: 50 }, (rows) => rows.length === 1);
  await verified(both);
  expect(await there.count()).toBe(51);
  expect(await all(there)).toEqual(await all(here));
});

test("T-169 a collection that the other does not attach is not his", async () => {
  const both = await pair();
  const notes = await attached<User>(both.a, "notes");
  await notes.insert({ id: "n" });
  await both.here.insert({ id: "x" });
  await rowsOnce(both.there, {}, (rows) => rows.length === 1);
  await verified(both);
  expect(await both.b.database.collections()).toMatchObject([{ name: "users", documents: 1 }]);
  expect(await both.b.database.collection("notes").count()).toBe(0);
  const late = await attached<User>(both.b, "notes");
  expect(await rowsOnce(late, {}, (rows) => rows.length > 0)).toEqual([{ id: "n" }]);
});

test("P-029 P-106 T-175 what waited survives a restart and arrives once", async () => {
  const alone = await peers.open();
  const before = await attached<User>(alone, "users");
  for (let age = 1; age <= 5; age++) await before.upsert({ id: "x", age });
  await before.insert({ id: "y" });
  await statusOnce(alone, before, () => before.getSyncState()?.pendingOperations === 6);
  await alone.database.shutdown();
  const a = await peers.open({ adapter: alone.adapter });
  const here = a.database.collection<User>("users");
  await statusOnce(a, here, () => here.getSyncState()?.pendingOperations === 6);
  const b = await peers.open();
  const there = await attached<User>(b, "users");
  await verified({ a, b, here, there });
  expect(await there.find()).toEqual([{ id: "x", age: 5 }, { id: "y" }]);
  expect(here.getSyncState()?.pendingOperations).toBe(0);
  await b.database.shutdown();
  await here.update("x", { age: 6 });
  const again = await peers.open({ adapter: b.adapter });
  const thereAgain = again.database.collection<User>("users");
  await rowsOnce(thereAgain, { age: 6 }, (rows) => rows.length === 1);
  await verified({ a, b: again, here, there: thereAgain });
  expect(await all(thereAgain)).toEqual(await all(here));
});

test("C-37 lastSync is null until the first success", async () => {
  const a = await peers.open();
  const here = await attached<User>(a, "users");
  expect(here.getSyncState()?.lastSync).toBeNull();
  const before = Date.now();
  const b = await peers.open();
  await verified({ a, b, here, there: await attached(b, "users") });
  expect(here.getSyncState()?.lastSync).toBeGreaterThanOrEqual(before);
});

test("T-170 P-068 D-04 what is sent is stored before, however slow the disk", async () => {
  const slowly = ({ kind, phase }: StoreOperation): Promise<void> =>
    kind === "write" && phase === "before" ? turns(20) : Promise.resolve();
  const adapter = new InMemoryAdapter({ fault: slowly });
  const sent: { stored: readonly Uint8Array[]; frame: Uint8Array }[] = [];
  const a = await peers.open({
    adapter,
    wrap: noteFrames((frame) => {
      const stored = [...adapter.snapshot("nebulus").segments.values()];
      if (frame[0] === operationType) sent.push({ stored, frame: frame.slice() });
    }),
  });
  const here = await attached<User>(a, "users");
  const b = await peers.open();
  const there = await attached<User>(b, "users");
  await verified({ a, b, here, there });
  for (let age = 1; age <= 20; age++) await here.insert({ age });
  await rowsOnce(there, {}, (rows) => rows.length === 20);
  expect(sent.length).toBeGreaterThan(0);
  for (const { stored, frame } of sent) {
    const bytes = Buffer.from(frame);
    expect(stored.some((segment) => bytes.includes(Buffer.from(segment)))).toBe(true);
  }
});

test("T-187 shutdown closes the network: the other is alone at once", async () => {
  const both = await pair();
  await verified(both);
  const manager = both.b.database.getNetworkManager();
  expect(manager.getConnectedPeers()).toHaveLength(1);
  await both.a.database.shutdown();
  await statusOnce(both.b, both.there, ({ kind }) => kind === "disconnected");
  expect(manager.getConnectedPeers()).toEqual([]);
});

test("C-47 a plugin of one does not touch what the other wrote", async () => {
  const plugin = {
    name: "shout",
    beforeInsert: (document: object) => ({ ...document, name: "shouted" }),
  };
  const [a, b] = [await peers.open(), await peers.open({ plugins: [plugin] })];
  const [here, there] = [await attached<User>(a, "users"), await attached<User>(b, "users")];
  await here.insert({ id: "x", name: "quiet" });
  await there.insert({ id: "y", name: "quiet" });
  await rowsOnce(there, {}, (rows) => rows.length === 2);
  await verified({ a, b, here, there });
  expect(await here.find()).toEqual([
    { id: "x", name: "quiet" },
    { id: "y", name: "shouted" },
  ]);
  expect(await all(there)).toEqual(await all(here));
});

/** FORMATS.md §8. */
const operationType = 9;

/** So many turns of the event loop, in which everything else goes on. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};
