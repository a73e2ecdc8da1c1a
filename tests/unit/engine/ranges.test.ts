/**
 * Repair between devices that hold the same and read another state from it: storage or an earlier
 * version of the program was wrong on one of them, or on both.
 */
import { describe, expect, test } from "vitest";
import type { DocumentState } from "../../../src/core/doc/state.ts";
import {
  encodeSegment,
  parseSegment,
  type ParsedSegment,
} from "../../../src/core/segment/segment.ts";
import { decodeMessage, encodeMessage, messageTypes } from "../../../src/core/sync/frames.ts";
import { bytesToLatin1 } from "../../../src/core/base/bytes.ts";
import { headsHashOf } from "../../../src/core/sync/heads.ts";
import { rangeKeyOf } from "../../../src/core/sync/rangeItems.ts";
import {
  decodeRangesMessage,
  encodeRangesMessage,
  type RangesMessage,
  type RangesStep,
} from "../../../src/core/sync/rangesMessage.ts";
import { compileUpdate } from "../../../src/core/query/update.ts";
import type { PeerChannel } from "../../../src/core/net/carrier.ts";
import type { StoreImage } from "../../../src/storage/memory.ts";
import { changingFrames, noteFrames } from "../../support/noteFrames.ts";
import { createRandom } from "../../support/random.ts";
import { anyRangesStep } from "../../support/rangesSteps.ts";
import { withWrongDocuments, type WrongDocuments } from "../../support/wrongPages.ts";
import { createWorld, follow, segmentsOf, type Device, type World } from "./world.ts";

const twoNotes = [
  { id: "1", text: "one" },
  { id: "2", text: "two" },
];

const pair = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  await a.insert("notes", twoNotes);
  await a.insert("notes", [{ id: "3", text: "three" }]);
  await verified(world, a, b);
  return [a, b];
};

const verified = (world: World, ...devices: readonly Device[]): Promise<void> =>
  world.until(() => devices.every((device) => device.isVerified("notes")), "verified");

const idsOf = (device: Device): readonly unknown[] => device.find("notes").map(({ id }) => id);
const hours = (count: number): number => count * 3_600_000;
const statusOf = (device: Device) => device.sync("notes")?.status.kind;
const repairsOf = (device: Device) => device.shared("notes").counters.snapshot().repair;
const stateOf = (device: Device, id: string): DocumentState | null =>
  device.shared("notes").documents.get(id);

/** Opens the device on its disk, with these documents in its pages instead of the right ones. */
const reopenWrong = async (
  device: Device,
  documents: WrongDocuments["documents"],
  digest: WrongDocuments["digest"] = "of the wrong",
): Promise<void> => {
  const { scope } = device.shared("notes");
  await device.engine.cutter.absorb();
  await device.engine.checkpointer.run();
  const image = withWrongDocuments(device.crash(), { scope, documents, digest });
  await device.reopen(image, { online: false });
};

/** Frames of the repair that the device sends from now on; it is connected by it. */
const connectCounting = async (device: Device): Promise<{ frames: number; bytes: number }> => {
  const count = { frames: 0, bytes: 0 };
  const note = (frame: Uint8Array): void => {
    if (frame[0] !== messageTypes.ranges) return;
    count.frames += 1;
    count.bytes += frame.length;
  };
  await device.opened.sync.carry(noteFrames(note)(device.network));
  return count;
};

