/**
 * Where documents live: attaching, detaching, leaving, sharing, dropping; what moves, what shows
 * meanwhile, what a crash in between leaves, and what never leaves this device.
 */
import { describe, expect, test } from "vitest";
import { openSegment } from "../../../src/core/segment/open.ts";
import { deliverStored } from "../../../src/core/segment/deliver.ts";
import { parseSegment } from "../../../src/core/segment/segment.ts";
import { bytesToLatin1 } from "../../../src/core/base/bytes.ts";
import { keyringOf, type Home } from "../../../src/engine/home.ts";
import { leaveNetwork } from "../../../src/engine/membership.ts";
import { isAlive } from "../../../src/core/doc/state.ts";
import { readDocument, visibleLeaves } from "../../../src/core/doc/read.ts";
import { crashAt, failAt, holdBack } from "./faults.ts";
import { createWorld, follow, networkId, type Device, type World } from "./world.ts";

const many = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, at) => ({ id: `${at}`.padStart(4, "0"), at }));

const alive = (home: Home): readonly string[] =>
  home.documents.sortedIds().filter((id) => isAlive(home.documents.get(id)));

const attach = (device: Device, collection: string, id = networkId): Promise<unknown> =>
  device.write({ kind: "attach", collection, networkId: id });

const detach = (device: Device, collection: string): Promise<unknown> =>
  device.write({ kind: "detach", collection });

const move = (device: Device, id: string, to: "shared" | "private"): Promise<readonly number[]> =>
  device.write({ kind: "move", collection: "notes", id, to });

const verified = (world: World, ...devices: readonly Device[]): Promise<void> =>
  world.until(() => devices.every((device) => device.isVerified("notes")), "verified");

/** Plain bodies of everything that is stored in a home. */
const plainBodies = async (device: Device, home: Home): Promise<string> => {
  const { store, crypto } = device.engine.deps;
  let text = "";
  for await (const { bytes } of store.segments(home.scope)) {
    const parsed = parseSegment(bytes);
    const delivered = parsed.ok ? deliverStored(parsed.value, home.tree) : null;
    if (delivered === null) throw new Error("a stored segment that can not be read");
    const opened = await openSegment(delivered, keyringOf(home), crypto);
    if (opened.kind === "plain") text += bytesToLatin1(opened.body);
  }
  return text;
};

