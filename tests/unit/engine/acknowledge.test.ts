/**
 * Who holds what, as devices know it of each other: through a third, after a restart, after a
 * rollback, and against members that lie.
 */
import { describe, expect, test } from "vitest";
import { shortHashOf } from "../../../src/core/base/ids.ts";
import { farewellMillisecondsMax } from "../../../src/core/base/limits.ts";
import { hash } from "../../../src/core/crypto/hash.ts";
import {
  makeAcknowledgement,
  type Acknowledgement,
} from "../../../src/core/network/acknowledgement.ts";
import type { PeerChannel } from "../../../src/core/net/carrier.ts";
import { rowOfHead } from "../../../src/core/segment/tree.ts";
import {
  encodeAcknowledgeMessage,
  type AcknowledgeMessage,
} from "../../../src/core/sync/acknowledgeMessage.ts";
import { encodeMessage } from "../../../src/core/sync/frames.ts";
import type { EngineHealth } from "../../../src/core/wire/health.ts";
import { readBook, type AcknowledgedBook } from "../../../src/engine/acknowledged.ts";
import type { NetworkMembership } from "../../../src/engine/identity.ts";
import { leaveNetwork } from "../../../src/engine/membership.ts";
import { holdFirst } from "./faults.ts";
import { createWorld, networkId, type Device, type World } from "./world.ts";

const membershipOf = (device: Device): NetworkMembership =>
  device.engine.registry.networks.named(networkId);

const nameOf = (device: Device): string => membershipOf(device).device.name;

/** What it has in its store. */
const bookOf = async (device: Device): Promise<AcknowledgedBook> =>
  readBook(membershipOf(device), await device.engine.deps.store.meta());

const health = (device: Device): Promise<EngineHealth> => device.opened.health.now();

const sharing = async (world: World, count: number): Promise<readonly Device[]> => {
  const devices = await Promise.all(Array.from({ length: count }, () => world.open()));
  for (const device of devices) await device.share("notes");
  return devices;
};

const two = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, b] = await sharing(world, 2);
  if (a === undefined || b === undefined) throw new Error("two devices");
  return [a, b];
};

const verified = (world: World, ...devices: readonly Device[]): Promise<void> =>
  world.until(() => devices.every((device) => device.isVerified("notes")), "verified");

/** Long enough for all to be said and passed on. */
const quietMs = 60_000;

const three = async (world: World): Promise<readonly [Device, Device, Device]> => {
  const [a, b, c] = await sharing(world, 3);
  if (a === undefined || b === undefined || c === undefined) throw new Error("three devices");
  // a and c never meet
  world.hub.partition([
    [a.network, b.network],
    [b.network, c.network],
  ]);
  return [a, b, c];
};

test("a device learns through a second what a third holds, and knows it still alone", async () => {
  const world = createWorld();
  const [a, b, c] = await three(world);
  await a.insert("notes", [{ id: "1" }, { id: "2" }]);
  await verified(world, a, b, c);
  expect(a.networks()[0]?.peers).toHaveLength(1);
  await world.pass(quietMs);
  expect(await health(a)).toMatchObject({
    ...{ otherDevices: 2, onlyHere: [], pendingOperations: 0 },
  });
  await a.close();
  await a.reopen(undefined, { online: false });
  expect(await health(a)).toMatchObject({
    ...{ otherDevices: 2, onlyHere: [], pendingOperations: 0 },
  });
  expect(a.sync("notes")).toMatchObject({
    ...{ status: { kind: "disconnected" }, pendingOperations: 0 },
  });
  // What is written now is nowhere else, and nobody is said to hold all any more
  await a.insert("notes", [{ id: "3" }]);
  await world.settle();
  expect(await health(a)).toMatchObject({ otherDevices: 0, pendingOperations: 1 });
  expect(a.sync("notes")?.pendingOperations).toBe(1);
  expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
});

