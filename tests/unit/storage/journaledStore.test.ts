/**
 * The store over tables and journal files: what is flushed when, which files there are, what a
 * failing file does, and that nothing counts which a replaced store writes.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import { journalRecordBytesMax } from "../../../src/core/base/limits.ts";
import { encodeFileStart } from "../../../src/storage/journal/format.ts";
import { decodeNote, type JournalNote } from "../../../src/storage/journal/note.ts";
import type { FileOperation } from "../../../src/storage/memoryFiles.ts";
import type { Store } from "../../../src/storage/store.ts";
import { bytes, collect, record } from "../../contract/storeBench.ts";
import {
  createJournaledMemory,
  type JournaledMemory,
  type JournaledMemoryOptions,
} from "../../support/journaledMemory.ts";

const name = "store";
const sizes = { fileBytesMax: 12_288 + 100, fileAbsorbedBytesMax: 50 };

/** What files and tables were asked for, "kind name", as it took effect. */
let log: string[] = [];
let failing: (operation: Pick<FileOperation, "kind" | "name" | "phase">) => unknown = () => null;

beforeEach(() => {
  log = [];
  failing = () => null;
});

const createMemory = (options: JournaledMemoryOptions = {}): JournaledMemory =>
  createJournaledMemory({
    fileFault: (operation) => {
      const cause = failing(operation);
      // What platforms throw is an Error or a DOMException
      if (cause !== null) throw cause as Error;
      if (operation.phase === "after") log.push(`${operation.kind} ${operation.name}`);
    },
    tablesFault: ({ kind, phase }) => {
      if (phase === "after" && kind !== "read") log.push(`tables ${kind}`);
    },
    ...options,
  });

const open = async (memory: JournaledMemory): Promise<Store> => {
  const store = await memory.adapter.open(name);
  log = [];
  return store;
};

const fileNames = async (memory: JournaledMemory): Promise<string[]> =>
  (await memory.files(name).list()).map((entry) => entry.name);

const decodedNote = (memory: JournaledMemory): JournalNote => {
  const note = decodeNote(memory.tables.snapshot(name).note ?? bytes());
  if (!note.ok) throw new Error(note.error.what);
  return note.value;
};

const sequencesOf = async (store: Store): Promise<number[]> =>
  (await collect(store.journal())).map(({ sequence }) => sequence);

describe("flushing", () => {
  test("a strict group is one write and one flush, a relaxed one a write", async () => {
    const store = await open(createMemory());
    await store.appendJournal([record(1, 1), record(2, 2), record(3, 3)], "strict");
    expect(log).toEqual(["write journal-1-1", "flush journal-1-1"]);
    log = [];
    await store.appendJournal([record(4, 4), record(5, 5)], "relaxed");
    expect(log).toEqual(["write journal-1-1"]);
  });

  test("what is relaxed is flushed before the tables change, by a close, not twice", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await store.appendJournal([record(1, 1)], "relaxed");
    await store.write({ meta: new Map([["a", bytes(1)]]), durability: "relaxed" });
    expect(log).toEqual(["write journal-1-1", "flush journal-1-1", "tables write"]);
    log = [];
    await store.write({ absorbedSequence: 1 });
    expect(log).toEqual(["tables write"]);
    await store.appendJournal([record(2, 2)], "relaxed");
    log = [];
    await store.close();
    expect(log).toEqual([
      ...["flush journal-1-1", "tables write", "close journal-1-1", "tables close"],
    ]);
    memory.crash(() => 0);
    expect(await sequencesOf(await open(memory))).toEqual([2]);
  });

  test("a strict append flushes the relaxed ones before it, also into the next file", async () => {
    for (const size of [1, 80]) {
      const memory = createMemory({ sizes });
      const store = await open(memory);
      await store.appendJournal([record(1, 1)], "relaxed");
      const payload = new Uint8Array(size);
      await store.appendJournal([{ sequence: 2, payload }], "strict");
      memory.crash(() => 0);
      expect(await sequencesOf(await open(memory))).toEqual([1, 2]);
    }
  });

  test("absorbing is strict, whatever was asked for, before any file goes", async () => {
    const memory = createMemory({ sizes });
    const store = await open(memory);
    await store.appendJournal([{ sequence: 1, payload: new Uint8Array(90) }], "strict");
    await store.appendJournal([{ sequence: 2, payload: new Uint8Array(90) }], "strict");
    log = [];
    await store.write({ absorbedSequence: 1, durability: "relaxed" });
    expect(log).toEqual(["tables write", "remove journal-1-1"]);
    memory.crash(() => 0);
    const again = await open(memory);
    expect([again.absorbedSequence, again.opening.rolledBack]).toEqual([1, null]);
    expect(await sequencesOf(again)).toEqual([2]);
  });

  test("an append does not wait for a write that was called before it", async () => {
    const store = await open(createMemory());
    const order: string[] = [];
    await Promise.all([
      store.write({ meta: new Map([["a", bytes(1)]]) }).then(() => order.push("write")),
      store.appendJournal([record(1)], "strict").then(() => order.push("append")),
    ]);
    expect(order).toEqual(["append", "write"]);
  });
});