describe("attaching", () => {
  test("moves shared documents with their first stamps, and tells who looks on", async () => {
    const world = createWorld();
    const device = await world.open({ online: false });
    await device.insert("notes", [...many(450), { id: "counted", n: 1, tags: ["a"] }]);
    await device.update("notes", "counted", { $inc: { n: 2 }, $addToSet: { tags: "b" } });
    await device.insert("notes", [{ id: "mine" }], "private");
    const before = device.find("notes");
    const stamps = (home: Home): unknown =>
      visibleLeaves(home.documents.get("0007"), { strategy: "last-write-wins", now: world.now() });
    const first = stamps(device.local("notes"));
    const live = follow(device, "notes");
    await world.pass(60_000);
    await attach(device, "notes");
    expect(device.find("notes")).toEqual(before);
    expect(live.rows()).toEqual(before);
    expect(alive(device.local("notes"))).toEqual(["mine"]);
    expect(alive(device.shared("notes"))).toHaveLength(451);
    expect(stamps(device.shared("notes"))).toEqual(first);
    await device.reopen();
    expect(device.find("notes")).toEqual(before);
  });

  test("goes on after a crash at any moment, each document once", { timeout: 60_000 }, async () => {
    for (let moment = 1; ; moment++) {
      const world = createWorld();
      const device = await world.open({ online: false });
      await device.insert("notes", many(450));
      const before = device.find("notes");
      const left = crashAt(device, moment);
      await attach(device, "notes").catch(() => undefined);
      device.fault = null;
      if (left.image === null) return;
      await device.reopen(left.image, { online: false });
      expect(device.find("notes"), `crash at ${moment}`).toEqual(before);
      if (!device.collection("notes").attached) continue;
      expect(alive(device.local("notes"))).toEqual([]);
      const { documents } = device.shared("notes");
      for (const id of alive(device.shared("notes"))) expect(documents.get(id)?.kind).toBe("plain");
    }
  });

  test("meanwhile queries read both homes, and writes meet each document", async () => {
    const world = createWorld();
    const device = await world.open({ online: false });
    await device.insert("notes", many(450));
    const gate = holdBack(device, "appendJournal");
    const attaching = attach(device, "notes");
    const removing = device.remove("notes", "0449");
    const hiding = move(device, "0448", "private");
    const changing = device.update("notes", "0447", { changed: true });
    gate.go();
    await Promise.all([attaching, removing, hiding, changing]);
    expect(device.find("notes")).toHaveLength(449);
    expect(alive(device.local("notes"))).toEqual(["0448"]);
    expect(device.get("notes", "0447")).toEqual({ id: "0447", at: 447, changed: true });
    expect(await plainBodies(device, device.shared("notes"))).not.toContain("0448");
  });

  test("on two devices that hold the same id: both births live, equal values agree", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    await a.insert("notes", [{ id: "1", same: "equal", title: "a's", n: 1 }]);
    await world.pass(5_000);
    await b.insert("notes", [{ id: "1", same: "equal", title: "b's" }]);
    await Promise.all([attach(a, "notes"), attach(b, "notes")]);
    await verified(world, a, b);
    for (const device of [a, b]) {
      const [row] = device.rows("notes", { meta: true });
      expect(device.find("notes")).toEqual([{ id: "1", same: "equal", title: "b's", n: 1 }]);
      expect(row?.meta?.conflicts).toEqual(["title"]);
    }
    // Deleting what both see leaves nothing of either birth.
    await a.remove("notes", "1");
    await verified(world, a, b);
    expect(b.find("notes")).toEqual([]);
  });

  test("a first stamp ranks, not the time of the move", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    await a.insert("notes", [{ id: "1", title: "written first, moved last" }]);
    await world.pass(5_000);
    await b.insert("notes", [{ id: "1", title: "written last" }]);
    await attach(b, "notes");
    await world.pass(5_000);
    await attach(a, "notes");
    await verified(world, a, b);
    expect(a.find("notes")).toEqual([{ id: "1", title: "written last" }]);
    expect(b.find("notes")).toEqual(a.find("notes"));
  });

  test("to an unknown network, of an unknown collection, or twice, is refused", async () => {
    const device = await createWorld().open({ online: false });
    await expect(attach(device, "notes")).rejects.toMatchObject({ code: "UnknownCollection" });
    await device.share("notes");
    await expect(attach(device, "notes")).rejects.toMatchObject({ code: "AlreadyAttached" });
    await device.write({ kind: "make-collection", collection: "other" });
    await expect(attach(device, "other", "none")).rejects.toMatchObject({ code: "UnknownNetwork" });
  });

  test("that the store refuses is told to nobody", async () => {
    const device = await createWorld().open({ online: false });
    await device.insert("notes", [{ id: "1" }]);
    const live = follow(device, "notes");
    const told = device.events.length;
    failAt(device, ["appendJournal"], "before");
    await expect(attach(device, "notes")).rejects.toMatchObject({ code: "StorageFailed" });
    device.fault = null;
    expect(live.messages()).toBe(1);
    const later = device.events.slice(told).filter(({ kind }) => kind === "collections");
    for (const event of later) {
      expect(event.kind === "collections" && event.collections[0]?.networkId).toBeNull();
    }
    expect(device.collection("notes").attached).toBe(false);
    await attach(device, "notes");
    expect(alive(device.shared("notes"))).toEqual(["1"]);
  });
});

