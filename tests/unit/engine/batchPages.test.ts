/**
 * A batch of writes over documents that stand in many pages: all of the pages are read at once, and
 * nothing is decided twice for them. Deciding it again for each page made the update of 10,000 of a
 * million documents take minutes.
 */
import { expect, test } from "vitest";
import { createDistributedDb, InMemoryAdapter, type StorageAdapter } from "../../../src/index.ts";

const count = 2_000;
/** Long enough that they take many pages. */
const body = "x".repeat(300);
const idAt = (at: number): string => `n${String(at).padStart(5, "0")}`;

/** Counts the readings of pages. */
const countingAdapter = (): {
  readonly adapter: StorageAdapter;
  readonly readings: () => number;
} => {
  const inner = new InMemoryAdapter();
  let readings = 0;
  return {
    readings: () => readings,
    adapter: {
      kind: inner.kind,
      destroy: (name) => inner.destroy(name),
      open: async (name) => {
        const store = await inner.open(name);
        return new Proxy(store, {
          get: (target, property) => {
            if (property === "pages") readings += 1;
            const value: unknown = Reflect.get(target, property, target);
            return value;
          },
        });
      },
    },
  };
};

test("what a batch did before it missed a page counts once", async () => {
  const adapter = new InMemoryAdapter();
  const first = createDistributedDb({ adapter });
  const documents = Array.from({ length: count }, (_, at) => ({ id: idAt(at), n: 0, body }));
  await first.collection("notes").insertBatch(documents);
  await first.shutdown();
  const database = createDistributedDb({ adapter });
  const notes = database.collection("notes");
  const update = { $inc: { n: 1 } };
  // The second has to look at all of them
  const writes = [
    { where: idAt(0), update },
    { where: { n: { $gte: 0 } }, update },
  ];
  expect(await notes.updateBatch(writes)).toBe(count + 1);
  expect(await notes.count({ n: 1 })).toBe(count - 1);
  expect((await notes.getMany([idAt(0)]))[0]).toMatchObject({ id: idAt(0), n: 2 });
  await database.shutdown();
});

test("a batch reads the pages of all its documents at once", async () => {
  const { adapter, readings } = countingAdapter();
  const first = createDistributedDb({ adapter });
  await first
    .collection("notes")
    .insertBatch(Array.from({ length: count }, (_, at) => ({ id: idAt(at), n: 0, body })));
  await first.shutdown();
  const database = createDistributedDb({ adapter });
  const notes = database.collection("notes");
  await database.ready;
  const before = readings();
  const ids = Array.from({ length: count / 100 }, (_, at) => idAt(at * 100));
  expect(await notes.updateBatch(ids.map((where) => ({ where, update: { n: 1 } })))).toBe(20);
  expect(readings() - before).toBe(1);
  expect((await notes.getMany(ids)).every(({ n }) => n === 1)).toBe(true);
  expect(await notes.count({ n: 1 })).toBe(20);
  await database.shutdown();
});
