/**
 * One failure at every operation on a file of a short life, before it takes effect and after: each
 * gives a typed error, a call that was not committed left nothing, and what is called again goes
 * through, if need be in a new process. At the end all is there once.
 */
import { expect, test, vi } from "vitest";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import type { FileOperation } from "../../../../src/storage/memoryFiles.ts";
import type { StorageAdapter, Store } from "../../../../src/storage/store.ts";
import {
  bytes,
  contents,
  page,
  pageKey,
  place,
  record,
  segment,
} from "../../../contract/storeBench.ts";
import { createMemoryFolders, startFileAdapter } from "../../../support/memoryFolders.ts";

// Some hundred lives of a store take their time where others work too
vi.setConfig({ testTimeout: 60_000 });

const name = "faults";
const filler = new Array<number>(60).fill(7);

/** Rotates the journal, lets go of it, copies the tables, and closes in between. */
const calls: readonly ((store: Store) => Promise<void>)[] = [
  (store) => store.appendJournal([record(1, 1), record(2, ...filler)], "strict"),
  (store) => store.write({ segments: [segment(place({}), 1)], pages: [page(pageKey({}), 1)] }),
  (store) => store.write({ pages: [page(pageKey({}), ...filler)], durability: "relaxed" }),
  (store) => store.appendJournal([record(3, 3)], "relaxed"),
  (store) => store.write({ absorbedSequence: 2, meta: new Map([["a", bytes(1)]]) }),
  (store) => store.write({ pages: [page(pageKey({ number: 1 }), 2)], removedPages: [pageKey({})] }),
  (store) => store.appendJournal([record(4, ...filler)], "strict"),
  (store) => store.write({ absorbedSequence: 4, segments: [segment(place({ first: 2 }), 2)] }),
  (store) => store.appendJournal([record(5, 5)], "strict"),
];

interface World {
  readonly start: () => StorageAdapter;
  readonly endProcess: () => void;
  /** The next such operation fails once; null: none does. */
  readonly failAt: (operation: number | null, phase: FileOperation["phase"]) => void;
  readonly operations: () => number;
  readonly hasFailed: () => boolean;
}

const createWorld = (error: () => Error): World => {
  let count = 0;
  let failing: number | null = null;
  let failingPhase: FileOperation["phase"] = "before";
  let hasFailed = false;
  const folders = createMemoryFolders(({ phase }) => {
    if (phase === "before") count++;
    if (phase !== failingPhase || count !== failing) return;
    failing = null;
    hasFailed = true;
    throw error();
  });
  const bounds = { batchBytes: 50, wasteBytesMin: 90, logFileBytesMax: 90, logIdleBytesMax: 40 };
  return {
    start: () => startFileAdapter(folders, { bounds }),
    endProcess: () => {
      folders.files(name).kill();
    },
    failAt: (operation, phase) => {
      count = 0;
      failing = operation;
      failingPhase = phase;
    },
    operations: () => count,
    hasFailed: () => hasFailed,
  };
};

/** Every call until it goes through; `check` sees each failure. */
const live = async (
  world: World,
  check: (error: unknown, before: unknown, store: Store) => Promise<void>,
): Promise<unknown> => {
  const open = async (): Promise<Store> => {
    try {
      return await world.start().open(name);
    } catch (error) {
      expectTyped(error);
      world.endProcess();
      return world.start().open(name);
    }
  };
  let store = await open();
  for (const call of calls) {
    const before = await see(store);
    try {
      await call(store);
    } catch (error) {
      await check(error, before, store);
      try {
        await call(store);
      } catch (again) {
        // A handle that the failure left open stands in the way until the process ends
        expectTyped(again);
        world.endProcess();
        store = await open();
        expect(await see(store)).toEqual(before);
        await call(store);
      }
    }
  }
  await store.close().catch(expectTyped);
  world.endProcess();
  const again = await open();
  const all = await see(again);
  expect(again.damage()).toEqual([]);
  expect(again.opening.rolledBack).toBeNull();
  await again.close().catch(expectTyped);
  return all;
};

/** All of it; a reading that fails is made again. */
const see = async (store: Store): Promise<unknown> => {
  try {
    return await contents(store);
  } catch (error) {
    expectTyped(error);
    return contents(store);
  }
};

const expectTyped = (error: unknown): void => {
  expect(error).toBeInstanceOf(NebulusError);
};

const full = (): Error => Object.assign(new Error("full"), { name: "QuotaExceededError" });

test.each([
  ["before", "StorageFailed", () => new Error("injected")],
  ["after", "StorageFailed", () => new Error("injected")],
  ["before", "QuotaExceeded", full],
  ["after", "QuotaExceeded", full],
] as const)("every operation fails once, %s: %s", async (phase, code, error) => {
  const whole = createWorld(error);
  whole.failAt(null, phase);
  const expected = await live(whole, async (cause) => {
    throw cause;
  });
  const operations = whole.operations();
  expect(operations).toBeGreaterThan(100);
  for (let operation = 1; operation <= operations; operation++) {
    const world = createWorld(error);
    world.failAt(operation, phase);
    const found = await live(world, async (cause, before, store) => {
      expect(cause).toMatchObject({ retryable: true, outcome: "not committed" });
      // What was failing in the background may leave a file held, which the next call meets
      const held = phase === "after" ? ["StorageFailed"] : [];
      expect([code, ...held]).toContain(cause instanceof NebulusError ? cause.code : "");
      expect(await see(store)).toEqual(before);
    });
    expect(found).toEqual(expected);
    expect(world.hasFailed()).toBe(true);
  }
});

test("a write whose undoing fails too names no outcome, and is undone by the next", async () => {
  let isBroken = false;
  const folders = createMemoryFolders(({ kind, name: file, phase }) => {
    const isUndoing = kind === "truncate" || kind === "flush";
    if (isBroken && file.startsWith("tables") && phase === "before" && isUndoing) throw full();
  });
  const store = await startFileAdapter(folders).open(name);
  await store.write({ meta: new Map([["a", bytes(1)]]) });
  isBroken = true;
  const failed = await store.write({ meta: new Map([["a", bytes(2)]]) }).catch((e: unknown) => e);
  expect(failed).toMatchObject({ code: "QuotaExceeded", outcome: undefined });
  isBroken = false;
  expect((await store.meta()).get("a")).toEqual(bytes(1));
  await store.write({ meta: new Map([["b", bytes(3)]]) });
  folders.files(name).crash(() => 0);
  const again = await startFileAdapter(folders).open(name);
  expect([...(await again.meta())]).toEqual([
    ["a", bytes(1)],
    ["b", bytes(3)],
  ]);
  await again.close();
});
