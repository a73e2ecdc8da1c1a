/**
 * Which collections a closed network has and how conflicts in them are read: told by the chain, so
 * that members need agree on nothing by hand.
 */
import { expect, test } from "vitest";
import { decide } from "../../../src/engine/closed/decide.ts";
import { sealSettings } from "../../../src/core/network/closed/settings.ts";
import type { CollectionSettings } from "../../../src/core/network/closed/settings.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  join,
  joinWithout,
  membershipOf,
  share,
  team,
  tell,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

const collections = (device: Device) => closedOf(device)?.collections;
const strategyOf = (device: Device): string => device.collection("notes").strategy;

const setStrategy = (
  device: Device,
  strategy: "last-write-wins" | "first-write-wins",
): Promise<readonly number[]> => device.write({ kind: "strategy", collection: "notes", strategy });

const say = async (device: Device, settings: Partial<CollectionSettings>): Promise<void> => {
  const { network, epochs } = membershipOf(device);
  const epoch = epochs.latest();
  if (epoch === null) throw new Error("it has the key");
  const whole = {
    ...{ name: "notes", strategy: "last-write-wins", strategyVersion: 1 },
    ...{ atomicPaths: [], indexes: [], extensions: [], ...settings },
  };
  const { crypto } = device.engine.deps;
  const sealed = await sealSettings(whole, epoch, network, crypto);
  const decision = await decide(device.engine, membershipOf(device), {
    ...{ kind: "collection", ...sealed },
  });
  expect(decision.kind).toBe("decided");
  await tell(device);
};

test("who joins sees what is shared, and reads it as the network does", async () => {
  const world = createWorld();
  const a = await founder(world);
  await a.write({ kind: "make-collection", collection: "notes" });
  await setStrategy(a, "first-write-wins");
  expect(collections(a)).toEqual([]);
  await share(a);
  const first = { name: "notes", strategy: "first-write-wins" };
  expect(collections(a)).toEqual([{ ...first, isAttached: true }]);
  const b = await join(world, a);
  expect(collections(b)).toEqual([{ ...first, isAttached: false }]);
  await share(b);
  expect(strategyOf(b)).toBe("first-write-wins");
  expect(collections(b)).toEqual([{ ...first, isAttached: true }]);
  await world.until(verified(a, b), "verified");
  await b.reopen(undefined, { joined: false });
  expect(strategyOf(b)).toBe("first-write-wins");
  expect(collections(b)).toEqual([{ ...first, isAttached: true }]);
  expect(membershipOf(a).control.state().collections.size).toBe(1);
});

test("owners say otherwise, for everybody; others are told that they may not", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a, { role: "owner" }), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  await world.until(() => closedOf(b)?.waiting.length === 0, "b's is decided");
  await world.until(() => collections(c)?.length === 1, "c knows of it");
  await expect(setStrategy(c, "first-write-wins")).rejects.toMatchObject({ code: "NotPermitted" });
  expect(strategyOf(c)).toBe("last-write-wins");
  await a.disconnect();
  await setStrategy(b, "first-write-wins");
  expect(closedOf(b)?.waiting).toEqual(["collection"]);
  // Its own word holds for itself while it waits
  await world.pass(5_000);
  expect([strategyOf(b), strategyOf(c)]).toEqual(["first-write-wins", "last-write-wins"]);
  await a.connect();
  await world.until(() => strategyOf(c) === "first-write-wins", "c follows");
  await world.until(() => strategyOf(a) === "first-write-wins", "a follows");
  expect(closedOf(b)?.waiting).toEqual([]);
  expect(collections(c)).toMatchObject([{ strategy: "first-write-wins" }]);
});

test("editors share collections, readers do not", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a, { role: "reader" })];
  await b.write({ kind: "make-collection", collection: "tasks" });
  await b.write({ kind: "attach", collection: "tasks", networkId: team });
  await world.until(() => collections(a)?.length === 1, "told");
  expect(collections(a)).toMatchObject([{ name: "tasks", isAttached: false }]);
  await share(c);
  await world.pass(10_000);
  expect(collections(a)).toHaveLength(1);
  await change(a, { kind: "role", account: accountOf(c), role: "editor" });
  await world.until(() => collections(a)?.length === 2, "told once it may");
  expect(
    collections(a)
      ?.map(({ name }) => name)
      .toSorted(),
  ).toEqual(["notes", "tasks"]);
});

test("what is attached while a device waits to be admitted is told afterwards", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const c = await joinWithout(world, a, b);
  await share(c);
  expect(closedOf(c)?.waiting).toEqual([]);
  await a.connect();
  await world.until(() => collections(b)?.length === 1, "told");
});

test("settings of a newer program are shown as unknown, and nothing is read by them", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  await say(a, { strategy: "by-committee" });
  await world.until(() => collections(b)?.[0]?.strategy === null, "told");
  expect(collections(b)).toEqual([{ name: "notes", strategy: null, isAttached: true }]);
  await say(a, { strategyVersion: 2 });
  await world.pass(3_000);
  expect(collections(b)?.[0]?.strategy).toBeNull();
  const critical = { id: 9, critical: true, bytes: new Uint8Array() };
  await say(a, { strategy: "first-write-wins", extensions: [critical] });
  await world.until(() => collections(b)?.[0]?.name === null, "unknown as a whole");
  expect(strategyOf(b)).toBe("last-write-wins");
  await expect(setStrategy(b, "first-write-wins")).rejects.toMatchObject({ code: "NotPermitted" });
  // What of it does not matter is kept when it is said anew
  await say(a, { extensions: [{ ...critical, critical: false }], atomicPaths: [["a", "b"]] });
  await setStrategy(a, "first-write-wins");
  await world.until(() => strategyOf(b) === "first-write-wins", "told");
  const { scope } = b.shared("notes");
  expect(membershipOf(b).settings.get(scope)?.opened).toMatchObject({
    atomicPaths: [["a", "b"]],
    extensions: [{ id: 9 }],
  });
});

test("who joins later reads settings that were sealed under an earlier key", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  await share(a);
  await change(a, { kind: "remove-account", account: accountOf(b) });
  const c = await join(world, a);
  expect(collections(c)).toMatchObject([{ name: "notes" }]);
});
