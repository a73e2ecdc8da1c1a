/**
 * A device that was away when it was removed: whoever of the members it meets tells it by the
 * chain's own records, and nobody else is told anything.
 */
import { expect, test } from "vitest";
import { messageTypes } from "../../../src/core/sync/frames.ts";
import { catchUpMillisecondsMax } from "../../../src/core/base/limits.ts";
import { headOf } from "../../../src/core/network/closed/record.ts";
import type { GreetingNetwork } from "../../../src/core/sync/greeting.ts";
import { as, crypto, recordsIn, speak, watched, type Spoken } from "./attacker.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  heightOf,
  hex,
  invited,
  join,
  membershipOf,
  share,
  standing,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

interface Removal {
  readonly world: World;
  readonly a: Device;
  readonly b: Device;
  readonly c: Device;
}

/** b goes, is removed by a, and more is decided and written; b writes too, in vain. */
const removedWhileAway = async (world: World): Promise<Removal> => {
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await b.insert("notes", [{ id: "b1" }]);
  await world.until(verified(a, b, c), "verified");
  await b.disconnect();
  await change(a, { kind: "role", account: accountOf(c), role: "owner" });
  await change(a, { kind: "remove-account", account: accountOf(b) });
  await invited(a);
  await a.insert("notes", [{ id: "after" }]);
  await world.until(verified(a, c), "the others go on");
  await b.insert("notes", [{ id: "b2" }]);
  return { world, a, b, c };
};

const removalOf = (device: Device): number => {
  const record = membershipOf(device)
    .control.records()
    .find(({ proposal }) => proposal.content.kind === "remove");
  if (record === undefined) throw new Error("nobody was removed");
  return record.height;
};

test("a device that was away when it was removed learns it from whoever is there", async () => {
  const roles = new Set<boolean>();
  for (const seed of [1, 2, 3, 4]) {
    const { opened, wrap } = watched();
    const { a, b, c, world } = await removedWhileAway(createWorld(seed, wrap));
    opened.clear();
    const before = membershipOf(b).epochs.latest()?.id;
    await b.connect();
    await world.until(() => standing(b) === "removed", "told");
    for (const role of opened.get(b.network) ?? []) roles.add(role);
    const told = [{ collection: "notes", operations: 1, documents: ["b2"] }];
    expect(closedOf(b)?.notAccepted).toEqual(told);
    await world.pass(60_000);
    // All of the chain up to its removal, and nothing of what came later
    expect(membershipOf(b).control.head().height).toBe(removalOf(a));
    expect(membershipOf(a).control.head().height).toBeGreaterThan(removalOf(a));
    expect(membershipOf(b).epochs.latest()?.id).toBe(before);
    expect(b.find("notes").map(({ id }) => id)).toEqual(["b1", "b2"]);
    expect(a.find("notes").map(({ id }) => id)).toEqual(["after", "b1"]);
    await b.reopen(undefined, { joined: false, online: false });
    expect(membershipOf(b).standing()).toBe("removed");
    expect(closedOf(b)?.notAccepted).toEqual(told);
    expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
  }
  // Whichever of the two opened the channel
  expect([...roles].sort()).toEqual([false, true]);
});

test("a member that is not the sequencer tells it too", async () => {
  const { names, wrap } = watched();
  const { a, b, c, world } = await removedWhileAway(createWorld(1, wrap));
  await a.disconnect();
  await b.connect();
  await world.pass(60_000);
  // Nobody looks for it but the sequencer
  expect(standing(b)).toBe("editor");
  const dialled = b.network.connect?.(`/memory/${names.get(c.network) ?? ""}`);
  await world.until(() => standing(b) === "removed", "told");
  await dialled;
  expect(membershipOf(b).control.head().height).toBe(removalOf(a));
});

// ------------------------------------------------------------------------------------ attackers

