/**
 * Blobs in files under power losses, failing operations and full disks; and how much of a stream is
 * held at once.
 */
import { describe, expect, test, vi } from "vitest";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import { blobChunkBytes } from "../../../../src/core/base/limits.ts";
import { createFileBlobStore } from "../../../../src/storage/blob/fileBlobs.ts";
import type { BlobStore } from "../../../../src/storage/blobs.ts";
import {
  createMemoryFiles,
  type FileOperation,
  type MemoryFiles,
} from "../../../../src/storage/memoryFiles.ts";
import { createRandom } from "../../../support/random.ts";

// Hashing megabytes dozens of times takes its time where others work too
vi.setConfig({ testTimeout: 60_000 });

const day = 24 * 60 * 60_000;
const start = 1_700_000_000_000;
const bytes = createRandom(1).bytes(1_000);
/** Two chunks, so that one is whole. */
const content = new Uint8Array(blobChunkBytes + 5_000).map((_, at) => bytes[at % 1_000] ?? 0);

const openOver = (files: MemoryFiles): BlobStore =>
  createFileBlobStore(files, { name: "blobs", now: () => start, crypto });

const makeFiles = (fault?: (operation: FileOperation) => void): MemoryFiles =>
  createMemoryFiles({ now: () => start, ...(fault === undefined ? {} : { fault }) });

/** The blobs that are there, each whole; draws the line at a damaged one. */
const wholeBlobs = async (store: BlobStore): Promise<number> => {
  const stats = await store.list();
  for (const { hash, size } of stats) {
    let length = 0;
    for await (const piece of (await store.get(hash)) ?? []) length += piece.length;
    expect(length).toBe(size);
  }
  expect(store.damage()).toEqual([]);
  return stats.length;
};

const countOperations = async (): Promise<number> => {
  let operations = 0;
  const files = makeFiles(({ phase }) => {
    if (phase === "before") operations++;
  });
  await openOver(files).put(content);
  return operations;
};

test("a power loss at any operation leaves the blob whole or absent, whole once put", async () => {
  const operations = await countOperations();
  for (let operation = 1; operation <= operations + 1; operation++) {
    for (let seed = 0; seed < 4; seed++) {
      const random = createRandom(seed);
      let left = operation;
      let isOff = false;
      const files = makeFiles(({ phase }) => {
        if (isOff || (phase === "before" && --left === 0)) {
          isOff = true;
          throw new Error("power loss");
        }
      });
      const isPut = await openOver(files)
        .put(content)
        .then(
          () => true,
          () => false,
        );
      expect(isPut).toBe(operation > operations);
      isOff = false;
      left = Infinity;
      files.crash((limit) => random.integer(limit));
      const store = openOver(files);
      const found = await wholeBlobs(store);
      if (isPut) expect(found).toBe(1);
      await store.sweep({ isReferenced: () => false, now: start + day });
      await store.sweep({ isReferenced: () => false, now: start + 2 * day });
      expect((await files.list()).map(({ name }) => name)).toEqual(["swept"]);
      await store.put(content);
      expect(await wholeBlobs(store)).toBe(1);
    }
  }
});

const full = (): Error => Object.assign(new Error("full"), { name: "QuotaExceededError" });

describe("an operation that fails", () => {
  test.each([
    ["before", "StorageFailed", () => new Error("injected")],
    ["after", "StorageFailed", () => new Error("injected")],
    ["before", "QuotaExceeded", full],
  ] as const)("%s: %s, and nothing stays but what sweeps remove", async (phase, code, error) => {
    const operations = await countOperations();
    for (let operation = 1; operation <= operations; operation++) {
      let count = 0;
      const files = makeFiles((one) => {
        if (one.phase === "before") count++;
        if (one.phase === phase && count === operation) {
          count = Infinity;
          throw error();
        }
      });
      const store = openOver(files);
      const failed: unknown = await store.put(content).catch((cause: unknown) => cause);
      expect(failed).toBeInstanceOf(NebulusError);
      expect(failed).toMatchObject({ code, retryable: true });
      // After the last one, the renaming, it is there although the call failed
      expect(await wholeBlobs(store)).toBe(phase === "after" && operation === operations ? 1 : 0);
      files.kill();
      const later = openOver(files);
      for (const days of [1, 2]) {
        await later.sweep({ isReferenced: () => false, now: start + days * day });
      }
      expect((await files.list()).map(({ name }) => name)).toEqual(["swept"]);
    }
  });

  test("a draft that can not be removed stays for the next sweep; others go", async () => {
    let stuck = "draft-a";
    const files = makeFiles(({ kind, name }) => {
      if (kind === "remove" && name === stuck) throw new Error("stuck");
    });
    for (const name of ["draft-a", "draft-b"]) (await files.open(name)).close();
    const store = openOver(files);
    const options = { isReferenced: () => false, now: start + 2 * day };
    await expect(store.sweep(options)).rejects.toMatchObject({ code: "StorageFailed" });
    expect((await files.list()).map(({ name }) => name)).toEqual(["draft-a", "swept"]);
    stuck = "";
    expect(await store.sweep(options)).toMatchObject({ removedDrafts: 1 });
  });
});

