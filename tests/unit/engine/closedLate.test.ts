/**
 * What was written on top of a log that ended: it names ops beyond the end, of which nobody hears
 * any more, and replaces ops before it, which must not come back when they come later.
 */
import { expect, test, vi } from "vitest";
import { parseSegment } from "../../../src/core/segment/segment.ts";
import {
  accountOf,
  change,
  founder,
  give,
  hex,
  join,
  membershipOf,
  recordsOf,
  share,
  verified,
} from "./closedWorld.ts";
import { createWorld, segmentsOf, type Device, type World } from "./world.ts";

interface Ended {
  readonly b: Device;
  /** Has nothing of it yet. */
  readonly d: Device;
  /** Of the log that ended, as far as it counts; and what b wrote on top of it, and beyond. */
  readonly ended: readonly Uint8Array[];
  readonly onTop: readonly Uint8Array[];
}

const cut = (device: Device): Promise<void> =>
  device.engine.cutter.cutAll(device.engine.registry.homes());

/** In the shared collection, by whoever holds them. */
const writtenBy = async (holder: Device, writer: Device): Promise<readonly Uint8Array[]> => {
  const { tree } = holder.shared("notes");
  const key = hex(membershipOf(writer).device.publicKey);
  return (await segmentsOf(holder)).filter((bytes) => {
    const parsed = parseSegment(bytes);
    const node = parsed.ok ? tree.get(parsed.value.headerHash) : null;
    return node !== null && hex(node.origin.signingKey) === key;
  });
};

const twoYears = 63_072_000_000;

const take = (device: Device, segments: readonly Uint8Array[]): Promise<unknown> => {
  const home = device.shared("notes");
  const source = { scope: home.scope, from: "somebody", isRequested: true };
  return device.engine.ingest.take(home, segments, source);
};

const endedLog = async (world: World): Promise<Ended> => {
  const a = await founder(world);
  const [b, c, d] = [await join(world, a), await join(world, a), await join(world, a)];
  for (const device of [a, b, c, d]) await share(device);
  await world.until(verified(a, b, c, d), "verified");
  for (const device of [a, b, c, d]) await device.disconnect();
  // So far ahead that nobody's clock follows: by their times, what is on top would come first
  c.skew = twoYears;
  await c.insert("notes", [{ id: "n", text: "of c" }]);
  const ended = await writtenBy(c, c);
  for (const device of [a, b]) await take(device, ended);
  await c.update("notes", "n", { $set: { more: "of c, beyond the end" } });
  await take(b, await writtenBy(c, c));
  await b.update("notes", "n", { $set: { more: "of b" }, $unset: { text: true } });
  await cut(b);
  await change(a, { kind: "remove-account", account: accountOf(c) });
  for (const device of [b, d]) await give(device, recordsOf(a));
  expect(b.get("notes", "n")).toEqual({ id: "n", more: "of b" });
  const onTop = await writtenBy(b, b);
  expect([ended.length, onTop.length]).toEqual([1, 1]);
  expect(await writtenBy(b, c)).toEqual(ended);
  return { b, d, ended, onTop };
};

// Writers' names follow from the seed, and with them the order of logs in the store
test.for([1, 2, 3, 4])("what was on top of it came first, seed %i", async (seed) => {
  const world = createWorld(seed);
  const { b, d, ended, onTop } = await endedLog(world);
  await take(d, onTop);
  await take(d, ended);
  expect(d.get("notes", "n")).toEqual(b.get("notes", "n"));
  await d.reopen();
  expect(d.get("notes", "n")).toEqual(b.get("notes", "n"));
  await b.connect();
  await world.until(verified(b, d), "verified");
});

test("it came first, and a checkpoint has it already", async () => {
  const world = createWorld();
  const { b, d, ended, onTop } = await endedLog(world);
  await take(d, onTop);
  await d.engine.checkpointer.run();
  await d.reopen(d.image());
  expect(d.shared("notes").storedHeaders).toBeGreaterThan(0);
  await take(d, ended);
  expect(d.get("notes", "n")).toEqual(b.get("notes", "n"));
});

test("what comes late while the home is read anew takes one more reading for all", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c, d] = [await join(world, a), await join(world, a), await join(world, a)];
  for (const device of [a, b, c, d]) await share(device);
  await world.until(verified(a, b, c, d), "verified");
  for (const device of [a, b, c, d]) await device.disconnect();
  for (const n of [1, 2, 3, 4]) {
    await c.upsert("notes", [{ id: "n", n }]);
    await cut(c);
  }
  const ended = await writtenBy(c, c);
  for (const device of [a, b]) await take(device, ended);
  await c.upsert("notes", [{ id: "n", n: 5 }]);
  await take(b, await writtenBy(c, c));
  await b.update("notes", "n", { $set: { n: 6 } });
  await cut(b);
  await change(a, { kind: "remove-account", account: accountOf(c) });
  for (const device of [b, d]) await give(device, recordsOf(a));
  await take(d, await writtenBy(b, b));
  const { rebuild } = d.engine;
  const readAnew = rebuild.rename.bind(rebuild);
  const others: Promise<unknown>[] = [];
  const rename = vi.spyOn(rebuild, "rename").mockImplementation(async (home) => {
    const isFirst = others.length === 0;
    if (isFirst) others.push(...ended.slice(1).map((segment) => take(d, [segment])));
    await readAnew(home);
  });
  await take(d, ended.slice(0, 1));
  await Promise.all(others);
  expect([others.length, rename.mock.calls.length]).toEqual([3, 2]);
  expect(d.get("notes", "n")).toEqual({ id: "n", n: 6 });
  expect(d.get("notes", "n")).toEqual(b.get("notes", "n"));
});
