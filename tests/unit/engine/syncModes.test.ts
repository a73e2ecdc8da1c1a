/**
 * When changes travel: at once, gathered, or by hand. Frames are counted where it matters, and
 * nobody claims more than was compared.
 */
import { expect, test } from "vitest";
import { messageTypes } from "../../../src/core/sync/frames.ts";
import type { SyncMode } from "../../../src/core/wire/snapshots.ts";
import { noteFrames } from "../../support/noteFrames.ts";
import { holdBack } from "./faults.ts";
import { createWorld, networkId, type Device, type World } from "./world.ts";

/** Frames that the first device sends from now on, by type. */
const countingFrames = async (
  world: World,
  mode: SyncMode,
): Promise<readonly [a: Device, b: Device, frames: number[]]> => {
  const [a, b] = [await world.open({ online: false }), await world.open()];
  const frames: number[] = [];
  await a.opened.sync.carry(noteFrames((frame) => frames.push(frame[0] ?? 0))(a.network));
  await a.write({ kind: "make-collection", collection: "notes" });
  await setMode(a, mode);
  for (const device of [a, b]) await device.share("notes");
  await verified(world, a, b);
  frames.length = 0;
  return [a, b, frames];
};

const setMode = (device: Device, mode: SyncMode): Promise<readonly number[]> =>
  device.write({ kind: "sync-mode", collection: "notes", mode });

const pair = async (world: World, mode: SyncMode): Promise<readonly [Device, Device]> => {
  const [a, b] = [await world.open(), await world.open()];
  await a.write({ kind: "make-collection", collection: "notes" });
  await setMode(a, mode);
  for (const device of [a, b]) await device.share("notes");
  return [a, b];
};
const verified = (world: World, ...devices: readonly Device[]): Promise<void> =>
  world.until(() => devices.every((device) => device.isVerified("notes")), "verified");
const documents = (from: number, count: number): readonly object[] =>
  Array.from({ length: count }, (_, at) => ({ id: `n${from + at}`, n: from + at }));
const force = (device: Device): Promise<{ readonly synced: boolean }> =>
  device.opened.sync.force("notes");

/** Operations that it gets from now on. */
const countOperations = (device: Device): (() => number) => {
  const { operationsReceived } = device.networks()[0]?.traffic ?? { operationsReceived: 0 };
  return () => (device.networks()[0]?.traffic.operationsReceived ?? 0) - operationsReceived;
};

test("on a slow disk writes gather for as long as a segment takes, and no longer", async () => {
  const world = createWorld();
  const [a, b, frames] = await countingFrames(world, "eager");
  const storing = holdEach(world, a, 20);
  const writes: Promise<unknown>[] = [];
  for (let at = 0; at < 20; at++) {
    writes.push(a.insert("notes", documents(at, 1)));
    for (let ms = 0; ms < 20; ms++) {
      await world.pass(1);
      storing.letGo();
    }
  }
  // In 400 ms: each 40, in place of each 26
  expect(segmentsIn(frames)).toBeGreaterThanOrEqual(9);
  expect(segmentsIn(frames)).toBeLessThanOrEqual(11);
  storing.end();
  await Promise.all(writes);
  await world.until(() => b.find("notes").length === 20, "all of them");
  await verified(world, a, b);
  // The first shows that the disk is quick again
  for (let at = 100; at < 110; at++) {
    await a.insert("notes", documents(at, 1));
    await world.pass(at === 100 ? 40 : 6);
  }
  expect(b.find("notes")).toHaveLength(30);
});

