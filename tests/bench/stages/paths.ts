/**
 * Whole ways, as an application meets them: through the service, the engine and a store, and from
 * one database to another. Answers are counted, so that nothing is fast by doing nothing.
 */
import { decodeRows, encodeRows } from "../../../src/core/wire/rows.ts";
import { createMemoryHub } from "../../../src/net/memory.ts";
import type { StorageAdapter } from "../../../src/storage/store.ts";
import { openDatabase, type BenchDatabase } from "./databases.ts";
import { rareQuery } from "../support/documents.ts";
import { promptTimers } from "../support/promptTimers.ts";
import type { Bench } from "./measure.ts";

export interface PathDeps {
  readonly bench: Bench;
  readonly adapter: StorageAdapter;
  /** All documents, as a page sends them. */
  readonly rows: Uint8Array;
  readonly documents: number;
  /** How many of them match the rare query. */
  readonly rare: number;
}

/** As the sessions of both sides counted them: messages after the greeting. */
export interface WireBytes {
  readonly toReceiver: number;
  readonly toSender: number;
  readonly frames: number;
}

export const measurePaths = async (deps: PathDeps): Promise<WireBytes> => {
  await measureInserts(deps);
  await measureSingleInserts(deps);
  await measureFinds(deps);
  await measureOpening(deps, "cold open, local", false);
  await measureOpening(deps, "cold open, network", true);
  return measureSync(deps);
};

const name = "bench-stages";
const side = "whole path";

const measureInserts = async ({ bench, adapter, rows, documents }: PathDeps): Promise<void> => {
  const base = {
    ...({ side, documents } as const),
    finish: async (database: BenchDatabase): Promise<void> => {
      expectCount(await database.count(), documents);
      await database.drop();
    },
  };
  await bench.measure({
    ...{ ...base, name: "insertBatch into local" },
    prepare: () => openDatabase(adapter, name),
    run: (database) => database.insert(rows),
  });
  const attached = async (): Promise<BenchDatabase> => {
    const database = await openDatabase(adapter, name);
    await database.attach();
    return database;
  };
  await bench.measure({
    ...{ ...base, name: "insertBatch into a network" },
    prepare: attached,
    run: (database) => database.insert(rows),
  });
  await bench.measure({
    ...{ ...base, name: "… until sealed, signed and stored" },
    prepare: attached,
    run: async (database) => {
      await database.insert(rows);
      await database.cut();
    },
  });
  await bench.measure({
    ...{ ...base, name: "attach: local into a network" },
    prepare: async () => {
      const database = await openDatabase(adapter, name);
      await database.insert(rows);
      return database;
    },
    run: (database) => database.attach(),
  });
};

const singleInsertsMax = 500;

const measureSingleInserts = ({ bench, adapter, rows }: PathDeps): Promise<void> => {
  const each = decodeRows(rows)
    .slice(0, singleInsertsMax)
    .map((row) => encodeRows([row]));
  return bench.measure({
    ...{ side, name: "single inserts, each awaited, strict", documents: each.length },
    prepare: () => openDatabase(adapter, name),
    run: async (database) => {
      const singles: number[] = [];
      for (const row of each) {
        const started = performance.now();
        await database.insert(row);
        singles.push(performance.now() - started);
      }
      return singles;
    },
    singles: (singles) => singles,
    finish: async (database) => {
      expectCount(await database.count(), each.length);
      await database.drop();
    },
  });
};

const measureFinds = async ({ bench, adapter, rows, documents, rare }: PathDeps): Promise<void> => {
  const database = await openDatabase(adapter, name);
  await database.insert(rows);
  const find = (title: string, query: object, expected: number): Promise<void> =>
    bench.measure({
      ...{ side, name: title, documents },
      prepare: () => undefined,
      run: () => database.find(query),
      finish: (_, found) => {
        expectCount(decodeRows(found).length, expected);
      },
    });
  await find("find by scan, few match", rareQuery, rare);
  await find("find by scan, all match", {}, documents);
  await database.drop();
};

const measureOpening = async (
  { bench, adapter, rows, documents }: PathDeps,
  title: string,
  isShared: boolean,
): Promise<void> => {
  const written = await openDatabase(adapter, name);
  if (isShared) await written.attach();
  await written.insert(rows);
  await written.close();
  await bench.measure({
    ...{ side, name: title, documents },
    prepare: () => undefined,
    run: async () => {
      const opened = await openDatabase(adapter, name);
      expectCount(await opened.count(), documents);
      return opened;
    },
    finish: (_, opened) => opened.close(),
  });
  await adapter.destroy(name);
};

const measureSync = async ({ bench, adapter, rows, documents }: PathDeps): Promise<WireBytes> => {
  let wire: WireBytes = { toReceiver: 0, toSender: 0, frames: 0 };
  await bench.measure({
    ...{ side, name: "initial sync over memory, verified", documents },
    prepare: async () => {
      const hub = createMemoryHub({ timers: promptTimers });
      const sender = await openDatabase(adapter, `${name}-sender`, hub.network());
      const receiver = await openDatabase(adapter, `${name}-receiver`, hub.network());
      for (const database of [sender, receiver]) await database.attach();
      await sender.insert(rows);
      await sender.cut();
      return { hub, sender, receiver };
    },
    run: async ({ sender, receiver }) => {
      await Promise.all([sender.link(), receiver.link()]);
      await Promise.all([sender.verified(), receiver.verified()]);
    },
    finish: async ({ hub, sender, receiver }) => {
      wire = {
        toReceiver: sender.network()?.traffic.bytesSent ?? 0,
        toSender: receiver.network()?.traffic.bytesSent ?? 0,
        frames: hub.stats().bytes,
      };
      expectCount(await receiver.count(), documents);
      await sender.drop();
      await receiver.drop();
    },
  });
  return wire;
};

const expectCount = (found: number, expected: number): void => {
  if (found !== expected) throw new Error(`${found} documents instead of ${expected}`);
};
