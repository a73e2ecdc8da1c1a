/**
 * What keeping costs: the transactions that the cutter, ingest and the journal make, on a store of
 * the adapter that is given, each run on a database of its own.
 */
import type { StorageAdapter, Store, StoredSegment } from "../../../src/storage/store.ts";
import type { Bench } from "./measure.ts";
import type { BenchScope } from "./scope.ts";
import type { Written } from "./writeStages.ts";

export const measureStoring = async (
  bench: Bench,
  scope: BenchScope,
  { written, adapter }: { readonly written: Written; readonly adapter: StorageAdapter },
): Promise<void> => {
  const documents = written.drafts.reduce((sum, { count }) => sum + count, 0);
  const segments = written.parsed.map(({ header, headerHash, bytes }): StoredSegment => {
    const { writer, first } = header;
    return { key: { scope: scope.scope, writer, first, header: headerHash }, bytes };
  });
  const onStore = {
    ...({ side: "store", documents } as const),
    prepare: () => adapter.open(databaseName),
    finish: (store: Store) => drop(store, adapter),
  };
  const record = { sequence: 1, payload: written.record };
  await bench.measure({
    ...{ ...onStore, name: "journal: append one record" },
    run: (store) => store.appendJournal([record], "strict"),
  });
  await bench.measure({
    ...{ ...onStore, name: "store segments, 40 a transaction" },
    run: (store) => storeAll(store, segments),
  });
  await bench.measure({
    ...{ ...onStore, name: "load all segments" },
    prepare: async () => {
      const store = await adapter.open(databaseName);
      await storeAll(store, segments);
      return store;
    },
    run: (store) => countSegments(store),
    finish: async (store, count: number) => {
      if (count !== segments.length) throw new Error(`${count} segments were stored`);
      await drop(store, adapter);
    },
  });
  await measureSingleRecords(bench, written.singleRecords, adapter);
};

const databaseName = "bench-stages-store";
const segmentsPerTransaction = 40;

const storeAll = async (store: Store, segments: readonly StoredSegment[]): Promise<void> => {
  for (let at = 0; at < segments.length; at += segmentsPerTransaction) {
    await store.write({ segments: segments.slice(at, at + segmentsPerTransaction) });
  }
};

const countSegments = async (store: Store): Promise<number> => {
  let count = 0;
  for await (const { bytes } of store.segments()) count += Number(bytes.length > 0);
  return count;
};

const measureSingleRecords = (
  bench: Bench,
  payloads: readonly Uint8Array[],
  adapter: StorageAdapter,
): Promise<void> =>
  bench.measure({
    ...{ side: "store", name: "journal: append single records", documents: payloads.length },
    prepare: () => adapter.open(databaseName),
    run: async (store) => {
      const singles: number[] = [];
      for (const [index, payload] of payloads.entries()) {
        const started = performance.now();
        await store.appendJournal([{ sequence: index + 1, payload }], "strict");
        singles.push(performance.now() - started);
      }
      return singles;
    },
    singles: (singles) => singles,
    finish: (store) => drop(store, adapter),
  });

const drop = async (store: Store, adapter: StorageAdapter): Promise<void> => {
  await store.close();
  await adapter.destroy(databaseName);
};
