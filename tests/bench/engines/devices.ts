/**
 * Devices of one network that meet in memory, each a whole database as an application opens it.
 * Everything is waited for by what a device tells, never by time.
 */
import type {
  DistributedCollection,
  DistributedDatabase,
  DistributedDbOptions,
} from "../../../src/client/api.ts";
import type { SyncState } from "../../../src/client/networkTypes.ts";
import type { Carrier } from "../../../src/core/net/carrier.ts";
import type { StorageAdapter } from "../../../src/storage/store.ts";
import type { BenchDocument } from "../support/documents.ts";

export interface Device {
  readonly database: BenchDatabase;
  readonly notes: DistributedCollection<BenchDocument>;
}

export type BenchDatabase = DistributedDatabase<{ notes: BenchDocument }>;

/** The page's or Node's: the composition root is the caller's. */
export type CreateDatabase = (
  options: DistributedDbOptions & { readonly adapter: StorageAdapter },
) => BenchDatabase;

export interface Place {
  readonly name: string;
  readonly network: Carrier;
  readonly adapter: StorageAdapter;
}

/** A member of the network, with the collection attached. */
export const openDevice = async (
  createDatabase: CreateDatabase,
  { name, network, adapter }: Place,
): Promise<Device> => {
  const database = createDatabase({ name, adapter, distributed: { enabled: true, network } });
  const notes = database.collection("notes");
  await database.createNetwork({
    ...{ networkId, name: "Bench" },
    encryption: { sharedSecret: "a shared secret that everyone can read here" },
  });
  await database.addCollectionToNetwork(networkId, "notes");
  return { database, notes };
};

const networkId = "bench";

/** In calls of 10,000. */
export const insertAll = async (
  { notes }: Device,
  documents: readonly BenchDocument[],
): Promise<void> => {
  for (let at = 0; at < documents.length; at += documentsPerCall) {
    await notes.insertBatch(documents.slice(at, at + documentsPerCall));
  }
};

export const documentsPerCall = 10_000;

/** Equal heads and equal digests with every connected device, and everything read. */
export const verified = (device: Device): Promise<void> => stateOnce(device, isVerified);

/** Verified, and so many operations are held. */
export const holding = (device: Device, operations: number): Promise<void> =>
  stateOnce(device, (state) => isVerified(state) && operationsOf(state) === operations);

export const parted = (device: Device): Promise<void> =>
  stateOnce(device, ({ status }) => status.kind === "disconnected");

const isVerified = ({ status }: SyncState): boolean =>
  status.kind === "synced" && status.verified && status.unread === 0;

const operationsOf = ({ localVector }: SyncState): number =>
  Object.values(localVector).reduce((sum, n) => sum + n, 0);

const stateOnce = (
  { database, notes }: Device,
  isWanted: (state: SyncState) => boolean,
): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      const state = notes.getSyncState();
      if (state === null || !isWanted(state)) return;
      stop();
      resolve();
    };
    const stop = database.on("sync", look);
    look();
  });