describe("what is not what the log says is made anew from it", () => {
  test("on whichever side, for good, and said", async () => {
    for (const isFirst of [true, false]) {
      const world = createWorld();
      const [a, b] = await pair(world);
      const [wrong, right] = isFirst ? [a, b] : [b, a];
      const older = stateOf(wrong, "1");
      await a.update("notes", "1", { text: "changed" });
      await verified(world, a, b);
      await reopenWrong(wrong, new Map([["1", older]]));
      expect(wrong.get("notes", "1")).toEqual({ id: "1", text: "one" });
      const shown = follow(wrong, "notes", { filter: { id: "1" } });
      await wrong.connect();
      await verified(world, a, b);
      expect(shown.rows()).toEqual([{ id: "1", text: "changed" }]);
      expect(repairsOf(wrong)).toEqual({ documents: 1 });
      expect(repairsOf(right)).toEqual({ "in-vain": 1 });
      const [found, none] = [await wrong.opened.health.now(), await right.opened.health.now()];
      expect(found.damage).toMatchObject([{ where: "page", lost: false }]);
      expect(none.damage).toEqual([]);
      await wrong.engine.checkpointer.run();
      await wrong.reopen(undefined, { online: false });
      expect(wrong.get("notes", "1")).toEqual({ id: "1", text: "changed" });
      await wrong.connect();
      await verified(world, a, b);
      expect(repairsOf(wrong)).toEqual({});
    }
  });

  test("on both sides at once, whatever became of the documents", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    const ghost = stateOf(a, "3");
    await a.remove("notes", "3");
    await b.update("notes", "2", { text: "changed" });
    await verified(world, a, b);
    // One lives that was deleted, one is gone that lives, one is of no log
    await reopenWrong(
      a,
      new Map([
        ["3", ghost],
        ["1", null],
      ]),
    );
    const nobodys = ghost === null ? null : { ...ghost, id: "2" };
    await reopenWrong(b, new Map([["2", nobodys]]));
    expect(idsOf(a)).toEqual(["2", "3"]);
    expect(b.get("notes", "2")).toMatchObject({ text: "three" });
    for (const device of [a, b]) await device.connect();
    await verified(world, a, b);
    for (const device of [a, b]) {
      expect(device.find("notes")).toEqual([
        { id: "1", text: "one" },
        { id: "2", text: "changed" },
      ]);
    }
    expect([repairsOf(a), repairsOf(b)]).toEqual([{ documents: 2 }, { documents: 1 }]);
  });

  test("also where the digest was still of the right ones", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    const older = stateOf(b, "1");
    await a.update("notes", "1", { text: "changed" });
    await verified(world, a, b);
    await reopenWrong(b, new Map([["1", older]]), "of the right");
    await b.connect();
    await verified(world, a, b);
    // Not seen before somebody writes to the document
    expect(b.get("notes", "1")).toEqual({ id: "1", text: "one" });
    await a.update("notes", "1", { more: 1 });
    await world.until(() => statusOf(b) === "mismatch", "it shows");
    await verified(world, a, b);
    expect(b.get("notes", "1")).toEqual({ id: "1", text: "changed", more: 1 });
    expect(repairsOf(b)).toEqual({ digest: 1, documents: 1 });
  });

  test("a digest of no documents at all is summed up anew, and none is asked for", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    await reopenWrong(b, new Map(), "of neither");
    await b.connect();
    await verified(world, a, b);
    expect(repairsOf(b)).toEqual({ digest: 1 });
    await b.engine.checkpointer.run();
    await b.reopen(undefined, { online: false });
    await b.connect();
    await verified(world, a, b);
    expect([repairsOf(a), repairsOf(b)]).toEqual([{}, {}]);
  });

  test("more than can be named is read anew as a whole", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    const many = Array.from({ length: 1_100 }, (_, n) => ({ id: `m${n}`, n }));
    await a.insert("notes", many);
    await verified(world, a, b);
    const older = new Map(many.map(({ id }) => [id, stateOf(b, id)]));
    await b.write({
      kind: "update",
      collection: "notes",
      target: { kind: "ids", ids: many.map(({ id }) => id) },
      update: compileUpdate({ $inc: { n: 1 } }),
    });
    await verified(world, a, b);
    await reopenWrong(b, older);
    expect(b.get("notes", "m7")).toEqual({ id: "m7", n: 7 });
    await b.connect();
    await verified(world, a, b);
    expect(b.get("notes", "m7")).toEqual({ id: "m7", n: 8 });
    expect(b.find("notes")).toEqual(a.find("notes"));
  });

  test("over a link that loses every third frame", async () => {
    const world = createWorld();
    const [a, b] = await pair(world);
    const older = stateOf(b, "1");
    await a.update("notes", "1", { text: "changed" });
    await verified(world, a, b);
    await reopenWrong(b, new Map([["1", older]]));
    await b.connect();
    world.hub.setFaults({ loss: 0.3 });
    await verified(world, a, b);
    expect(b.get("notes", "1")).toEqual({ id: "1", text: "changed" });
  });
});

