/**
 * Sync through the engine: what leaves and when, what is claimed of it, and the calls of networks.
 */
import { describe, expect, test } from "vitest";
import { joinNetwork, leaveNetwork } from "../../../src/engine/membership.ts";
import { summaryOf } from "../../../src/engine/sync/summary.ts";
import { failAt, holdBack } from "./faults.ts";
import { createRandom } from "../../support/random.ts";
import { createWorld, networkId, secret, type Device, type World } from "./world.ts";

const pair = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  return [a, b];
};

const verified = (world: World, ...devices: readonly Device[]): Promise<void> =>
  world.until(() => devices.every((device) => device.isVerified("notes")), "verified");

describe("what leaves", () => {
  test("is stored first: no byte of it goes while its transaction is under way", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    const gate = holdBack(a, "write");
    await a.insert("notes", [{ id: "2" }]);
    await world.pass(10_000);
    expect(b.get("notes", "2")).toBeUndefined();
    expect(a.sync("notes")).toMatchObject({ pendingOperations: 1, status: { kind: "syncing" } });
    gate.go();
    await verified(world, a, b);
    expect(b.get("notes", "2")).toEqual({ id: "2" });
    expect(a.sync("notes")).toMatchObject({ pendingOperations: 0 });
  });

  test("is not what the store refused: it is cut again, once", async () => {
    for (const phase of ["before", "after"] as const) {
      const world = createWorld();
      const [a, b] = await pair(world);
      await a.insert("notes", [{ id: "1" }]);
      await verified(world, a, b);
      failAt(a, ["write"], phase, 1);
      await a.insert("notes", [{ id: "2" }]);
      await world.pass(1_000);
      a.fault = null;
      await a.insert("notes", [{ id: "3" }]);
      await verified(world, a, b);
      expect(b.find("notes").map(({ id }) => id)).toEqual(["1", "2", "3"]);
      expect(b.shared("notes").tree.forks()).toEqual([]);
      await a.reopen();
      expect(a.find("notes")).toHaveLength(3);
      expect(a.shared("notes").tree.forks()).toEqual([]);
    }
  });

  test("says nothing of what is not cut: neither in heads nor in a digest", async () => {
    const world = createWorld();
    const device = await world.open();
    await device.share("notes");
    const home = device.shared("notes");
    expect(summaryOf(home)).toMatchObject({ tips: [], digest: new Uint8Array(32) });
    await device.insert("notes", [{ id: "1" }]);
    expect(summaryOf(home)).toMatchObject({ tips: [], digest: null });
    await device.engine.cutter.cutAll([home]);
    expect(summaryOf(home).tips).toMatchObject([{ n: 1 }]);
    expect(summaryOf(home).digest).not.toBeNull();
    await device.update("notes", "1", { n: 1 });
    expect(summaryOf(home)).toMatchObject({ tips: [{ n: 1 }], digest: null });
  });

  test("waits for a peer to say what it holds", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    await a.share("notes");
    await a.insert("notes", [{ id: "1" }]);
    await world.pass(30_000);
    expect(a.networks()[0]?.peers).toHaveLength(1);
    expect(a.shared("notes").writer?.pendingOps()).toBe(1);
    expect(a.shared("notes").tree.heads()).toEqual([]);
    await b.share("notes");
    await verified(world, a, b);
    expect(a.shared("notes").writer?.pendingOps()).toBe(0);
  });
});

describe("what is claimed", () => {
  test("is never more than what is so, at any moment of a busy hour", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    await verified(world, a, b);
    const claims = { verified: 0 };
    for (let step = 0; step < 60; step++) {
      const writer = step % 3 === 0 ? b : a;
      await writer.upsert("notes", [{ id: `${step % 7}`, step }]);
      if (step % 10 === 0) await a.disconnect();
      if (step % 10 === 5) await a.connect();
      for (let wait = 0; wait < 4; wait++) {
        await world.pass(step % 4);
        for (const device of [a, b]) {
          if (device.isVerified("notes")) claims.verified += 1;
          const status = device.sync("notes")?.status.kind;
          if (device.networks()[0]?.peers.length === 0) expect(status).toBe("disconnected");
          if (device.shared("notes").writer?.pendingOps() !== 0) {
            expect(status === "synced", `step ${step}`).toBe(false);
          }
        }
        // Both say so of what they hold; unless one has not heard yet, it is the same.
        const heads = [a, b].map((device) => JSON.stringify(device.shared("notes").tree.heads()));
        const isSaid = a.isVerified("notes") && b.isVerified("notes");
        if (isSaid && heads[0] === heads[1]) expect(a.find("notes")).toEqual(b.find("notes"));
      }
    }
    await a.connect();
    await verified(world, a, b);
    expect(a.find("notes")).toEqual(b.find("notes"));
    expect(claims.verified).toBeGreaterThan(10);
    for (const device of [a, b]) {
      expect(device.sync("notes")).toMatchObject({
        ...{ collection: "notes", networkId, pendingOperations: 0 },
        status: { kind: "synced", verified: true, unread: 0 },
      });
      expect(device.sync("notes")?.lastSync).toBeGreaterThan(0);
      expect(device.failures()).toEqual([]);
    }
  });

  test("counts what no connected peer is known to hold", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    await a.insert("notes", [{ id: "1" }, { id: "2" }]);
    await verified(world, a, b);
    expect(a.sync("notes")?.pendingOperations).toBe(0);
    b.crash();
    await world.settle();
    expect(a.sync("notes")).toMatchObject({
      ...{ status: { kind: "disconnected" }, pendingOperations: 2 },
    });
    await a.insert("notes", [{ id: "3" }]);
    await world.settle();
    expect(a.sync("notes")?.pendingOperations).toBe(3);
    expect(a.sync("notes")?.vector).toEqual({ [a.shared("notes").writer?.id ?? ""]: 2 });
  });
});

