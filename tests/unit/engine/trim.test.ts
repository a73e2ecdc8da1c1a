/**
 * What goes behind the time of history and what stays: documents never change by it, whatever ends
 * it half way, and nobody has to have the pages to read the log that is left.
 */
import { expect, test } from "vitest";
import { parseSegment, parseTrimmed } from "../../../src/core/segment/segment.ts";
import type { Value } from "../../../src/core/base/types.ts";
import type { StorageBounds } from "../../../src/engine/bounds.ts";
import { NebulusError } from "../../../src/core/base/errors.ts";
import { stableText } from "../../support/model.ts";
import { crashAt, holdBack, storeFailure } from "./faults.ts";
import { createWorld, type Device, type World } from "./world.ts";

const day = 86_400_000;
const bounds: Partial<StorageBounds> = { trimOps: 20, pageBytes: 300, pageCacheBytes: 600 };
const alone = { online: false, joined: false, bounds };

const cut = (device: Device): Promise<void> =>
  device.engine.cutter.cutAll(device.engine.registry.homes());

/** Ten documents, most of them written to over and over, a tenth of the log a day. */
const wellUsed = async (world: World): Promise<Device> => {
  const device = await world.open(alone);
  await device.write({ kind: "make-collection", collection: "notes" });
  await device.insert(
    "notes",
    Array.from({ length: 10 }, (_, at) => ({ id: `d${at}`, n: 0 })),
  );
  for (let round = 0; round < 8; round++) {
    for (let at = 0; at < 8; at++) {
      await device.update("notes", `d${at}`, { $inc: { n: 1 }, $set: { round, deep: { at } } });
    }
    if (round === 3) await device.remove("notes", "d7");
    if (round === 4) await device.insert("notes", [{ id: "d7", n: 100 }]);
    await cut(device);
    await world.pass(day);
  }
  await device.remove("notes", "d6");
  await device.update("notes", "d5", { $unset: { round: true }, $set: { list: [1, 2] } });
  await cut(device);
  return device;
};

/** All that a reader can ask of a document, but for the dots that it is made of. */
const shown = (device: Device): Promise<readonly unknown[]> =>
  device.engine.reading(() =>
    device
      .find("notes", { meta: true })
      .map(({ _vectorClock, ...rest }) => rest)
      .toSorted((a, b) => (stableText(a["id"]) < stableText(b["id"]) ? -1 : 1)),
  );

const get = (device: Device, id: string): Promise<Record<string, Value> | undefined> =>
  device.engine.reading(() => device.get("notes", id));

const counts = (device: Device): { readonly whole: number; readonly trimmed: number } => {
  const { scope } = device.local("notes");
  const all = [...device.image().segments].filter(([key]) => key.startsWith(scope));
  return {
    whole: all.filter(([, bytes]) => parseSegment(bytes).ok).length,
    trimmed: all.filter(([, bytes]) => parseTrimmed(bytes) !== null).length,
  };
};

test("what is older goes when nobody writes, and documents show what they did", async () => {
  const world = createWorld();
  const device = await wellUsed(world);
  await world.pass(35 * day);
  await device.insert("notes", [{ id: "new" }]);
  await cut(device);
  const before = await shown(device);
  const { whole } = counts(device);
  expect(whole).toBeGreaterThan(9);
  await world.pass(10_000);
  const after = counts(device);
  expect(after.trimmed).toBeGreaterThan(7);
  // Those of the last day, the new one, and what was written anew
  expect(after.whole).toBeLessThan(6);
  expect(await shown(device)).toEqual(before);
  expect(await device.engine.trimmer.run()).toBe(0);
});

test("the log that is left says the same, without any page", async () => {
  const world = createWorld();
  const device = await wellUsed(world);
  await world.pass(35 * day);
  expect(await device.engine.trimmer.run()).toBeGreaterThan(20);
  await device.update("notes", "d3", { $inc: { n: 1 } });
  const before = await shown(device);
  await device.close();
  const image = device.image();
  for (const pages of [image.pages, new Map()]) {
    await device.reopen({ ...image, pages }, alone);
    expect(await shown(device)).toEqual(before);
    expect(device.opened.info.recovery.damage).toEqual([]);
    expect(await device.engine.trimmer.run()).toBe(0);
  }
  await device.update("notes", "d3", { $inc: { n: 1 } });
  expect((await get(device, "d3"))?.["n"]).toBe(10);
});

test("documents that were deleted leave no name behind", async () => {
  const world = createWorld();
  const device = await wellUsed(world);
  await device.insert("notes", [{ id: "a-name-of-its-own", text: "and words" }]);
  await device.remove("notes", "a-name-of-its-own");
  await cut(device);
  await world.pass(day);
  // How long the last ops of a segment are past only the next one tells
  await device.insert("notes", [{ id: "later" }]);
  await cut(device);
  await world.pass(35 * day);
  await device.insert("notes", [{ id: "new" }]);
  await cut(device);
  await device.engine.checkpointer.run();
  const holds = (words: string): boolean => {
    const { pages } = device.image();
    return [...pages.values()].some((bytes) => new TextDecoder().decode(bytes).includes(words));
  };
  expect(holds("a-name-of-its-own")).toBe(true);
  await device.engine.trimmer.run();
  await device.engine.checkpointer.run();
  expect(holds("a-name-of-its-own")).toBe(false);
  expect(holds("d5")).toBe(true);
});

