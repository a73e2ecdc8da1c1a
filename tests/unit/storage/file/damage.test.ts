/**
 * Damage in the files of a store: each byte of each file flipped once, files that are gone, halves
 * that are older than the other. What can be read is read, what can not is listed, nothing wrong is
 * ever shown.
 */
import { describe, expect, test, vi } from "vitest";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import { sealEnvelope } from "../../../../src/storage/envelope.ts";
import type { MemoryFiles } from "../../../../src/storage/memoryFiles.ts";
import type { Damage, Store } from "../../../../src/storage/store.ts";
import {
  bytes,
  collect,
  contents,
  page,
  pageKey,
  place,
  record,
  segment,
} from "../../../contract/storeBench.ts";
import {
  createMemoryFolders,
  startFileAdapter,
  type MemoryFolders,
} from "../../../support/memoryFolders.ts";

// Some hundred lives of a store take their time where others work too
vi.setConfig({ testTimeout: 60_000 });

const name = "damage";
type Files = ReadonlyMap<string, Uint8Array>;

const twice = [11, 12, 13];

/** Three batches and three groups of the journal; `images` is the disk before each of them. */
const makeFiles = async (): Promise<{ readonly images: Files[]; readonly whole: unknown }> => {
  const folders = createMemoryFolders();
  const images: Files[] = [];
  const store = await startFileAdapter(folders, { bounds: { logFileBytesMax: 40 } }).open(name);
  const steps = [
    () => store.appendJournal([record(1, 1), record(2, 2)], "strict"),
    () => store.write({ segments: [segment(place({}), 1, 2)], pages: [page(pageKey({}), 3)] }),
    () => store.appendJournal([record(3, 3)], "strict"),
    () => store.write({ absorbedSequence: 1, meta: new Map([["a", bytes(...twice)]]) }),
    () => store.appendJournal([record(4, 4, 4)], "strict"),
    () =>
      store.write({
        segments: [segment(place({ first: 2 }), 5)],
        meta: new Map([["b", bytes(6)]]),
      }),
  ];
  for (const step of steps) {
    images.push(folders.files(name).snapshot());
    await step();
  }
  const whole = await contents(store);
  await store.close();
  images.push(folders.files(name).snapshot());
  return { images, whole };
};

const { images, whole } = await makeFiles();
const final: Files = new Map(images.at(-1));

interface Opened {
  readonly store: Store;
  readonly files: MemoryFiles;
  readonly folders: MemoryFolders;
}

const openOver = async (files: Files): Promise<Opened> => {
  const folders = createMemoryFolders();
  folders.files(name).restore(files);
  const store = await startFileAdapter(folders).open(name);
  return { store, files: folders.files(name), folders };
};

const flipped = (file: string, at: number): Files => {
  const bytesOf = final.get(file)?.slice() ?? bytes();
  bytesOf[at] = (bytesOf[at] ?? 0) ^ 0x20;
  return new Map(final).set(file, bytesOf);
};

/** Where so many bytes first stand in a file. */
const find = (file: string, ...sought: number[]): number => {
  const within = final.get(file) ?? bytes();
  const found = within.findIndex((_, at) =>
    sought.every((byte, index) => within[at + index] === byte),
  );
  expect(found).toBeGreaterThan(0);
  return found;
};

const reasons = (damage: readonly Damage[]): string[] =>
  damage.map(({ where, key, reason }) => `${where} ${key}: ${reason}`);

test("nothing is found where nothing is damaged", async () => {
  const { store } = await openOver(final);
  expect(await contents(store)).toEqual(whole);
  expect([store.damage(), store.opening]).toEqual([[], { rolledBack: null, tornBytes: 0 }]);
  expect(store.journalProvesContinuity).toBe(true);
});

