/**
 * The store on Chromium's own IndexedDB: the contract, and what only a real one has: strict
 * commits, quota that fails at commit, storage taken away, connections of others, a store in a
 * worker.
 */
// Types only: what cdp() can send
import type {} from "@vitest/browser-playwright";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cdp } from "vitest/browser";
import { createIndexedDbAdapter } from "../../src/storage/indexeddb.ts";
import type { StorageAdapter, StoredSegment } from "../../src/storage/store.ts";
import { storeContract } from "../contract/store.ts";
import { bytes, collect, contents, place, record, segment } from "../contract/storeBench.ts";
import type { WorkerAnswer, WorkerCall } from "./indexeddbStore.worker.ts";

let databases = 0;
const makeAdapter = (): StorageAdapter =>
  createIndexedDbAdapter({ prefix: `store-${databases++}-` });

storeContract("IndexedDB", makeAdapter);

/**
 * As a person does who clears the data of a site. For a moment after it Chromium lets nobody open
 * anything.
 */
const clearStorage = async (): Promise<void> => {
  const { origin } = location;
  await cdp().send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
  const probe = await vi.waitFor(() => makeAdapter().open("probe"), { timeout: 10_000 });
  await probe.close();
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe("transactions", () => {
  test("are strict unless a relaxed one was asked for", async () => {
    const begun = vi.spyOn(IDBDatabase.prototype, "transaction");
    const store = await makeAdapter().open("durability");
    await store.appendJournal([record(1)], "strict");
    await store.appendJournal([record(2)], "relaxed");
    await store.write({ meta: new Map([["a", bytes(1)]]) });
    await store.write({ segments: [segment(place({}), 1)], durability: "relaxed" });
    // What IDBDatabase.transaction returns
    const made = begun.mock.results.map(({ value }) => value as IDBTransaction);
    const writes = made.filter(({ mode }) => mode === "readwrite");
    const expected = ["strict", "strict", "relaxed", "strict", "relaxed"];
    expect(writes.map(({ durability }) => durability)).toEqual(expected);
    await store.close();
  });

  test("read many large segments in pages, none open while the caller takes its time", async () => {
    const store = await makeAdapter().open("pages");
    const segments: StoredSegment[] = Array.from({ length: 40 }, (_, index) => ({
      key: place({ first: index + 1 }),
      bytes: new Uint8Array(1_048_576).fill(index),
    }));
    await store.write({ segments, durability: "relaxed" });
    const begun = vi.spyOn(IDBDatabase.prototype, "transaction");
    const seen: number[] = [];
    for await (const { key, bytes: content } of store.segments()) {
      // A write waits for open reads of its tables: this would hang
      await store.write({ removedSegments: [key], durability: "relaxed" });
      seen.push(content[1_000_000] ?? -1);
    }
    expect(seen).toEqual(segments.map((_, index) => index));
    const modes = begun.mock.calls.map(([, mode]) => mode);
    // 5 pages of 8 MiB, and the look behind the last
    expect(modes.filter((mode) => mode !== "readwrite").length).toBe(6);
    await store.close();
  });
});

describe("quota", () => {
  const setQuota = async (quotaSize?: number): Promise<void> => {
    const quota = quotaSize === undefined ? {} : { quotaSize };
    await cdp().send("Storage.overrideQuotaForOrigin", { origin: location.origin, ...quota });
  };
  afterEach(() => setQuota());

  test("a write without space is wholly absent, says so, and reading goes on", async () => {
    // Chromium remembers the space left for half a minute, unless all of the origin's data goes
    await setQuota(1_000_000);
    await clearStorage();
    const adapter = makeAdapter();
    const store = await adapter.open("quota");
    await store.appendJournal([record(1, 1)], "strict");
    await store.write({ segments: [segment(place({}), 1)], meta: new Map([["a", bytes(1)]]) });
    const before = await contents(store);
    const big = crypto.getRandomValues(new Uint8Array(65_536));
    const segments = Array.from({ length: 64 }, (_, index) => ({
      key: place({ first: index + 1 }),
      bytes: big,
    }));
    const full = { code: "QuotaExceeded", retryable: true, outcome: "not committed" };
    const batch = { segments, meta: new Map([["a", bytes(2)]]), absorbedSequence: 1 };
    await expect(store.write(batch)).rejects.toMatchObject(full);
    const records = segments.map((one, index) => ({ sequence: index + 2, payload: one.bytes }));
    await expect(store.appendJournal(records, "strict")).rejects.toMatchObject(full);
    expect(await contents(store)).toEqual(before);
    await setQuota();
    await store.write(batch);
    await store.appendJournal(records, "strict");
    expect((await collect(store.segments())).length).toBe(64);
    expect((await collect(store.journal())).length).toBe(64);
    await store.close();
    await adapter.destroy("quota");
  });
});

describe("storage taken away while open", () => {
  test("says what to do, for reads and writes; the name can be opened anew", async () => {
    const adapter = makeAdapter();
    const store = await adapter.open("cleared");
    await store.write({ meta: new Map([["a", bytes(1)]]) });
    await clearStorage();
    const message: unknown = expect.stringContaining("site data was cleared");
    const lost = { code: "StorageFailed", message };
    await expect(store.meta()).rejects.toMatchObject(lost);
    await expect(store.write({})).rejects.toMatchObject(lost);
    await store.close();
    await expect(store.meta()).rejects.toMatchObject({ code: "Closed" });
    const again = await adapter.open("cleared");
    expect((await again.meta()).size).toBe(0);
    await again.close();
  });
});

describe("storage taken away during a write", () => {
  test("leaves no call hanging, whether it was committing or not", async () => {
    for (let round = 0; round < 10; round++) {
      const store = await makeAdapter().open("cut");
      const large = { key: place({}), bytes: new Uint8Array(8 * 1_048_576) };
      const calls = [store.write({ segments: [large] }), store.write({}), store.meta()];
      const ended = Promise.allSettled(calls);
      await clearStorage();
      for (const result of await ended) {
        const code = "StorageFailed";
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code });
      }
      await store.close();
    }
  });
});

describe("in a worker", () => {
  test("the same store; a page that opens it replaces the worker", async () => {
    const worker = new Worker(new URL("./indexeddbStore.worker.ts", import.meta.url), {
      type: "module",
    });
    const call = (asked: WorkerCall): Promise<WorkerAnswer> =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
          resolve(data);
        };
        worker.onerror = (event) => {
          reject(new Error(event.message));
        };
        worker.postMessage(asked);
      });
    const prefix = `store-${databases++}-`;
    expect(await call({ do: "open", prefix, name: "shared" })).toEqual({ epoch: 1 });
    expect(await call({ do: "append", sequence: 1 })).toEqual({ epoch: 1 });
    const store = await createIndexedDbAdapter({ prefix }).open("shared");
    expect(store.epoch).toBe(2);
    expect(await collect(store.journal())).toEqual([record(1, 1)]);
    expect(await call({ do: "append", sequence: 2 })).toEqual({ code: "Replaced" });
    await store.appendJournal([record(2, 22)], "strict");
    expect(await collect(store.journal())).toEqual([record(1, 1), record(2, 22)]);
    await store.close();
    worker.terminate();
  });
});
