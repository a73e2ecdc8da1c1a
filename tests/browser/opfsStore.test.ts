/**
 * The store on Chromium's own IndexedDB and OPFS, in a dedicated worker: the contract, and what
 * only real files have: handles that somebody holds, a folder that is deleted, a browser without
 * them.
 */
// Types only: what cdp() can send
import type {} from "@vitest/browser-playwright";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { cdp } from "vitest/browser";
import { createIndexedDbAdapter } from "../../src/storage/indexeddb.ts";
import { folderNameOf } from "../../src/storage/opfs.ts";
import { storeContract } from "../contract/store.ts";
import { bytes, collect, contents, empty, record } from "../contract/storeBench.ts";
import type { StorageAdapter } from "../../src/storage/store.ts";
import { createStoreWorker, type StoreWorker } from "./remoteStore.ts";

let databases = 0;
const workers: StoreWorker[] = [];
const newWorker = (): StoreWorker => {
  const worker = createStoreWorker();
  workers.push(worker);
  return worker;
};
const remote = (prefix: string, hasFiles = true): Promise<StorageAdapter> =>
  newWorker().newAdapter(prefix, hasFiles);
const newPrefix = (): string => `opfs-${databases++}-`;

afterAll(() => {
  for (const worker of workers) worker.kill();
});

const contractWorker = newWorker();
storeContract("IndexedDB and OPFS, in a worker", () => contractWorker.newAdapter(newPrefix()));

const journalFolder = async (name: string): Promise<FileSystemDirectoryHandle> => {
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle("nebulus");
  const own = await all.getDirectoryHandle(folderNameOf(name));
  return own.getDirectoryHandle("journal");
};

const fileNames = async (name: string): Promise<string[]> => {
  const names: string[] = [];
  for await (const entry of (await journalFolder(name)).keys()) names.push(entry);
  return names.sort();
};

describe("two workers", () => {
  test("the later opening reads a file that the earlier one holds, and fences it", async () => {
    const prefix = newPrefix();
    const [one, two] = [await remote(prefix), await remote(prefix)];
    const old = await one.open("shared");
    expect(old.journalKind).toBe("file");
    expect(old.journalProvesContinuity).toBe(true);
    await old.appendJournal([record(1, 1), record(2, 2)], "strict");
    await old.appendJournal([record(3, 3)], "relaxed");
    const current = await two.open("shared");
    expect(current.epoch).toBeGreaterThan(old.epoch);
    expect(current.journalProvesContinuity).toBe(true);
    expect(await collect(current.journal())).toEqual([record(1, 1), record(2, 2), record(3, 3)]);
    const late = old.appendJournal([record(4, 99)], "strict");
    await expect(late).rejects.toMatchObject({ code: "Replaced", outcome: "not committed" });
    await expect(old.write({})).rejects.toMatchObject({ code: "Replaced" });
    await current.appendJournal([record(4, 4)], "strict");
    await Promise.all([old.close(), current.close()]);
    const again = await one.open("shared");
    expect(await collect(again.journal())).toEqual(
      [1, 2, 3, 4].map((sequence) => record(sequence, sequence)),
    );
    expect([again.opening, again.damage()]).toEqual([{ rolledBack: null, tornBytes: 0 }, []]);
    await again.write({ absorbedSequence: 4 });
    // The slot that fences: its epoch, and a checksum
    const slot = await (await journalFolder(`${prefix}shared`)).getFileHandle("fence");
    const fence = new DataView(await (await slot.getFile()).arrayBuffer());
    expect([fence.byteLength, Number(fence.getBigUint64(0, true))]).toEqual([12, again.epoch]);
    await again.close();
    expect(await fileNames(`${prefix}shared`)).toEqual(["fence", `journal-${again.epoch}-1`]);
    await one.destroy("shared");
  });

  test("a worker that dies lets go: its flushed records are there", async () => {
    const prefix = newPrefix();
    const worker = newWorker();
    const [one, two] = [await worker.newAdapter(prefix), await remote(prefix)];
    const old = await one.open("killed");
    await old.appendJournal([record(1, 1)], "strict");
    worker.kill();
    const current = await two.open("killed");
    expect(await collect(current.journal())).toEqual([record(1, 1)]);
    expect(current.journalProvesContinuity).toBe(true);
    await current.close();
    await two.destroy("killed");
  });

  test("what somebody holds is not destroyed, and nothing of it", async () => {
    const prefix = newPrefix();
    const [one, two] = [await remote(prefix), await remote(prefix)];
    const store = await one.open("held");
    await store.appendJournal([record(1, 1)], "strict");
    await expect(two.destroy("held")).rejects.toMatchObject({ code: "AlreadyOpen" });
    await store.appendJournal([record(2, 2)], "strict");
    expect(await collect(store.journal())).toEqual([record(1, 1), record(2, 2)]);
    await store.close();
    await two.destroy("held");
    const again = await one.open("held");
    expect(await contents(again)).toEqual(empty);
    await again.close();
    await one.destroy("held");
  });
});