test("every byte flipped once: what is missing is told, and nothing wrong is shown", async () => {
  const written = new Set(rowsIn(await contents((await openOver(final)).store)));
  for (const [file, { length }] of final) {
    for (let at = 0; at < length; at++) {
      const folders = createMemoryFolders();
      folders.files(name).restore(flipped(file, at));
      const store = await startFileAdapter(folders).open(name);
      const found = rowsIn(await contents(store));
      expect(found.filter((row) => !written.has(row))).toEqual([]);
      const isTold = store.damage().length > 0 || store.opening.tornBytes > 0;
      if (found.length < written.size) expect([file, at, isTold]).toEqual([file, at, true]);
      await store.appendJournal([record(store.lastSequence + 1, 9)], "strict");
      await store.write({ meta: new Map([["later", bytes(7)]]) });
      const after = rowsIn(await contents(store));
      await store.close();
      const again = await startFileAdapter(folders).open(name);
      expect(rowsIn(await contents(again))).toEqual(after);
      await again.close();
    }
  }
});

/** The same manifest, of version 2. */
const newer = (sealed: Uint8Array): Uint8Array => {
  const content = sealed.slice(5);
  // [version, …]: the item behind the array's head
  content[1] = 2;
  return sealEnvelope(content);
};

const rowsIn = (all: unknown): string[] =>
  // What `contents` of the bench gives: lists by name, numbers aside
  Object.entries(all as Record<string, unknown>).flatMap(([table, rows]) =>
    Array.isArray(rows) ? rows.map((row) => `${table} ${JSON.stringify(row)}`) : [],
  );

const lost = { code: "StorageLost", retryable: false };

describe("one value", () => {
  test("of the tables is listed under its key; all others are read", async () => {
    const { store } = await openOver(flipped("tables-1", find("tables-1", ...twice)));
    expect([...(await store.meta())]).toEqual([["b", bytes(6)]]);
    expect(reasons(store.damage())).toEqual(["meta a: checksum does not match"]);
    expect((await collect(store.segments())).length).toBe(2);
    expect(store.opening.rolledBack).toBeNull();
  });

  test("of the journal is listed, with the gap that it leaves", async () => {
    const { store } = await openOver(
      flipped("journal-1", (final.get("journal-1")?.length ?? 1) - 1),
    );
    expect(await collect(store.journal())).toEqual([record(3, 3), record(4, 4, 4)]);
    expect(reasons(store.damage())).toEqual([
      "journal journal-1 at 33: damaged",
      "journal 2…2: missing",
    ]);
    expect(store.journalProvesContinuity).toBe(false);
  });
});

describe("a batch", () => {
  test("whose head is damaged is lost and listed; those behind it count", async () => {
    const { store } = await openOver(flipped("tables-1", 45));
    expect(await store.segment(place({}))).toBeNull();
    expect(await store.segment(place({ first: 2 }))).toEqual(bytes(5));
    expect([...(await store.meta())].length).toBe(2);
    expect(reasons(store.damage())[0]).toMatch(/^meta tables-1 1: \d+ bytes at 24 are damaged/);
    expect(store.opening.rolledBack).toBe("tables");
    expect(store.journalProvesContinuity).toBe(false);
  });
});

describe("the manifest", () => {
  test.each(["damaged", "missing"])("%s: the tables that were finished count", async (fault) => {
    const files = new Map(fault === "damaged" ? flipped("manifest", 9) : final);
    if (fault === "missing") files.delete("manifest");
    const { store } = await openOver(files);
    expect(await contents(store)).toEqual(whole);
    expect(reasons(store.damage())).toEqual([`meta manifest: ${fault}`]);
    expect(store.epoch).toBeGreaterThan(1_700_000_000_000);
    expect(store.journalProvesContinuity).toBe(false);
  });

  test("damaged, and the tables' beginning too: all is kept, and it says what to do", async () => {
    const files = new Map(flipped("manifest", 9));
    files.set("tables-1", flipped("tables-1", 5).get("tables-1") ?? bytes());
    const folders = createMemoryFolders();
    folders.files(name).restore(files);
    await expect(startFileAdapter(folders).open(name)).rejects.toMatchObject(lost);
    expect(new Set(folders.files(name).snapshot().keys())).toEqual(
      new Set([...files.keys(), "holder"]),
    );
    await startFileAdapter(folders).destroy(name);
    const store = await startFileAdapter(folders).open(name);
    expect(await collect(store.segments())).toEqual([]);
  });

  test("of a newer version is left alone", async () => {
    const folders = createMemoryFolders();
    const files = folders.files(name);
    files.restore(new Map(final).set("manifest", newer(final.get("manifest") ?? bytes())));
    const opening = startFileAdapter(folders).open(name);
    await expect(opening).rejects.toBeInstanceOf(NebulusError);
    await expect(opening).rejects.toMatchObject({ code: "NewerFormat" });
    expect(files.bytes("tables-1")).toEqual(final.get("tables-1"));
  });
});

