/**
 * A device beyond its quota (DESIGN.md §7): what it writes comes last and slowly, is never refused,
 * and comes as ever where others built on it; people are told, until it is over.
 */
import { expect, test } from "vitest";
import type { DeviceWarning } from "../../../src/core/wire/deviceWarning.ts";
import type { Bounds } from "../../../src/engine/bounds.ts";
import { createWorld, segmentsOf, type Device, type World } from "./world.ts";

const quota = 20_000;
const bounds: Partial<Bounds> = { deviceQuotaBytes: quota, slowedBytesPerSecond: 1_000 };

/** Not to be compressed. */
const noise = (length: number, seed: number): string => {
  let state = seed;
  const letters = Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String.fromCharCode(33 + ((state >> 12) % 90));
  });
  return letters.join("");
};

let seeds = 0;
const write = async (device: Device, id: string, length = 3_000): Promise<void> => {
  seeds += 1;
  await device.upsert("notes", [{ id, text: noise(length, seeds) }]);
  await device.engine.cutter.cutAll(device.engine.registry.homes());
};

const fill = async (device: Device, count: number, prefix = "big"): Promise<void> => {
  for (let at = 0; at < count; at++) await write(device, `${prefix}${String(at)}`);
};

const openTwo = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, b] = [await world.open({ bounds }), await world.open({ bounds })];
  for (const device of [a, b]) await device.share("notes");
  await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
  return [a, b];
};

const warnings = (device: Device): readonly DeviceWarning[] =>
  device.networks().flatMap((network) => network.warnings);

const kinds = (device: Device): readonly string[] =>
  warnings(device).map(({ kind, isThis }) => `${kind}${isThis ? ", this device" : ""}`);

const nameOf = (device: Device): string => {
  const [membership] = device.engine.registry.networks.all();
  return membership?.device.name ?? "";
};

const idsIn = (device: Device): number => device.find("notes").length;

test("warns from 80 % on, here and there, and health names what there is", async () => {
  const world = createWorld();
  const [a, b] = await openTwo(world);
  await fill(a, 4);
  await world.until(() => idsIn(b) === 4, "it came");
  await world.pass(2_000);
  expect([kinds(a), kinds(b)]).toEqual([[], []]);
  await fill(a, 2, "more");
  await world.until(() => kinds(b).length > 0, "b is warned");
  await world.until(() => kinds(a).length > 0, "a is warned");
  expect([kinds(a), kinds(b)]).toEqual([["quota-near, this device"], ["quota-near"]]);
  await fill(a, 3, "beyond");
  await world.until(() => kinds(b)[0] === "quota-exceeded", "b is told that it is too much");
  await world.until(() => kinds(a)[0] === "quota-exceeded, this device", "and a");
  const [of] = b.opened.sync.deviceWarnings();
  expect(of).toMatchObject({ kind: "quota-exceeded", bytesMax: quota, device: nameOf(a) });
  expect(of?.what).toMatch(/^A device has stored 0 MiB and 9 documents in “Home”. Its quota is /);
  expect(of?.what).toMatch(/ and 1,000,000 documents\.$/);
  expect(of?.advice).toContain("nothing of it is refused");
  expect((await b.opened.health.now()).deviceWarnings).toEqual(b.opened.sync.deviceWarnings());
});

/** a is beyond its quota, and b has had so much of it that its next has to wait. */
const beyond = async (world: World, rate: number): Promise<readonly [Device, Device, Device]> => {
  const slow = { ...bounds, slowedBytesPerSecond: rate };
  const devices = [
    // Each of its starts without a goodbye begins another log
    await world.open({ bounds: slow, journalProvesContinuity: false }),
    await world.open({ bounds: slow }),
    await world.open({ bounds: slow }),
  ] as const;
  const [a, b, c] = devices;
  for (const device of devices) await device.share("notes");
  await fill(a, 8);
  const isThere = (count: number) => (): boolean => idsIn(b) === count && idsIn(c) === count;
  await world.until(isThere(8), "within the quota all comes");
  await world.until(() => [b, c].every((each) => kinds(each).length > 0), "beyond");
  expect([b, c].flatMap(kinds)).toEqual(["quota-exceeded", "quota-exceeded"]);
  await fill(a, 5, "window");
  await world.until(isThere(13), "so much comes at once");
  return devices;
};

test("beyond it what it writes comes slowly, all of it, and others' at once", async () => {
  const world = createWorld();
  const [a, b, c] = await beyond(world, 1_000);
  const begun = world.now();
  await write(a, "slow");
  await write(c, "usual");
  await world.until(() => b.get("notes", "usual") !== undefined, "what another wrote came");
  expect(world.now() - begun).toBeLessThan(1_000);
  expect(b.get("notes", "slow")).toBeUndefined();
  await world.until(() => b.get("notes", "slow") !== undefined, "all of it came");
  // Five segments of some 3 kB each came before it
  expect(world.now() - begun).toBeGreaterThan(10_000);
  await world.until(() => [a, b, c].every((each) => each.isVerified("notes")), "verified");
  expect(b.shared("notes").counters.snapshot().refused).toEqual({});
});

test("it does not push what others would not take, and others do not pass it on", async () => {
  const world = createWorld();
  const [a, b, c] = await beyond(world, 10);
  await write(a, "slow");
  await world.pass(5_000);
  expect([b, c].map((each) => each.get("notes", "slow"))).toEqual([undefined, undefined]);
  expect([b, c].map((each) => each.shared("notes").counters.snapshot().evicted)).toEqual([{}, {}]);
});