describe("a log whose bodies are damaged", () => {
  /** The log is all that is left, and one of its bodies is another. */
  const withDamagedBody = (image: StoreImage, scope: string): StoreImage => {
    const segments = new Map(image.segments);
    const [[key, bytes] = []] = [...segments].filter(([each]) => each.startsWith(scope));
    if (key === undefined || bytes === undefined) throw new Error("there is a segment");
    const damaged = bytes.slice();
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    segments.set(key, damaged);
    return { ...image, segments, pages: new Map() };
  };

  test("gets them back from a peer, and the documents with them", async () => {
    for (const isFirst of [true, false]) {
      const world = createWorld();
      const [a, b] = await pair(world);
      const [wrong, right] = isFirst ? [a, b] : [b, a];
      await wrong.engine.cutter.absorb();
      const { scope } = wrong.shared("notes");
      const before = await segmentsOf(right);
      await wrong.reopen(withDamagedBody(wrong.crash(), scope), { online: false });
      expect(wrong.find("notes").length).toBeLessThan(3);
      await wrong.connect();
      await verified(world, a, b);
      expect(wrong.find("notes")).toEqual(right.find("notes"));
      expect(wrong.find("notes")).toHaveLength(3);
      expect(await segmentsOf(wrong)).toEqual(before);
      expect(repairsOf(wrong)).toMatchObject({ segments: 1 });
      expect(wrong.shared("notes").tree.forks()).toEqual([]);
    }
  });

  /** What a peer may do to a segment that it gives. */
  const spoilt: readonly ((segment: ParsedSegment) => Uint8Array)[] = [
    ({ bytes }) => bytes.map((byte) => byte ^ 1),
    ({ headerBytes, signature, body }) =>
      encodeSegment(
        headerBytes,
        signature,
        body.map((byte) => byte ^ 1),
      ),
    ({ headerBytes, signature, body }) =>
      encodeSegment(headerBytes, signature?.map((byte) => byte ^ 1) ?? null, body),
  ];

  test("stays as it is, and says so, where the peer has nothing better", async () => {
    for (const spoil of spoilt) {
      const world = createWorld();
      const [a, b] = await pair(world);
      await b.engine.cutter.absorb();
      const { scope } = b.shared("notes");
      await b.reopen(withDamagedBody(b.crash(), scope), { online: false });
      const held = [b.find("notes"), await segmentsOf(b)];
      await a.disconnect();
      await a.opened.sync.carry(changingFrames((frame) => spoilGiven(frame, spoil))(a.network));
      await b.connect();
      await world.until(() => statusOf(b) === "mismatch", "it shows");
      await world.pass(hours(1));
      expect([statusOf(a), statusOf(b)]).toEqual(["mismatch", "mismatch"]);
      expect([b.find("notes"), await segmentsOf(b)]).toEqual(held);
      expect(Object.keys(repairsOf(b))).toEqual(["log-damaged"]);
    }
  });
});

const frameOf = (message: RangesMessage): Uint8Array =>
  encodeMessage({ kind: "ranges", body: encodeRangesMessage(message) });