test("a sweep leaves alone what is being read, for how long nobody may refer to it", async () => {
  let now = start;
  const files = makeFiles();
  const store = createFileBlobStore(files, { name: "blobs", now: () => now, crypto });
  const { hash } = await store.put(content);
  const sweepAt = async (time: number): Promise<readonly string[]> => {
    now = time;
    return (await store.sweep({ isReferenced: () => false, now })).removed;
  };
  await sweepAt(start + 10 * day);
  now = start + 11 * day - 1;
  const pieces = await store.get(hash);
  expect(await sweepAt(start + 11 * day)).toEqual([]);
  let length = 0;
  for await (const piece of pieces ?? []) {
    length += piece.length;
    expect(await sweepAt(now + day - 1)).toEqual([]);
  }
  expect(length).toBe(content.length);
  expect(await sweepAt(now + day)).toEqual([hash]);
});

test("what is written is read back before it counts", async () => {
  let isHonest = false;
  const files = makeFiles(({ kind, name, phase }) => {
    if (isHonest || kind !== "flush" || phase !== "after") return;
    isHonest = true;
    // As a disk does that says yes and keeps something else
    const stored = files.bytes(name);
    if (stored !== null) stored[100] = (stored[100] ?? 0) ^ 1;
  });
  const store = openOver(files);
  await expect(store.put(content)).rejects.toThrow("can not be read back");
  expect(await files.list()).toEqual([]);
});

test("of a long stream no more than two chunks are ever held", async () => {
  let written = 0;
  let pulled = 0;
  const files = makeFiles(({ kind, phase }) => {
    if (kind === "write" && phase === "after") written++;
  });
  async function* long(): AsyncGenerator<Uint8Array> {
    for (; pulled < 20; pulled++) {
      expect(pulled - written).toBeLessThan(2);
      yield content.subarray(0, blobChunkBytes);
    }
  }
  const { size, hash } = await openOver(files).put(long());
  expect(size).toBe(20 * blobChunkBytes);
  const pieces = (await openOver(files).get(hash)) ?? [];
  for await (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(blobChunkBytes);
});

describe("a damaged file", () => {
  const damaged = async (at: number): Promise<{ store: BlobStore; name: string }> => {
    const files = makeFiles();
    const { hash } = await openOver(files).put(content);
    const stored = files.bytes(`blob-${hash}`);
    const place = at < 0 ? (stored?.length ?? 0) + at : at;
    if (stored !== null) stored[place] = (stored[place] ?? 0) ^ 1;
    return { store: openOver(files), name: hash };
  };

  test.each([
    ["beginning", 1, "its head is damaged"],
    ["size", 5, "its head is damaged"],
    ["list of chunks", -1, "the list of its chunks is damaged"],
  ])("at its %s is listed and not given", async (_title, at, reason) => {
    const { store, name } = await damaged(at);
    expect(await store.list()).toEqual([]);
    expect(store.damage()).toEqual([{ hash: name, reason }]);
  });

  test("under the name of another blob is not given", async () => {
    const files = makeFiles();
    const { hash } = await openOver(files).put(content);
    await files.rename(`blob-${hash}`, `blob-${"0".repeat(64)}`);
    const store = openOver(files);
    expect(await store.list()).toEqual([]);
    expect(store.damage()).toEqual([{ hash: "0".repeat(64), reason: "it is another blob" }]);
  });

  test("of notes only delays: a sweep notes anew", async () => {
    const files = makeFiles();
    const store = openOver(files);
    const { hash } = await store.put(content);
    const isReferenced = (): boolean => false;
    await store.sweep({ isReferenced, now: start + 5 * day });
    files.bytes("swept")?.fill(0);
    expect((await store.sweep({ isReferenced, now: start + 6 * day })).removed).toEqual([]);
    expect((await store.sweep({ isReferenced, now: start + 7 * day })).removed).toEqual([hash]);
  });
});