test("only who proves to be the removed device is told, and only what it may know", async () => {
  const heard = new Set<string>();
  for (const seed of [1, 2, 3, 4]) {
    const { names, wrap } = watched();
    const { a, b, c, world } = await removedWhileAway(createWorld(seed, wrap));
    const at = { world, names };
    const spokenAs = (change: Partial<GreetingNetwork>): Promise<Spoken> =>
      speak(at, a, as(b, change));
    const liars: readonly Partial<GreetingNetwork>[] = [
      // Knows nothing of the network
      { greetingKey: crypto.randomBytes(32) },
      // Knows all that b knew, but for the key of its device
      { signingSeed: crypto.randomBytes(32) },
      // Shows a member's certificate for want of its key
      { certificate: membershipOf(c).device.certificate },
    ];
    for (const liar of liars) expect(recordsIn(await spokenAs(liar))).toEqual([]);
    const spoken = await spokenAs({});
    heard.add(spoken.fault);
    const { control } = membershipOf(a);
    const due = control
      .from(membershipOf(b).control.head().height + 1)
      .filter(({ height }) => height <= removalOf(a))
      .map(({ bytes }) => hex(bytes));
    expect(due.length).toBeGreaterThan(1);
    expect(recordsIn(spoken)).toEqual(due);
    // And nothing else: no head, no keys, no data
    expect(new Set(spoken.types)).toEqual(new Set([messageTypes.control]));
    expect(spoken.messages).toHaveLength(1);
    // Asked again at once, it says no more than that
    expect(recordsIn(await spokenAs({}))).toEqual([]);
    // Who knows of it has nothing to ask
    await world.pass(60_000);
    const later = control.from(removalOf(a))[0];
    if (later === undefined) throw new Error("no removal");
    expect(recordsIn(await spokenAs({ controlHead: headOf(later) }))).toEqual([]);
    expect(recordsIn(await spokenAs({}))).toEqual(due);
  }
  expect([...heard].sort()).toEqual(["greeted", "removed"]);
});

test("what the removed device said on one connection opens nothing on another", async () => {
  const { names, wrap } = watched();
  const { a, b, world } = await removedWhileAway(createWorld(1, wrap));
  const at = { world, names };
  const said: Uint8Array[] = [];
  const recorded = await speak(at, a, (channel, frames) => {
    const noting = {
      ...channel,
      send: (frame: Uint8Array) => {
        said.push(frame.slice());
        return channel.send(frame);
      },
    };
    return as(b)(noting, frames);
  });
  expect(recordsIn(recorded)).not.toEqual([]);
  await world.pass(60_000);
  const replayed = await speak(at, a, async (channel, { receive }) => {
    for (const frame of said) {
      await channel.send(frame).catch(() => undefined);
      await receive();
    }
    return "replayed";
  });
  expect(recordsIn(replayed)).toEqual([]);
});

test("it is found by who kept the order when it left, and by an owner that it knew", async () => {
  for (const there of ["before", "owner"] as const) {
    const world = createWorld(3);
    const a = await founder(world);
    const [b, c] = [await join(world, a), await join(world, a, { role: "owner" })];
    for (const device of [a, b, c]) await share(device);
    await world.until(verified(a, b, c), "verified");
    await b.disconnect();
    const { name } = membershipOf(c).device;
    await change(a, { kind: "transfer", device: name });
    await world.until(() => heightOf(c) === heightOf(a), "c keeps the order");
    await change(c, { kind: "remove-account", account: accountOf(b) });
    await world.until(() => heightOf(c) === heightOf(a), "both know");
    await (there === "before" ? c : a).disconnect();
    await b.connect();
    await world.until(() => standing(b) === "removed", "told");
  }
});

test("who removes somebody catches up first with what others hold of his log", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c, d] = [await join(world, a), await join(world, a), await join(world, a)];
  for (const device of [a, b, c, d]) await share(device);
  await world.until(verified(a, b, c, d), "verified");
  await a.disconnect();
  await c.insert("notes", [{ id: "c", count: 1 }]);
  await world.until(() => b.get("notes", "c") !== undefined, "b has it");
  await b.update("notes", "c", { $inc: { count: 1 } });
  await b.insert("notes", [{ id: "b" }]);
  await world.until(verified(b, c, d), "verified");
  await c.disconnect();
  await a.connect();
  await world.until(() => (a.sync("notes")?.status.kind ?? "") !== "disconnected", "connected");
  let isDone = false;
  const caughtUp = a.opened.sync.catchUp(membershipOf(a)).then(() => {
    isDone = true;
  });
  await world.until(() => isDone, "caught up");
  await caughtUp;
  await change(a, { kind: "remove-account", account: accountOf(c) });
  await b.close();
  await world.until(verified(a, d), "verified");
  for (const device of [a, d]) {
    expect(device.find("notes")).toEqual([{ id: "b" }, { id: "c", count: 2 }]);
  }
});

test("nobody holds a removal up by saying nothing", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  world.hub.setFaults({ loss: 1 });
  await b.insert("notes", [{ id: "1" }]);
  let isDone = false;
  void a.opened.sync.catchUp(membershipOf(a)).then(() => {
    isDone = true;
  });
  const since = world.now();
  await world.until(() => isDone, "given up");
  expect(world.now() - since).toBeLessThanOrEqual(catchUpMillisecondsMax);
});
