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
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

/** c is let in by a decision that is to be left beside the chain; b builds on what c wrote. */
const builtOn = async (world: World) => {
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  const image = a.image();
  const c = await open(world);
  const { link } = await invited(a);
  await takeInvite(c, link);
  await world.until(() => standing(c) === "editor", "admitted");
  await share(c);
  await c.insert("notes", [{ id: "c", count: 1 }]);
  await world.until(() => b.get("notes", "c") !== undefined, "b has it");
  await b.update("notes", "c", { $inc: { count: 10 } });
  await b.insert("notes", [{ id: "b" }]);
  await world.until(verified(a, b, c), "verified");
  world.hub.partition([a, b, c].map(({ network }) => [network]));
  await b.update("notes", "c", { $inc: { count: 100 } });
  const { device: copy, records } = await contradict(world, image);
  await copy.close();
  await give(a, records);
  await manage(a.engine, { kind: "term", networkId: team, device: null });
  await tell(a);
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

test("whatever crash comes between, what others wrote beyond their right is gone", async () => {
  let a: Device | null = null;
  const times = await atEachWrite(
    async (world) => {
      a = await founder(world);
      const [b, c] = [await join(world, a), await join(world, a)];
      for (const device of [a, b, c]) await share(device);
      await b.insert("notes", [{ id: "1" }]);
      await world.until(verified(a, b, c), "verified");
      world.hub.partition([[a.network], [b.network, c.network]]);
      await b.insert("notes", [{ id: "2" }]);
      await world.until(() => c.get("notes", "2") !== undefined, "c has it");
      await b.disconnect();
      await change(a, { kind: "role", account: accountOf(b), role: "reader" });
      return c;
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

const isTerm = (bytes: Uint8Array): boolean => {
  const parsed = parseRecord(bytes);
  return parsed.ok && parsed.value.proposal.content.kind === "term";
};
