/**
 * Disks that fail or lose something in a closed network. A sequencer never signs two records at one
 * height, whatever fails, and whether or not the write took effect; what follows from records is
 * done once the disk answers again; what waits for a lost segment counts once.
 */
import { expect, test } from "vitest";
import { headOf } from "../../../src/core/network/closed/record.ts";
import {
  accountOf,
  beyondItsRight,
  change,
  closedOf,
  founder,
  heightOf,
  join,
  membershipOf,
  share,
  standing,
  verified,
} from "./closedWorld.ts";
import { storeFailure } from "./faults.ts";
import { createWorld, segmentsOf, type Device, type World } from "./world.ts";

/** Heights that more than one record on its disk has, after it was opened again. */
const contradicted = (device: Device): readonly number[] => {
  const { control } = membershipOf(device);
  const heights = control.records().map((record) => headOf(record).height);
  return heights.filter((height, at) => heights.indexOf(height) !== at);
};

const moments = [
  ["the write did not take effect", "before", 1],
  ["the write took effect", "after", 1],
  ["the one behind it fails, too", "before", 2],
  ["and took effect", "after", 2],
] as const;

test.each(moments)("a decision of a disk that fails: %s", async (_, phase, at) => {
  for (const isReadable of [true, false]) {
    const world = createWorld(7);
    const a = await founder(world);
    const b = await join(world, a);
    const account = accountOf(b);
    let writes = 0;
    a.fault = (operation) => {
      // And nobody can tell either
      if (operation.kind === "meta" && writes >= at && !isReadable) throw storeFailure;
      if (operation.kind !== "write" || operation.phase !== phase) return;
      if (++writes === at) throw storeFailure;
    };
    await change(a, { kind: "role", account, role: "reader" }).catch(() => undefined);
    expect(writes).toBeGreaterThanOrEqual(at);
    a.fault = null;
    // Another decision, as of one who saw the first one fail
    await change(a, { kind: "role", account, role: "owner" });
    await world.until(() => standing(b) === "owner", "told");
    await a.reopen(undefined, { joined: false });
    expect(contradicted(a)).toEqual([]);
    expect(closedOf(a)?.isFrozen).toBe(false);
    await world.until(() => heightOf(b) === heightOf(a), "one chain");
    expect(closedOf(b)?.isFrozen).toBe(false);
  }
});

/** The disk of c fails at one of its writes, each in turn, until it has fewer. */
const atEachFailure = async (
  begin: (world: World) => Promise<Device>,
  end: (world: World, c: Device) => Promise<void>,
): Promise<number> => {
  for (let at = 1; ; at++) {
    const world = createWorld(7);
    const c = await begin(world);
    let writes = 0;
    c.fault = ({ kind, phase }) => {
      if (kind === "write" && phase === "before" && ++writes === at) throw storeFailure;
    };
    world.hub.heal();
    await world.pass(120_000);
    c.fault = null;
    await end(world, c);
    if (writes < at) return at;
  }
};

test("what others wrote beyond their right goes, though the disk failed meanwhile", async () => {
  const others: Device[] = [];
  const times = await atEachFailure(
    async (world) => {
      const { a, c } = await beyondItsRight(world);
      others.splice(0, 1, a);
      return c;
    },
    async (world, c) => {
      const [a] = others;
      if (a === undefined) throw new Error("it began");
      await world.until(() => c.get("notes", "2") === undefined, "gone");
      await c.insert("notes", [{ id: "by c" }]);
      await world.until(() => a.get("notes", "by c") !== undefined, "it goes on");
      await world.until(verified(a, c), "verified");
      const height = heightOf(a);
      await c.reopen(undefined, { joined: false, online: false });
      expect(heightOf(c)).toBe(height);
      expect(c.find("notes")).toEqual([{ id: "1" }, { id: "by c" }]);
    },
  );
  expect(times).toBeGreaterThan(3);
});

test("what it wrote while its right went and came is not lost by a disk that fails", async () => {
  const others: Device[] = [];
  const times = await atEachFailure(
    async (world) => {
      const a = await founder(world);
      const c = await join(world, a);
      for (const device of [a, c]) await share(device);
      await c.insert("notes", [{ id: "1" }]);
      await world.until(verified(a, c), "verified");
      world.hub.partition([[a.network], [c.network]]);
      await c.insert("notes", [{ id: "2" }]);
      await c.engine.cutter.cutAll(c.engine.registry.homes());
      await change(a, { kind: "role", account: accountOf(c), role: "reader" });
      await change(a, { kind: "role", account: accountOf(c), role: "editor" });
      others.splice(0, 1, a);
      return c;
    },
    async (world, c) => {
      const [a] = others;
      if (a === undefined) throw new Error("it began");
      await c.insert("notes", [{ id: "3" }]);
      const all = [{ id: "1" }, { id: "2" }, { id: "3" }];
      await world.until(() => a.find("notes").length === all.length, "a has all");
      await world.until(verified(a, c), "verified");
      for (const device of [a, c]) expect(device.find("notes")).toEqual(all);
      expect(closedOf(c)?.notAccepted).toEqual([]);
    },
  );
  expect(times).toBeGreaterThan(5);
});

test.each([true, false])(
  "an increment upon what the disk lost counts once, told before: %s",
  async (isTold) => {
    const world = createWorld();
    const a = await founder(world);
    const b = await join(world, a);
    for (const device of [a, b]) await share(device);
    await a.insert("notes", [{ id: "1", count: 1 }]);
    await world.until(verified(a, b), "verified");
    if (!isTold) await b.disconnect();
    await b.update("notes", "1", { $inc: { count: 10 } });
    // Cut, and in the journal still
    await segmentsOf(b);
    if (isTold) await world.until(() => a.get("notes", "1")?.["count"] === 11, "told");
    await b.disconnect();
    const writer = a.shared("notes").writer?.id ?? "";
    const image = b.crash();
    const segments = new Map([...image.segments].filter(([key]) => !key.includes(writer)));
    expect(segments.size).toBe(image.segments.size - 1);
    await b.reopen({ ...image, segments }, { joined: false });
    await world.until(() => b.get("notes", "1") !== undefined, "brought again");
    await world.until(verified(a, b), "verified");
    for (const device of [a, b]) expect(device.find("notes")).toEqual([{ id: "1", count: 11 }]);
  },
);

test("a log whose last head a crash took goes on when that is here again", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await b.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b), "verified");
  const before = new Set(b.image().meta.keys());
  await change(a, { kind: "role", account: accountOf(b), role: "owner" });
  await world.until(() => standing(b) === "owner", "told");
  await b.insert("notes", [{ id: "2" }]);
  await world.until(verified(a, b), "verified");
  await b.disconnect();
  // The segment was stored before the record that it names
  const image = b.crash();
  const isTaken = (key: string): boolean => key.startsWith("control/") && !before.has(key);
  const meta = new Map([...image.meta].filter(([key]) => !isTaken(key)));
  expect(meta.size).toBe(image.meta.size - 1);
  await b.reopen({ ...image, meta }, { joined: false, online: false });
  expect(membershipOf(b).standing()).toBe("editor");
  await b.insert("notes", [{ id: "3" }]);
  const cut = (await segmentsOf(b)).length;
  await b.connect();
  await world.until(() => a.get("notes", "3") !== undefined, "a has it");
  await world.until(verified(a, b), "verified");
  expect((await segmentsOf(b)).length).toBe(cut + 1);
  for (const device of [a, b]) {
    expect(device.find("notes")).toEqual([{ id: "1" }, { id: "2" }, { id: "3" }]);
    expect(device.failures()).toEqual([]);
  }
});