describe("quota", () => {
  const setQuota = async (quotaSize?: number): Promise<void> => {
    const quota = quotaSize === undefined ? {} : { quotaSize };
    await cdp().send("Storage.overrideQuotaForOrigin", { origin: location.origin, ...quota });
  };
  afterEach(() => setQuota());

  test("an append without space is wholly absent, and the next one is written", async () => {
    const prefix = newPrefix();
    const adapter = await remote(prefix);
    // Chromium remembers the space left for half a minute, unless all of the origin's data goes
    await setQuota(4_000_000);
    const { origin } = location;
    await cdp().send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    const store = await vi.waitFor(() => adapter.open("quota"), { timeout: 10_000 });
    await store.appendJournal([record(1, 1)], "strict");
    const group = [2, 3].map((sequence) => ({ sequence, payload: new Uint8Array(4_000_000) }));
    await expect(store.appendJournal(group, "strict")).rejects.toMatchObject({
      ...{ code: "QuotaExceeded", retryable: true, outcome: "not committed" },
    });
    expect(await collect(store.journal())).toEqual([record(1, 1)]);
    await setQuota();
    await store.appendJournal(group, "strict");
    await store.close();
    const again = await adapter.open("quota");
    const sizes = (await collect(again.journal())).map(({ payload }) => payload.length);
    expect([sizes, again.journalProvesContinuity]).toEqual([[1, 4_000_000, 4_000_000], true]);
    await again.close();
    await adapter.destroy("quota");
  });
});

describe("either half deleted", () => {
  const fill = async (adapter: StorageAdapter, name: string): Promise<void> => {
    const store = await adapter.open(name);
    await store.appendJournal([record(1, 1), record(2, 2)], "strict");
    await store.write({ absorbedSequence: 1, meta: new Map([["a", bytes(1)]]) });
    await store.close();
  };

  test("the folder: the store opens, says so, and goes on above", async () => {
    const prefix = newPrefix();
    const adapter = await remote(prefix);
    await fill(adapter, "no-files");
    const root = await navigator.storage.getDirectory();
    await root.removeEntry("nebulus", { recursive: true });
    const store = await adapter.open("no-files");
    expect(store.opening.rolledBack).toBe("journal");
    expect([store.lastSequence, store.journalProvesContinuity]).toEqual([2, false]);
    expect((await store.meta()).get("a")).toEqual(bytes(1));
    await store.appendJournal([record(3, 3)], "strict");
    await store.close();
    const again = await adapter.open("no-files");
    expect([again.opening.rolledBack, again.journalProvesContinuity]).toEqual([null, true]);
    expect(await collect(again.journal())).toEqual([record(3, 3)]);
    await again.close();
    await adapter.destroy("no-files");
  });

  test("the tables: the database is lost, not new, until it is destroyed", async () => {
    const prefix = newPrefix();
    const adapter = await remote(prefix);
    await fill(adapter, "no-tables");
    await createIndexedDbAdapter({ prefix }).destroy("no-tables");
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(adapter.open("no-tables")).rejects.toMatchObject({ code: "StorageLost" });
    }
    await adapter.destroy("no-tables");
    const store = await adapter.open("no-tables");
    expect(await contents(store)).toEqual(empty);
    await store.close();
    await adapter.destroy("no-tables");
  });
});

describe("files come and go", () => {
  test("records of the tables are read first, new ones go to files", async () => {
    const prefix = newPrefix();
    const [without, withFiles] = [await remote(prefix, false), await remote(prefix)];
    const old = await without.open("later");
    expect([old.journalKind, old.journalProvesContinuity]).toEqual(["table", false]);
    await old.appendJournal([record(1, 1), record(2, 2)], "strict");
    await old.close();
    const store = await withFiles.open("later");
    expect([store.journalKind, store.opening.rolledBack]).toEqual(["file", null]);
    expect(store.journalProvesContinuity).toBe(false);
    await store.appendJournal([record(3, 3)], "strict");
    expect(await collect(store.journal())).toEqual([record(1, 1), record(2, 2), record(3, 3)]);
    await store.close();
    const again = await withFiles.open("later");
    expect(again.journalProvesContinuity).toBe(true);
    await again.write({ absorbedSequence: 3 });
    expect(await collect(again.journal())).toEqual([]);
    await again.close();
    await withFiles.destroy("later");
  });

  test("a page has no handles: what files hold is missing there, and that is said", async () => {
    const prefix = newPrefix();
    const adapter = await remote(prefix);
    const old = await adapter.open("page");
    await old.appendJournal([record(1, 1)], "strict");
    await old.close();
    const store = await createIndexedDbAdapter({ prefix }).open("page");
    expect([store.journalKind, store.opening.rolledBack]).toEqual(["table", "journal"]);
    expect(store.lastSequence).toBe(1);
    await store.appendJournal([record(2, 2)], "strict");
    expect(await collect(store.journal())).toEqual([record(2, 2)]);
    await store.close();
    await adapter.destroy("page");
  });
});

describe("names of folders", () => {
  test("any text has one of its own, short and plain", () => {
    const names = ["", "a", "A", "a b", "../x", "ä", "\ud800", "\ud801", "x".repeat(101), "h-1"];
    const folders = names.map(folderNameOf);
    expect(new Set(folders).size).toBe(names.length);
    for (const folder of folders) expect(folder).toMatch(/^(n-|h-)[a-z0-9-]{1,100}$/);
    expect(folderNameOf("notes-1")).toBe("n-notes-1");
  });
});
