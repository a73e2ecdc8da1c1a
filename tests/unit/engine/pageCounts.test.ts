/** how often a page that is wanted is in memory, and how often the store has to be read. */
import { expect, test } from "vitest";
import type { PageCache } from "../../../src/engine/pages/pageCache.ts";
import { createWorld } from "./world.ts";

const bounds = { pageBytes: 600, pageCacheBytes: 4_000 };

/** What was counted while it ran. */
const counted = async (
  pages: PageCache,
  run: () => Promise<unknown>,
): Promise<{ readonly hits: number; readonly misses: number }> => {
  const [hits, misses] = [pages.hitCount, pages.missCount];
  await run();
  return { hits: pages.hitCount - hits, misses: pages.missCount - misses };
};

test("a page that was loaded for who reads it is a miss, and a hit from then on", async () => {
  const device = await createWorld().open({ online: false, bounds });
  await device.write({ kind: "make-collection", collection: "notes" });
  const documents = Array.from({ length: 400 }, (_, n) => ({ id: `n${1_000 + n}`, n }));
  await device.insert("notes", documents);
  await device.close();
  await device.open({ online: false, joined: false, bounds });
  const { pages } = device.engine;
  const { scope, documents: stored } = device.local("notes");
  const count = stored.pages.length;
  expect(count).toBeGreaterThanOrEqual(10);
  const read = (id: string): Promise<unknown> =>
    device.engine.reading(() => expect(stored.get(id)).not.toBeNull());
  const all = (): Promise<unknown> =>
    device.engine.reading(() => expect([...stored.values()]).toHaveLength(400));

  pages.dropScope(scope);
  expect(await counted(pages, () => read("n1000"))).toEqual({ hits: 0, misses: 1 });
  expect(await counted(pages, () => read("n1001"))).toEqual({ hits: 1, misses: 0 });
  // What is in no page is looked for in none
  const absent = (): Promise<unknown> =>
    device.engine.reading(() => expect(stored.get("a")).toBeNull());
  expect(await counted(pages, absent)).toEqual({ hits: 0, misses: 0 });
  expect(await counted(pages, all)).toEqual({ hits: 1, misses: count - 1 });
  expect(await counted(pages, all)).toEqual({ hits: count, misses: 0 });
});

test("what is written is in memory: reading it is no miss", async () => {
  const device = await createWorld().open({ online: false, bounds });
  await device.write({ kind: "make-collection", collection: "notes" });
  const read = (): Promise<unknown> =>
    device.engine.reading(() => expect(device.local("notes").documents.get("a")).not.toBeNull());
  // Nothing is in a page before the first checkpoint
  await device.insert("notes", [{ id: "a" }]);
  expect(await counted(device.engine.pages, read)).toEqual({ hits: 0, misses: 0 });
  await device.engine.checkpointer.run();
  expect(await counted(device.engine.pages, read)).toEqual({ hits: 1, misses: 0 });
});