test("what nobody waits for falls silent", async () => {
  const world = createWorld();
  const devices = await sharing(world, 4);
  for (const [index, device] of devices.entries()) {
    await device.insert("notes", [{ id: `${index}` }]);
    await world.pass(700);
  }
  await verified(world, ...devices);
  await world.pass(quietMs);
  const frames = world.frames();
  await world.pass(600_000);
  expect(world.frames()).toBe(frames);
  for (const device of devices) expect(await health(device)).toMatchObject({ otherDevices: 3 });
});

test("a busy device says so every few seconds, not with every commit", async () => {
  const world = createWorld();
  const [a, b] = await two(world);
  await verified(world, a, b);
  for (let turn = 0; turn < 240; turn++) {
    await a.upsert("notes", [{ id: "1", turn }]);
    await world.pass(250);
  }
  await verified(world, a, b);
  await world.pass(quietMs);
  for (const device of [a, b]) {
    const counter = (await bookOf(device)).get(nameOf(device))?.held.number.counter ?? 0;
    expect(counter).toBeGreaterThan(2);
    expect(counter).toBeLessThan(10);
  }
  expect(await health(a)).toMatchObject({ otherDevices: 1 });
});

test("only what is stored is acknowledged", async () => {
  const world = createWorld();
  const [a, b] = await two(world);
  await verified(world, a, b);
  // Nothing of its own is still to be stored
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  const gate = holdFirst(b, "write");
  await a.insert("notes", [{ id: "1" }]);
  await world.pass(1_000);
  expect(b.shared("notes").tree.heads()).toHaveLength(1);
  // Delivered there and not stored, when it is due to say what it holds
  b.opened.sync.changed(b.shared("notes"));
  await world.pass(quietMs);
  const rows = a.shared("notes").tree.heads().map(rowOfHead);
  const heldBy = async (): Promise<unknown> =>
    (await bookOf(a)).get(nameOf(b))?.held.scopes.get(a.shared("notes").scope) ?? [];
  expect(rows).toHaveLength(1);
  gate.fail();
  await world.pass(100);
  expect(await heldBy()).toEqual([]);
  await b.reopen();
  await verified(world, a, b);
  await world.pass(quietMs);
  expect(await heldBy()).toEqual(rows);
});

test("a collection that is dropped is acknowledged no more", async () => {
  const world = createWorld();
  const [a, b] = await two(world);
  await a.insert("notes", [{ id: "1" }]);
  await verified(world, a, b);
  await world.pass(quietMs);
  await b.write({ kind: "drop", collection: "notes" });
  await b.share("others");
  await b.insert("others", [{ id: "x" }]);
  await a.share("others");
  await world.until(() => b.isVerified("others"), "verified");
  await world.pass(quietMs);
  await b.disconnect();
  await world.pass(1_000);
  expect(await health(a)).toMatchObject({
    ...{ otherDevices: 0, onlyHere: [{ collection: "notes", documents: 1 }] },
  });
});

test("leaving a network forgets what its devices hold", async () => {
  const world = createWorld();
  const [a, b] = await two(world);
  await a.insert("notes", [{ id: "1" }]);
  await verified(world, a, b);
  await world.pass(quietMs);
  const keys = async (): Promise<readonly string[]> =>
    [...(await a.engine.deps.store.meta()).keys()].filter((key) => key.startsWith("acknowledged/"));
  expect(await keys()).toHaveLength(2);
  await leaveNetwork(a.engine, networkId);
  a.opened.sync.refresh();
  await world.pass(quietMs);
  expect(await keys()).toEqual([]);
  expect(a.failures()).toEqual([]);
});

test("who is closed says what it holds and did not say yet, and waits to be heard", async () => {
  const world = createWorld();
  const [a, b] = await two(world);
  await a.insert("notes", [{ id: "1" }]);
  await verified(world, a, b);
  await world.pass(quietMs);
  await a.insert("notes", [{ id: "2" }]);
  await world.until(() => b.get("notes", "2") !== undefined, "it came");
  expect(await health(a)).toMatchObject({ otherDevices: 0 });
  const before = world.now();
  await during(world, b.opened.sync.farewell());
  expect(world.now() - before).toBeLessThan(farewellMillisecondsMax);
  await b.close();
  await world.settle();
  expect(a.networks()[0]?.peers).toEqual([]);
  expect(await health(a)).toMatchObject({ otherDevices: 1, pendingOperations: 0, onlyHere: [] });
  // Nothing is left to be said, and nobody is waited for
  await b.reopen(undefined, { online: false });
  await b.opened.sync.farewell();
});

