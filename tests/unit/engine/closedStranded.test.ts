/**
 * What a device wrote onto a log that counts no more: it is delivered nowhere, so it is set aside
 * and written anew, whatever crash comes between.
 */
import { expect, test } from "vitest";
import { parseRecord } from "../../../src/core/network/closed/record.ts";
import { manage } from "../../../src/engine/closed/manage.ts";
import { atEachWrite } from "./atEachWrite.ts";
import {
  accountOf,
  beyondItsRight,
  change,
  closedOf,
  contradict,
  founder,
  give,
  invited,
  join,
  membershipOf,
  open,
  recordsOf,
  share,
  standing,
  takeInvite,
  team,
  tell,
  undelivered,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

/** Somebody whose admission is to be left beside the chain. */
const letIn = async (world: World, a: Device): Promise<Device> => {
  const c = await open(world);
  const { link } = await invited(a);
  await takeInvite(c, link);
  await world.until(() => standing(c) === "editor", "admitted");
  await share(c);
  return c;
};

/** a opens a term on another branch, from its profile as that was. */
const leaveBeside = async (
  world: World,
  a: Device,
  image: ReturnType<Device["image"]>,
): Promise<void> => {
  const { device: copy, records } = await contradict(world, image);
  await copy.close();
  await give(a, records);
  await manage(a.engine, { kind: "term", networkId: team, device: null });
  await tell(a);
};

/** c is let in by a decision that is to be left beside the chain; b builds on what c wrote. */
const builtOn = async (world: World) => {
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  const image = a.image();
  const c = await letIn(world, a);
  await c.insert("notes", [{ id: "c", count: 1 }]);
  await world.until(() => b.get("notes", "c") !== undefined, "b has it");
  await b.update("notes", "c", { $inc: { count: 10 } });
  await b.insert("notes", [{ id: "b" }]);
  await world.until(verified(a, b, c), "verified");
  world.hub.partition([a, b, c].map(({ network }) => [network]));
  await b.update("notes", "c", { $inc: { count: 100 } });
  await leaveBeside(world, a, image);
  return { a, b, c };
};

test("whatever crash comes between, it is written anew once", async () => {
  let devices: readonly Device[] = [];
  const times = await atEachWrite(
    async (world) => {
      const { a, b, c } = await builtOn(world);
      devices = [a, b, c];
      return b;
    },
    async (world, b) => {
      await world.until(
        () => devices.every((device) => device.get("notes", "c")?.["count"] === 111),
        "all have it",
      );
      await world.until(verified(...devices), "verified");
      for (const device of devices) {
        expect(device.find("notes")).toEqual([{ id: "b" }, { id: "c", count: 111 }]);
      }
      expect(closedOf(b)?.notAccepted).toEqual([]);
    },
  );
  expect(times).toBeGreaterThan(6);
});

test("what others built on it leaves every disk, and no opening takes it for damage", async () => {
  const world = createWorld();
  const { a, b, c } = await builtOn(world);
  // What b wrote upon it is not b's any more, and a has nothing to deliver it by
  expect(await undelivered(a)).toEqual([]);
  world.hub.heal();
  const devices = [a, b, c];
  await world.until(
    () => devices.every((device) => device.get("notes", "c")?.["count"] === 111),
    "all have it",
  );
  await world.until(verified(...devices), "verified");
  for (const device of devices) {
    expect(await undelivered(device)).toEqual([]);
    await device.reopen(undefined, { joined: false });
    expect(device.failures()).toEqual([]);
  }
});

/** And d, which has it all and wrote nothing, or nothing upon it. */
const beside = async (world: World, hasLog: boolean) => {
  const a = await founder(world);
  const d = await join(world, a);
  for (const device of [a, d]) await share(device);
  if (hasLog) await d.insert("notes", [{ id: "d" }]);
  await world.until(verified(a, d), "verified");
  const image = a.image();
  const c = await letIn(world, a);
  await c.insert("notes", [{ id: "c", count: 111 }]);
  await world.until(() => d.get("notes", "c") !== undefined, "d has it");
  await world.until(verified(a, c, d), "verified");
  world.hub.partition([a, c, d].map(({ network }) => [network]));
  await leaveBeside(world, a, image);
  return { a, writer: d, devices: [a, c, d] };
};

const asBuiltOn = async (world: World) => {
  const { a, b, c } = await builtOn(world);
  return { a, writer: b, devices: [a, b, c] };
};

test.each([
  ["a log that stands on it", asBuiltOn],
  ["a log that does not", (world: World) => beside(world, true)],
  ["no log", (world: World) => beside(world, false)],
])(
  "what is written while a record makes void what it stands on is not lost: %s",
  async (_, begin) => {
    const counts = new Set<number>();
    // The write comes this many turns of promises behind the record
    for (let turns = 0; turns < 60; turns += 4) {
      const world = createWorld();
      const { a, writer, devices } = await begin(world);
      const taken = give(writer, recordsOf(a).filter(isTerm));
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      // None while what it stands on is gone, and what is written anew is not there yet
      const [count = 0] = await writer.update("notes", "c", { $inc: { count: 1_000 } });
      counts.add(count);
      await writer.engine.cutter.cutAll(writer.engine.registry.homes());
      await taken;
      world.hub.heal();
      const due = 111 + 1_000 * count;
      await world.until(
        () => devices.every((device) => device.get("notes", "c")?.["count"] === due),
        `all have it, ${String(turns)} turns behind`,
      );
      await world.until(verified(...devices), "verified");
      for (const device of devices) {
        expect(await undelivered(device)).toEqual([]);
        expect(device.failures()).toEqual([]);
      }
    }
    expect(counts).toContain(1);
  },
);

test("whatever crash comes between, what others wrote beyond their right is gone", async () => {
  let a: Device | null = null;
  const times = await atEachWrite(
    async (world) => {
      const written = await beyondItsRight(world);
      a = written.a;
      return written.c;
    },
    async (world, c) => {
      await world.until(() => a !== null && verified(a, c)(), "verified");
      expect(c.find("notes")).toEqual([{ id: "1" }]);
    },
  );
  expect(times).toBeGreaterThan(2);
});

test("whose log goes on elsewhere keeps what it wrote of documents that are void", async () => {
  const world = createWorld();
  const a = await founder(world);
  await share(a);
  const image = a.image();
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [b, c]) await share(device);
  await c.insert("notes", [{ id: "c", count: 1 }]);
  await world.until(() => b.get("notes", "c") !== undefined, "b has it");
  await world.until(verified(a, b, c), "verified");
  await Promise.all([a, b, c].map((device) => device.disconnect()));
  const { device: copy, records } = await contradict(world, image);
  await copy.close();
  for (const device of [a, b]) await give(device, records);
  // Nothing is cut while two records stand at one height
  await b.update("notes", "c", { $inc: { count: 100 } });
  await manage(a.engine, { kind: "term", networkId: team, device: null });
  await tell(a);
  // By which b and c were never let in, and are to be
  await give(b, recordsOf(a).filter(isTerm));
  expect(membershipOf(b).standing()).toBe("waiting");
  await b.engine.rebuild.beginAnew(b.shared("notes"));
  await Promise.all([a, b, c].map((device) => device.connect()));
  await world.until(() => a.get("notes", "c")?.["count"] === 101, "a has it");
  await world.until(verified(a, b, c), "verified");
  for (const device of [a, b, c]) expect(device.find("notes")).toEqual([{ id: "c", count: 101 }]);
});

