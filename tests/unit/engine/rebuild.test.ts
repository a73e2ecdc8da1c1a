/**
 * Profiles that were rolled back or copied: nothing is lost, nothing counted twice, everybody ends
 * equal, and the device goes on under another incarnation without making forks for ever.
 */
import { describe, expect, test } from "vitest";
import { visibleLeaves } from "../../../src/core/doc/read.ts";
import { crashAt, holdBack } from "./faults.ts";
import { createWorld, segmentsOf, type Device, type World } from "./world.ts";

const pair = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, c] = [await world.open(), await world.open()];
  for (const device of [a, c]) await device.share("notes");
  await a.insert("notes", [{ id: "1", n: 0, tags: ["x"] }]);
  await allVerified(world, a, c);
  return [a, c];
};

const allVerified = async (world: World, ...devices: readonly Device[]): Promise<void> => {
  // What they said before is true of what was before.
  await world.pass(10);
  const isVerified = (device: Device): boolean => device.isVerified("notes");
  await world.until(() => devices.every(isVerified), "all verified");
  const [first, ...others] = devices.map(everythingOf);
  for (const other of others) expect(other).toEqual(first);
};

const forced = async (world: World, device: Device): Promise<{ readonly synced: boolean }> => {
  let isOver = false;
  const round = device.opened.sync.force("notes").finally(() => {
    isOver = true;
  });
  await world.until(() => isOver, "the round ends");
  return round;
};

const everythingOf = (device: Device): object => {
  const { documents, digest, tree } = device.shared("notes");
  return {
    documents: documents.sortedIds().map((id) => documents.get(id)),
    digest: [...digest.value()],
    heads: tree.heads(),
  };
};

const bothWrote = [{ id: "1", n: 110, tags: ["x"], a: true, b: true }, { id: "a" }, { id: "b" }];

const writersIn = (device: Device): number =>
  new Set(
    device
      .shared("notes")
      .tree.heads()
      .map(({ writer }) => writer),
  ).size;