test("who does not hear a farewell is not waited for longer", async () => {
  let isLost = false;
  const world = createWorld(1, (network) => ({
    ...network,
    onChannel: (handler) => {
      network.onChannel((channel) => {
        handler({
          ...channel,
          send: (frame) => (isLost ? Promise.resolve() : channel.send(frame)),
        });
      });
    },
  }));
  const [a, b] = await two(world);
  await a.insert("notes", [{ id: "1" }]);
  await world.until(() => b.get("notes", "1") !== undefined, "it came");
  isLost = true;
  const before = world.now();
  await during(world, b.opened.sync.farewell());
  expect(world.now() - before).toBe(farewellMillisecondsMax);
  expect(b.failures()).toEqual([]);
});

/** Time passes until it is done. */
const during = async (world: World, running: Promise<void>): Promise<void> => {
  let isDone = false;
  const done = running.then(() => {
    isDone = true;
  });
  await world.until(() => isDone, "done");
  await done;
};

describe("a profile", () => {
  test("that was put back says anew what it holds, and is believed to hold no more", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    const early = b.image();
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    await world.pass(quietMs);
    expect(await health(a)).toMatchObject({ otherDevices: 1 });
    await b.reopen(early);
    await world.pass(quietMs);
    expect(await health(a)).toMatchObject({ otherDevices: 0 });
    const { held } = (await bookOf(a)).get(nameOf(b)) ?? {};
    expect(held?.number).toEqual({ incarnation: 1, counter: 1 });
    // And goes on from there
    await b.share("notes");
    await verified(world, a, b);
    await world.pass(quietMs);
    expect(await health(a)).toMatchObject({ otherDevices: 1 });
    expect((await bookOf(a)).get(nameOf(b))?.held.number.incarnation).toBe(1);
  });

  test("and its copy count once, and end in silence whatever they hold", async () => {
    const world = createWorld();
    const [a, b, c] = await three(world);
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b, c);
    await world.pass(quietMs);
    // They never meet, nor does anybody meet both
    const copy = await world.open({ image: c.image(), online: false });
    world.hub.partition([
      [a.network, b.network],
      [b.network, c.network],
      [a.network, copy.network],
    ]);
    await copy.connect();
    for (const [index, device] of [c, copy, a].entries()) {
      await device.insert("notes", [{ id: `more-${index}` }]);
      await world.pass(3_000);
    }
    // Only one of both shares this
    for (const device of [copy, a]) await device.share("others");
    for (let turn = 0; turn < 3; turn++) {
      await copy.upsert("others", [{ id: "x", turn }]);
      await world.pass(30_000);
    }
    await world.until(() => copy.isVerified("others"), "verified");
    await world.until(() => c.find("notes").length === 4, "all documents");
    await world.pass(quietMs * 5);
    const said = (await bookOf(a)).get(nameOf(c))?.held.number;
    expect(said?.incarnation).toBeGreaterThan(0);
    await world.pass(600_000);
    expect((await bookOf(a)).get(nameOf(c))?.held.number).toEqual(said);
    expect(nameOf(copy)).toBe(nameOf(c));
    await a.write({ kind: "detach", collection: "others" });
    expect(await health(a)).toMatchObject({ otherDevices: 2 });
  });
});