test("young ops stay, and so does a log that is short for its documents", async () => {
  const world = createWorld();
  const device = await wellUsed(world);
  await world.pass(20 * day);
  const whole = counts(device).whole;
  await device.engine.trimmer.run();
  expect(counts(device)).toEqual({ whole, trimmed: 0 });
  await device.insert(
    "notes",
    Array.from({ length: 40 }, (_, at) => ({ id: `more${at}` })),
  );
  await world.pass(60 * day);
  expect(await device.engine.trimmer.run()).toBe(0);
});

test("a segment stays as long as any of its ops is young", async () => {
  const world = createWorld();
  const device = await world.open(alone);
  await device.write({ kind: "make-collection", collection: "notes" });
  await device.insert("notes", [{ id: "1", n: 0 }]);
  for (let round = 0; round < 30; round++) {
    await device.update("notes", "1", { $inc: { n: 1 } });
    await world.pass(day);
  }
  await cut(device);
  await device.insert("notes", [{ id: "2" }]);
  await cut(device);
  await world.pass(15 * day);
  expect(await device.engine.trimmer.run()).toBe(0);
  await world.pass(20 * day);
  expect(await device.engine.trimmer.run()).toBe(31);
});

test("the log of a network is never trimmed", async () => {
  const world = createWorld();
  const device = await world.open({ online: false, bounds });
  await device.share("notes");
  await device.insert("notes", [{ id: "1", n: 0 }]);
  for (let times = 0; times < 40; times++) {
    await device.update("notes", "1", { $inc: { n: 1 } });
    await cut(device);
  }
  await world.pass(60 * day);
  await device.engine.trimmer.run();
  const { scope } = device.shared("notes");
  const all = [...device.image().segments].filter(([key]) => key.startsWith(scope));
  expect(all.length).toBeGreaterThan(30);
  expect(all.every(([, bytes]) => parseSegment(bytes).ok)).toBe(true);
});

test("a log that lost one of its headers is written anew", async () => {
  const world = createWorld();
  const device = await wellUsed(world);
  await world.pass(35 * day);
  await device.engine.trimmer.run();
  const before = await shown(device);
  await device.close();
  const image = device.image();
  const [lost] = [...image.segments].filter(([, bytes]) => parseTrimmed(bytes) !== null);
  const segments = new Map([...image.segments].filter(([key]) => key !== lost?.[0]));
  await device.reopen({ ...image, segments, pages: new Map() }, alone);
  expect(await shown(device)).toEqual(before);
  await device.close();
  await device.reopen(undefined, alone);
  expect(await shown(device)).toEqual(before);
  expect(device.opened.info.recovery.damage).toEqual([]);
});

test("wherever it ends, nothing shows otherwise, and the next time goes on", async () => {
  const world = createWorld();
  const device = await wellUsed(world);
  await world.pass(35 * day);
  const before = await shown(device);
  await device.close();
  const image = device.image();
  let crashes = 0;
  for (let moment = 1; ; moment++) {
    await device.reopen(image, alone);
    const left = crashAt(device, moment);
    await device.engine.trimmer.run().catch(rethrowUnlessTyped);
    device.fault = null;
    if (left.image === null) break;
    crashes += 1;
    for (const pages of [left.image.pages, new Map()]) {
      await device.reopen({ ...left.image, pages }, alone);
      expect(await shown(device), `moment ${moment}`).toEqual(before);
      await device.engine.trimmer.run();
      expect(await shown(device), `moment ${moment}, again`).toEqual(before);
      expect(counts(device).trimmed, `moment ${moment}, again`).toBeGreaterThan(5);
    }
  }
  expect(crashes).toBeGreaterThan(9);
});

test("what is written meanwhile is kept", async () => {
  const world = createWorld();
  const device = await wellUsed(world);
  await world.pass(35 * day);
  const held = holdBack(device, "appendJournal");
  const trimmed = device.engine.trimmer.run();
  await world.settle();
  const written = [
    device.update("notes", "d1", { $inc: { n: 1_000 } }),
    device.remove("notes", "d2"),
    device.insert("notes", [{ id: "d6", back: true }]),
  ];
  held.go();
  await Promise.all(written);
  expect(await trimmed).toBeGreaterThan(20);
  const check = async (): Promise<void> => {
    expect((await get(device, "d1"))?.["n"]).toBe(1_008);
    expect(await get(device, "d2")).toBeUndefined();
    expect(await get(device, "d6")).toEqual({ id: "d6", back: true });
  };
  await check();
  await device.close();
  await device.reopen({ ...device.image(), pages: new Map() }, alone);
  await check();
});

const rethrowUnlessTyped = (error: unknown): void => {
  if (error !== storeFailure && !(error instanceof NebulusError)) throw error;
};