describe("a profile that was rolled back", () => {
  test("gets its log back, and what it wrote since counts once, with its first times", async () => {
    const world = createWorld();
    const [a, c] = await pair(world);
    const image = a.image();
    await a.update("notes", "1", { $inc: { n: 1 }, $addToSet: { tags: "y" } });
    await a.insert("notes", [{ id: "2", text: "before the rollback" }]);
    await allVerified(world, a, c);
    const before = a.shared("notes").writer?.id;

    await a.reopen(image, { online: false });
    expect(a.find("notes")).toEqual([{ id: "1", n: 0, tags: ["x"] }]);
    await a.update("notes", "1", { $inc: { n: 10 }, $set: { text: "after" } });
    await a.update("notes", "1", { $inc: { n: 100 }, $addToSet: { tags: "z" } });
    await a.insert("notes", [{ id: "3", n: 0 }]);
    await a.update("notes", "3", { $inc: { n: 5 } });
    const written = world.now();
    await world.pass(3_600_000);
    await a.connect();
    await allVerified(world, a, c);

    expect(c.find("notes")).toEqual([
      { id: "1", n: 111, tags: ["x", "y", "z"], text: "after" },
      { id: "2", text: "before the rollback" },
      { id: "3", n: 5 },
    ]);
    expect(a.find("notes")).toEqual(c.find("notes"));
    const options = { strategy: "last-write-wins", now: world.now() } as const;
    const leaves = visibleLeaves(c.shared("notes").documents.get("1"), options);
    expect(leaves.find(({ path }) => path[0] === "text")?.stamp.time.ms).toBe(written);
    expect(a.shared("notes").writer?.id).not.toBe(before);
    expect(a.shared("notes").tree.forks()).toEqual([]);
    expect(a.failures()).toEqual([]);
  });

  test("does not write anew what had reached somebody already", async () => {
    const world = createWorld();
    const [a, c] = await pair(world);
    await a.disconnect();
    await a.update("notes", "1", { $inc: { n: 1 } });
    await a.update("notes", "1", { $inc: { n: 2 } });
    await a.insert("notes", [{ id: "2", n: 7 }]);
    const image = a.image();
    await a.connect();
    await allVerified(world, a, c);
    await a.update("notes", "1", { $inc: { n: 4 } });
    await allVerified(world, a, c);

    await a.reopen(image, { online: false });
    await a.update("notes", "1", { $inc: { n: 8 } });
    await a.update("notes", "2", { $inc: { n: 1 } });
    await a.connect();
    await allVerified(world, a, c);
    expect(a.find("notes")).toEqual([
      { id: "1", n: 15, tags: ["x"] },
      { id: "2", n: 8 },
    ]);
    await a.reopen();
    await allVerified(world, a, c);
    expect(a.get("notes", "1")?.["n"]).toBe(15);
  });

  test("a value that saw the counter before it was written anew sees it after", async () => {
    const world = createWorld();
    const [a, c] = await pair(world);
    await a.update("notes", "1", { $inc: { n: 5 } });
    await allVerified(world, a, c);
    const image = a.image();
    await a.update("notes", "1", { $inc: { n: 1 } });
    await allVerified(world, a, c);
    await a.reopen(image, { online: false });
    await a.update("notes", "1", { $inc: { n: 10 } });
    await a.update("notes", "1", { $set: { n: 1_000 } });
    await a.update("notes", "1", { $inc: { n: 100 } });
    await a.connect();
    await allVerified(world, a, c);
    // 1,000 overwrote the 15 that it saw; what it did not see stands beside it.
    expect(c.get("notes", "1")?.["n"]).toBe(1_101);
  });

  test("and had cut what it wrote: both branches stay", async () => {
    const world = createWorld();
    const [a, c] = await pair(world);
    const image = a.image();
    await a.update("notes", "1", { $inc: { n: 1 } });
    await allVerified(world, a, c);
    await a.reopen(image, { online: false });
    await a.update("notes", "1", { $inc: { n: 10 }, $set: { text: "cut" } });
    await a.close();
    await a.reopen(undefined, { online: false });
    await a.update("notes", "1", { $set: { text: "pending, naming what is cut" } });
    await a.insert("notes", [{ id: "2" }]);
    await a.connect();
    await allVerified(world, a, c);
    expect(a.find("notes")).toHaveLength(2);
    expect(a.get("notes", "1")?.["text"]).toBe("pending, naming what is cut");
    expect(a.rows("notes", { meta: true })[0]?.meta?.conflicts).toEqual([]);
    expect(a.shared("notes").tree.forks()).toHaveLength(1);
    await a.reopen();
    await allVerified(world, a, c);
    expect(a.shared("notes").tree.forks()).toHaveLength(1);
    expect(a.failures()).toEqual([]);
  });

  test.each(["eager", "manual"] as const)(
    "has cut nothing for forceSync before it heard of its log (%s)",
    async (mode) => {
      const world = createWorld();
      const [a, c] = await pair(world);
      await a.write({ kind: "sync-mode", collection: "notes", mode });
      const image = a.image();
      await a.update("notes", "1", { $inc: { n: 1 } });
      expect(await forced(world, a)).toEqual({ synced: true });

      await a.reopen(image, { online: false });
      await a.update("notes", "1", { $inc: { n: 10 } });
      // Nobody is there to name anything
      expect(await forced(world, a)).toEqual({ synced: false });
      await a.connect();
      await world.until(() => (a.networks()[0]?.peers.length ?? 0) > 0, "they meet");
      expect(await forced(world, a)).toEqual({ synced: true });
      expect(everythingOf(a)).toEqual(everythingOf(c));
      expect(c.get("notes", "1")?.["n"]).toBe(11);
      expect(a.shared("notes").tree.forks()).toEqual([]);
    },
  );

  test("crashing while the own log comes back loses nothing", async () => {
    for (let at = 1; ; at++) {
      const world = createWorld();
      const [a, c] = await pair(world);
      const image = a.image();
      await a.update("notes", "1", { $inc: { n: 1 } });
      await allVerified(world, a, c);
      await a.reopen(image, { online: false });
      await a.update("notes", "1", { $inc: { n: 10 } });
      await a.insert("notes", [{ id: "2" }]);
      const left = crashAt(a, at);
      await a.connect().catch(() => undefined);
      await world.pass(2_000);
      a.fault = null;
      if (left.image === null) return;
      await a.reopen(left.image);
      await allVerified(world, a, c);
      expect(c.get("notes", "1")?.["n"], `crash at ${at}`).toBe(11);
      expect(c.get("notes", "2")).toEqual({ id: "2" });
    }
  });
});

