/**
 * The store contract on pages: keyed by scope, kind and number, read many at once or by kind.
 */
import { expect, test } from "vitest";
import { bytes, collect, home, page, pageKey, type Bench } from "./storeBench.ts";

export const pageTests = (bench: Bench): void => {
  /** In key order: by scope, kind, number as a number. */
  const ordered = [
    pageKey({ kind: 0, number: 0 }),
    pageKey({ kind: 0, number: 0xffff_ffff }),
    pageKey({ kind: 1, number: 2 }),
    pageKey({ kind: 1, number: 10 }),
    pageKey({ kind: 1, number: 256 }),
    pageKey({ kind: 1, number: 0x8000_0000 }),
    pageKey({ kind: 1, number: 0xffff_ffff }),
    pageKey({ kind: 255, number: 1 }),
    pageKey({ scope: 2, kind: 1, number: 1 }),
    pageKey({ scope: 256, kind: 1, number: 2 }),
  ].map((key, index) => page(key, index));

  test("come by kind in the order of their numbers, however they were written", async () => {
    const store = await bench.adapter.open(home);
    const shuffled = ordered.map((_, index) => ordered[(index * 7) % ordered.length]);
    for (const one of shuffled) if (one !== undefined) await store.write({ pages: [one] });
    for (const { key } of ordered) {
      const expected = ordered.filter(
        (one) => one.key.scope === key.scope && one.key.kind === key.kind,
      );
      expect(await collect(store.pagesOf(key.scope, key.kind))).toEqual(expected);
    }
    expect(await collect(store.pagesOf(pageKey({}).scope, 9))).toEqual([]);
    await store.close();
  });

  test("are read many at once in the order asked for; null where there is none", async () => {
    const store = await bench.adapter.open(home);
    await store.write({ pages: ordered });
    const asked = [...ordered].reverse();
    const missing = [pageKey({ number: 3 }), pageKey({ scope: 3, number: 2 })];
    expect(await store.pages([])).toEqual([]);
    expect(await store.pages([...asked.map(({ key }) => key), ...missing])).toEqual([
      ...asked.map((one) => one.bytes),
      null,
      null,
    ]);
    await store.close();
  });

  test("are replaced, removed and cleared, and that first", async () => {
    const store = await bench.adapter.open(home);
    const [a, b, c] = [pageKey({ number: 1 }), pageKey({ number: 2 }), pageKey({ number: 3 })];
    const apart = page(pageKey({ scope: 2, number: 1 }), 7);
    await store.write({ pages: [page(a, 1), page(b, 2), apart] });
    await store.write({ pages: [page(a, 9), page(c, 3)], removedPages: [a, b] });
    expect(await collect(store.pagesOf(a.scope, 1))).toEqual([page(a, 9), page(c, 3)]);
    await store.write({ pages: [page(b, 5)], clearedPages: [a.scope] });
    expect(await collect(store.pagesOf(a.scope, 1))).toEqual([page(b, 5)]);
    expect(await collect(store.pagesOf(apart.key.scope, 1))).toEqual([apart]);
    await store.close();
    const again = await bench.adapter.open(home);
    expect(await again.pages([a, b, apart.key])).toEqual([null, bytes(5), bytes(7)]);
    await again.close();
  });

  test("are copied in and out", async () => {
    const store = await bench.adapter.open(home);
    const written = bytes(1, 2);
    const writing = store.write({ pages: [{ key: pageKey({}), bytes: written }] });
    written.fill(9);
    await writing;
    const [read] = await store.pages([pageKey({})]);
    read?.fill(8);
    expect(await store.pages([pageKey({})])).toEqual([bytes(1, 2)]);
    await store.close();
  });
};
