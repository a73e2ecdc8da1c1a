/**
 * Transactions: whole in one segment or not at all, within their bounds, and spoiled by whatever
 * changes what they read.
 */
import { describe, expect, test } from "vitest";
import {
  changesKeptMax,
  segmentOpsTarget,
  transactionWritesPerCollectionMax,
} from "../../../src/core/base/limits.ts";
import type { FilterData } from "../../../src/core/query/match.ts";
import { parseSegment } from "../../../src/core/segment/segment.ts";
import type { DocumentWrite, ReadMark } from "../../../src/core/wire/requests.ts";
import { failAt } from "./faults.ts";
import { createWorld, rowsOf, updateOf, type Device } from "./world.ts";

const insertOf = (collection: string, documents: readonly object[]): DocumentWrite => ({
  ...{ kind: "insert", collection, visibility: null },
  rows: rowsOf(documents),
});

const transact = (
  device: Device,
  writes: readonly DocumentWrite[],
  reads: readonly ReadMark[] = [],
): Promise<readonly number[]> => device.write({ kind: "batch", writes, together: true, reads });

const numbered = (count: number, text = ""): readonly object[] =>
  Array.from({ length: count }, (_, at) => ({ id: `d${at}`, at, text }));

/** Where the writer's log is or will be divided: first n and count of each segment. */
const runsOf = (device: Device, name: string): readonly (readonly [number, number])[] => {
  const { scope, writer } = device.shared(name);
  const stored = [...device.image().segments]
    .filter(([key]) => key.startsWith(scope))
    .flatMap(([, bytes]) => {
      const parsed = parseSegment(bytes);
      return parsed.ok ? [parsed.value.header] : [];
    });
  // One that is being stored may be met twice.
  const runs = new Map([...stored, ...(writer?.pending() ?? [])].map((run) => [run.first, run]));
  return [...runs.values()]
    .map(({ first, count }) => [first, count] as const)
    .sort(([a], [b]) => a - b);
};

const shared = async (): Promise<Device> => {
  const device = await createWorld().open({ online: false });
  for (const name of ["notes", "other"]) await device.share(name);
  return device;
};

describe("on their way", () => {
  test("are never split over segments; what is apart is", async () => {
    const device = await shared();
    await device.insert("notes", numbered(segmentOpsTarget - 10).slice(0, -3));
    const first = segmentOpsTarget - 13;
    expect(runsOf(device, "notes")).toEqual([[1, first]]);
    await transact(device, [insertOf("notes", numbered(300).slice(250))]);
    expect(runsOf(device, "notes")).toEqual([
      [1, first],
      [first + 1, 50],
    ]);
    const many = Array.from({ length: 1_000 }, (_, at) => ({ id: `many${at}` }));
    await transact(device, [insertOf("notes", many)]);
    expect(runsOf(device, "notes").at(-1)).toEqual([first + 51, 1_000]);
    await device.reopen();
    expect(runsOf(device, "notes").at(-1)).toEqual([first + 51, 1_000]);
    await device.engine.cutter.cutAll([device.shared("notes")]);
    expect(device.shared("notes").tree.heads()).toMatchObject([{ n: first + 1_050 }]);
    await device.insert("other", numbered(1_000));
    expect(runsOf(device, "other").map(([, count]) => count)).toEqual([256, 256, 256, 232]);
  });

  test("take as many writes as there may be, and not one more", async () => {
    const device = await shared();
    await device.insert("notes", [{ id: "before" }]);
    await transact(device, [insertOf("notes", numbered(transactionWritesPerCollectionMax))]);
    expect(device.find("notes")).toHaveLength(transactionWritesPerCollectionMax + 1);
    const before = [device.shared("other"), device.shared("notes")].map(({ writer }) =>
      writer?.next(),
    );
    const journal = device.journal().length;
    const tooMany = numbered(transactionWritesPerCollectionMax + 1);
    await expect(
      transact(device, [insertOf("notes", [{ id: "with it" }]), insertOf("other", tooMany)]),
    ).rejects.toMatchObject({ code: "TransactionTooLarge", outcome: "not committed" });
    expect(device.find("other")).toEqual([]);
    expect(device.get("notes", "with it")).toBeUndefined();
    expect(device.journal()).toHaveLength(journal);
    await device.insert("notes", [{ id: "after" }]);
    await device.insert("other", [{ id: "after" }]);
    expect(device.shared("notes").writer?.next().n).toBe((before[1]?.n ?? 0) + 1);
    expect(device.shared("other").writer?.next().n).toBe(2);
    await device.reopen();
    expect(device.find("other")).toEqual([{ id: "after" }]);
    await device.engine.cutter.cutAll(device.engine.registry.homes());
    expect(device.failures()).toEqual([]);
  });

  test("take a megabyte, and not more", async () => {
    const device = await shared();
    const text = "x".repeat(250_000);
    const four = [1, 2, 3, 4].map((id) => ({ id: `${id}`, text }));
    await transact(device, [insertOf("notes", four)]);
    const five = [...four, { id: "5", text }];
    await expect(transact(device, [insertOf("other", five)])).rejects.toMatchObject({
      code: "TransactionTooLarge",
    });
    expect(device.find("other")).toEqual([]);
    // Apart they are no transaction.
    await device.insert("other", five);
    expect(device.find("other")).toHaveLength(5);
    await device.reopen();
    expect(device.find("other")).toHaveLength(5);
  });

  test("that a later write in them refuses leave nothing", async () => {
    const device = await shared();
    await device.insert("notes", [{ id: "1", n: 1 }]);
    const held = device.find("notes");
    const writes = [
      updateOf("notes", "1", { n: 2 }),
      insertOf("other", [{ id: "new" }]),
      insertOf("unheard of", [{ id: "new" }]),
      insertOf("notes", [{ id: "1" }]),
    ];
    await expect(transact(device, writes)).rejects.toMatchObject({ code: "DuplicateId" });
    expect([device.find("notes"), device.find("other")]).toEqual([held, []]);
    expect(device.engine.registry.find("unheard of")).toBeNull();
  });
});

