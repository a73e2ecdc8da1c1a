/**
 * Openings that find one half older than the other, gone or damaged: what is concluded, that no
 * sequence is used again, that what can be read is, and that the next opening has nothing to tell.
 */
import { describe, expect, test } from "vitest";
import { crc32c } from "../../../src/core/base/crc32c.ts";
import { journalFileName, recordsStart } from "../../../src/storage/journal/format.ts";
import type { Damage, Store } from "../../../src/storage/store.ts";
import { bytes, collect, contents, empty, record } from "../../contract/storeBench.ts";
import {
  createJournaledMemory,
  recordsOf,
  type JournaledMemory,
} from "../../support/journaledMemory.ts";

const name = "rollback";
const sizes = { fileBytesMax: recordsStart + 100, fileAbsorbedBytesMax: 50 };

const createMemory = (hasFiles: () => boolean = () => true): JournaledMemory =>
  createJournaledMemory({ sizes, hasFiles });

const open = (memory: JournaledMemory): Promise<Store> => memory.newAdapter().open(name);

/** One group each, in files of two. */
const appendTo = async (store: Store, last: number): Promise<void> => {
  for (let sequence = store.lastSequence + 1; sequence <= last; sequence++) {
    const payload = new Uint8Array(30).fill(sequence);
    await store.appendJournal([{ sequence, payload }], "strict");
  }
};

const sequencesOf = async (store: Store): Promise<number[]> =>
  (await collect(store.journal())).map(({ sequence }) => sequence);

const missing = (key: string): Damage => ({ where: "journal", key, reason: "missing" });

/** The opening after one that told of a loss: sequences go on, and nothing is told twice. */
const expectSoundNext = async (memory: JournaledMemory, store: Store): Promise<void> => {
  const last = store.lastSequence;
  await store.appendJournal([record(last + 1, 1)], "strict");
  await store.write({ absorbedSequence: last });
  memory.kill();
  const next = await open(memory);
  expect(next.opening.rolledBack).toBeNull();
  expect([next.lastSequence, next.journalProvesContinuity]).toEqual([last + 1, true]);
  expect(await collect(next.journal())).toEqual([record(last + 1, 1)]);
  expect(next.damage()).toEqual([]);
};

describe("tables that are older than the journal", () => {
  test("from before an absorption: what lies between is missing, and told", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 6);
    await store.write({ absorbedSequence: 1 });
    const before = memory.tables.snapshot(name);
    await store.write({ absorbedSequence: 4 });
    memory.kill();
    memory.tables.restore(name, before);
    const again = await open(memory);
    expect(again.opening.rolledBack).toBe("tables");
    expect([again.absorbedSequence, again.lastSequence]).toEqual([4, 6]);
    expect(again.journalProvesContinuity).toBe(false);
    expect(again.damage()).toEqual([missing("2…4")]);
    expect(await sequencesOf(again)).toEqual([5, 6]);
    await expectSoundNext(memory, again);
  });

  test("from before the last opening, nothing absorbed: the journal holds it all", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 2);
    const before = memory.tables.snapshot(name);
    await store.close();
    const second = await open(memory);
    await appendTo(second, 4);
    memory.kill();
    memory.tables.restore(name, before);
    const again = await open(memory);
    expect(again.opening.rolledBack).toBe("tables");
    expect(again.epoch).toBeGreaterThan(second.epoch);
    expect(await sequencesOf(again)).toEqual([1, 2, 3, 4]);
    expect([again.damage(), again.journalProvesContinuity]).toEqual([[], false]);
    await expectSoundNext(memory, again);
  });

  test("all of it absorbed in a clean close: the file that stays tells", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 3);
    const before = memory.tables.snapshot(name);
    await store.write({ absorbedSequence: 3 });
    await store.close();
    memory.tables.restore(name, before);
    const again = await open(memory);
    expect(again.opening.rolledBack).toBe("tables");
    // The last record stood in the file that always stays
    expect([again.absorbedSequence, again.lastSequence]).toEqual([2, 3]);
    expect(again.damage()).toEqual([missing("1…2")]);
    expect(await sequencesOf(again)).toEqual([3]);
    await expectSoundNext(memory, again);
  });

  test("of another database: the generation is not the one of the files", async () => {
    const memory = createMemory();
    const [store, other] = [await open(memory), await memory.adapter.open("other")];
    await appendTo(store, 2);
    await appendTo(other, 2);
    memory.kill();
    memory.tables.restore(name, memory.tables.snapshot("other"));
    const again = await open(memory);
    expect(again.opening.rolledBack).toBe("tables");
    expect(again.journalProvesContinuity).toBe(false);
    await expectSoundNext(memory, again);
  });

  test("gone: the database is lost, nothing changes, and destroying it starts anew", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 2);
    await store.write({ meta: new Map([["a", bytes(1)]]) });
    memory.kill();
    memory.tables.restore(name, null);
    const before = memory.files(name).snapshot();
    for (let attempt = 0; attempt < 2; attempt++) {
      const lost = { code: "StorageLost", retryable: false };
      await expect(open(memory)).rejects.toMatchObject(lost);
      expect(memory.files(name).snapshot()).toEqual(before);
    }
    await memory.newAdapter().destroy(name);
    expect(await contents(await open(memory))).toEqual(empty);
  });

  test("gone after all was absorbed: its number shows that records were there", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 2);
    await store.write({ absorbedSequence: 2 });
    await store.close();
    memory.tables.restore(name, null);
    await expect(open(memory)).rejects.toMatchObject({ code: "StorageLost" });
  });

  test("gone before anything was written: there was nothing to lose", async () => {
    const memory = createMemory();
    await (await open(memory)).close();
    memory.tables.restore(name, null);
    const store = await open(memory);
    expect([store.opening.rolledBack, store.journalProvesContinuity]).toEqual([null, true]);
    expect(await contents(store)).toEqual(empty);
  });
});

