/**
 * Acknowledgements in closed networks: what members hold counts when a device is removed, and what
 * is said by who is no member counts nowhere.
 */
import { expect, test } from "vitest";
import { readBook, type AcknowledgedBook } from "../../../src/engine/acknowledged.ts";
import { frontierOf } from "../../../src/engine/closed/frontier.ts";
import {
  accountOf,
  change,
  founder,
  hex,
  join,
  membershipOf,
  share,
  standing,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

const quietMs = 60_000;

const bookOf = async (device: Device): Promise<AcknowledgedBook> =>
  readBook(membershipOf(device), await device.engine.deps.store.meta());

const nameOf = (device: Device): string => membershipOf(device).device.name;

const otherDevices = async (device: Device): Promise<number | null> =>
  (await device.opened.health.now()).otherDevices;

/** The founder, two members that share notes with it, and one that shares nothing and is away. */
const four = async (world: World): Promise<readonly [Device, Device, Device, Device]> => {
  const a = await founder(world);
  const [b, c, d] = [await join(world, a), await join(world, a), await join(world, a)];
  await d.disconnect();
  for (const device of [a, b, c]) await share(device);
  await b.insert("notes", [{ id: "b1" }]);
  await world.until(verified(a, b, c), "verified");
  await world.pass(quietMs);
  return [a, b, c, d];
};

test("a member that came while a device was away is known to it through others", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await a.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b), "verified");
  await world.pass(quietMs);
  expect(await otherDevices(b)).toBe(1);
  await b.disconnect();
  const c = await join(world, a);
  await share(c);
  await world.until(verified(a, c), "verified");
  await world.pass(quietMs);
  c.crash();
  // What is said of c comes before the record that admits it
  await b.connect();
  await world.until(verified(a, b), "verified");
  await world.pass(quietMs);
  expect(await otherDevices(b)).toBe(2);
  expect([...a.failures(), ...b.failures()]).toEqual([]);
});

test("what a member holds counts, although the sequencer has not met it yet", async () => {
  const world = createWorld();
  const [a, b, c, d] = await four(world);
  world.hub.partition([[b.network, c.network], [a.network]]);
  await b.insert("notes", [{ id: "b2" }]);
  await world.until(() => c.get("notes", "b2") !== undefined, "c has it");
  await world.until(verified(b, c), "verified");
  await world.pass(quietMs);
  // d passes on what c says, and has none of the notes itself
  world.hub.partition([
    [c.network, d.network],
    [a.network, d.network],
  ]);
  await d.connect();
  await world.pass(quietMs);
  await d.disconnect();
  expect(a.get("notes", "b2")).toBeUndefined();
  const devices = new Set([hex(membershipOf(b).device.publicKey)]);
  const { scope } = a.shared("notes");
  const [row, ...others] = (await frontierOf(a.engine, membershipOf(a), devices)).get(scope) ?? [];
  expect(others).toEqual([]);
  expect(row).toMatchObject({ writer: b.shared("notes").writer?.id, n: 2 });
  const hostile = await frontierOf(a.engine, membershipOf(a), devices, true);
  expect(hostile.get(scope)).toMatchObject([{ writer: row?.writer, n: 1 }]);
  await change(a, { kind: "remove-account", account: accountOf(b) });
  world.hub.partition([[a.network, c.network], [b.network]]);
  await world.until(() => a.get("notes", "b2") !== undefined, "a has it from c");
  await world.until(verified(a, c), "verified");
  expect(c.get("notes", "b2")).toEqual({ id: "b2" });
  expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
});

test("what only the removed device says that it holds counts for nothing", async () => {
  const world = createWorld();
  const [a, b, c, d] = await four(world);
  // Nobody but d hears of it, and d has none of the notes
  world.hub.partition([
    [b.network, d.network],
    [a.network, d.network],
    [a.network, c.network],
  ]);
  await d.connect();
  await b.insert("notes", [{ id: "b2" }]);
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  await world.pass(quietMs);
  const writer = b.shared("notes").writer?.id;
  const { scope } = a.shared("notes");
  const saidOfB = (await bookOf(a)).get(nameOf(b))?.held.scopes.get(scope);
  expect(saidOfB).toMatchObject([{ n: 2 }]);
  await change(a, { kind: "remove-account", account: accountOf(b) });
  world.hub.heal();
  await world.until(() => standing(b) === "removed", "told");
  await world.pass(quietMs);
  for (const device of [a, c]) expect(device.get("notes", "b2")).toBeUndefined();
  const closed = membershipOf(a).control.state().closures.at(-1)?.frontier.get(scope);
  expect(closed).toMatchObject([{ writer, n: 1 }]);
});

test("a removed device holds nothing for the others, and says nothing more", async () => {
  const world = createWorld();
  const [a, b, c, d] = await four(world);
  await d.connect();
  await world.pass(quietMs);
  for (const device of [a, c, d]) expect((await bookOf(device)).has(nameOf(b))).toBe(true);
  await b.disconnect();
  expect(await otherDevices(a)).toBe(2);
  await change(a, { kind: "remove-account", account: accountOf(b) });
  await world.pass(quietMs);
  expect(await otherDevices(a)).toBe(1);
  for (const device of [a, c, d]) expect((await bookOf(device)).has(nameOf(b))).toBe(false);
  await b.connect();
  await world.pass(quietMs);
  for (const device of [a, c, d]) expect((await bookOf(device)).has(nameOf(b))).toBe(false);
});