/** Of frames that give segments, the same with others in them. */
const spoilGiven = (
  frame: Uint8Array,
  spoil: (segment: ParsedSegment) => Uint8Array,
): Uint8Array => {
  const read = decodeMessage(frame);
  const message =
    read.ok && read.value.kind === "ranges" ? decodeRangesMessage(read.value.body) : null;
  if (message?.ok !== true || message.value.step.kind !== "give") return frame;
  const segments = message.value.step.segments.map((bytes) => {
    const parsed = parseSegment(bytes);
    return parsed.ok ? spoil(parsed.value) : bytes;
  });
  return frameOf({ ...message.value, step: { kind: "give", segments } });
};

describe("a peer that always differs", () => {
  /** It answers, and mends nothing. */
  const stubborn = async (world: World): Promise<readonly [Device, Device]> => {
    const [a, b] = await pair(world);
    const older = stateOf(b, "1");
    await a.update("notes", "1", { text: "changed" });
    await verified(world, a, b);
    await reopenWrong(b, new Map([["1", older]]));
    Object.assign(b.engine.rebuild, { whileStill: () => Promise.resolve(0) });
    return [a, b];
  };

  test("is compared with once, and no more before heads change", async () => {
    const world = createWorld();
    const [a, b] = await stubborn(world);
    await a.disconnect();
    const sent = [await connectCounting(a), await connectCounting(b)];
    const total = (): number => sent.reduce((sum, { frames }) => sum + frames, 0);
    await world.until(() => total() > 0, "they compare");
    await world.pass(60_000);
    const once = total();
    expect(once).toBeLessThanOrEqual(8);
    await world.pass(hours(2));
    expect(total()).toBe(once);
    expect(statusOf(a)).toBe("mismatch");
    expect(repairsOf(a)).toEqual({ "in-vain": 1 });
    await a.insert("notes", [{ id: "4" }]);
    await world.pass(60_000);
    expect(total()).toBeGreaterThan(once);
    const twice = total();
    await world.pass(hours(2));
    expect(total()).toBe(twice);
  });

  test("and changes all the time costs ever less", async () => {
    const world = createWorld();
    const [a, b] = await stubborn(world);
    await b.connect();
    for (let minute = 0; minute < 240; minute++) {
      await a.upsert("notes", [{ id: "2", minute }]);
      await world.pass(60_000);
    }
    // 1 + 2 + 4 + … + 60 + 60 + … minutes apart
    expect(repairsOf(a)["in-vain"]).toBeGreaterThan(4);
    expect(repairsOf(a)["in-vain"]).toBeLessThan(12);
  });

  test("and never answers is asked ever more seldom", async () => {
    const world = createWorld();
    const [a, b] = await stubborn(world);
    const dropping = changingFrames((frame) => (frame[0] === messageTypes.ranges ? null : frame));
    await b.opened.sync.carry(dropping(b.network));
    await a.disconnect();
    const sent = await connectCounting(a);
    await world.pass(hours(6));
    // 15 times each, and ten tries; none where it is the other that asks
    expect(sent.frames).toBeLessThanOrEqual(15 * 11);
    expect(statusOf(a)).toBe("mismatch");
  });

  test("and says anything at all makes nothing fail, grow or go wrong", async () => {
    const random = createRandom(7);
    const world = createWorld();
    const [a, b] = await stubborn(world);
    const channels: PeerChannel[] = [];
    const carrier = {
      ...b.network,
      onChannel: (handler: (channel: PeerChannel) => void) => {
        b.network.onChannel((channel) => {
          channels.push(channel);
          handler(channel);
        });
      },
    };
    // What it would have said itself is lost
    const silent = changingFrames((frame) => (frame[0] === messageTypes.ranges ? null : frame));
    await b.opened.sync.carry(silent(carrier));
    await world.until(() => statusOf(a) === "mismatch", "it shows");
    const { scope, tree } = a.shared("notes");
    const headsHash = headsHashOf(tree.heads());
    const before = a.find("notes");
    const sent = world.frames();
    for (let count = 0; count < 400; count++) {
      const round = random.integer(4);
      const step = anyRangesStep(random);
      await channels[0]?.send(frameOf({ scope, headsHash, round, step }));
      if (random.chance(0.3)) await world.pass(random.integer(1_000));
    }
    await world.pass(hours(1));
    expect(world.frames() - sent).toBeLessThan(1_200);
    expect(a.find("notes")).toEqual(before);
    expect(a.failures()).toEqual([]);
    expect(statusOf(a)).toBe("mismatch");
  });
});