describe("what was read", () => {
  const mark = (device: Device, read: Partial<ReadMark> = {}): ReadMark => ({
    ...{ collection: "notes", ids: [], filter: null },
    at: device.engine.changes.count(),
    ...read,
  });
  const filter: FilterData = { n: { $gt: 5 } };
  const write = (device: Device, ...reads: readonly ReadMark[]): Promise<readonly number[]> =>
    transact(device, [insertOf("other", [{ id: device.nextId() }])], reads);

  const filled = async (): Promise<Device> => {
    const device = await shared();
    await device.insert("notes", [
      { id: "1", n: 1 },
      { id: "7", n: 7 },
    ]);
    return device;
  };

  const refused = { code: "TransactionConflict", outcome: "not committed", retryable: true };

  test("still holds while others change what was not read", async () => {
    const device = await filled();
    const reads = [mark(device, { ids: ["7"] }), mark(device, { ids: ["7"], filter })];
    await device.update("notes", "1", { n: 2 });
    await device.insert("notes", [{ id: "3", n: 3 }]);
    await device.insert("other", [{ id: "7", n: 7 }]);
    expect(await write(device, ...reads)).toEqual([1]);
  });

  test.each([
    ["a document changed", (device: Device) => device.update("notes", "7", { text: "x" })],
    ["a document went", (device: Device) => device.remove("notes", "7")],
    [
      "a document changed and came back",
      async (device: Device) => {
        await device.update("notes", "7", { n: 8 });
        await device.update("notes", "7", { n: 7 });
      },
    ],
  ])("is spoiled where %s", async (_, change) => {
    const device = await filled();
    const byId = mark(device, { ids: ["7"] });
    const byFilter = mark(device, { ids: ["7"], filter });
    await change(device);
    await expect(write(device, byId)).rejects.toMatchObject(refused);
    await expect(write(device, byFilter)).rejects.toMatchObject(refused);
    expect(device.find("other")).toEqual([]);
    expect(await write(device, mark(device, { ids: ["7"] }))).toEqual([1]);
  });

  test("is spoiled by a phantom: one inserted, or one that matches by now", async () => {
    const device = await filled();
    const inserted = mark(device, { ids: ["7"], filter });
    await device.insert("notes", [{ id: "9", n: 9 }]);
    await expect(write(device, inserted)).rejects.toMatchObject(refused);
    const matching = mark(device, { ids: ["7", "9"], filter });
    await device.update("notes", "1", { n: 10 });
    await expect(write(device, matching)).rejects.toMatchObject(refused);
    const missing = mark(device, { ids: ["nobody"] });
    await device.insert("notes", [{ id: "nobody" }]);
    await expect(write(device, missing)).rejects.toMatchObject(refused);
  });

  test("is spoiled by what is not flushed yet, and by what is taken back", async () => {
    const device = await filled();
    const before = mark(device, { ids: ["7"] });
    const changing = device.update("notes", "7", { n: 8 });
    await expect(write(device, before)).rejects.toMatchObject(refused);
    await changing;
    failAt(device, ["appendJournal"], "before");
    const failing = device.update("notes", "7", { n: 9 });
    const between = mark(device, { ids: ["7"] });
    await expect(failing).rejects.toMatchObject({ code: "StorageFailed" });
    device.fault = null;
    expect(device.get("notes", "7")?.["n"]).toBe(8);
    await expect(write(device, between)).rejects.toMatchObject(refused);
  });

  test("of a peer's change counts alike", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "7", n: 7 }]);
    await world.until(() => b.get("notes", "7") !== undefined, "the document");
    const read = mark(b, { ids: ["7"] });
    await a.update("notes", "7", { n: 8 });
    await world.until(() => b.get("notes", "7")?.["n"] === 8, "the change");
    await expect(write(b, read)).rejects.toMatchObject(refused);
  });

  test("too long ago counts as spoiled", async () => {
    const device = await filled();
    const read = mark(device, { ids: ["7"] });
    const many = Array.from({ length: changesKeptMax }, (_, at) => ({ id: `many${at}` }));
    await device.insert("other", many);
    expect(await write(device, read)).toEqual([1]);
    await device.insert(
      "other",
      many.map(({ id }) => ({ id: `${id}, too` })),
    );
    await expect(write(device, read)).rejects.toMatchObject(refused);
  });
});
