/**
 * The package in a page, and where it is put together: the engine runs in a worker over IndexedDB;
 * over an adapter that the caller hands in, it is loaded into the page itself. Nothing imports this
 * file.
 *
 * @module page
 */
import type {
  DistributedCollection as Collection,
  DistributedDatabase,
  DistributedDbOptions,
} from "./client/api.ts";
import { createConstructors } from "./client/constructors.ts";
import { createDatabase } from "./client/database.ts";
import { carryHere, createLocalConnection, type LocalEngine } from "./client/localConnection.ts";
import type { NetworkManager as Manager } from "./client/networkTypes.ts";
import { createPage, createPageDatabase } from "./client/page.ts";
import type { Document } from "./client/types.ts";
import type { Carrier } from "./core/net/carrier.ts";
import { InMemoryAdapter } from "./storage/memory.ts";
import type { StorageAdapter } from "./storage/store.ts";

/** What `createDistributedDb` takes in a page. */
export interface CreateOptions extends DistributedDbOptions {
  /** Default: IndexedDB, in a worker. */
  readonly adapter?: StorageAdapter;
}

/**
 * Returns at once; `ready` settles when it is open. `C` says what collections hold: `{ users: User
 * }`.
 */
export const createDistributedDb = <C extends object = object>(
  options: CreateOptions = {},
): DistributedDatabase<C> => {
  const { adapter } = options;
  return adapter === undefined ? createPageDatabase(options) : createHere(adapter, options);
};

const createHere = (adapter: StorageAdapter, options: CreateOptions = {}): DistributedDatabase => {
  const network = options.distributed?.network;
  return createDatabase(options, {
    connect: () => createLocalConnection(loadEngine(adapter, network)),
    ...{ worker: false, page: createPage() },
    ...(network === undefined ? {} : { carry: carryHere }),
  });
};

/** Only where it is wanted: most pages have theirs in a worker. */
const loadEngine = async (adapter: StorageAdapter, network?: Carrier): Promise<LocalEngine> => {
  const { createLocalEngine } = await import("./worker/localEngine.ts");
  return createLocalEngine(adapter, network);
};

const constructors = createConstructors(() => createHere(new InMemoryAdapter()));
/** As the source designs construct it: over a database in memory, unless given another. */
export const NetworkManager = constructors.NetworkManager;
/** What `getNetworkManager` answers. */
export type NetworkManager = Manager;
/** As the source designs construct it; `db.collection(name)` is the usual way. */
export const DistributedCollection = constructors.DistributedCollection;
/** What `db.collection(name)` answers: `T` is what its documents are. */
export type DistributedCollection<T = Document> = Collection<T>;

export * from "./client/exported.ts";
export { InMemoryAdapter } from "./storage/memory.ts";
export type { StorageAdapter } from "./storage/store.ts";