describe("private documents", () => {
  const canary = "canary-7c1f";

  test("never stand in the network's scope, whatever is done with them", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    await a.insert("notes", [{ id: `before ${canary}`, text: canary }], "private");
    for (const device of [a, b]) {
      await device.write({ kind: "make-collection", collection: "notes" });
      await attach(device, "notes");
    }
    await a.insert("notes", [{ id: `after ${canary}`, text: canary }], "private");
    await a.update("notes", `after ${canary}`, { text: `${canary} again`, n: 1 });
    await a.upsert("notes", [{ id: `before ${canary}`, text: canary, more: true }]);
    await a.insert("notes", [{ id: "shared" }]);
    await a.remove("notes", `before ${canary}`);
    await detach(a, "notes");
    await attach(a, "notes");
    await a.reopen();
    await verified(world, a, b);
    expect(a.find("notes")).toHaveLength(2);
    expect(b.find("notes")).toEqual([{ id: "shared" }]);
    expect(await plainBodies(a, a.shared("notes"))).not.toContain("canary");
    await a.engine.cutter.cutAll(a.engine.registry.homes());
    expect(await plainBodies(a, a.local("notes"))).toContain(canary);
  });

  test("of an id that the network has too are told as a conflict, and wait", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "1", text: canary }], "private");
    await b.insert("notes", [{ id: "1", text: "shared" }]);
    await verified(world, a, b);
    await world.until(() => a.get("notes", "1")?.["text"] === "shared", "b's document");
    expect(a.rows("notes", { meta: true })[0]?.meta?.conflicts).toEqual(["id"]);
    expect(a.find("notes")).toHaveLength(1);
    expect(await plainBodies(a, a.shared("notes"))).not.toContain("canary");
    await b.remove("notes", "1");
    await world.until(() => a.get("notes", "1")?.["text"] === canary, "the private one again");
    expect(a.rows("notes", { meta: true })[0]?.meta?.conflicts).toEqual([]);
  });

  test("can be shared, and shared ones taken back", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "1", text: "mine" }], "private");
    expect(await move(a, "1", "shared")).toEqual([1]);
    await world.until(() => b.get("notes", "1") !== undefined, "the shared document");
    for (const device of [a, b]) {
      expect(device.rows("notes", { meta: true })[0]?.meta?.private).toBe(false);
    }
    expect(alive(a.local("notes"))).toEqual([]);
    expect(b.find("notes")).toEqual([{ id: "1", text: "mine" }]);
    const live = follow(b, "notes");
    expect(await move(a, "1", "private")).toEqual([1]);
    await world.until(() => b.find("notes").length === 0, "that it is gone");
    expect(live.rows()).toEqual([]);
    expect(a.find("notes")).toEqual([{ id: "1", text: "mine" }]);
    expect(alive(a.shared("notes"))).toEqual([]);
    expect(await move(a, "none", "shared")).toEqual([0]);
    await a.reopen();
    expect(a.find("notes")).toEqual([{ id: "1", text: "mine" }]);
    expect(alive(a.shared("notes"))).toEqual([]);
  });

  test("marked before attaching stay behind; unmarked ones go along", async () => {
    const device = await createWorld().open({ online: false });
    await device.insert("notes", [{ id: "1" }, { id: "2" }]);
    await move(device, "1", "private");
    await move(device, "2", "private");
    await move(device, "2", "shared");
    await attach(device, "notes");
    expect([alive(device.local("notes")), alive(device.shared("notes"))]).toEqual([["1"], ["2"]]);
  });
});

describe("detaching", () => {
  test("keeps the data, stops sync, and attaching again resumes it", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    const { scope, writer } = a.shared("notes");
    await detach(a, "notes");
    await a.insert("notes", [{ id: "2" }]);
    await b.insert("notes", [{ id: "3" }]);
    await world.pass(20_000);
    expect(a.find("notes").map(({ id }) => id)).toEqual(["1", "2"]);
    expect(b.find("notes").map(({ id }) => id)).toEqual(["1", "3"]);
    expect(a.sync("notes")).toBeUndefined();
    await a.reopen();
    await world.pass(20_000);
    expect(a.find("notes").map(({ id }) => id)).toEqual(["1", "2"]);
    await attach(a, "notes");
    await verified(world, a, b);
    expect(a.find("notes").map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect(b.find("notes")).toEqual(a.find("notes"));
    expect([a.shared("notes").scope, a.shared("notes").writer?.id]).toEqual([scope, writer?.id]);
    expect(await detach(a, "none")).toEqual([0]);
  });

  test("and attaching elsewhere brings the documents along", async () => {
    const world = createWorld();
    const device = await world.open({ online: false });
    await device.share("notes");
    await device.insert("notes", [{ id: "1", n: 1 }, { id: "2" }]);
    await device.update("notes", "1", { $inc: { n: 1 } });
    await device.join("another");
    await detach(device, "notes");
    await attach(device, "notes", "another");
    expect(device.find("notes")).toEqual([{ id: "1", n: 2 }, { id: "2" }]);
    expect(alive(device.shared("notes"))).toEqual(["1", "2"]);
    expect(device.shared("notes").membership).toMatchObject({ networkId: "another" });
    await device.reopen();
    expect(device.find("notes")).toEqual([{ id: "1", n: 2 }, { id: "2" }]);
  });
});

