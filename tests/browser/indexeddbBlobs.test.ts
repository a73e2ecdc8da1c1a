/**
 * The blob contract on Chromium's own IndexedDB, and what only a real one has: quota.
 */
// Types only: what cdp() can send
import type {} from "@vitest/browser-playwright";
import { openDB } from "idb";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cdp } from "vitest/browser";
import {
  createIndexedDbBlobStore,
  deleteIndexedDbBlobs,
} from "../../src/storage/blob/indexeddbBlobs.ts";
import type { BlobStore } from "../../src/storage/blobs.ts";
import { blobsContract, type BlobBench } from "../contract/blobs.ts";

let databases = 0;

const open = (name: string): Promise<BlobStore> =>
  createIndexedDbBlobStore({ name, now: () => Date.now(), crypto, indexedDB });

const makeBench = async (): Promise<BlobBench> => {
  const name = `bench-${databases++}`;
  const withTables = async <T>(
    use: (database: Awaited<ReturnType<typeof openDB>>) => Promise<T>,
  ): Promise<T> => {
    const database = await openDB(`${name}-blobs`);
    try {
      return await use(database);
    } finally {
      database.close();
    }
  };
  return {
    store: await open(name),
    reopen: () => open(name),
    damage: (hash, offset) =>
      withTables(async (database) => {
        // What the store puts there
        const row = (await database.get("blobs", hash)) as { readonly id: string };
        const key = [row.id, Math.floor(offset / 1_048_576)];
        // as above
        const chunk = (await database.get("chunks", key)) as Uint8Array;
        const at = offset % 1_048_576;
        chunk[at] = (chunk[at] ?? 0) ^ 1;
        await database.put("chunks", chunk, key);
      }),
    drafts: () => withTables((database) => database.count("drafts")),
    leaveDraft: () =>
      withTables(async (database) => {
        await database.put("drafts", Date.now(), "left");
        await database.put("chunks", new Uint8Array(1_000), ["left", 0]);
      }),
  };
};

blobsContract("IndexedDB", makeBench);

test("chunks go with their blob, its draft, and when the same bytes are put again", async () => {
  const name = `chunks-${databases++}`;
  const store = await open(name);
  const bytes = new Uint8Array(2_000_000);
  const { hash } = await store.put(bytes);
  await store.put(bytes);
  const database = await openDB(`${name}-blobs`);
  expect(await database.count("chunks")).toBe(2);
  await store.remove(hash);
  expect(await database.count("chunks")).toBe(0);
  const failing = store.put(
    new ReadableStream({
      pull: (controller) => {
        controller.error(new Error("broken"));
      },
    }),
  );
  await expect(failing).rejects.toThrow("broken");
  expect([await database.count("chunks"), await database.count("drafts")]).toEqual([0, 0]);
  database.close();
  await store.close();
});

test("deleted by another, a store says so", async () => {
  const name = `deleted-${databases++}`;
  const store = await open(name);
  const { hash } = await store.put(Uint8Array.of(1));
  await deleteIndexedDbBlobs(indexedDB, name);
  await expect(store.stat(hash)).rejects.toMatchObject({ code: "Replaced" });
  const again = await open(name);
  expect(await again.list()).toEqual([]);
  await again.close();
});

describe("quota", () => {
  const setQuota = async (quotaSize?: number): Promise<void> => {
    const quota = quotaSize === undefined ? {} : { quotaSize };
    await cdp().send("Storage.overrideQuotaForOrigin", { origin: location.origin, ...quota });
  };
  afterEach(() => setQuota());

  test("a blob without space is absent, says so, and the others are read", async () => {
    const name = `quota-${databases++}`;
    // Chromium remembers the space left for half a minute, unless all of the origin's data goes
    await setQuota(4_000_000);
    const { origin } = location;
    await cdp().send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
    const store = await vi.waitFor(() => open(name), { timeout: 10_000 });
    const { hash } = await store.put(Uint8Array.of(1, 2, 3));
    const big = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        pull: (controller) => {
          controller.enqueue(crypto.getRandomValues(new Uint8Array(65_536)));
        },
      });
    await expect(store.put(big())).rejects.toMatchObject({
      code: "QuotaExceeded",
      retryable: true,
    });
    await setQuota();
    expect((await store.list()).map((stat) => stat.hash)).toEqual([hash]);
    const database = await openDB(`${name}-blobs`);
    expect([await database.count("drafts"), await database.count("chunks")]).toEqual([0, 1]);
    database.close();
    await store.put(Uint8Array.of(4));
    await store.close();
  });
});