describe("files", () => {
  const payload = new Uint8Array(60);

  test("end by size, are read as one, and go when all of them is absorbed", async () => {
    const memory = createMemory({ sizes });
    const store = await open(memory);
    for (let sequence = 1; sequence <= 4; sequence++) {
      await store.appendJournal([{ sequence, payload }], "strict");
    }
    const names = ["fence", "journal-1-1", "journal-1-2", "journal-1-3", "journal-1-4"];
    expect(await fileNames(memory)).toEqual(names.slice(1));
    expect(await sequencesOf(store)).toEqual([1, 2, 3, 4]);
    await store.write({ absorbedSequence: 2 });
    expect(await fileNames(memory)).toEqual(["journal-1-3", "journal-1-4"]);
    // The last one is a witness that stays; it is made anew when it holds much
    await store.write({ absorbedSequence: 4 });
    expect(await fileNames(memory)).toEqual(["journal-1-5"]);
    await store.appendJournal([{ sequence: 5, payload: bytes(5) }], "strict");
    await store.write({ absorbedSequence: 5 });
    expect(await fileNames(memory)).toEqual(["journal-1-5"]);
    await store.close();
    const again = await open(memory);
    expect(await fileNames(memory)).toEqual([`journal-${again.epoch}-1`]);
    expect([again.lastSequence, again.journalProvesContinuity]).toEqual([5, true]);
  });

  test("that can not be removed fail nobody, count no more, and go later", async () => {
    const memory = createMemory({ sizes });
    const store = await open(memory);
    for (const sequence of [1, 2]) await store.appendJournal([{ sequence, payload }], "strict");
    failing = ({ kind, phase }) =>
      kind === "remove" && phase === "before" ? new Error("no") : null;
    await store.write({ absorbedSequence: 1 });
    expect(await fileNames(memory)).toEqual(["journal-1-1", "journal-1-2"]);
    expect(await sequencesOf(store)).toEqual([2]);
    memory.kill();
    const again = await open(memory);
    expect(await sequencesOf(again)).toEqual([2]);
    failing = () => null;
    await again.write({ absorbedSequence: 2 });
    expect(await fileNames(memory)).toEqual([`journal-${again.epoch}-1`]);
  });

  test("hold a group larger than they should be, and no record beyond its bound", async () => {
    const store = await open(createMemory({ sizes }));
    const large = [1, 2].map((sequence) => ({ sequence, payload: new Uint8Array(5_000) }));
    await store.appendJournal(large, "strict");
    expect(await sequencesOf(store)).toEqual([1, 2]);
    const beyond = { sequence: 3, payload: new Uint8Array(journalRecordBytesMax + 1) };
    const tooLarge = { code: "TooLarge", outcome: "not committed" };
    await expect(store.appendJournal([beyond], "strict")).rejects.toMatchObject(tooLarge);
    await store.appendJournal([record(3)], "strict");
  });
});