test("one write at a time goes at once, a stream of them in few segments", async () => {
  const world = createWorld();
  const [a, b, frames] = await countingFrames(world, "eager");
  for (let at = 0; at < 20; at++) {
    await a.insert("notes", documents(at, 1));
    await world.pass(10);
    expect(b.find("notes")).toHaveLength(at + 1);
  }
  expect(segmentsIn(frames)).toBe(20);
  for (let at = 20; at < 220; at++) {
    await a.insert("notes", documents(at, 1));
    await world.pass(2);
  }
  // In 400 ms: each 40 from the sixth on
  expect(segmentsIn(frames) - 20).toBeGreaterThanOrEqual(10);
  expect(segmentsIn(frames) - 20).toBeLessThanOrEqual(16);
  await world.until(() => b.find("notes").length === 220, "all of them");
});

const segmentsIn = (frames: readonly number[]): number =>
  frames.filter((type) => type === messageTypes.operation).length;

/** Each transaction of the store begins so much later. */
const holdEach = (
  world: World,
  device: Device,
  milliseconds: number,
): { readonly letGo: () => void; readonly end: () => void } => {
  let held: { readonly until: number; readonly go: () => void }[] = [];
  device.fault = ({ kind, phase }) => {
    if (kind !== "write" || phase !== "before") return undefined;
    return new Promise((go) => held.push({ until: world.now() + milliseconds, go }));
  };
  const letGo = (): void => {
    const due = held.filter(({ until }) => until <= world.now());
    held = held.filter((each) => !due.includes(each));
    for (const { go } of due) go();
  };
  return {
    letGo,
    end: () => {
      device.fault = null;
      for (const { go } of held) go();
    },
  };
};

test("T-257 G-156 lazy: what is written gathers, and goes in few messages", async () => {
  const world = createWorld();
  const [a, b, frames] = await countingFrames(world, "lazy");
  const begun = world.now();
  for (const document of documents(0, 1_000)) await a.insert("notes", [document]);
  await world.pass(2_000);
  expect(b.find("notes")).toEqual([]);
  await world.until(() => b.find("notes").length === 1_000, "all of them");
  await verified(world, a, b);
  expect(world.now() - begun).toBeLessThan(12_000);
  expect(frames.length).toBeLessThanOrEqual(20);
  expect(frames.filter((type) => type === messageTypes.operation)).toHaveLength(4);
});

test("T-259 D-11 eager: 1,000 documents of one insertBatch go in at most 20 messages", async () => {
  const world = createWorld();
  const [a, b, frames] = await countingFrames(world, "eager");
  await a.insert("notes", documents(0, 1_000));
  await world.until(() => b.find("notes").length === 1_000, "all of them");
  await verified(world, a, b);
  expect(frames.length).toBeLessThanOrEqual(20);
});

test("lazy: enough of it goes at once, and forceSync waits for nothing", async () => {
  const world = createWorld();
  const [a, b] = await pair(world, "lazy");
  await verified(world, a, b);
  const begun = world.now();
  await a.insert("notes", documents(0, 1_024));
  await world.until(() => b.find("notes").length === 1_024, "a burst");
  expect(world.now() - begun).toBeLessThan(1_000);
  await verified(world, a, b);
  const again = world.now();
  await a.insert("notes", documents(1_024, 1));
  const forced = force(a);
  await world.until(() => b.find("notes").length === 1_025, "what was asked for");
  expect(world.now() - again).toBeLessThan(1_000);
  await verified(world, a, b);
  expect(await forced).toEqual({ synced: true });
});

test("lazy: forceSync cuts once a peer named this log, whatever else is under way", async () => {
  const world = createWorld();
  const [a, b] = await pair(world, "lazy");
  await verified(world, a, b);
  await a.write({ kind: "detach", collection: "notes" });
  await a.insert("notes", documents(0, 3));
  await a.engine.cutter.cutAll([a.shared("notes")]);
  await a.insert("notes", documents(3, 1));
  const load = holdBack(a, "segment");
  await a.write({ kind: "attach", collection: "notes", networkId });
  const begun = world.now();
  const forced = force(a);
  await world.until(() => a.shared("notes").writer?.pendingOps() === 0, "it is cut");
  expect(world.now() - begun).toBeLessThan(1_000);
  expect(b.find("notes")).toEqual([]);
  load.go();
  await verified(world, a, b);
  expect(await forced).toEqual({ synced: true });
});