describe("a journal that is older than the tables", () => {
  test("gone with records that were not absorbed", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 4);
    await store.write({ absorbedSequence: 1, meta: new Map([["a", bytes(1)]]) });
    for (const isClosed of [true, false]) {
      if (isClosed) await store.close();
      else memory.kill();
      const tables = memory.tables.snapshot(name);
      const files = memory.files(name).snapshot();
      memory.files(name).restore(new Map());
      const again = await open(memory);
      expect(again.opening.rolledBack).toBe("journal");
      expect([again.absorbedSequence, again.lastSequence]).toEqual([4, 4]);
      expect((await again.meta()).get("a")).toEqual(bytes(1));
      expect(again.damage()).toEqual([missing("2…4")]);
      expect(again.journalProvesContinuity).toBe(false);
      await expectSoundNext(memory, again);
      memory.tables.restore(name, tables);
      memory.files(name).restore(files);
    }
  });

  test("gone after a clean close with all absorbed: nothing was lost", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 3);
    await store.write({ absorbedSequence: 3 });
    await store.close();
    memory.files(name).restore(new Map());
    const again = await open(memory);
    expect([again.opening.rolledBack, again.journalProvesContinuity]).toEqual([null, true]);
    expect([again.absorbedSequence, again.lastSequence]).toEqual([3, 3]);
    await expectSoundNext(memory, again);
  });

  test("gone without a clean close: more may have been there than was absorbed", async () => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 3);
    await store.write({ absorbedSequence: 3 });
    memory.kill();
    memory.files(name).restore(new Map());
    const again = await open(memory);
    expect([again.opening.rolledBack, again.lastSequence]).toEqual(["journal", 3]);
    await expectSoundNext(memory, again);
  });

  test.each([
    ["was absorbed", { absorbedSequence: 4 }, 4, []],
    ["was flushed when the tables last changed", {}, 4, [missing("3…4")]],
  ])("ends before what %s", async (_title, batch, last, damage) => {
    const memory = createMemory();
    const store = await open(memory);
    await appendTo(store, 2);
    const before = memory.files(name).snapshot();
    await appendTo(store, 4);
    await store.write(batch);
    memory.kill();
    memory.files(name).restore(before);
    const again = await open(memory);
    expect([again.opening.rolledBack, again.lastSequence]).toEqual(["journal", last]);
    expect(again.damage()).toEqual(damage);
    expect(await sequencesOf(again)).toEqual(damage.length === 0 ? [] : [1, 2]);
    await expectSoundNext(memory, again);
  });

  test("out of reach, where there are no files; what comes back later counts no more", async () => {
    let hasFiles = true;
    const memory = createMemory(() => hasFiles);
    const store = await open(memory);
    await appendTo(store, 3);
    await store.write({ absorbedSequence: 1 });
    memory.kill();
    hasFiles = false;
    const without = await open(memory);
    expect([without.opening.rolledBack, without.journalKind]).toEqual(["journal", "table"]);
    expect([without.absorbedSequence, without.lastSequence]).toEqual([3, 3]);
    expect(without.damage()).toEqual([missing("2…3")]);
    await without.appendJournal([record(4, 4)], "strict");
    memory.kill();
    const still = await open(memory);
    expect([still.opening.rolledBack, still.damage()]).toEqual([null, []]);
    memory.kill();
    hasFiles = true;
    const again = await open(memory);
    expect([again.opening.rolledBack, again.journalKind]).toEqual([null, "file"]);
    expect(again.journalProvesContinuity).toBe(false);
    expect(await collect(again.journal())).toEqual([record(4, 4)]);
    await expectSoundNext(memory, again);
  });

  test("refused for a moment is not gone", async () => {
    let refusals = 0;
    const memory = createMemory(() => refusals-- <= 0);
    const store = await open(memory);
    await appendTo(store, 3);
    await store.write({ absorbedSequence: 1 });
    memory.kill();
    refusals = 1;
    const again = await open(memory);
    expect([again.opening.rolledBack, again.journalKind]).toEqual([null, "file"]);
    expect(again.damage()).toEqual([]);
    expect(await sequencesOf(again)).toEqual([2, 3]);
    await expectSoundNext(memory, again);
  });

  test("out of reach after a clean close with all absorbed: nothing is missing", async () => {
    let hasFiles = true;
    const memory = createMemory(() => hasFiles);
    const store = await open(memory);
    await appendTo(store, 3);
    await store.write({ absorbedSequence: 3 });
    await store.close();
    hasFiles = false;
    const without = await open(memory);
    expect([without.opening.rolledBack, without.lastSequence]).toEqual([null, 3]);
    // Tables prove nothing of the time without files, even when all of it is absorbed
    await without.appendJournal([record(4, 4)], "strict");
    await without.write({ absorbedSequence: 4 });
    memory.kill();
    hasFiles = true;
    expect((await open(memory)).journalProvesContinuity).toBe(false);
  });
});