describe("a profile that was copied", () => {
  const copied = async (world: World): Promise<readonly [Device, Device, Device]> => {
    const [a, c] = await pair(world);
    await a.disconnect();
    const b = await world.open({ image: a.image(), online: false });
    const amounts = [
      [a, "a", 10],
      [b, "b", 100],
    ] as const;
    for (const [device, id, amount] of amounts) {
      await device.update("notes", "1", { $inc: { n: amount }, $set: { [id]: true } });
      await device.insert("notes", [{ id }]);
    }
    return [a, b, c];
  };

  test("is no fork where the one hears of the other before it cuts", async () => {
    const world = createWorld();
    const [a, b, c] = await copied(world);
    await a.connect();
    await allVerified(world, a, c);
    await b.connect();
    await allVerified(world, a, b, c);
    expect(c.find("notes")).toEqual(bothWrote);
    expect(c.shared("notes").tree.forks()).toEqual([]);
    expect(writersIn(c)).toBe(2);
  });

  test("and both copies write at once: all of it stays, and they go on as two", async () => {
    const world = createWorld();
    const [a, b, c] = await copied(world);
    await a.connect();
    await b.connect();
    await allVerified(world, a, b, c);
    expect(c.find("notes")).toEqual(bothWrote);
    for (let round = 0; round < 6; round++) {
      await a.update("notes", "1", { $inc: { n: 1 } });
      await b.update("notes", "1", { $inc: { n: 1 } });
      await allVerified(world, a, b, c);
    }
    expect(c.get("notes", "1")?.["n"]).toBe(122);
    // The one that both had, and the one that each began.
    expect(writersIn(c)).toBe(3);
    expect(c.shared("notes").tree.forks()).toHaveLength(1);
    expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
  });

  test("and both had cut what they wrote: a fork, told alike by all, and only one", async () => {
    const world = createWorld();
    const [a, c] = await pair(world);
    await a.disconnect();
    const image = a.image();
    const b = await world.open({ image, online: false });
    for (const [device, id] of [
      [a, "a"],
      [b, "b"],
    ] as const) {
      await device.update("notes", "1", { $set: { text: id } });
      await device.insert("notes", [{ id }]);
      await device.close();
      await device.reopen(undefined, { online: false });
      await device.insert("notes", [{ id: `${id}, later` }]);
    }
    await a.connect();
    await b.connect();
    await allVerified(world, a, b, c);
    expect(c.find("notes").map(({ id }) => id)).toEqual(["1", "a", "a, later", "b", "b, later"]);
    expect(c.rows("notes", { filter: { id: "1" }, meta: true })[0]?.meta?.conflicts).toEqual([
      "text",
    ]);
    for (const device of [a, b, c]) expect(device.shared("notes").tree.forks()).toHaveLength(1);
    for (let round = 0; round < 3; round++) {
      await a.insert("notes", [{ id: `a${round}` }]);
      await b.insert("notes", [{ id: `b${round}` }]);
      await allVerified(world, a, b, c);
    }
    for (const device of [a, b, c]) {
      await device.reopen();
      expect(device.shared("notes").tree.forks()).toHaveLength(1);
    }
    await allVerified(world, a, b, c);
    expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
  });
});

test("what is written while a fork comes in names what it read by its new name", async () => {
  const world = createWorld();
  const first = await world.open({ online: false });
  await first.share("notes");
  await first.insert("notes", [{ id: "1", n: 0 }]);
  const image = first.image();
  await first.update("notes", "1", { $inc: { n: 1 }, $set: { left: true } });
  const left = await segmentsOf(first);
  const copy = await world.open({ online: false, image });
  await copy.update("notes", "1", { $set: { right: true } });
  const right = await segmentsOf(copy);

  const device = await world.open({ online: false });
  await device.share("notes");
  const home = device.shared("notes");
  const source = { scope: home.scope, from: "peer", isRequested: true };
  await device.engine.ingest.take(home, left, source);
  const held = holdBack(device, "write");
  const taken = device.engine.ingest.take(home, right, source);
  while (!home.isRenamed) await Promise.resolve();
  const updated = device.update("notes", "1", { $inc: { n: 10 }, $set: { left: false } });
  held.go();
  await Promise.all([taken, updated]);
  expect(device.get("notes", "1")).toMatchObject({ left: false, right: true });
  const before = everythingOf(device);
  await device.close();
  await device.reopen(undefined, { online: false });
  expect(everythingOf(device)).toEqual({ ...before, heads: device.shared("notes").tree.heads() });
  expect(device.failures()).toEqual([]);
});