test("one document of 10,000 is found and mended in 5 round trips and 20 kB", async () => {
  const world = createWorld();
  const [a, b] = await pair(world);
  const many = Array.from({ length: 10_000 }, (_, n) => ({ id: `note-${n}`, n }));
  await a.insert("notes", many);
  await verified(world, a, b);
  const older = stateOf(b, "note-1234");
  await a.update("notes", "note-1234", { n: -1 });
  await verified(world, a, b);
  await reopenWrong(b, new Map([["note-1234", older]]));
  const sent: Uint8Array[] = [];
  for (const device of [a, b]) {
    await device.disconnect();
    await device.opened.sync.carry(noteFrames((frame) => sent.push(frame.slice()))(device.network));
  }
  await verified(world, a, b);
  const begin = sent.findIndex(([type]) => type === messageTypes.ranges);
  const repairing = sent.slice(begin);
  const trips = repairing.filter(([type]) => type === messageTypes.ranges).length / 2;
  // And one of the summaries that say at the end that states are equal
  expect(trips + 1).toBeLessThanOrEqual(5);
  expect(repairing.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(20_000);
  expect(sent.filter((frame) => bytesToLatin1(frame).includes("note"))).toEqual([]);
  expect(b.get("notes", "note-1234")).toEqual({ id: "note-1234", n: -1 });
});

test("what comes of its own accord changes nothing, whatever it says", async () => {
  const world = createWorld();
  const [a, b] = await pair(world);
  await a.disconnect();
  const channels: PeerChannel[] = [];
  await a.opened.sync.carry(
    changingFrames(
      (frame) => frame,
      (channel) => channels.push(channel),
    )(a.network),
  );
  await verified(world, a, b);
  const home = b.shared("notes");
  const { scope } = home;
  const headsHash = headsHashOf(home.tree.heads());
  const from = rangeKeyOf(new Uint8Array(16));
  const runs = [{ from, parts: [{ to: null, count: 7, print: from }] }];
  const headers = home.tree.heads().map(({ hash }) => hash);
  const steps: readonly RangesStep[] = [
    { kind: "ask", runs },
    { kind: "answer", runs },
    { kind: "found", keys: null },
    { kind: "found", keys: [from] },
    { kind: "want", headers },
    { kind: "give", segments: [new Uint8Array(9)] },
  ];
  // What both hold is acknowledged by then
  await world.pass(60_000);
  const before = world.frames();
  for (const step of steps) {
    for (const round of [0, 1, 2]) {
      await channels[0]?.send(frameOf({ scope, headsHash, round, step }));
    }
  }
  await world.pass(10_000);
  expect(world.frames() - before).toBe(steps.length * 3);
  expect(repairsOf(b)).toEqual({});
  expect(b.failures()).toEqual([]);
  expect(b.isVerified("notes")).toBe(true);
});

test("a body that nobody writes ends the session, and the next one is sound", async () => {
  const world = createWorld();
  const [a, b] = await pair(world);
  await a.disconnect();
  const channels: PeerChannel[] = [];
  const opened = (channel: PeerChannel): unknown => channels.push(channel);
  await a.opened.sync.carry(changingFrames((frame) => frame, opened)(a.network));
  await verified(world, a, b);
  const links = world.hub.stats().linked;
  await channels[0]?.send(encodeMessage({ kind: "ranges", body: new Uint8Array(5) }));
  await world.until(() => world.hub.stats().linked > links, "they meet again");
  await verified(world, a, b);
  expect(b.failures()).toEqual([]);
});
