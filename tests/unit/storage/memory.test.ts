/**
 * What memory offers beside the port: images of its disk, and failures on demand.
 */
import { describe, expect, test } from "vitest";
import { InMemoryAdapter, type StoreOperation } from "../../../src/storage/memory.ts";
import type { Store } from "../../../src/storage/store.ts";
import {
  bytes,
  collect,
  contents,
  empty,
  place,
  record,
  segment,
} from "../../contract/storeBench.ts";

const fill = async (store: Store, value: number): Promise<void> => {
  await store.appendJournal([record(1, value), record(2, value)], "strict");
  await store.write({
    absorbedSequence: 1,
    segments: [segment(place({}), value)],
    meta: new Map([["a", bytes(value)]]),
  });
};

describe("images", () => {
  test("roll a disk back, and replace the store that was open on it", async () => {
    const adapter = new InMemoryAdapter();
    const store = await adapter.open("a");
    await fill(store, 1);
    const before = await contents(store);
    const image = adapter.snapshot("a");
    await store.write({ segments: [segment(place({}), 2)], absorbedSequence: 2 });
    await store.appendJournal([record(3, 3)], "strict");
    adapter.restore("a", image);
    await expect(store.write({})).rejects.toMatchObject({ code: "Replaced" });
    await expect(store.meta()).rejects.toMatchObject({ code: "Replaced" });
    const again = await adapter.open("a");
    expect(await contents(again)).toEqual(before);
    await again.appendJournal([record(3, 33)], "strict");
  });

  test("are not touched by what is written later, nor is the disk by them", async () => {
    const adapter = new InMemoryAdapter();
    const store = await adapter.open("a");
    await fill(store, 1);
    const before = await contents(store);
    const image = adapter.snapshot("a");
    await store.write({ segments: [segment(place({}), 2)], meta: new Map([["a", bytes(2)]]) });
    const after = await contents(store);
    for (const map of [image.meta, image.journal, image.segments]) {
      for (const value of map.values()) value.fill(1);
    }
    expect(await contents(store)).toEqual(after);
    adapter.restore("a", image);
    for (const value of image.segments.values()) value.fill(77);
    expect(await contents(await adapter.open("a"))).toEqual(before);
  });

  test("clone a device into another adapter", async () => {
    const [one, two] = [new InMemoryAdapter(), new InMemoryAdapter()];
    const store = await one.open("a");
    await fill(store, 1);
    two.restore("b", one.snapshot("a"));
    const clone = await two.open("b");
    expect(await contents(clone)).toEqual(await contents(store));
    await clone.write({ segments: [segment(place({}), 9)] });
    expect(await store.segment(place({}))).toEqual(bytes(1));
  });

  test("of a name that is not there are empty disks", async () => {
    const adapter = new InMemoryAdapter();
    adapter.restore("a", adapter.snapshot("never"));
    const store = await adapter.open("a");
    expect(await contents(store)).toEqual(empty);
  });
});

describe("options", () => {
  test("continuity is proven unless it is said to be not", async () => {
    const adapters = [{}, { journalProvesContinuity: false }].map(
      (options) => new InMemoryAdapter(options),
    );
    const stores = await Promise.all(adapters.map((adapter) => adapter.open("a")));
    expect(stores.map((store) => store.journalProvesContinuity)).toEqual([true, false]);
  });
});

describe("faults", () => {
  type Matches = (operation: StoreOperation) => boolean;
  const createFaulty = (): { adapter: InMemoryAdapter; failOn: (matches: Matches) => void } => {
    let failing: Matches = () => false;
    const fault = (operation: StoreOperation): void => {
      if (failing(operation)) throw new Error(`${operation.kind} fails`);
    };
    return { adapter: new InMemoryAdapter({ fault }), failOn: (matches) => (failing = matches) };
  };
  const at =
    (kind: StoreOperation["kind"], phase: StoreOperation["phase"]): Matches =>
    (operation) =>
      operation.kind === kind && operation.phase === phase && operation.name === "a";
  const never: Matches = () => false;

  test.each(["before", "after"] as const)("writes fail %s their effect, wholly", async (phase) => {
    const { adapter, failOn } = createFaulty();
    const store = await adapter.open("a");
    await fill(store, 1);
    failOn(at("write", phase));
    const batch = { segments: [segment(place({ first: 2 }), 2)], absorbedSequence: 2 };
    await expect(store.write(batch)).rejects.toThrow("write fails");
    failOn(never);
    const both = [segment(place({}), 1), segment(place({ first: 2 }), 2)];
    expect(await contents(store)).toMatchObject(
      phase === "before"
        ? { absorbed: 1, journal: [record(2, 1)], segments: both.slice(0, 1) }
        : { absorbed: 2, journal: [], segments: both },
    );
    failOn(at("appendJournal", phase));
    const append = store.appendJournal([record(3, 3), record(4, 4)], "strict");
    await expect(append).rejects.toThrow("appendJournal fails");
    failOn(never);
    const found = (await collect(store.journal())).map(({ sequence }) => sequence);
    expect(found).toEqual(phase === "before" ? [2] : [3, 4]);
  });

  test.each(["meta", "journal", "segment", "segments"] as const)(
    "reading by %s fails, and goes on afterwards",
    async (kind) => {
      const { adapter, failOn } = createFaulty();
      const store = await adapter.open("a");
      await fill(store, 1);
      const read = (): Promise<unknown> => {
        if (kind === "meta") return store.meta();
        if (kind === "segment") return store.segment(place({}));
        return collect<unknown>(kind === "journal" ? store.journal() : store.segments());
      };
      for (const phase of ["before", "after"] as const) {
        failOn(at(kind, phase));
        await expect(read()).rejects.toThrow(`${kind} fails`);
        failOn(never);
        await read();
      }
    },
  );

  test("openings and closings fail before or after their effect", async () => {
    const { adapter, failOn } = createFaulty();
    const store = await adapter.open("a");
    failOn(at("open", "before"));
    await expect(adapter.open("a")).rejects.toThrow("open fails");
    failOn(never);
    await store.write({});
    failOn(at("open", "after"));
    await expect(adapter.open("a")).rejects.toThrow("open fails");
    failOn(never);
    await expect(store.write({})).rejects.toMatchObject({ code: "Replaced" });
    failOn(at("close", "before"));
    await expect(store.close()).rejects.toThrow("close fails");
    failOn(never);
    await store.meta();
    await store.close();
    await expect(store.meta()).rejects.toMatchObject({ code: "Closed" });
  });

  test.each(["before", "after"] as const)("destroying fails %s its effect", async (phase) => {
    const { adapter, failOn } = createFaulty();
    await fill(await adapter.open("a"), 1);
    failOn(at("destroy", phase));
    await expect(adapter.destroy("a")).rejects.toThrow("destroy fails");
    failOn(never);
    const left = await (await adapter.open("a")).meta();
    expect(left.size).toBe(phase === "before" ? 1 : 0);
  });

  test("a write that is held up until its store was replaced changes nothing", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const fault = ({ kind, phase }: StoreOperation): Promise<void> =>
      kind === "write" && phase === "before" ? held : Promise.resolve();
    const adapter = new InMemoryAdapter({ fault });
    const frozen = await adapter.open("a");
    const late = frozen.write({ meta: new Map([["a", bytes(1)]]) });
    const current = await adapter.open("a");
    release();
    await expect(late).rejects.toMatchObject({ code: "Replaced" });
    expect((await current.meta()).size).toBe(0);
  });
});
