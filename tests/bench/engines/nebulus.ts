/**
 * Two NebulusDB engines in one process, storage in memory, on a link that hands bytes over:
 * greeted, sealed, signed, checked and compared as between any two devices. Equal means verified:
 * both told of equal heads and digests.
 */
import { createMemoryHub } from "../../../src/net/memory.ts";
import { InMemoryAdapter } from "../../../src/storage/memory.ts";
import { promptTimers } from "../support/promptTimers.ts";
import {
  documentsPerCall,
  insertAll,
  openDevice,
  parted,
  verified,
  type CreateDatabase,
  type Device,
} from "./devices.ts";
import type { Edit, Engine } from "./engine.ts";

export const createNebulusEngine = (createDatabase: CreateDatabase): Engine => ({
  prepare: async (documents) => {
    const hub = createMemoryHub({ timers: promptTimers });
    const networks = [hub.network(), hub.network()] as const;
    const part = (): void => {
      hub.partition(networks.map((network) => [network]));
    };
    part();
    const [a, b] = await Promise.all([
      openDevice(createDatabase, { ...inMemory("bench-a"), network: networks[0] }),
      openDevice(createDatabase, { ...inMemory("bench-b"), network: networks[1] }),
    ]);
    await insertAll(a, documents);
    const join = async (): Promise<number> => {
      const before = hub.stats().bytes;
      hub.heal();
      await Promise.all([verified(a), verified(b)]);
      return hub.stats().bytes - before;
    };
    return {
      seal: async () => {
        await a.notes.forceSync();
      },
      transfer: join,
      received: () => b.notes.find({}),
      merge: {
        edit: async (edits) => {
          part();
          await Promise.all([parted(a), parted(b)]);
          await editSide(a, edits, "a");
          await editSide(b, edits, "b");
        },
        join,
        both: (ids) => Promise.all([a.notes.getMany(ids), b.notes.getMany(ids)]),
      },
      close: async () => {
        await Promise.all([a.database.shutdown(), b.database.shutdown()]);
      },
    };
  },
});

const inMemory = (name: string): { readonly name: string; readonly adapter: InMemoryAdapter } => ({
  name,
  adapter: new InMemoryAdapter(),
});

/** And all of it is cut: what is measured afterwards is the exchange. */
const editSide = async (
  { notes }: Device,
  edits: readonly Edit[],
  side: "a" | "b",
): Promise<void> => {
  for (let at = 0; at < edits.length; at += documentsPerCall) {
    const some = edits.slice(at, at + documentsPerCall);
    await notes.updateBatch(
      some.map((edit) => ({ where: edit.id, update: { [edit.field]: edit[side] } })),
    );
  }
  await notes.forceSync();
};