describe("leaving a network", () => {
  test(
    "brings documents home, forgets the log, and a crash in between loses nothing",
    { timeout: 60_000 },
    async () => {
      for (let moment = 1; ; moment++) {
        const world = createWorld();
        const device = await world.open({ online: false });
        await device.share("notes");
        await device.insert("notes", [{ id: "1", n: 1 }, ...many(250)]);
        await device.update("notes", "1", { $inc: { n: 1 } });
        await device.insert("notes", [{ id: "private" }], "private");
        const before = device.find("notes");
        const { scope } = device.shared("notes");
        const left = crashAt(device, moment);
        await leaveNetwork(device.engine, networkId).catch(() => undefined);
        device.fault = null;
        if (left.image !== null) {
          await device.reopen(left.image, { online: false, joined: false });
          expect(device.find("notes"), `crash at ${moment}`).toEqual(before);
          await leaveNetwork(device.engine, networkId);
        }
        expect(device.find("notes")).toEqual(before);
        expect(device.engine.registry.networks.all()).toEqual([]);
        expect([...device.image().segments.keys()].filter((key) => key.startsWith(scope))).toEqual(
          [],
        );
        await device.reopen(undefined, { online: false, joined: false });
        expect(device.find("notes")).toEqual(before);
        expect(device.opened.info.recovery.damage).toEqual([]);
        if (left.image === null) return;
      }
    },
  );

  test("that it is in no more is nothing to do; joining again begins anew", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    await leaveNetwork(a.engine, networkId);
    a.opened.sync.refresh();
    await leaveNetwork(a.engine, networkId);
    await b.insert("notes", [{ id: "2" }]);
    await world.pass(5_000);
    expect(a.find("notes")).toEqual([{ id: "1" }]);
    await a.join();
    await attach(a, "notes");
    await a.insert("notes", [{ id: "3" }]);
    await verified(world, a, b);
    expect(a.find("notes").map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect(b.find("notes")).toEqual(a.find("notes"));
    await a.reopen();
    await verified(world, a, b);
  });
});

describe("dropping a collection", () => {
  test("deletes what lives here only; made again it is empty, after a crash as well", async () => {
    const device = await createWorld().open({ online: false });
    await device.insert("notes", [{ id: "1" }, { id: "2" }]);
    await device.engine.cutter.cutAll([device.local("notes")]);
    const live = follow(device, "notes");
    expect(await device.write({ kind: "drop", collection: "notes" })).toEqual([2]);
    expect(live.rows()).toEqual([]);
    expect(device.engine.registry.infos()).toEqual([]);
    await device.reopen();
    await device.close();
    await device.reopen();
    await device.write({ kind: "make-collection", collection: "notes" });
    expect(device.find("notes")).toEqual([]);
    await device.reopen();
    expect(device.find("notes")).toEqual([]);
    await device.insert("notes", [{ id: "1", again: true }]);
    await device.reopen();
    expect(device.find("notes")).toEqual([{ id: "1", again: true }]);
    expect(await device.write({ kind: "drop", collection: "none" })).toEqual([0]);
  });

  test("leaves what is shared with those it is shared with, and sends it on", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "1" }]);
    await verified(world, a, b);
    await a.disconnect();
    await a.insert("notes", [{ id: "2" }]);
    await a.insert("notes", [{ id: "private" }], "private");
    await a.write({ kind: "drop", collection: "notes" });
    expect(a.find("notes")).toEqual([]);
    await a.reopen();
    await a.close();
    await a.reopen();
    expect(b.find("notes")).toEqual([{ id: "1" }]);
    await a.share("notes");
    expect(a.find("notes").map(({ id }) => id)).toEqual(["1", "2"]);
    await verified(world, a, b);
    expect(b.find("notes").map(({ id }) => id)).toEqual(["1", "2"]);
  });
});

test("a strategy is told when it is durable, and reads at once by it", async () => {
  const world = createWorld();
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  await a.insert("notes", [{ id: "1", text: "first" }]);
  await verified(world, a, b);
  await a.disconnect();
  await a.update("notes", "1", { text: "a" });
  await world.pass(1_000);
  await b.update("notes", "1", { text: "b" });
  await a.connect();
  await verified(world, a, b);
  expect(a.get("notes", "1")?.["text"]).toBe("b");
  const live = follow(a, "notes");
  await a.write({ kind: "strategy", collection: "notes", strategy: "first-write-wins" });
  expect(live.rows()).toEqual([{ id: "1", text: "a" }]);
  await a.reopen();
  expect(a.get("notes", "1")?.["text"]).toBe("a");
  const state = a.shared("notes").documents.get("1");
  expect(readDocument(state, { strategy: "last-write-wins", now: world.now() })?.fields).toEqual({
    ...{ id: "1", text: "b" },
  });
});