describe("a failing file", () => {
  const full = new DOMException("full", "QuotaExceededError");
  const noSpace = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const broken = new Error("broken");

  test.each([
    [full, { code: "QuotaExceeded", retryable: true }],
    [noSpace, { code: "QuotaExceeded", retryable: true }],
    [broken, { code: "StorageFailed", retryable: true }],
  ])("takes the group back, says why, and the next one is written: %s", async (cause, expected) => {
    for (const kind of ["write", "flush"] as const) {
      for (const phase of ["before", "after"] as const) {
        const memory = createMemory();
        const store = await open(memory);
        await store.appendJournal([record(1, 1)], "strict");
        await store.appendJournal([record(2, 2)], "relaxed");
        let times = 1;
        failing = (operation) =>
          operation.kind === kind && operation.phase === phase && times-- > 0 ? cause : null;
        const append = store.appendJournal([record(3, 9), record(4, 9)], "strict");
        await expect(append).rejects.toMatchObject({ ...expected, outcome: "not committed" });
        expect(await collect(store.journal())).toEqual([record(1, 1), record(2, 2)]);
        await store.appendJournal([record(3, 3)], "strict");
        memory.crash(() => 0);
        const again = await open(memory);
        const all = [record(1, 1), record(2, 2), record(3, 3)];
        expect(await collect(again.journal()), `${kind} ${phase}`).toEqual(all);
        expect([again.damage(), again.journalProvesContinuity]).toEqual([[], true]);
      }
    }
  });

  test("that leaves its state unknown ends all calls, and an opening finds out", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await store.appendJournal([record(1, 1)], "strict");
    failing = ({ kind, phase }) => (phase === "before" && kind !== "close" ? broken : null);
    const unknown = await store.appendJournal([record(2, 2)], "strict").catch((e: unknown) => e);
    expect(unknown).toMatchObject({ code: "StorageFailed", outcome: undefined });
    failing = () => null;
    await expect(store.appendJournal([record(2, 2)], "strict")).rejects.toBe(unknown);
    await expect(store.write({})).rejects.toBe(unknown);
    await expect(collect(store.journal())).rejects.toBe(unknown);
    await store.close();
    const again = await open(memory);
    expect(await collect(again.journal())).toEqual([record(1, 1)]);
    expect(again.journalProvesContinuity).toBe(true);
  });

  test("can not be opened: the opening says so, the next one is as if nothing was", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await store.appendJournal([record(1, 1)], "strict");
    memory.kill();
    for (const kind of ["list", "read", "open", "write", "flush"] as const) {
      failing = (operation) => (operation.kind === kind ? broken : null);
      const failed = { code: "StorageFailed", cause: broken };
      await expect(memory.adapter.open(name), kind).rejects.toMatchObject(failed);
      memory.kill();
    }
    failing = () => null;
    const again = await open(memory);
    expect(await collect(again.journal())).toEqual([record(1, 1)]);
    expect([again.opening.rolledBack, again.journalProvesContinuity]).toEqual([null, true]);
  });
});

