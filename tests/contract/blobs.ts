/**
 * What every blob store promises (src/storage/blobs.ts), as one suite: memory and Node run it in
 * Node, IndexedDB and OPFS in Chromium.
 */
import { describe, expect, test, vi } from "vitest";
import { blobChunkBytes } from "../../src/core/base/limits.ts";
import type { BlobHash, BlobStat, BlobStore } from "../../src/storage/blobs.ts";

export interface BlobBench {
  readonly store: BlobStore;
  /** Another opening of the same data, as after a reload. */
  readonly reopen: () => Promise<BlobStore>;
  /** Flips a bit of the stored bytes of a blob, at that offset. */
  readonly damage: (hash: BlobHash, offset: number) => Promise<void>;
  /** What is in the making, or was left of it. */
  readonly drafts: () => Promise<number>;
  /** One that a crash ended in this moment. */
  readonly leaveDraft: () => Promise<void>;
}

// Megabytes in many pieces take their time where others work too
vi.setConfig({ testTimeout: 60_000 });

const day = 24 * 60 * 60_000;
const never = (): boolean => false;

/** Bytes that differ from chunk to chunk, and with `seed`. */
const makeBytes = (length: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
};

const hashOf = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).reduce(
    (text, byte) => text + byte.toString(16).padStart(2, "0"),
    "",
  );

const collect = async (pieces: AsyncIterable<Uint8Array> | null): Promise<Uint8Array | null> => {
  if (pieces === null) return null;
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece.slice());
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** Comparing by elements takes seconds for megabytes. */
const expectEqualBytes = (found: Uint8Array | null, expected: Uint8Array): void => {
  expect(found?.length).toBe(expected.length);
  expect(found?.findIndex((byte, at) => byte !== expected[at])).toBe(-1);
};

/** The same memory for every piece, as a hasty source does it. */
async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(pieceBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const part = bytes.subarray(at, at + pieceBytes);
    piece.set(part);
    yield piece.subarray(0, part.length);
  }
}

const chunk = blobChunkBytes;

/** `makeBench` makes an empty store before each test. */
export const blobsContract = (name: string, makeBench: () => Promise<BlobBench>): void => {
  describe(`blobs contract: ${name}`, () => {
    describe("bytes", () => {
      inAndOut(makeBench);
    });
    describe("puts that fail", () => {
      failures(makeBench);
    });
    describe("sweeping", () => {
      sweeping(makeBench);
    });
    describe("damage", () => {
      damages(makeBench);
    });
  });
};

type MakeBench = () => Promise<BlobBench>;

