/**
 * What this device wrote in a closed network after its right to write had ended: written anew where
 * it has the right again, set aside and shown otherwise, lost in no case, and counted once whatever
 * crash comes between.
 */
import { expect, test } from "vitest";
import { defaultBounds } from "../../../src/engine/bounds.ts";
import { takeRecords } from "../../../src/engine/closed/decide.ts";
import { manage } from "../../../src/engine/closed/manage.ts";
import { leaveNetwork } from "../../../src/engine/membership.ts";
import type { ManageRequest } from "../../../src/core/wire/networks.ts";
import { atEachWrite } from "./atEachWrite.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  invited,
  join,
  joinWithout,
  membershipOf,
  share,
  standing,
  takeInvite,
  team,
  tell,
  undelivered,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

const ids = (device: Device): readonly string[] => device.rows("notes").map(({ id }) => id);
const notAccepted = (device: Device) => closedOf(device)?.notAccepted;

const ask = async (device: Device, action: "reissue" | "discard"): Promise<void> => {
  const request: ManageRequest = { kind: "not-accepted", networkId: team, action };
  await manage(device.engine, request);
  await tell(device);
};

/** a, and b and c that go on apart from it: b writes, and c has all of it. */
const apart = async (world: World): Promise<readonly [a: Device, b: Device, c: Device]> => {
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await b.insert("notes", [{ id: "b1", n: 1 }, { id: "b2" }]);
  await b.update("notes", "b1", { $inc: { count: 1 } });
  await world.until(verified(a, b, c), "verified");
  world.hub.partition([[a.network], [b.network, c.network]]);
  await b.update("notes", "b1", { $set: { n: 2 }, $inc: { count: 10 } });
  await b.remove("notes", "b2");
  await b.insert("notes", [{ id: "b3" }]);
  await b.update("notes", "b1", { $inc: { count: 100 } });
  await world.until(() => c.get("notes", "b1")?.["count"] === 111, "c has it");
  return [a, b, c];
};

const setRole = (a: Device, b: Device, role: "editor" | "reader"): Promise<void> =>
  change(a, { kind: "role", account: accountOf(b), role });

const written = [{ id: "b1", n: 2, count: 111 }, { id: "b3" }];
const accepted = [{ id: "b1", n: 1, count: 1 }, { id: "b2" }];

test("who may write again when it hears of it writes anew what it had beyond", async () => {
  const world = createWorld();
  const [a, b, c] = await apart(world);
  await setRole(a, b, "reader");
  await setRole(a, b, "editor");
  world.hub.heal();
  await world.until(() => a.get("notes", "b3") !== undefined, "a has it");
  await world.until(verified(a, b, c), "verified");
  for (const device of [a, b, c]) expect(device.find("notes")).toEqual(written);
  expect(notAccepted(b)).toEqual([]);
  await b.update("notes", "b1", { $inc: { count: 1_000 } });
  await world.until(() => a.get("notes", "b1")?.["count"] === 1_111, "it goes on");
  for (const device of [a, b, c]) await device.reopen(undefined, { joined: false });
  await world.until(verified(a, b, c), "verified after a reopening");
  expect(c.get("notes", "b1")).toEqual({ id: "b1", n: 2, count: 1_111 });
  expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
});

test("who may read now sees what of its was not accepted, and keeps it", async () => {
  const world = createWorld();
  const [a, b, c] = await apart(world);
  await setRole(a, b, "reader");
  world.hub.heal();
  await world.until(() => standing(b) === "reader", "told");
  await world.until(verified(a, b, c), "verified");
  for (const device of [a, b, c]) expect(device.find("notes")).toEqual(accepted);
  const told = [{ collection: "notes", operations: 4, documents: ["b1", "b2", "b3"] }];
  expect(notAccepted(b)).toEqual(told);
  expect(b.journal()).toEqual([]);
  await expect(ask(b, "reissue")).rejects.toMatchObject({ code: "NotPermitted" });
  await b.reopen(undefined, { joined: false });
  expect(notAccepted(b)).toEqual(told);
  expect(b.find("notes")).toEqual(accepted);
  await setRole(a, b, "editor");
  await world.until(() => standing(b) === "editor", "told");
  await a.update("notes", "b1", { $set: { n: 3 } });
  await world.until(verified(a, b, c), "verified");
  // Offered, since it may be long ago
  expect(notAccepted(b)).toEqual(told);
  await ask(b, "reissue");
  expect(notAccepted(b)).toEqual([]);
  await world.until(() => c.get("notes", "b3") !== undefined, "c has it");
  await world.until(verified(a, b, c), "verified");
  // Under its first times: what others wrote later stays
  const merged = [{ id: "b1", n: 3, count: 111 }, { id: "b3" }];
  for (const device of [a, b, c]) expect(device.find("notes")).toEqual(merged);
});

