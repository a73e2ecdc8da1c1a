/**
 * Group commit: what shares a flush, when a promise resolves, and what is left when the store
 * fails before its effect, after it, or altogether.
 */
import { describe, expect, test } from "vitest";
import type { StoreOperation } from "../../../src/storage/memory.ts";
import { countCalls, failAt, holdBack, storeFailure } from "./faults.ts";
import { createWorld, follow, type Device } from "./world.ts";

const stateOf = (device: Device, name: string): object => {
  const { registry } = device.engine;
  const home = device.shared(name);
  return {
    names: registry.collections().map((each) => each.name),
    attached: registry.collections().map((each) => [each.name, each.attached]),
    documents: [...home.documents.values()],
    local: [...device.local(name).documents.values()],
    digest: [...home.digest.value()],
    next: home.writer?.next(),
    pending: home.writer?.pending().map(({ first, count }) => [first, count]),
    rows: device.find(name),
  };
};

describe("a flush", () => {
  test("is shared by commands that come at once", async () => {
    const device = await createWorld().open();
    await device.share("notes");
    const calls = countCalls(device, "appendJournal");
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => device.insert("notes", [{ id: `${at}`, at }])),
    );
    expect(calls.count).toBe(1);
    expect(device.find("notes")).toHaveLength(50);
  });

  test("comes before the answer, and before live queries are told", async () => {
    const world = createWorld();
    const device = await world.open();
    await device.share("notes");
    const live = follow(device, "notes");
    const gate = holdBack(device, "appendJournal");
    let isAnswered = false;
    const answer = device.insert("notes", [{ id: "1" }]).then(() => {
      isAnswered = true;
    });
    await world.settle();
    expect([isAnswered, live.messages(), device.journal().length]).toEqual([false, 1, 2]);
    gate.go();
    await answer;
    expect([live.messages(), device.journal().length]).toEqual([2, 3]);
    expect(live.rows()).toEqual([{ id: "1" }]);
  });

  test("takes what came while the one before was under way", async () => {
    const world = createWorld();
    const device = await world.open();
    await device.share("notes");
    const gate = holdBack(device, "appendJournal");
    const first = device.insert("notes", [{ id: "1" }]);
    await world.settle();
    const later = ["2", "3", "4"].map((id) => device.insert("notes", [{ id }]));
    const calls = countCalls(device, "appendJournal");
    gate.go();
    const calls2 = countCalls(device, "appendJournal");
    await Promise.all([first, ...later]);
    expect(calls.count + calls2.count).toBe(1);
  });
});

describe("a command that changes nothing", () => {
  test("answers when what it rests on is durable, and not if that is taken back", async () => {
    const world = createWorld();
    const device = await world.open({ online: false });
    await device.share("notes");
    const gate = holdBack(device, "appendJournal");
    const insert = device.insert("notes", [{ id: "1" }]);
    await world.settle();
    let isAnswered = false;
    const same = device.upsert("notes", [{ id: "1" }]).finally(() => {
      isAnswered = true;
    });
    await world.settle();
    expect(isAnswered).toBe(false);
    gate.fail();
    const results = await Promise.allSettled([insert, same]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await device.remove("notes", "1")).toEqual([0]);
    await device.insert("notes", [{ id: "1" }]);
    expect(await device.upsert("notes", [{ id: "1" }])).toEqual([1]);
  });
});

test("a journal that an earlier opening left large is let go", async () => {
  const world = createWorld();
  const device = await world.open({ online: false });
  await device.share("notes");
  const text = "x".repeat(900_000);
  for (let at = 0; at < 12; at++) await device.upsert("notes", [{ id: "1", text: `${text}${at}` }]);
  expect(device.journal().length).toBe(14);
  await device.reopen(undefined, { online: false, bounds: { journalHeldBytes: 16 * 1_048_576 } });
  for (let at = 0; at < 8; at++) await device.upsert("notes", [{ id: "1", text: `${text} ${at}` }]);
  await world.settle();
  expect(device.journal().length).toBeLessThan(8);
});