describe("forceSync", () => {
  const force = (device: Device): Promise<{ readonly synced: boolean }> =>
    device.opened.sync.force("notes");

  test("cuts, sends, and answers when every peer was verified equal", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    await world.pass(1_000);
    await a.insert("notes", [{ id: "1" }]);
    const forced = force(a);
    await world.settle();
    expect(a.shared("notes").writer?.pendingOps()).toBe(0);
    await verified(world, a, b);
    expect(await forced).toEqual({ synced: true });
    expect(b.find("notes")).toEqual([{ id: "1" }]);
    expect(a.sync("notes")?.pendingOperations).toBe(0);
  });

  test("says no where nobody is there, nothing is attached, or nobody answers", async () => {
    const world = createWorld();
    const alone = await world.open();
    await alone.share("notes");
    const answer = force(alone);
    await world.pass(31_000);
    expect(await answer).toEqual({ synced: false });
    await alone.write({ kind: "detach", collection: "notes" });
    expect(await force(alone)).toEqual({ synced: false });
    await expect(alone.opened.sync.force("none")).rejects.toMatchObject({
      code: "UnknownCollection",
    });
    const other = createWorld(2);
    const [a, b] = await pair(other);
    await verified(other, a, b);
    other.hub.setFaults({ loss: 1 });
    await a.insert("notes", [{ id: "1" }]);
    const unheard = expect(force(a)).rejects.toMatchObject({ code: "SyncStalled" });
    await other.pass(31_000);
    await unheard;
  });

  test("ends where nobody answers, and says what is missing and from whom", async () => {
    const world = createWorld(2);
    const [a, b] = await pair(world);
    await verified(world, a, b);
    world.hub.setFaults({ loss: 1 });
    await a.insert("notes", [{ id: "1" }]);
    const started = world.now();
    let after = 0;
    const ended = force(a).catch((error: unknown) => {
      after = world.now() - started;
      return error;
    });
    await world.pass(31_000);
    const error = await ended;
    expect(after).toBeGreaterThanOrEqual(30_000);
    expect(error).toMatchObject({ code: "SyncStalled", path: "notes", retryable: true });
    const { name } = b.engine.registry.networks.all()[0]?.device ?? { name: "" };
    expect(String(error)).toContain(`device ${name} has not confirmed that it holds the same`);
    // What it holds and does not give is counted
    world.hub.setFaults({ loss: 0 });
    await verified(world, a, b);
    const load = holdBack(b, "segment");
    await b.disconnect();
    for (let n = 0; n < 5; n++) await b.insert("notes", [{ id: `b${n}` }]);
    await b.engine.cutter.cutAll([b.shared("notes")]);
    await b.connect();
    await world.until(() => a.sync("notes")?.status.kind === "syncing", "it hears of them");
    const lacking = force(a).catch(String);
    await world.pass(40_000);
    expect(await lacking).toContain(`about 5 operations are missing from device ${name}`);
    load.go();
    await verified(world, a, b);
  });

  test("cuts nothing, and ends, where nobody names the heads of this device's log", async () => {
    const world = createWorld(2);
    const [a, b] = [await world.open({ online: false }), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "1" }]);
    await a.connect();
    await world.until(() => (a.networks()[0]?.peers.length ?? 0) > 0, "they meet");
    world.hub.setFaults({ loss: 1 });
    const unheard = expect(force(a)).rejects.toMatchObject({ code: "SyncStalled" });
    await world.pass(31_000);
    await unheard;
    expect(a.shared("notes").writer?.pendingOps()).toBe(1);
    world.hub.setFaults({ loss: 0 });
    await verified(world, a, b);
  });

  test("lasts for as long as it comes further", async () => {
    const world = createWorld(2);
    const [a, b] = [await world.open(), await world.open({ online: false })];
    for (const device of [a, b]) await device.share("notes");
    const random = createRandom(5);
    for (let n = 0; n < 60; n++) {
      await b.insert("notes", [{ id: String(n), value: random.bytes(100_000) }]);
    }
    await b.engine.cutter.cutAll([b.shared("notes")]);
    // Each reading of a segment takes a second and a half
    b.fault = ({ kind, phase }) =>
      kind === "segment" && phase === "before"
        ? new Promise((resolve) => b.engine.deps.timers.after(1_500, resolve))
        : undefined;
    await b.connect();
    await world.until(() => a.sync("notes")?.status.kind === "syncing", "it hears of them");
    let answer: unknown = null;
    const forced = force(a).then((found) => {
      answer = found;
    });
    const started = world.now();
    await world.until(() => answer !== null, "the end of the round");
    await forced;
    expect(answer).toEqual({ synced: true });
    expect(world.now() - started).toBeGreaterThan(35_000);
  });
});

