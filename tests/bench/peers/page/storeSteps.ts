/**
 * The steps on a store: each is measured around the calls alone and checked afterwards.
 */
import { createRandom } from "../../../support/random.ts";
import { idAt, makeDocument, makeDocuments, type BenchDocument } from "../../support/documents.ts";
import { spreadOf } from "../../support/statistics.ts";
import type { Durability } from "../participants.ts";
import type { Sample } from "../protocol.ts";
import type { WorkloadName } from "../workloads.ts";
import {
  countRare,
  expectCount,
  expectDocument,
  expectDocuments,
  expectRare,
} from "../../support/checks.ts";
import { idsAt, samplePositions } from "../../support/checks.ts";
import { measureMemory } from "./memory.ts";
import type { OpenStore, Score, Store } from "./store.ts";

/** One that is open, and what is in it. */
export interface Opened {
  readonly store: Store;
  readonly documents: number;
  readonly seed: number;
}

export const mainDatabase = "bench-main";
const perCall = 10_000;
const sampled = 50;
/** Up to so many are made beforehand; more are made call by call, outside the measured time. */
const madeAheadMax = 200_000;

const sampleOf = (
  workload: WorkloadName,
  documents: number,
  value: number,
  rest: Partial<Sample> = {},
): Sample => ({ workload, documents, value, operations: 1, spread: null, ...rest });

export const fill = async (
  openStore: OpenStore,
  { seed, documents, durability }: Omit<Opened, "store"> & { readonly durability: Durability },
): Promise<readonly Sample[]> => {
  const store = await openStore(mainDatabase, durability);
  const milliseconds = await insertAll(store, documents, seed);
  await expectStored({ store, documents, seed });
  await store.close();
  return [sampleOf("bulk", documents, milliseconds, { operations: documents })];
};

export const fillNetwork = async (
  openStore: OpenStore,
  { seed, documents }: Omit<Opened, "store">,
): Promise<readonly Sample[]> => {
  const store = await openStore("bench-network", "strict");
  if (store.attach === undefined || store.cut === undefined) throw new Error("it has no networks");
  await store.attach();
  const inserting = await insertAll(store, documents, seed);
  const started = performance.now();
  await store.cut();
  const milliseconds = inserting + performance.now() - started;
  await expectStored({ store, documents, seed });
  await store.close();
  return [sampleOf("bulk-network", documents, milliseconds, { operations: documents })];
};

/** Milliseconds. */
const insertAll = async (store: Store, documents: number, seed: number): Promise<number> => {
  const ahead = documents <= madeAheadMax ? makeDocuments(documents, seed) : null;
  let milliseconds = 0;
  for (let from = 0; from < documents; from += perCall) {
    const to = Math.min(from + perCall, documents);
    const part = ahead?.slice(from, to) ?? madeBetween(from, to, seed);
    const started = performance.now();
    await store.insertMany(part);
    milliseconds += performance.now() - started;
  }
  return milliseconds;
};

const madeBetween = (from: number, to: number, seed: number): readonly BenchDocument[] =>
  Array.from({ length: to - from }, (_, index) => makeDocument(from + index, seed));

const expectStored = async ({ store, documents, seed }: Opened): Promise<void> => {
  expectCount("documents stored", await store.count(), documents);
  for (const at of samplePositions(documents, sampled)) {
    expectDocument(await store.get(idAt(at)), makeDocument(at, seed));
  }
};

/** `since`: the start of what is measured, by the page's clock. */
export const openAndGet = async (
  openStore: OpenStore,
  { seed, documents, durability }: Omit<Opened, "store"> & { readonly durability: Durability },
  since: number,
): Promise<{ readonly opened: Opened; readonly milliseconds: number }> => {
  const at = Math.floor(documents / 2);
  const store = await openStore(mainDatabase, durability);
  const found = await store.get(idAt(at));
  const milliseconds = performance.now() - since;
  expectDocument(found, makeDocument(at, seed));
  return { opened: { store, documents, seed }, milliseconds };
};

export const openSample = (documents: number, milliseconds: number): Sample =>
  sampleOf("open-get", documents, milliseconds);

export const measureGets = async (opened: Opened, count: number): Promise<readonly Sample[]> => {
  const { store, documents, seed } = opened;
  const random = createRandom(seed + 17);
  const positions = Array.from({ length: count }, () => random.integer(documents));
  const ids = idsAt(positions);
  const found: (BenchDocument | null)[] = [];
  const timed = await timeEach(ids, async (id) => {
    found.push(await store.get(id));
  });
  positions.forEach((at, index) => {
    expectDocument(found[index], makeDocument(at, seed));
  });
  return [sampleOf("get", documents, timed.milliseconds, { operations: count, ...timed.told })];
};