describe("a store that fails before the effect", () => {
  test("leaves nothing of what was not flushed, and the next write goes on", async () => {
    const world = createWorld();
    const device = await world.open({ online: false });
    await device.share("notes");
    await device.insert("notes", [{ id: "1", n: 1, tags: ["a"] }, { id: "2" }]);
    const before = stateOf(device, "notes");
    const live = follow(device, "notes");
    failAt(device, ["appendJournal"], "before");
    const commands = [
      device.insert("notes", [{ id: "3" }]),
      device.update("notes", "1", { $inc: { n: 1 }, $addToSet: { tags: "b" } }),
      device.remove("notes", "2"),
      device.write({ kind: "make-collection", collection: "other" }),
      device.write({ kind: "move", collection: "notes", id: "1", to: "private" }),
      device.write({ kind: "drop", collection: "notes" }),
    ];
    for (const each of await Promise.allSettled(commands)) {
      expect(each).toMatchObject({
        status: "rejected",
        reason: { code: "StorageFailed", outcome: "not committed", retryable: true },
      });
    }
    expect(stateOf(device, "notes")).toEqual(before);
    expect(live.rows()).toEqual(device.find("notes"));
    device.fault = null;
    await device.update("notes", "1", { $inc: { n: 5 } });
    expect(device.get("notes", "1")).toEqual({ id: "1", n: 6, tags: ["a"] });
    const sequences = device.journal().map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, at) => at + 1));
    await device.reopen();
    expect(device.get("notes", "1")).toEqual({ id: "1", n: 6, tags: ["a"] });
    expect(device.find("notes")).toHaveLength(2);
  });

  test("a writer that never wrote is as if it had not", async () => {
    const world = createWorld();
    const device = await world.open({ online: false });
    await device.share("notes");
    failAt(device, ["appendJournal"], "before");
    await expect(device.insert("notes", [{ id: "1" }])).rejects.toThrow();
    device.fault = null;
    await device.insert("notes", [{ id: "2" }]);
    expect(device.shared("notes").writer?.next().n).toBe(2);
    await device.reopen();
    expect(device.find("notes")).toEqual([{ id: "2" }]);
  });
});

test("what peers wrote meanwhile stays when this device's writes are taken back", async () => {
  const world = createWorld();
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  await a.insert("notes", [{ id: "1", n: 0 }, { id: "2", text: "first" }, { id: "3" }]);
  await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
  const live = follow(a, "notes");
  const gate = holdBack(a, "appendJournal");
  const commands = [
    a.update("notes", "1", { $inc: { n: 100 } }),
    a.update("notes", "2", { text: "from a" }),
    a.remove("notes", "3"),
  ];
  await world.settle();
  await b.update("notes", "1", { $inc: { n: 1 } });
  await b.update("notes", "2", { text: "from b", more: true });
  await b.update("notes", "3", { kept: true });
  await b.insert("notes", [{ id: "4" }]);
  // They have arrived, and their transaction waits behind the flush.
  await world.pass(2_000);
  commands.push(a.upsert("notes", [{ id: "5" }]));
  gate.fail();
  for (const { status } of await Promise.allSettled(commands)) expect(status).toBe("rejected");
  await world.settle();
  expect(a.find("notes")).toEqual([
    { id: "1", n: 1 },
    { id: "2", text: "from b", more: true },
    { id: "3", kept: true },
    { id: "4" },
  ]);
  expect(live.rows()).toEqual(a.find("notes"));
  await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified again");
  const held = [...a.shared("notes").documents.values()];
  await a.reopen();
  expect([...a.shared("notes").documents.values()]).toEqual(held);
});

test("a store that fails after the effect has committed", async () => {
  const device = await createWorld().open({ online: false });
  await device.share("notes");
  failAt(device, ["appendJournal"], "after");
  expect(await device.insert("notes", [{ id: "1" }])).toEqual([1]);
  device.fault = null;
  await device.insert("notes", [{ id: "2" }]);
  const now = stateOf(device, "notes");
  await device.reopen();
  expect(stateOf(device, "notes")).toEqual(now);
  expect(device.failures()).toEqual([]);
});

describe("a store that can not even be read", () => {
  const breakIt = async (phase: StoreOperation["phase"]): Promise<Device> => {
    const device = await createWorld().open({ online: false });
    await device.share("notes");
    await device.insert("notes", [{ id: "1" }]);
    device.fault = (operation) => {
      if (operation.kind === "appendJournal" && operation.phase === phase) throw storeFailure;
      if (operation.kind === "journal") throw storeFailure;
    };
    const error: unknown = await device.insert("notes", [{ id: "2" }]).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: "StorageFailed" });
    // Nobody knows whether it was committed, so nothing is said of it.
    expect(error).toMatchObject({ outcome: undefined });
    device.fault = null;
    return device;
  };

  test.each(["before", "after"] as const)("ends all writing (%s the effect)", async (phase) => {
    const device = await breakIt(phase);
    expect(device.failures()).toHaveLength(1);
    const image = device.image();
    await expect(device.insert("notes", [{ id: "3" }])).rejects.toMatchObject({
      code: "StorageFailed",
    });
    await expect(device.engine.cutter.cutAll([device.shared("notes")])).rejects.toThrow();
    await expect(device.join("another")).rejects.toThrow();
    await device.engine.close();
    expect(device.image()).toEqual(image);
  });

  test.each(["before", "after"] as const)("opens again with all or none (%s)", async (phase) => {
    const device = await breakIt(phase);
    await device.close();
    await device.reopen();
    const held = device.find("notes").map(({ id }) => id);
    expect(held).toEqual(phase === "before" ? ["1"] : ["1", "2"]);
    await device.insert("notes", [{ id: "3" }]);
    await device.reopen();
    expect(device.find("notes")).toHaveLength(held.length + 1);
  });
});
