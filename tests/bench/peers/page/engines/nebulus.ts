/**
 * Two NebulusDB engines in this page, storage in memory, on a link that hands bytes over: greeted,
 * sealed, signed, checked and compared as between any two devices. Equal means verified: both told
 * of equal heads and digests.
 */
import {
  createDistributedDb,
  createMemoryHub,
  InMemoryAdapter,
  type DistributedCollection,
  type DistributedDatabase,
  type MemoryNetwork,
} from "../../../../../src/index.ts";
import type { BenchDocument } from "../../../support/documents.ts";
import { promptTimers } from "../../../support/promptTimers.ts";
import type { Edit, Engine } from "../engine.ts";

export const engine: Engine = {
  prepare: async (documents) => {
    const hub = createMemoryHub({ timers: promptTimers });
    const networks = [hub.network(), hub.network()] as const;
    const part = (): void => {
      hub.partition(networks.map((network) => [network]));
    };
    part();
    const a = await openSide("bench-a", networks[0]);
    const b = await openSide("bench-b", networks[1]);
    for (let at = 0; at < documents.length; at += perCall) {
      await a.notes.insertBatch(documents.slice(at, at + perCall));
    }
    await a.notes.forceSync();
    const join = async (): Promise<void> => {
      hub.heal();
      await Promise.all([verified(a), verified(b)]);
    };
    return {
      transfer: async () => {
        const before = hub.stats().bytes;
        await join();
        return hub.stats().bytes - before;
      },
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
};

const perCall = 10_000;
const networkId = "bench";

interface Side {
  readonly database: DistributedDatabase<{ notes: BenchDocument }>;
  readonly notes: DistributedCollection<BenchDocument>;
}

const openSide = async (name: string, network: MemoryNetwork): Promise<Side> => {
  const database = createDistributedDb<{ notes: BenchDocument }>({
    ...{ name, adapter: new InMemoryAdapter() },
    distributed: { enabled: true, network },
  });
  const notes = database.collection("notes");
  await database.createNetwork({
    ...{ networkId, name: "Bench" },
    encryption: { sharedSecret: "a shared secret that everyone can read here" },
  });
  await database.addCollectionToNetwork(networkId, "notes");
  return { database, notes };
};

/** And all of it is cut: what is measured afterwards is the exchange. */
const editSide = async (
  { notes }: Side,
  edits: readonly Edit[],
  side: "a" | "b",
): Promise<void> => {
  for (let at = 0; at < edits.length; at += perCall) {
    const some = edits.slice(at, at + perCall);
    await notes.updateBatch(
      some.map((edit) => ({ where: edit.id, update: { [edit.field]: edit[side] } })),
    );
  }
  await notes.forceSync();
};

const verified = (side: Side): Promise<void> =>
  statusOnce(side, (notes) => {
    const status = notes.getSyncState()?.status;
    return status?.kind === "synced" && status.verified && status.unread === 0;
  });

const parted = (side: Side): Promise<void> =>
  statusOnce(side, (notes) => notes.getSyncState()?.status.kind === "disconnected");

const statusOnce = (
  { database, notes }: Side,
  isWanted: (notes: DistributedCollection<BenchDocument>) => boolean,
): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!isWanted(notes)) return;
      stop();
      resolve();
    };
    const stop = database.on("sync", look);
    look();
  });
