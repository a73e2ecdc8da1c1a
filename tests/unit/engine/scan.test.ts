/**
 * Answers that are read in part: the same rows as a part of the whole answer, whatever stands in
 * pages and what in memory, and no more pages read than they need.
 */
import { expect, test } from "vitest";
import { compareUtf8 } from "../../../src/core/base/utf8.ts";
import { encodeCursor } from "../../../src/core/query/sort.ts";
import type { FindRequest } from "../../../src/core/wire/requests.ts";
import { createRandom } from "../../support/random.ts";
import { createWorld, type Device } from "./world.ts";

const smallPages = { pageBytes: 600, pageCacheBytes: 4_000 };

const find = (device: Device, request: Partial<FindRequest>): Promise<readonly string[]> =>
  device.engine.reading(() => device.rows("notes", request).map(({ id }) => id));

/** Half of it in pages, half in memory, some deleted, in one home or in two. */
const filled = async (seed: number, letters: readonly string[]): Promise<Device> => {
  const random = createRandom(seed);
  const device = await createWorld().open({ online: false, bounds: smallPages });
  await device.share("notes");
  const idAt = (): string => Array.from({ length: 3 }, () => random.pick(letters)).join("");
  for (let round = 0; round < 3; round++) {
    const ids = new Set(Array.from({ length: 60 }, idAt));
    for (const id of ids) {
      await device.upsert("notes", [{ id, n: random.integer(5) }]);
      if (random.chance(0.2)) await device.remove("notes", id);
      else if (random.chance(0.2)) {
        await device.write({ kind: "move", collection: "notes", id, to: "private" });
      }
    }
    if (round < 2) await device.engine.checkpointer.run();
  }
  return device;
};

test.each([
  ["plain ids", ["a", "b", "c", "d"]],
  ["ids whose orders differ", ["a", "\ue000", "\u{1f600}", "z"]],
] as const)("page by page it is the whole answer: %s", async (_, letters) => {
  const device = await filled(3, letters);
  for (const includeDeleted of [false, true]) {
    const all = await find(device, { includeDeleted });
    expect(all).toEqual([...all].sort(compareUtf8));
    expect(all.length).toBeGreaterThan(30);
    for (const limit of [1, 7, 1_000]) {
      const found: string[] = [];
      for (;;) {
        const last = found.at(-1);
        const after = last === undefined ? null : encodeCursor({ id: last }, []);
        const part = await find(device, { includeDeleted, limit, after });
        if (part.length === 0) break;
        found.push(...part);
      }
      expect(found).toEqual(all);
    }
    expect(await find(device, { includeDeleted, limit: 5, offset: 4 })).toEqual(all.slice(4, 9));
  }
  const some = await find(device, { filter: { n: 1 } });
  expect(await find(device, { filter: { n: 1 }, limit: 4 })).toEqual(some.slice(0, 4));
});

test("the first rows do not read all pages", async () => {
  const device = await createWorld().open({ online: false, bounds: smallPages });
  await device.write({ kind: "make-collection", collection: "notes" });
  const documents = Array.from({ length: 2_000 }, (_, n) => ({ id: `n${1_000 + n}`, n }));
  await device.insert("notes", documents);
  await device.close();
  await device.open({ online: false, joined: false, bounds: smallPages });
  const { pages } = device.engine;
  const { scope, documents: stored } = device.local("notes");
  const all = stored.pages.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(stored.pages.length).toBeGreaterThanOrEqual(10);
  pages.dropScope(scope);
  expect(await find(device, { limit: 3 })).toEqual(["n1000", "n1001", "n1002"]);
  expect(pages.byteCount).toBeLessThan(all / 2);
  pages.dropScope(scope);
  const after = encodeCursor({ id: "n2990" }, []);
  expect(await find(device, { limit: 3, after })).toEqual(["n2991", "n2992", "n2993"]);
  expect(pages.byteCount).toBeLessThan(all / 2);
});