test("what was not accepted can be let go", async () => {
  const world = createWorld();
  const [a, b] = await apart(world);
  await setRole(a, b, "reader");
  world.hub.heal();
  await world.until(() => notAccepted(b)?.length === 1, "told");
  await ask(b, "discard");
  expect(notAccepted(b)).toEqual([]);
  await b.reopen(undefined, { joined: false });
  await world.until(verified(a, b), "verified");
  expect(notAccepted(b)).toEqual([]);
  expect(b.find("notes")).toEqual(accepted);
});

test("nothing beyond, but the right came back: it goes on under a new incarnation", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await b.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b), "verified");
  const before = b.shared("notes").writer?.id;
  await setRole(a, b, "reader");
  await world.until(() => standing(b) === "reader", "told");
  await b.reopen(undefined, { joined: false });
  await setRole(a, b, "editor");
  await world.until(() => standing(b) === "editor", "told");
  await b.insert("notes", [{ id: "2" }]);
  expect(b.shared("notes").writer?.id).not.toBe(before);
  await world.until(() => a.get("notes", "2") !== undefined, "a has it");
  await world.until(verified(a, b), "verified");
  expect(notAccepted(b)).toEqual([]);
});

test("a right that went and came while it was away closes its log all the same", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await b.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b), "verified");
  // Until everybody said what it holds, so that the frontier covers all of it
  await world.pass(120_000);
  const before = b.shared("notes").writer?.id;
  await b.disconnect();
  await setRole(a, b, "reader");
  await setRole(a, b, "editor");
  await b.connect();
  await world.until(() => closedOf(b)?.notAccepted.length === 0, "told");
  await world.until(verified(a, b), "verified");
  await b.insert("notes", [{ id: "2" }]);
  await world.until(() => a.get("notes", "2") !== undefined, "a has it");
  expect(b.shared("notes").writer?.id).not.toBe(before);
});

test("who waited, wrote, and was admitted to read alone keeps it aside", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  for (const device of [a, b]) await share(device);
  await a.insert("notes", [{ id: "1" }]);
  const c = await joinWithout(world, a, b, { role: "reader" });
  await share(c);
  await c.insert("notes", [{ id: "mine" }, { id: "too" }]);
  await c.insert("other", [{ id: "private" }]);
  expect(c.journal()).not.toEqual([]);
  await a.connect();
  await world.until(() => standing(c) === "reader", "admitted");
  await world.until(verified(a, b, c), "verified");
  expect(ids(c)).toEqual(["1"]);
  const told = [{ collection: "notes", operations: 2, documents: ["mine", "too"] }];
  expect(notAccepted(c)).toEqual(told);
  expect(c.journal()).toEqual([]);
  await c.reopen(undefined, { joined: false });
  expect(notAccepted(c)).toEqual(told);
  // It goes with the device when that leaves
  await leaveNetwork(c.engine, team);
  expect(ids(c).toSorted()).toEqual(["1", "mine", "too"]);
  expect([...c.image().meta.keys()].filter((key) => key.startsWith("aside/"))).toEqual([]);
});

test("what waits for the sequencer has nobody cut each write to something else", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  const bounds = { ...defaultBounds, journalHeldBytes: 20_000 };
  const c = await joinWithout(world, a, b, {}, { bounds });
  await share(c);
  await c.insert("notes", [{ id: "waits" }]);
  await c.write({ kind: "make-collection", collection: "diary" });
  for (let n = 0; n < 200; n++) {
    await c.insert("diary", [{ id: String(n), text: "x".repeat(500) }]);
  }
  await world.settle();
  expect(c.image().segments.size).toBeLessThan(20);
  await a.connect();
  await world.until(() => standing(c) === "editor", "admitted");
  await world.until(verified(a, b, c), "verified");
  await c.engine.cutter.absorb();
  expect(c.journal()).toEqual([]);
  expect([a.find("notes"), c.find("diary").length]).toEqual([[{ id: "waits" }], 200]);
});

test("a removed device sees what was not accepted; let in again, it brings it along", async () => {
  const world = createWorld();
  const [a, b, c] = await apart(world);
  await change(a, { kind: "remove-account", account: accountOf(b) });
  world.hub.heal();
  await world.until(() => standing(b) === "removed", "told");
  expect(b.find("notes")).toEqual(written);
  const told = [{ collection: "notes", operations: 4, documents: ["b1", "b2", "b3"] }];
  expect(notAccepted(b)).toEqual(told);
  await b.reopen(undefined, { joined: false });
  expect(notAccepted(b)).toEqual(told);
  await expect(ask(b, "reissue")).rejects.toMatchObject({ code: "NotPermitted" });
  await world.until(verified(a, c), "verified");
  expect(c.find("notes")).toEqual(accepted);
  await leaveNetwork(b.engine, team);
  b.opened.sync.refresh();
  expect(b.find("notes")).toEqual(written);
  const { link } = await invited(a);
  await takeInvite(b, link);
  await world.until(() => standing(b) === "editor", "in again");
  await b.write({ kind: "attach", collection: "notes", networkId: team });
  await world.until(() => c.get("notes", "b3") !== undefined, "c has it");
  await world.until(verified(a, b, c), "verified");
  expect(c.get("notes", "b1")).toMatchObject({ n: 2 });
});