export const measureGetMany = async (opened: Opened, count: number): Promise<readonly Sample[]> => {
  const { store, documents, seed } = opened;
  const positions = somePositions(opened, count);
  const ids = idsAt(positions);
  const started = performance.now();
  const found = await store.getMany(ids);
  const milliseconds = performance.now() - started;
  expectDocuments(
    found,
    positions.map((at) => makeDocument(at, seed)),
  );
  return [sampleOf("get-many", documents, milliseconds, { operations: positions.length })];
};

export const measureUpdate = async (opened: Opened, count: number): Promise<readonly Sample[]> => {
  const { store, documents, seed } = opened;
  const positions = somePositions(opened, count);
  const scores = positions.map((at): Score => [idAt(at), newScore(at)]);
  const started = performance.now();
  await store.setScores(scores);
  const milliseconds = performance.now() - started;
  const some = positions.filter((_, index) => index % 100 === 0);
  expectDocuments(
    await store.getMany(idsAt(some)),
    some.map((at) => ({ ...makeDocument(at, seed), score: newScore(at) })),
  );
  expectCount("documents after the update", await store.count(), documents);
  return [sampleOf("update", documents, milliseconds, { operations: positions.length })];
};

/** Spread over all, in no order. */
const somePositions = ({ documents, seed }: Opened, count: number): readonly number[] =>
  createRandom(seed + 23).shuffle(samplePositions(documents, Math.min(count, documents)));

const newScore = (at: number): number => (at % 1_000) + 0.25;

const warmScans = 3;

export const measureScan = async (opened: Opened): Promise<readonly Sample[]> => {
  const { store, documents, seed } = opened;
  const expected = countRare(documents, seed);
  const times: number[] = [];
  for (let run = 0; run <= warmScans; run++) {
    const started = performance.now();
    const found = await store.findRare();
    times.push(performance.now() - started);
    expectRare(found, expected);
  }
  const [first = Number.NaN, ...warm] = times;
  return [
    sampleOf("scan-first", documents, first),
    sampleOf("scan-warm", documents, spreadOf(warm).p50),
  ];
};

export const measureOpenMemory = async ({
  store,
  documents,
}: Opened): Promise<readonly Sample[]> => {
  const { all, workers } = await measureMemory((await store.wasmBytes?.()) ?? 0);
  const total = sampleOf("memory-open", documents, all);
  return workers === 0 ? [total] : [total, sampleOf("worker-open", documents, workers)];
};

export const measureScanMemory = async ({
  store,
  documents,
}: Opened): Promise<readonly Sample[]> => {
  const { workers } = await measureMemory((await store.wasmBytes?.()) ?? 0);
  return workers === 0 ? [] : [sampleOf("worker-scan", documents, workers)];
};

export const measureSingles = async (
  openStore: OpenStore,
  workload: "single-strict" | "single-relaxed" | "at-once",
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<readonly Sample[]> => {
  const durability = workload === "single-relaxed" ? "relaxed" : "strict";
  const store = await openStore(`bench-${workload}`, durability);
  const documents = makeDocuments(count, seed);
  const insert = (document: BenchDocument): Promise<void> => store.insert(document);
  const timed = await (workload === "at-once" ? timeAll : timeEach)(documents, insert);
  await expectStored({ store, documents: count, seed });
  await store.close();
  return [sampleOf(workload, count, timed.milliseconds, { operations: count, ...timed.told })];
};

interface Timed {
  readonly milliseconds: number;
  readonly told: Pick<Sample, "spread">;
}

const timeEach = async <T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
): Promise<Timed> => {
  const singles: number[] = [];
  const started = performance.now();
  for (const item of items) {
    const before = performance.now();
    await run(item);
    singles.push(performance.now() - before);
  }
  return { milliseconds: performance.now() - started, told: { spread: spreadOf(singles) } };
};

const timeAll = async <T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<Timed> => {
  const singles: number[] = [];
  const started = performance.now();
  await Promise.all(
    items.map(async (item) => {
      const before = performance.now();
      await run(item);
      singles.push(performance.now() - before);
    }),
  );
  return { milliseconds: performance.now() - started, told: { spread: spreadOf(singles) } };
};
