/**
 * The package in Node, and where it is put together: the engine runs in the same process, in memory
 * unless an adapter is given. Nothing imports this file.
 *
 * @module node
 */
import type {
  DistributedCollection as Collection,
  DistributedDatabase,
  DistributedDbOptions,
} from "./client/api.ts";
import { createConstructors } from "./client/constructors.ts";
import { createDatabase } from "./client/database.ts";
import { carryHere, createLocalConnection } from "./client/localConnection.ts";
import type { NetworkManager as Manager } from "./client/networkTypes.ts";
import type { Document } from "./client/types.ts";
import { InMemoryAdapter } from "./storage/memory.ts";
import type { StorageAdapter } from "./storage/store.ts";
import { createLocalEngine } from "./worker/localEngine.ts";

/** What `createDistributedDb` takes in Node. */
export interface CreateOptions extends DistributedDbOptions {
  /** Default: a new one in memory, gone when the process ends. */
  readonly adapter?: StorageAdapter;
}

/**
 * Returns at once; `ready` settles when it is open. `C` says what collections hold: `{ users: User
 * }`.
 */
export const createDistributedDb = <C extends object = object>(
  options: CreateOptions = {},
): DistributedDatabase<C> => {
  const adapter = options.adapter ?? new InMemoryAdapter();
  const network = options.distributed?.network;
  return createDatabase(options, {
    connect: () => createLocalConnection(Promise.resolve(createLocalEngine(adapter, network))),
    ...{ worker: false, page: null },
    ...(network === undefined ? {} : { carry: carryHere }),
  });
};

const constructors = createConstructors(() => createDistributedDb());
/** As the source designs construct it: over a database in memory, unless given another. */
export const NetworkManager = constructors.NetworkManager;
/** What `getNetworkManager` answers. */
export type NetworkManager = Manager;
/** As the source designs construct it; `db.collection(name)` is the usual way. */
export const DistributedCollection = constructors.DistributedCollection;
/** What `db.collection(name)` answers: `T` is what its documents are. */
export type DistributedCollection<T = Document> = Collection<T>;

export * from "./client/exported.ts";
export { createLibP2PNetwork } from "./net/libp2pNetwork.ts";
export { InMemoryAdapter } from "./storage/memory.ts";
export { FileAdapter } from "./storage/nodeAdapter.ts";
export type { LibP2PNetwork, LibP2PNetworkOptions } from "./net/libp2pNetwork.ts";
export type { StorageAdapter } from "./storage/store.ts";