describe("a member that lies", () => {
  /** A liar with a channel of its own to the device that it lies to, and what it can say. */
  const liarTo = async (world: World) => {
    const [a, b] = await two(world);
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    await world.pass(quietMs);
    await b.disconnect();
    const channels: PeerChannel[] = [];
    await b.opened.sync.carry({
      ...b.network,
      onChannel: (handler) => {
        b.network.onChannel((channel) => {
          channels.push(channel);
          handler(channel);
        });
      },
    });
    await verified(world, a, b);
    await world.pass(quietMs);
    const home = a.shared("notes");
    const { network, device, control } = membershipOf(b);
    const saying = async (what: Partial<Acknowledgement>, seed = device.seed) =>
      makeAcknowledgement(
        {
          ...{ networkHash: network.networkHash, device: device.publicKey },
          ...{ incarnation: 0, counter: 1_000, controlHead: control.head() },
          ...{ scopes: new Map([[home.scope, home.tree.heads().map(rowOfHead)]]), ...what },
        },
        seed,
        b.engine.deps.crypto,
      );
    return {
      ...{ a, b, home, saying },
      certificate: certificateOf(b),
      send: async (message: AcknowledgeMessage): Promise<void> => {
        const body = encodeAcknowledgeMessage(message);
        await channels.at(-1)?.send(encodeMessage({ kind: "acknowledge", body }));
        await world.pass(100);
      },
      isConnected: () => a.networks()[0]?.peers.length === 1,
      /** Gone, so that only what was acknowledged counts. */
      ended: async (): Promise<EngineHealth> => {
        await b.disconnect();
        await world.pass(1_000);
        return health(a);
      },
    };
  };

  const certificateOf = (device: Device): Uint8Array =>
    membershipOf(device).device.certificate.bytes;

  test("of heads that do not exist is not believed to hold those that do", async () => {
    const world = createWorld();
    const { a, home, saying, send, certificate, isConnected, ended } = await liarTo(world);
    const made = home.tree
      .heads()
      .map((head) => ({ ...rowOfHead(head), n: 9_000, header: shortHashOf(new Uint8Array(16)) }));
    const { bytes } = await saying({ scopes: new Map([[home.scope, made]]) });
    await send({ kind: "given", given: [{ bytes, certificate }] });
    // Nobody can tell that it is a lie: those heads may be on their way
    expect(isConnected()).toBe(true);
    expect(await ended()).toMatchObject({ otherDevices: 0, pendingOperations: 1 });
    expect(a.failures()).toEqual([]);
  });

  test("in another's name, or with another network's word, is hung up on", async () => {
    for (const lie of ["name", "network", "certificate", "nonsense"] as const) {
      const world = createWorld();
      const { a, b, saying, send, certificate, isConnected } = await liarTo(world);
      const { device } = membershipOf(a);
      const before = await bookOf(a);
      const [said, shown] =
        lie === "network"
          ? [await saying({ networkHash: hash("other") }), certificate]
          : lie === "certificate"
            ? [await saying({ device: device.publicKey }, device.seed), null]
            : [await saying({ device: device.publicKey }), device.certificate.bytes];
      const bytes = lie === "nonsense" ? new Uint8Array(9) : said.bytes;
      expect(isConnected()).toBe(true);
      await send({ kind: "given", given: [{ bytes, certificate: shown }] });
      expect(isConnected(), lie).toBe(false);
      expect(await bookOf(a), lie).toEqual(before);
      expect([...a.failures(), ...b.failures()]).toEqual([]);
    }
  });

  test("by repeating what was said before moves nothing", async () => {
    const world = createWorld();
    const { a, b, saying, send, certificate, isConnected, ended } = await liarTo(world);
    const kept = (await bookOf(a)).get(nameOf(b))?.held;
    const old = await saying({ counter: 1, scopes: new Map() });
    await send({ kind: "given", given: [{ bytes: old.bytes, certificate }] });
    expect(isConnected()).toBe(true);
    expect((await bookOf(a)).get(nameOf(b))?.held.scopes).toEqual(kept?.scopes);
    expect(await ended()).toMatchObject({ otherDevices: 1 });
  });

  test("by asking again and again is given each value once", async () => {
    const world = createWorld();
    const { a, send } = await liarTo(world);
    const numbers = [...(await bookOf(a)).keys()].map((device) => ({
      ...{ device, incarnation: 0, counter: 0 },
    }));
    await send({ kind: "ask", numbers });
    const frames = world.frames();
    for (let turn = 0; turn < 20; turn++) await send({ kind: "ask", numbers });
    // The questions alone
    expect(world.frames()).toBe(frames + 20);
  });
});