const inAndOut = (makeBench: MakeBench): void => {
  test.each([0, 1, 1_000, chunk - 1, chunk, chunk + 1, 3 * chunk + 500_000])(
    "%i of them come back, under the name of their hash",
    async (length) => {
      const { store } = await makeBench();
      const bytes = makeBytes(length);
      const stat = await store.put(inPieces(bytes, 70_001));
      expect(stat).toMatchObject({ hash: await hashOf(bytes), size: length });
      expectEqualBytes(await collect(await store.get(stat.hash)), bytes);
      expect(await store.stat(stat.hash)).toEqual(stat);
      expect(store.damage()).toEqual([]);
      await store.close();
    },
  );

  test("have the CID of their hash", async () => {
    const { store } = await makeBench();
    const { cid } = await store.put(new TextEncoder().encode("hello world"));
    // As the package multiformats names these raw bytes
    expect(cid).toBe("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    await store.close();
  });

  test("come from arrays, streams and generators alike, and are there once", async () => {
    const { store } = await makeBench();
    const bytes = makeBytes(chunk + 5);
    const stream = new Blob([bytes]).stream();
    const stats = [await store.put(bytes), await store.put(stream)];
    stats.push(...(await Promise.all([store.put(inPieces(bytes, 9_999)), store.put(bytes)])));
    expect(new Set(stats.map(({ hash }) => hash)).size).toBe(1);
    expect(await store.list()).toEqual(stats.slice(0, 1));
    expectEqualBytes(await collect(await store.get(hashIn(stats))), bytes);
    await store.close();
  });

  test("of any part are those of the whole", async () => {
    const { store } = await makeBench();
    const bytes = makeBytes(2 * chunk + 77);
    const { hash } = await store.put(bytes);
    const edges = [0, 1, chunk, chunk + 1, bytes.length - 1, bytes.length];
    for (const from of edges) {
      for (const to of [...edges, bytes.length + 5]) {
        const found = await collect(await store.get(hash, { from, to }));
        expectEqualBytes(found, bytes.subarray(from, Math.max(from, to)));
      }
    }
    expectEqualBytes(await collect(await store.get(hash, { from: chunk })), bytes.slice(chunk));
    await expect(store.get(hash, { from: -1 })).rejects.toThrow("invariant broken");
    await expect(store.get(hash, { to: 0.5 })).rejects.toThrow("invariant broken");
    await store.close();
  });

  test("are there after a reopening; what is removed is gone", async () => {
    const bench = await makeBench();
    const [kept, removed] = [makeBytes(10, 1), makeBytes(10, 2)];
    const { hash } = await bench.store.put(kept);
    const gone = await bench.store.put(removed);
    await bench.store.remove(gone.hash);
    await bench.store.remove(gone.hash);
    await bench.store.close();
    await expect(bench.store.put(kept)).rejects.toMatchObject({ code: "Closed" });
    await expect(bench.store.get(hash)).rejects.toMatchObject({ code: "Closed" });
    const store = await bench.reopen();
    expectEqualBytes(await collect(await store.get(hash)), kept);
    expect(await store.get(gone.hash)).toBeNull();
    expect(await store.stat(gone.hash)).toBeNull();
    expect((await store.list()).map((stat) => stat.hash)).toEqual([hash]);
    await store.close();
  });

  test("that nobody put, or whose name is none, are not there", async () => {
    const { store } = await makeBench();
    // Of the right shape, and of none
    const names = ["0".repeat(64) as BlobHash, "../manifest" as BlobHash];
    for (const name of names) {
      expect([await store.get(name), await store.stat(name)]).toEqual([null, null]);
    }
    expect(store.damage()).toEqual([]);
    await store.close();
  });
};

const hashIn = (stats: readonly BlobStat[]): BlobHash => {
  const [first] = stats;
  if (first === undefined) throw new Error("no blob");
  return first.hash;
};

const failures = (makeBench: MakeBench): void => {
  test("by their source reject with its error, and leave nothing", async () => {
    const bench = await makeBench();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield makeBytes(2 * chunk);
      throw new Error("the source broke");
    }
    await expect(bench.store.put(failing())).rejects.toThrow("the source broke");
    expect(await bench.store.list()).toEqual([]);
    expect(await bench.drafts()).toBe(0);
    await bench.store.close();
  });

  /** Gives a chunk, then calls `hang` and no more; `letGo` tells that nobody wants the rest. */
  const hangingIterable = (hang: () => void, letGo: () => void): AsyncIterable<Uint8Array> => {
    let isFirst = true;
    const next = (): Promise<IteratorResult<Uint8Array>> => {
      if (!isFirst) hang();
      const given = { done: false, value: makeBytes(chunk + 1) } as const;
      const answer = isFirst ? Promise.resolve(given) : new Promise<never>(() => undefined);
      isFirst = false;
      return answer;
    };
    const end = async (): Promise<IteratorResult<Uint8Array>> => {
      letGo();
      return { done: true, value: null };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
  };
  type Controller = ReadableStreamDefaultController<Uint8Array>;
  const hangingStream = (hang: () => void, letGo: () => void): ReadableStream => {
    let isFirst = true;
    const pull = async (controller: Controller): Promise<void> => {
      if (isFirst) {
        isFirst = false;
        controller.enqueue(makeBytes(chunk + 1));
        return;
      }
      hang();
      await new Promise(() => undefined);
    };
    return new ReadableStream({ pull, cancel: letGo }, { highWaterMark: 0 });
  };

  test.each([
    ["an iterable", hangingIterable],
    ["a stream", hangingStream],
  ])("by an abort say so, even while %s hangs, and let go of it", async (_title, make) => {
    const bench = await makeBench();
    const abort = new AbortController();
    const { signal } = abort;
    let isLetGo = false;
    const source = make(
      () => {
        abort.abort(new Error("enough"));
      },
      () => {
        isLetGo = true;
      },
    );
    const aborted = { code: "Aborted", outcome: "not committed" };
    await expect(bench.store.put(source, { signal })).rejects.toMatchObject(aborted);
    await expect.poll(() => isLetGo).toBe(true);
    await expect(bench.store.put(makeBytes(9), { signal })).rejects.toMatchObject(aborted);
    expect(await bench.store.list()).toEqual([]);
    expect(await bench.drafts()).toBe(0);
    const { hash } = await bench.store.put(makeBytes(9));
    const pieces = await bench.store.get(hash, {}, { signal });
    await expect(collect(pieces)).rejects.toMatchObject({ code: "Aborted" });
    await bench.store.close();
  });
};

const sweeping = (makeBench: MakeBench): void => {
  test("removes what nobody refers to for 24 hours, and that only", async () => {
    const { store } = await makeBench();
    const kept = await store.put(makeBytes(10, 1));
    const left = await store.put(makeBytes(chunk + 10, 2));
    const now = Date.now() + 10 * day;
    const isReferenced = (hash: BlobHash): boolean => hash === kept.hash;
    const nothing = { removed: [], removedBytes: 0, removedDrafts: 0 };
    expect(await store.sweep({ isReferenced, now })).toEqual(nothing);
    expect(await store.sweep({ isReferenced, now: now + day - 1 })).toEqual(nothing);
    expect(await store.sweep({ isReferenced, now: now + day })).toEqual({
      ...{ removed: [left.hash], removedBytes: chunk + 10, removedDrafts: 0 },
    });
    expect(await store.list()).toEqual([kept]);
    await store.close();
  });

  test("remembers over reopenings what it saw", async () => {
    const bench = await makeBench();
    const { hash } = await bench.store.put(makeBytes(10));
    const now = Date.now() + 10 * day;
    await bench.store.sweep({ isReferenced: never, now });
    await bench.store.close();
    const store = await bench.reopen();
    const { removed } = await store.sweep({ isReferenced: never, now: now + day });
    expect(removed).toEqual([hash]);
    await store.close();
  });

  test("begins anew when somebody referred to it in between", async () => {
    const { store } = await makeBench();
    const { hash } = await store.put(makeBytes(10));
    const now = Date.now() + 10 * day;
    await store.sweep({ isReferenced: never, now });
    await store.sweep({ isReferenced: async () => true, now: now + day });
    expect((await store.sweep({ isReferenced: never, now: now + 2 * day })).removed).toEqual([]);
    const { removed } = await store.sweep({ isReferenced: never, now: now + 3 * day });
    expect(removed).toEqual([hash]);
    await store.close();
  });

  test("leaves alone what was just put or read", async () => {
    const { store } = await makeBench();
    const bytes = makeBytes(2 * chunk);
    const { hash } = await store.put(bytes);
    const now = Date.now();
    // As if it had been seen without a reference long ago
    await store.sweep({ isReferenced: never, now: now - 5 * day });
    expect((await store.sweep({ isReferenced: never, now })).removed).toEqual([]);
    const pieces = await store.get(hash);
    await store.sweep({ isReferenced: never, now: now + day / 2 });
    expectEqualBytes(await collect(pieces), bytes);
    await store.close();
  });

  test("leaves alone what is being put, whatever its age", async () => {
    const bench = await makeBench();
    const bytes = makeBytes(2 * chunk);
    async function* swept(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, chunk + 1);
      expect(await bench.drafts()).toBe(1);
      const report = await bench.store.sweep({ isReferenced: never, now: Date.now() + 9 * day });
      expect(report.removedDrafts).toBe(0);
      yield bytes.subarray(chunk + 1);
    }
    const { hash } = await bench.store.put(swept());
    expectEqualBytes(await collect(await bench.store.get(hash)), bytes);
    await bench.store.close();
  });

  test("removes drafts that a crash left, a day later", async () => {
    const bench = await makeBench();
    const { store } = bench;
    await bench.leaveDraft();
    const now = Date.now();
    expect((await store.sweep({ isReferenced: never, now })).removedDrafts).toBe(0);
    expect(await bench.drafts()).toBe(1);
    const report = await store.sweep({ isReferenced: never, now: now + day + 60_000 });
    expect(report.removedDrafts).toBe(1);
    expect(await bench.drafts()).toBe(0);
    await store.close();
  });
};