test("a removed device that lets go of it has what others have", async () => {
  const world = createWorld();
  const [a, b] = await apart(world);
  await change(a, { kind: "remove-account", account: accountOf(b) });
  world.hub.heal();
  await world.until(() => standing(b) === "removed", "told");
  await ask(b, "discard");
  expect(notAccepted(b)).toEqual([]);
  expect(b.find("notes")).toEqual(accepted);
  expect(membershipOf(b).standing()).toBe("removed");
});

test("what others built on what it lets go of goes with it", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  world.hub.partition([[a.network], [b.network, c.network]]);
  await b.insert("notes", [{ id: "b1" }]);
  await world.until(() => c.get("notes", "b1") !== undefined, "c has it");
  await c.update("notes", "b1", { $set: { n: 1 } });
  await world.until(() => b.get("notes", "b1")?.["n"] === 1, "b has it");
  // By a device that knows nothing of the log that ends
  await change(a, { kind: "remove-account", account: accountOf(b) });
  world.hub.heal();
  await world.until(() => standing(b) === "removed", "told");
  await ask(b, "discard");
  expect(b.find("notes")).toEqual([]);
  expect(await undelivered(b)).toEqual([]);
});

/** What is written there is not cut. */
const alone = async (world: World, devices: readonly Device[], device: Device): Promise<void> => {
  world.hub.partition(devices.map(({ network }) => [network]));
  await world.settle();
  await device.update("notes", "b1", { $inc: { count: 1_000 } });
};

test("what others deleted of it stays deleted, whatever order the store has logs in", async () => {
  let before = 0;
  for (let seed = 1; before < 2; seed++) {
    const world = createWorld(seed);
    const [a, b, c] = await apart(world);
    // What is ready is read by its time: by this clock the later of the two
    b.skew = 86_400_000;
    await b.insert("notes", [{ id: "b4" }]);
    await world.until(() => c.get("notes", "b4") !== undefined, "c has it");
    await c.remove("notes", "b4");
    await world.until(() => b.get("notes", "b4") === undefined, "deleted");
    const writers = [c, b].map((device) => device.shared("notes").writer?.id ?? "");
    await change(a, { kind: "remove-account", account: accountOf(b) });
    const records = membershipOf(a).control.records();
    await takeRecords(
      b.engine,
      membershipOf(b),
      records.map(({ bytes }) => bytes),
    );
    expect(membershipOf(b).standing()).toBe("removed");
    await b.engine.rebuild.rename(b.shared("notes"));
    expect(ids(b)).not.toContain("b4");
    // The one that deletes stands first in the store, about every second time
    if (writers.join() === writers.toSorted().join()) before += 1;
  }
});

test("whatever crash comes between, it is written anew once", async () => {
  let devices: readonly [Device, Device, Device] | null = null;
  const times = await atEachWrite(
    async (world) => {
      devices = await apart(world);
      const [a, b] = devices;
      await alone(world, devices, b);
      await setRole(a, b, "reader");
      await setRole(a, b, "editor");
      return b;
    },
    async (world, b) => {
      const all = [{ id: "b1", n: 2, count: 1_111 }, { id: "b3" }];
      const others = devices ?? [];
      await world.until(
        () => others.every((device) => device.get("notes", "b1")?.["count"] === 1_111),
        "all have it",
      );
      await world.until(verified(...others), "verified");
      for (const device of others) expect(device.find("notes")).toEqual(all);
      expect(notAccepted(b)).toEqual([]);
    },
  );
  expect(times).toBeGreaterThan(6);
}, 120_000);

test("whatever crash comes between, it is set aside once", async () => {
  let a: Device | null = null;
  const times = await atEachWrite(
    async (world) => {
      const devices = await apart(world);
      const [first, b] = devices;
      await alone(world, devices, b);
      await setRole(first, b, "reader");
      a = first;
      return b;
    },
    async (world, b) => {
      await world.until(() => notAccepted(b)?.[0]?.operations === 5, "set aside");
      await world.until(() => a !== null && verified(a, b)(), "verified");
      expect(b.find("notes")).toEqual(accepted);
      await b.engine.cutter.absorb();
      expect(b.journal()).toEqual([]);
    },
  );
  expect(times).toBeGreaterThan(3);
}, 120_000);