test("what it pushes all the same is let go, and asked for later", async () => {
  const world = createWorld();
  const [a, b, c] = await beyond(world, 1_000);
  await c.disconnect();
  // It knows of no quota
  await a.reopen(a.image());
  await world.until(() => b.isVerified("notes"), "verified");
  await write(a, "window again");
  await world.until(() => b.get("notes", "window again") !== undefined, "it came");
  await write(a, "pushed");
  await world.settle();
  await world.until(
    () => (b.shared("notes").counters.snapshot().evicted["device-quota"] ?? 0) > 0,
    "let go",
  );
  expect(b.get("notes", "pushed")).toBeUndefined();
  await world.until(() => b.get("notes", "pushed") !== undefined, "it came");
});

test("what others build on comes as ever", async () => {
  const world = createWorld();
  const [a, b, c] = await beyond(world, 10);
  await b.disconnect();
  await fill(a, 3, "slow");
  const slow = (await segmentsOf(a)).slice(-3);
  const home = c.shared("notes");
  await c.engine.ingest.take(home, slow, { scope: home.scope, from: "a", isRequested: true });
  await c.update("notes", "slow2", { $set: { by: "c" } });
  await c.engine.cutter.cutAll([home]);
  await a.disconnect();
  await b.connect();
  const begun = world.now();
  await world.until(() => b.get("notes", "slow2")?.["by"] === "c", "what c wrote on top of it");
  // Their time would come in an hour
  expect(world.now() - begun).toBeLessThan(60_000);
});

test("and what that builds on in its turn: an earlier log of the same device", async () => {
  const world = createWorld();
  const [a, b, c] = await beyond(world, 10);
  await b.disconnect();
  await fill(a, 3, "earlier");
  const earlier = a.shared("notes").writer?.id;
  await a.reopen(undefined, { bounds, online: false });
  await a.update("notes", "earlier2", { $set: { by: "a" } });
  await write(a, "later", 10);
  expect(a.shared("notes").writer?.id).not.toBe(earlier);
  const home = c.shared("notes");
  const source = { scope: home.scope, from: "a", isRequested: true };
  await c.engine.ingest.take(home, await segmentsOf(a), source);
  // Names nothing of the earlier log
  await c.update("notes", "later", { $set: { by: "c" } });
  await c.engine.cutter.cutAll([home]);
  await b.connect();
  const begun = world.now();
  await world.until(() => b.get("notes", "later")?.["by"] === "c", "what c wrote on top of it");
  expect(b.get("notes", "earlier2")?.["by"]).toBe("a");
  expect(world.now() - begun).toBeLessThan(60_000);
});

test("what it builds on by itself is no reason", async () => {
  const world = createWorld();
  const [a, b] = await beyond(world, 10);
  await a.disconnect();
  await fill(a, 2, "slow");
  const [last] = (await segmentsOf(a)).slice(-1);
  if (last === undefined) throw new Error("it was cut");
  const home = b.shared("notes");
  await b.engine.ingest.take(home, [last], { scope: home.scope, from: "a", isRequested: false });
  expect(home.counters.snapshot().waits).toMatchObject({ header: 1 });
  await a.connect();
  await world.pass(20_000);
  expect([b.get("notes", "slow0"), b.get("notes", "slow1")]).toEqual([undefined, undefined]);
});

test("too many documents are warned of as well, until some are deleted", async () => {
  const world = createWorld();
  const few = { deviceQuotaDocuments: 3 };
  const [a, b] = [await world.open({ bounds: few }), await world.open({ bounds: few })];
  for (const device of [a, b]) await device.share("notes");
  await b.insert("notes", [{ id: "of b" }]);
  await a.insert(
    "notes",
    [1, 2, 3, 4].map((n) => ({ id: String(n) })),
  );
  await world.until(() => kinds(b)[0] === "quota-exceeded", "b is told");
  expect(warnings(b)).toMatchObject([{ documents: 4, documentsMax: 3, device: nameOf(a) }]);
  await b.remove("notes", "1");
  await b.remove("notes", "2");
  await world.until(() => kinds(b).length === 0, "b is told that it is over");
  await world.until(() => kinds(a).length === 0, "and a");
});

test("a checkpoint keeps what was counted", async () => {
  const world = createWorld();
  const [a, b] = await openTwo(world);
  await fill(a, 9);
  await world.until(() => idsIn(b) === 9, "it came");
  const [before] = b.opened.sync.deviceWarnings();
  await b.engine.checkpointer.run();
  await b.reopen(b.image(), { bounds });
  expect(b.shared("notes").storedHeaders).toBeGreaterThan(8);
  await world.until(() => kinds(b)[0] === "quota-exceeded", "warned again");
  expect(b.opened.sync.deviceWarnings()).toEqual([before]);
});

test("a device of which two logs stand under one name is named, without malice", async () => {
  const world = createWorld();
  const [a, b] = await openTwo(world);
  await write(a, "both", 10);
  await world.until(() => idsIn(b) === 1, "it came");
  await a.disconnect();
  const image = a.image();
  const copy = await world.open({ image, bounds, online: false });
  const segments: Uint8Array[] = [];
  for (const [device, id] of [
    [a, "one"],
    [copy, "other"],
  ] as const) {
    await write(device, id, 10);
    segments.push(...(await segmentsOf(device)));
  }
  const home = b.shared("notes");
  await b.engine.ingest.take(home, segments, { scope: home.scope, from: "", isRequested: true });
  const [warning] = b.opened.sync.deviceWarnings();
  expect(warning).toMatchObject({ kind: "forked", device: nameOf(a), isThis: false });
  expect(warning?.advice).toContain("Most likely its data was copied or restored");
});
