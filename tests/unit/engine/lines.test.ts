/**
 * Several networks between the same peers: a channel each, tried one at a time, whoever opened the
 * connection.
 */
import { expect, test } from "vitest";
import { leaveNetwork } from "../../../src/engine/membership.ts";
import type { PeerChannel } from "../../../src/core/net/carrier.ts";
import { createWorld, type Device, type World } from "./world.ts";

const networks = ["one", "two", "three"];

const openIn = async (world: World, joined: readonly string[]): Promise<Device> => {
  const device = await world.open({ joined: false, online: false });
  for (const id of joined) await join(device, id);
  await device.connect();
  return device;
};

/** The collection has the network's name. */
const join = async (device: Device, networkId: string): Promise<void> => {
  await device.join(networkId);
  await device.write({ kind: "make-collection", collection: networkId });
  await device.write({ kind: "attach", collection: networkId, networkId });
};

/** How many peers each network has. */
const met = (device: Device): Record<string, number> =>
  Object.fromEntries(device.networks().map(({ networkId, peers }) => [networkId, peers.length]));

const verified =
  (names: readonly string[], ...devices: readonly Device[]): (() => boolean) =>
  () =>
    devices.every((device) => names.every((name) => device.isVerified(name)));

test("peers with three networks in common sync all of them at once", async () => {
  const world = createWorld();
  const [a, b] = [await openIn(world, networks), await openIn(world, networks.toReversed())];
  for (const name of networks) await a.insert(name, [{ id: `a ${name}` }]);
  await world.until(verified(networks, a, b), "verified");
  for (const name of networks) await b.insert(name, [{ id: `b ${name}` }]);
  await world.until(
    () => networks.every((name) => a.get(name, `b ${name}`) !== undefined),
    "documents of the other",
  );
  for (const device of [a, b]) expect(met(device)).toEqual({ one: 1, two: 1, three: 1 });
  await world.pass(60_000);
  expect(world.hub.stats()).toMatchObject({ linked: 3, open: 3 });
  const frames = world.frames();
  await world.pass(600_000);
  expect(world.frames()).toBe(frames);
  expect([...a.failures(), ...b.failures()]).toEqual([]);
});

test("what only one of them is in is tried once, and what they share is found", async () => {
  const world = createWorld();
  const a = await openIn(world, ["p", "q", "r", "s", "both"]);
  const b = await openIn(world, ["both", "t", "u", "v"]);
  await world.until(verified(["both"], a, b), "verified");
  await world.pass(30_000);
  const frames = world.frames();
  const { open } = world.hub.stats();
  expect(open).toBe(1);
  await world.pass(3_600_000);
  expect(world.frames()).toBe(frames);
});

test.for([0, 1])("a network that device %i joins later needs no new connection", async (late) => {
  const world = createWorld();
  const devices = [await openIn(world, ["one"]), await openIn(world, ["one"])];
  const [later, earlier] = late === 0 ? devices : devices.toReversed();
  if (later === undefined || earlier === undefined) throw new Error("two");
  await join(earlier, "two");
  await earlier.insert("two", [{ id: "1" }]);
  await world.until(verified(["one"], ...devices), "verified");
  await world.pass(60_000);
  const { linked } = world.hub.stats();
  await join(later, "two");
  await world.until(verified(["one", "two"], ...devices), "both verified");
  expect(later.get("two", "1")).toEqual({ id: "1" });
  expect(world.hub.stats().linked).toBe(linked + 1);
});

test("both join at once: one channel is left of those that both open", async () => {
  const world = createWorld();
  const [a, b] = [await openIn(world, ["one"]), await openIn(world, ["one"])];
  await world.until(verified(["one"], a, b), "verified");
  await Promise.all([join(a, "two"), join(b, "two")]);
  await world.until(verified(["one", "two"], a, b), "both verified");
  await world.pass(60_000);
  expect(world.hub.stats().open).toBe(2);
  for (const device of [a, b]) expect(met(device)).toEqual({ one: 1, two: 1 });
});

test("a network that is left ends alone, and comes again when it is joined again", async () => {
  const world = createWorld();
  const [a, b] = [await openIn(world, ["one", "two"]), await openIn(world, ["one", "two"])];
  await world.until(verified(["one", "two"], a, b), "verified");
  await leaveNetwork(a.engine, "two");
  a.opened.sync.refresh();
  await world.until(() => met(b)["two"] === 0, "left");
  expect(met(b)).toEqual({ one: 1, two: 0 });
  await join(a, "two");
  await world.until(verified(["one", "two"], a, b), "verified again");
});

test("a channel that ends alone is opened again", async () => {
  const world = createWorld();
  const channels: PeerChannel[] = [];
  const [a, b] = [
    await world.open({ joined: false, online: false }),
    await openIn(world, ["one", "two"]),
  ];
  for (const id of ["one", "two"]) await join(a, id);
  const { network } = a;
  await a.opened.sync.carry({
    ...network,
    onChannel: (handler) => {
      network.onChannel((channel) => {
        channels.push(channel);
        handler(channel);
      });
    },
  });
  await world.until(verified(["one", "two"], a, b), "verified");
  const [first, second] = channels;
  expect(channels).toHaveLength(2);
  for (const channel of [first, second]) {
    const { open } = world.hub.stats();
    channel?.close();
    await world.until(() => world.hub.stats().open < open, "closed");
    await world.until(() => world.hub.stats().open === open, "opened again");
    await world.until(verified(["one", "two"], a, b), "verified again");
  }
});