describe("a frozen holder", () => {
  const refused = { code: "Replaced", outcome: "not committed" };

  test.each([true, false])("can only fail; what it writes never counts; slot: %s", async (has) => {
    const memory = createMemory({ hasFence: has, sizes });
    const old = await memory.adapter.open(name);
    await old.appendJournal([record(1, 1)], "strict");
    await old.appendJournal([record(2, 2)], "relaxed");
    const current = await memory.newAdapter().open(name);
    // Into the file it holds, and, the other time, into one that it begins
    for (const size of [1, 90]) {
      const late = [{ sequence: 3, payload: new Uint8Array(size).fill(9) }];
      await expect(old.appendJournal(late, "strict")).rejects.toMatchObject(refused);
    }
    await current.appendJournal([record(3, 3)], "strict");
    const all = [record(1, 1), record(2, 2), record(3, 3)];
    expect(await collect(current.journal())).toEqual(all);
    memory.crash(() => 0);
    const again = await open(memory);
    expect(await collect(again.journal())).toEqual(all);
    expect(again.journalProvesContinuity).toBe(true);
    await again.write({ absorbedSequence: 3 });
    expect(await fileNames(memory)).toEqual([`journal-${again.epoch}-1`]);
  });

  test("that flushed when its successor had read already counts for nothing", async () => {
    // Frozen between its flush and its look at the epoch
    const memory = createMemory({ hasFence: false });
    const old = await memory.adapter.open(name);
    await old.appendJournal([record(1, 1)], "strict");
    const folder = memory.files(name);
    const before = folder.snapshot();
    await old.appendJournal([record(2, 2)], "strict");
    const after = folder.snapshot();
    folder.restore(before);
    const current = await memory.newAdapter().open(name);
    const late = after.get("journal-1-1") ?? bytes();
    const handle = await folder.open("journal-1-1");
    handle.write(late, 0);
    handle.flush();
    handle.close();
    await current.appendJournal([record(2, 22)], "strict");
    memory.kill();
    expect(await collect((await open(memory)).journal())).toEqual([record(1, 1), record(2, 22)]);
  });

  test("may have flushed nothing: what its successor counts is made to last", async () => {
    const memory = createMemory({ sizes });
    const old = await memory.adapter.open(name);
    await old.appendJournal([record(1, 1)], "strict");
    await old.appendJournal([record(2, 2), record(3, 3)], "relaxed");
    const counted = await collect((await memory.newAdapter().open(name)).journal());
    expect(counted).toEqual([record(1, 1), record(2, 2), record(3, 3)]);
    memory.crash(() => 0);
    expect(await collect((await open(memory)).journal())).toEqual(counted);
  });

  test("takes no record back that its successor counted, by a file begun late", async () => {
    const memory = createMemory();
    await (await memory.adapter.open(name)).appendJournal([record(1, 1)], "strict");
    memory.kill();
    const current = await open(memory);
    // As after a flush that failed: what stood in the file before counts no more
    const { generation } = decodedNote(memory);
    const late = await memory.files(name).open("journal-1-2");
    late.write(encodeFileStart({ generation, first: 1, isConfirmed: true }), 0);
    late.close();
    await current.appendJournal([record(2, 2)], "strict");
    memory.kill();
    const again = await open(memory);
    expect(await collect(again.journal())).toEqual([record(1, 1), record(2, 2)]);
    expect([again.damage(), again.journalProvesContinuity]).toEqual([[], true]);
  });

  test("whose record its successor read is not told that it was not committed", async () => {
    const seen = new Set<string>();
    for (let turns = 0; turns < 40; turns++) {
      const memory = createMemory({ hasFence: false });
      const old = await memory.adapter.open(name);
      const opening = memory.newAdapter().open(name);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const outcome = await old.appendJournal([record(1, 1)], "strict").then(
        () => "committed",
        (cause: unknown) => (cause instanceof NebulusError ? (cause.outcome ?? "unknown") : "?"),
      );
      const shown = (await collect((await opening).journal())).length;
      seen.add(`${outcome}, ${shown} there`);
      // Whoever is not told asks again by reading, which must not say "not there"
      if (outcome === "unknown") {
        await expect(collect(old.journal())).rejects.toMatchObject({ code: "Replaced" });
      }
    }
    expect(seen).toContain("committed, 1 there");
    expect(seen).toContain("unknown, 1 there");
    expect(seen).toContain("not committed, 0 there");
    for (const lie of ["committed, 0 there", "not committed, 1 there", "?, 0 there"]) {
      expect(seen).not.toContain(lie);
    }
  });

  test("leaves a file that can not be removed until it lets go", async () => {
    const memory = createMemory();
    const old = await memory.adapter.open(name);
    await old.appendJournal([record(1, 1)], "strict");
    const current = await memory.newAdapter().open(name);
    await current.write({ absorbedSequence: 1 });
    expect(await fileNames(memory)).toEqual(["journal-1-1", "journal-2-1"]);
    await old.close();
    await current.appendJournal([record(2, 2)], "strict");
    await current.write({ absorbedSequence: 2 });
    expect(await fileNames(memory)).toEqual(["journal-2-1"]);
  });

  test("keeps the database from being destroyed, and nothing is deleted", async () => {
    const memory = createMemory();
    const old = await memory.adapter.open(name);
    await old.appendJournal([record(1, 1)], "strict");
    const other = memory.newAdapter();
    await expect(other.destroy(name)).rejects.toMatchObject({ code: "AlreadyOpen" });
    await old.appendJournal([record(2, 2)], "strict");
    expect(await collect(old.journal())).toEqual([record(1, 1), record(2, 2)]);
    await old.close();
    await other.destroy(name);
    expect((await open(memory)).lastSequence).toBe(0);
  });
});

test("a slot that a late opening wrote over takes the store from nobody", async () => {
  const memory = createMemory();
  const store = await memory.adapter.open(name);
  memory.openFence(name)?.write(77);
  await store.appendJournal([record(1, 1)], "strict");
  expect(await collect(store.journal())).toEqual([record(1, 1)]);
});