test("who has to wait again holds nothing void, and what it wrote waits with it", async () => {
  const world = createWorld();
  const a = await founder(world);
  await share(a);
  await world.until(() => closedOf(a)?.collections.length === 1, "shared");
  const image = a.image();
  const b = await join(world, a);
  await share(b);
  await b.insert("notes", [{ id: "b", count: 1 }]);
  await world.until(() => a.get("notes", "b") !== undefined, "a has it");
  await world.until(verified(a, b), "verified");
  await Promise.all([a, b].map((device) => device.disconnect()));
  await leaveBeside(world, a, image);
  await give(b, recordsOf(a));
  expect(membershipOf(b).standing()).toBe("waiting");
  expect(b.shared("notes").tree.heads()).toEqual([]);
  expect(b.find("notes")).toEqual([{ id: "b", count: 1 }]);
  await b.reopen(undefined, { joined: false });
  expect(b.find("notes")).toEqual([{ id: "b", count: 1 }]);
  await Promise.all([a, b].map((device) => device.connect()));
  await world.until(verified(a, b), "verified");
  for (const device of [a, b]) {
    expect(device.find("notes")).toEqual([{ id: "b", count: 1 }]);
    expect(device.failures()).toEqual([]);
  }
  expect(closedOf(b)?.notAccepted).toEqual([]);
});

test("a removal is taken back and made again: what was built on void ops is not lost", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await c.insert("notes", [{ id: "c0" }]);
  await world.until(verified(a, b, c), "verified");
  await world.pass(120_000);
  const image = a.image();
  world.hub.partition([[a.network], [b.network, c.network]]);
  await c.insert("notes", [{ id: "c", count: 1 }]);
  await world.until(() => b.get("notes", "c") !== undefined, "b has it");
  await b.update("notes", "c", { $inc: { count: 10 } });
  await b.insert("notes", [{ id: "b1" }]);
  await world.until(() => c.get("notes", "c")?.["count"] === 11, "c has that");
  world.hub.partition([a, b, c].map(({ network }) => [network]));
  await change(a, { kind: "remove-account", account: accountOf(c) });
  await give(b, recordsOf(a));
  expect(b.find("notes")).toEqual([{ id: "b1" }, { id: "c0" }]);
  // The same device, which did not remove anybody
  const { device: copy, records } = await contradict(world, image);
  await copy.close();
  await a.close();
  const again = await world.open({ joined: false, image });
  await give(again, records);
  await manage(again.engine, { kind: "term", networkId: team, device: null });
  await tell(again);
  await give(b, recordsOf(again));
  expect(membershipOf(b).control.state().closures).toEqual([]);
  // As where a fork gives ops other names
  await b.engine.rebuild.rename(b.shared("notes"));
  // What it wrote upon that is not delivered, but what it writes now is
  await b.insert("notes", [{ id: "b" }]);
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  expect(b.failures()).toEqual([]);
  world.hub.heal();
  // The removal is decided once more, by which the rest of that log is void again
  const devices = [again, b];
  const all = [{ id: "b" }, { id: "b1" }, { id: "c0" }];
  await world.until(
    () => devices.every((device) => device.find("notes").length === all.length),
    "both have it",
  );
  await world.until(() => standing(c) === "removed", "removed again");
  await world.until(verified(...devices), "verified");
  for (const device of devices) {
    expect(device.find("notes")).toEqual(all);
    expect(device.failures()).toEqual([]);
  }
});

const isTerm = (bytes: Uint8Array): boolean => {
  const parsed = parseRecord(bytes);
  return parsed.ok && parsed.value.proposal.content.kind === "term";
};