describe("damage", () => {
  const flip = (memory: JournaledMemory, file: string, at: number): void => {
    const content = memory.files(name).bytes(file) ?? bytes();
    content[at] = (content[at] ?? 0) ^ 1;
  };
  const file = journalFileName({ epoch: 1, number: 1 });
  const begin = async (): Promise<JournaledMemory> => {
    const memory = createMemory();
    const store = await open(memory);
    for (let sequence = 1; sequence <= 3; sequence++) {
      await store.appendJournal([record(sequence, sequence)], "strict");
    }
    memory.kill();
    return memory;
  };

  test("in the middle is told, the others come, and the end of it is an absorption", async () => {
    const memory = await begin();
    flip(memory, file, recordsStart + 16 + 1 + 16);
    const again = await open(memory);
    const damage = [
      {
        where: "journal",
        key: "2…2",
        reason: `unreadable bytes in ${file} at ${recordsStart + 17}`,
      },
    ];
    expect([again.damage(), again.journalProvesContinuity]).toEqual([damage, false]);
    expect(again.opening).toEqual({ rolledBack: null, tornBytes: 0 });
    expect(await collect(again.journal())).toEqual([record(1, 1), record(3, 3)]);
    expect(again.damage()).toEqual(damage);
    await expectSoundNext(memory, again);
  });

  test("at the end is a write that nobody was told of", async () => {
    const memory = await begin();
    flip(memory, file, recordsStart + 2 * 17 + 16);
    const again = await open(memory);
    expect(again.opening).toEqual({ rolledBack: null, tornBytes: 17 });
    expect([again.damage(), again.journalProvesContinuity]).toEqual([[], true]);
    expect([again.lastSequence, await sequencesOf(again)]).toEqual([2, [1, 2]]);
    await expectSoundNext(memory, again);
  });

  test("at an end that the tables know of is told", async () => {
    const memory = await begin();
    const store = await open(memory);
    await appendTo(store, 4);
    await store.close();
    const last = journalFileName({ epoch: store.epoch, number: 1 });
    flip(memory, last, recordsStart + 20);
    const again = await open(memory);
    expect(again.opening).toEqual({ rolledBack: null, tornBytes: 0 });
    expect(again.damage().map(({ key }) => key)).toEqual(["4…4"]);
    expect([again.lastSequence, again.journalProvesContinuity]).toEqual([4, false]);
    await expectSoundNext(memory, again);
  });

  test("of both heads is told; the records tell their own numbers", async () => {
    const memory = await begin();
    for (const at of [4_100, 8_200]) flip(memory, file, at);
    const again = await open(memory);
    expect(again.damage()).toMatchObject([{ key: file, reason: "both heads are damaged" }]);
    expect(await sequencesOf(again)).toEqual([1, 2, 3]);
    expect([again.opening.rolledBack, again.journalProvesContinuity]).toEqual([null, false]);
    await expectSoundNext(memory, again);
  });

  test("of the note is told; all files count that were ever noted", async () => {
    const memory = await begin();
    const image = memory.tables.snapshot(name);
    memory.tables.restore(name, { ...image, note: bytes(1, 2, 3) });
    const again = await open(memory);
    expect(again.damage()).toMatchObject([{ where: "meta", key: "journal" }]);
    expect(await sequencesOf(again)).toEqual([1, 2, 3]);
    expect(again.journalProvesContinuity).toBe(false);
    await expectSoundNext(memory, again);
  });

  test("a file of a newer version is refused as such", async () => {
    const memory = await begin();
    const files = new Map(memory.files(name).snapshot());
    files.set("journal-7-1", newerFile);
    memory.files(name).restore(files);
    await expect(open(memory)).rejects.toMatchObject({ code: "NewerFormat" });
  });

  test("a whole middle file that is missing is told", async () => {
    const memory = createMemory();
    await appendTo(await open(memory), 6);
    memory.kill();
    const files = new Map(memory.files(name).snapshot());
    expect(files.delete(journalFileName({ epoch: 1, number: 2 }))).toBe(true);
    memory.files(name).restore(files);
    const again = await open(memory);
    expect([again.damage(), again.journalProvesContinuity]).toEqual([[missing("3…4")], false]);
    expect(await sequencesOf(again)).toEqual([1, 2, 5, 6]);
    await expectSoundNext(memory, again);
  });

  test("the file of a holder, which is copied, keeps its gap", async () => {
    const memory = createMemory();
    const store = await open(memory);
    for (let sequence = 1; sequence <= 3; sequence++) {
      await store.appendJournal([record(sequence, sequence)], "strict");
    }
    flip(memory, file, recordsStart + 16 + 1 + 16);
    const second = await open(memory);
    expect(recordsOf(memory.files(name), second.epoch, 1).length).toBe(2 * 17);
    memory.kill();
    const third = await open(memory);
    expect([third.damage(), third.journalProvesContinuity]).toEqual([[missing("2…2")], false]);
    expect(await collect(third.journal())).toEqual([record(1, 1), record(3, 3)]);
  });
});

/** "NBJ2" and a head that its own check confirms. */
const newerFile = ((): Uint8Array => {
  const start = new Uint8Array(recordsStart);
  start.set([0x4e, 0x42, 0x4a, 0x32]);
  start.set([1, 0, 0, 0], 4_100);
  start[4_120] = 1;
  const magic = start.subarray(0, 4);
  const check = crc32c(Uint8Array.of(...magic, ...start.subarray(4_100, 4_128)));
  new DataView(start.buffer).setUint32(4_096, check, true);
  return start;
})();