describe("networks", () => {
  const join = (device: Device, sharedSecret: string | null, name = "Home"): Promise<void> =>
    joinNetwork(device.engine, { networkId, name, kind: "open", sharedSecret });

  test("are made once, and another one of that name is refused", async () => {
    const device = await createWorld().open({ joined: false, online: false });
    const [first, ...later] = [1, 2, 3].map(() => join(device, secret));
    await first;
    const [early] = device.engine.registry.networks.all();
    await Promise.all(later);
    await join(device, secret, "Again");
    const [membership, ...others] = device.engine.registry.networks.all();
    expect(others).toEqual([]);
    expect(membership).toBe(early);
    await expect(join(device, `${secret}, another`)).rejects.toMatchObject({
      ...{ code: "NetworkNameTaken", path: "networkId" },
    });
    await expect(join(device, null)).rejects.toMatchObject({ code: "NetworkNameTaken" });
    await device.share("notes");
    await device.insert("notes", [{ id: "1" }]);
    await device.reopen(undefined, { joined: false, online: false });
    const [again] = device.engine.registry.networks.all();
    expect(again?.device).toEqual(membership?.device);
    expect(again?.title).toBe("Home");
    expect(device.shared("notes").membership).toBe(again);
    expect(device.find("notes")).toEqual([{ id: "1" }]);
  });

  test("of another secret or name meet nobody", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open({ joined: false })];
    await a.share("notes");
    await join(b, `${secret}, another`);
    b.opened.sync.refresh();
    await b.share("notes");
    await a.insert("notes", [{ id: "a" }]);
    await b.insert("notes", [{ id: "b" }]);
    await world.pass(30_000);
    expect([a.find("notes"), b.find("notes")]).toEqual([[{ id: "a" }], [{ id: "b" }]]);
    expect(a.networks()[0]?.peers).toEqual([]);
  });

  test("are listed with peers, collections and traffic, and no secret", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    expect(a.networks()).toMatchObject([
      {
        ...{ networkId, name: "Home", kind: "open", secret: true, collections: ["notes"] },
        traffic: { operationsSent: 1, operationsReceived: 0 },
        peers: [{ path: "memory", collections: ["notes"], traffic: { operationsSent: 1 } }],
      },
    ]);
    expect(JSON.stringify(a.networks())).not.toContain(secret);
    expect(b.networks()[0]?.traffic.operationsReceived).toBe(1);
    expect(b.networks()[0]?.traffic.bytesReceived).toBeGreaterThan(0);
  });

  test("that are left let go of their peers", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    await leaveNetwork(a.engine, networkId);
    a.opened.sync.refresh();
    await world.pass(5_000);
    expect(a.networks()).toEqual([]);
    expect(b.networks()[0]?.peers).toEqual([]);
    expect(b.sync("notes")?.status).toEqual({ kind: "disconnected" });
    expect(a.find("notes")).toEqual([{ id: "1" }]);
  });
});

test("what is sent again, since a link lost it, counts once", async () => {
  const world = createWorld(3);
  const [a, b] = await pair(world);
  await verified(world, a, b);
  world.hub.setFaults({ loss: 0.3 });
  const before = world.hub.stats();
  for (let n = 0; n < 60; n++) {
    await a.insert("notes", [{ id: String(n) }]);
    await world.pass(200);
  }
  world.hub.setFaults({ loss: 0 });
  await verified(world, a, b);
  expect(b.find("notes")).toHaveLength(60);
  // In the same session, which asked for what it had been pushed in vain
  expect(world.hub.stats().linked).toBe(before.linked);
  expect(world.hub.stats().lost).toBeGreaterThan(before.lost);
  expect(a.networks()[0]?.traffic).toMatchObject({ operationsSent: 60, operationsReceived: 0 });
  expect(b.networks()[0]?.traffic).toMatchObject({ operationsSent: 0, operationsReceived: 60 });
});