const damages = (makeBench: MakeBench): void => {
  test("is never handed on: an error comes in its place, and it is listed", async () => {
    const { store, damage } = await makeBench();
    const bytes = makeBytes(3 * chunk);
    const { hash } = await store.put(bytes);
    await damage(hash, chunk + 5);
    const good = await collect(await store.get(hash, { to: chunk }));
    expectEqualBytes(good, bytes.slice(0, chunk));
    const after = await collect(await store.get(hash, { from: 2 * chunk }));
    expectEqualBytes(after, bytes.slice(2 * chunk));
    expect(store.damage()).toEqual([]);
    const failing = collect(await store.get(hash));
    await expect(failing).rejects.toMatchObject({ code: "StorageFailed", retryable: false });
    expect(store.damage()).toEqual([{ hash, reason: "chunk 1 is damaged" }]);
    await store.close();
  });

  test("is mended by putting the same bytes again", async () => {
    const { store, damage } = await makeBench();
    const bytes = makeBytes(100);
    const { hash } = await store.put(bytes);
    await damage(hash, 50);
    await expect(collect(await store.get(hash))).rejects.toThrow("is damaged");
    await store.put(bytes);
    expectEqualBytes(await collect(await store.get(hash)), bytes);
    expect(store.damage()).toEqual([]);
    await store.close();
  });
};
