/**
 * A full disk under the engine: what a caller wrote is refused whole, what the engine does by
 * itself waits for space, and nothing ends because of it.
 */
import { expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import type { StoreOperation } from "../../../src/storage/memory.ts";
import { createWorld, type Device } from "./world.ts";

/** Until the device's fault is taken away. */
const fill = (device: Device, kinds: readonly StoreOperation["kind"][]): void => {
  device.fault = ({ kind, phase }) => {
    if (phase === "before" && kinds.includes(kind)) throw full;
  };
};

const full = new NebulusError({ code: "QuotaExceeded", message: "full", retryable: true });
const refused = { code: "QuotaExceeded", outcome: "not committed", retryable: true };

const documents = (count: number, from = 0): readonly object[] =>
  Array.from({ length: count }, (_, at) => ({ id: `d${String(from + at).padStart(4, "0")}` }));

test("cutting waits: writes go on into the journal, and are cut when there is space", async () => {
  const world = createWorld();
  const device = await world.open({ bounds: { journalHeldBytes: 2_000 } });
  await device.share("notes");
  fill(device, ["write"]);
  await device.insert("notes", documents(300));
  await world.settle();
  expect(device.failures()).toEqual([]);
  expect(device.find("notes")).toHaveLength(300);
  expect(device.image().segments.size).toBe(0);
  device.fault = null;
  await device.insert("notes", documents(300, 300));
  await world.settle();
  expect(device.image().segments.size).toBeGreaterThan(0);
  const writer = device.shared("notes").writer?.id;
  await device.reopen();
  expect(device.find("notes")).toHaveLength(600);
  // Had a run been cut twice, its log would have split, and another incarnation begun
  expect(device.shared("notes").writer?.id).toBe(writer);
});

test("a checkpoint waits, and comes once more has changed and there is space", async () => {
  const world = createWorld();
  const device = await world.open({ bounds: { dirtyDocuments: 8 } });
  await device.share("notes");
  fill(device, ["write"]);
  await device.insert("notes", documents(9));
  await world.settle();
  expect(device.failures()).toEqual([]);
  expect(device.engine.checkpointer.last()).toBeNull();
  device.fault = null;
  await device.insert("notes", documents(9, 9));
  await world.settle();
  expect(device.engine.checkpointer.last()).toBe(world.now());
  expect(device.find("notes")).toHaveLength(18);
});

test("the journal lets go later; what it holds is replayed until then", async () => {
  const world = createWorld();
  const device = await world.open({ bounds: { journalHeldBytes: 100 } });
  await device.share("notes");
  await world.settle();
  fill(device, ["write"]);
  await device.insert("notes", documents(50));
  await world.settle();
  expect(device.engine.journal.heldBytes()).toBeGreaterThan(100);
  expect(device.failures()).toEqual([]);
  device.fault = null;
  await device.insert("notes", documents(1, 50));
  await world.settle();
  expect(device.engine.journal.heldBytes()).toBe(0);
});

test("closing leaves the journal as it is, and the next opening has everything", async () => {
  const device = await createWorld().open();
  await device.share("notes");
  await device.insert("notes", documents(20));
  fill(device, ["write"]);
  await device.close();
  device.fault = null;
  await device.reopen(device.image());
  expect(device.find("notes")).toHaveLength(20);
});

test("a write that needs space is refused whole; reading and writing go on", async () => {
  const world = createWorld();
  const device = await world.open();
  await device.share("notes");
  await device.insert("notes", documents(3));
  fill(device, ["appendJournal", "write"]);
  await expect(device.insert("notes", documents(3, 3))).rejects.toMatchObject(refused);
  await expect(device.remove("notes", "d0000")).rejects.toMatchObject(refused);
  expect(device.find("notes")).toHaveLength(3);
  expect(device.failures()).toEqual([]);
  device.fault = null;
  await device.insert("notes", documents(3, 3));
  await device.reopen();
  expect(device.find("notes")).toHaveLength(6);
});

test("a database opens on a full disk, though what it had to move stays for later", async () => {
  const device = await createWorld().open({ online: false });
  await device.write({ kind: "make-collection", collection: "notes" });
  await device.insert("notes", documents(3));
  // Attached, and ended before its documents were moved
  let appends = 0;
  device.fault = ({ kind, phase }) => {
    if (kind === "appendJournal" && phase === "before" && ++appends === 2) throw full;
  };
  const attaching = device.write({ kind: "attach", collection: "notes", networkId: "home" });
  await expect(attaching).rejects.toMatchObject({ code: "QuotaExceeded", outcome: "committed" });
  fill(device, ["appendJournal"]);
  await device.reopen(device.crash(), { online: false, joined: false });
  expect(device.collection("notes").attached).toBe(true);
  expect(device.find("notes")).toHaveLength(3);
  device.fault = null;
  await device.reopen(device.crash(), { online: false, joined: false });
  expect([...device.local("notes").documents.values()]).toHaveLength(3);
  expect(device.shared("notes").documents.livingCount).toBe(3);
});