describe("a half that is gone or older than the other", () => {
  const mix = (tables: Files, journal: Files): Files =>
    new Map(
      [...final].flatMap(([file]) => {
        const half = file.startsWith("journal") ? journal : tables;
        const found = half.get(file);
        return found === undefined ? [] : [[file, found]];
      }),
    );

  test("tables gone: no new beginning, and the journal stays", async () => {
    const files = new Map(final);
    files.delete("tables-1");
    const folders = createMemoryFolders();
    folders.files(name).restore(files);
    await expect(startFileAdapter(folders).open(name)).rejects.toMatchObject(lost);
    expect(folders.files(name).bytes("journal-1")).toEqual(final.get("journal-1"));
  });

  test("journal gone: what the tables absorbed stays, sequences go on behind it", async () => {
    const files = new Map([...final].filter(([file]) => !file.startsWith("journal")));
    const { store } = await openOver(files);
    expect(store.opening.rolledBack).toBe("journal");
    expect([store.absorbedSequence, store.lastSequence]).toEqual([1, 1]);
    expect((await collect(store.segments())).length).toBe(2);
    await store.appendJournal([record(2, 2)], "strict");
    expect(store.journalProvesContinuity).toBe(false);
  });

  test("journal older than what was absorbed of it", async () => {
    const { store } = await openOver(mix(final, images[0] ?? new Map<string, Uint8Array>()));
    expect(store.opening.rolledBack).toBe("journal");
    expect(store.lastSequence).toBe(1);
  });

  test("tables older than what the journal let go", async () => {
    const folders = createMemoryFolders();
    const bounds = { logFileBytesMax: 20, logIdleBytesMax: 10 };
    const store = await startFileAdapter(folders, { bounds }).open(name);
    await store.appendJournal([record(1, 1), record(2, 2)], "strict");
    const before = folders.files(name).snapshot();
    await store.write({ absorbedSequence: 2, segments: [segment(place({}), 1)] });
    await store.appendJournal([record(3, 3)], "strict");
    await store.close();
    const after = new Map(folders.files(name).snapshot());
    const { store: again } = await openOver(
      after.set("tables-1", before.get("tables-1") ?? bytes()),
    );
    expect(again.opening.rolledBack).toBe("tables");
    expect(await collect(again.journal())).toEqual([record(3, 3)]);
    expect(reasons(again.damage())).toEqual(["journal 1…2: missing"]);
  });
});

test("bytes of a user that look like a batch are none, though one before is damaged", async () => {
  const folders = createMemoryFolders();
  const store = await startFileAdapter(folders).open(name);
  await store.write({ meta: new Map([["a", bytes(1)]]) });
  const batch = (folders.files(name).bytes("tables-1") ?? bytes()).slice(24);
  await store.write({ segments: [{ key: place({}), bytes: batch }], meta: new Map([["a", null]]) });
  await store.write({ meta: new Map([["b", bytes(2)]]) });
  await store.close();
  const image = new Map(folders.files(name).snapshot());
  const tables = image.get("tables-1") ?? bytes();
  tables[24 + batch.length + 20] = 0xff;
  const { store: again } = await openOver(image);
  expect(again.opening.rolledBack).toBe("tables");
  expect(await again.segment(place({}))).toBeNull();
  expect([...(await again.meta()).keys()]).toEqual(["a", "b"]);
});