test("P-060 manual: nothing leaves, comes or is claimed before forceSync", async () => {
  const world = createWorld();
  const [a, b] = await pair(world, "manual");
  await world.pass(2_000);
  expect(a.sync("notes")).toMatchObject({ mode: "manual", status: { kind: "paused" } });
  await a.insert("notes", documents(0, 600));
  await b.insert("notes", documents(1_000, 5));
  const received = countOperations(b);
  // So long that checkpoints cut what was written
  await world.pass(60_000);
  expect([a.find("notes").length, b.find("notes").length, received()]).toEqual([600, 5, 0]);
  expect(b.sync("notes")?.status).toEqual({ kind: "disconnected" });
  const forced = force(a);
  await world.until(() => b.find("notes").length === 605, "what was asked for");
  await world.until(() => a.find("notes").length === 605, "both ways");
  await world.pass(2_000);
  expect(await forced).toEqual({ synced: true });
  expect(a.sync("notes")).toMatchObject({ status: { kind: "paused" } });
  expect(a.sync("notes")?.lastSync).toBeGreaterThan(0);
  expect(b.sync("notes")?.status).toEqual({ kind: "disconnected" });
  await a.insert("notes", documents(2_000, 1));
  await b.insert("notes", documents(3_000, 1));
  await world.pass(60_000);
  expect([a.find("notes").length, b.find("notes").length]).toEqual([606, 606]);
});

test("manual on both sides: whoever asks first waits for the other", async () => {
  const world = createWorld();
  const [a, b] = await pair(world, "manual");
  await setMode(b, "manual");
  await a.insert("notes", documents(0, 3));
  await world.pass(2_000);
  const first = force(a);
  await world.pass(10_000);
  const second = force(b);
  await world.until(() => b.find("notes").length === 3, "the first one's");
  await world.pass(5_000);
  expect([await first, await second]).toEqual([{ synced: true }, { synced: true }]);
  const alone = force(a);
  await world.pass(31_000);
  expect(await alone).toEqual({ synced: false });
});

test("T-172 a second forceSync joins the round that is under way", async () => {
  const world = createWorld();
  const [a, b] = await pair(world, "manual");
  await b.insert("notes", documents(0, 300));
  await world.pass(2_000);
  const both = Promise.all([force(a), force(a)]);
  await world.until(() => a.find("notes").length === 300, "one round");
  await world.pass(2_000);
  expect(await both).toEqual([{ synced: true }, { synced: true }]);
  expect(a.sync("notes")?.status).toEqual({ kind: "paused" });
});

test("the mode is kept over a reload, and another lets everything go at once", async () => {
  const world = createWorld();
  const [a, b] = await pair(world, "manual");
  await a.insert("notes", documents(0, 2));
  await a.reopen();
  await world.pass(5_000);
  expect(a.sync("notes")).toMatchObject({ mode: "manual", status: { kind: "paused" } });
  expect(b.find("notes")).toEqual([]);
  await setMode(a, "eager");
  await verified(world, a, b);
  expect(b.find("notes")).toHaveLength(2);
  await setMode(a, "manual");
  await world.pass(1_000);
  expect(a.sync("notes")).toMatchObject({ mode: "manual", status: { kind: "paused" } });
  a.crash();
  const onDisk = await world.open({ image: a.image(), online: false });
  expect(onDisk.collection("notes").mode).toBe("manual");
});

test("heartbeats are all that goes between two that agree", async () => {
  const world = createWorld();
  const [a, b] = await pair(world, "eager");
  await a.insert("notes", documents(0, 5));
  await verified(world, a, b);
  await world.pass(10_000);
  const { frames } = world.hub.stats();
  await world.pass(60_000);
  // Two from each side, and their answers
  expect(world.hub.stats().frames - frames).toBe(8);
});
