/**
 * What a checkpoint holds and what it leaves to the log: neither is missing after an opening, and
 * nothing counts twice.
 */
import { expect, test } from "vitest";
import { pageKinds } from "../../../src/core/page/homeRecord.ts";
import type { StoreImage } from "../../../src/storage/memory.ts";
import { failAt } from "./faults.ts";
import { createWorld, type Device, type World } from "./world.ts";

const isolated = async (world: World): Promise<Device> => {
  const device = await world.open({ online: false });
  await device.share("notes");
  await device.insert("notes", [
    { id: "1", n: 0 },
    { id: "2", n: 0 },
  ]);
  return device;
};

const idsOf = (device: Device): readonly unknown[] => device.find("notes").map(({ id }) => id);
const damageOf = (device: Device): readonly string[] =>
  device.opened.info.recovery.damage.map(({ detail }) => detail);
/** As the journal is once all of it is absorbed, before the checkpoint that follows. */
const absorbed = (image: StoreImage): StoreImage => ({ ...image, journal: new Map() });

test("what was cut since the last one is read behind it", async () => {
  const device = await isolated(createWorld());
  await device.engine.checkpointer.run();
  await device.insert("notes", [{ id: "3" }]);
  await device.update("notes", "1", { $inc: { n: 2 } });
  await device.engine.cutter.cutAll(device.engine.registry.homes());
  await device.reopen(absorbed(device.crash()), { online: false });
  expect(idsOf(device)).toEqual(["1", "2", "3"]);
  expect(device.get("notes", "1")).toEqual({ id: "1", n: 2 });
  expect(damageOf(device)).toEqual([]);
});

test("so is what peers sent since", async () => {
  const world = createWorld();
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  await a.insert("notes", [{ id: "1" }]);
  await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
  await b.engine.checkpointer.run();
  await a.insert("notes", [{ id: "2" }]);
  await world.until(() => idsOf(b).length === 2, "the other document");
  await b.reopen(undefined, { online: false });
  expect(idsOf(b)).toEqual(["1", "2"]);
  expect(damageOf(b)).toEqual([]);
});

test("what it holds and nobody cut counts once, in whatever order it is opened", async () => {
  const device = await isolated(createWorld());
  await device.update("notes", "1", { $inc: { n: 2 } });
  await device.engine.checkpointer.run();
  await device.update("notes", "1", { $inc: { n: 3 } });
  for (let times = 0; times < 2; times++) {
    await device.reopen(undefined, { online: false });
    expect(device.get("notes", "1")).toEqual({ id: "1", n: 5 });
  }
  await device.update("notes", "1", { $inc: { n: 1 } });
  await device.close();
  await device.reopen(undefined, { online: false });
  expect(device.get("notes", "1")).toEqual({ id: "1", n: 6 });
  expect(damageOf(device)).toEqual([]);
});

test("a write that the journal then refuses is in none", async () => {
  const device = await isolated(createWorld());
  failAt(device, ["appendJournal"], "before");
  const inserted = device.insert("notes", [{ id: "3" }]);
  const made = device.engine.checkpointer.run();
  await expect(inserted).rejects.toMatchObject({ code: "StorageFailed" });
  await made.catch(() => undefined);
  device.fault = null;
  await device.reopen(undefined, { online: false });
  expect(idsOf(device)).toEqual(["1", "2"]);
  await device.insert("notes", [{ id: "3" }]);
  expect(idsOf(device)).toEqual(["1", "2", "3"]);
});

test("one after another hold it all, whatever changed between them", async () => {
  const device = await isolated(createWorld());
  for (let round = 0; round < 12; round++) {
    await device.insert("notes", [{ id: `r${String(round).padStart(2, "0")}`, n: round }]);
    if (round % 3 === 0) await device.remove("notes", `r${String(round).padStart(2, "0")}`);
    await device.update("notes", "2", { $inc: { n: 1 } });
    await device.engine.checkpointer.run();
    if (round % 4 === 0) await device.engine.cutter.absorb();
  }
  const { scope, documents } = device.shared("notes");
  const keys = documents.pages.map(({ number }) => ({ scope, kind: pageKinds.documents, number }));
  expect(keys.length).toBeGreaterThan(0);
  expect(await device.engine.deps.store.pages(keys)).not.toContain(null);
  const before = device.rows("notes", { includeDeleted: true, meta: true });
  await device.reopen(undefined, { online: false });
  expect(device.rows("notes", { includeDeleted: true, meta: true })).toEqual(before);
  expect(device.get("notes", "2")).toEqual({ id: "2", n: 12 });
  expect(damageOf(device)).toEqual([]);
});
