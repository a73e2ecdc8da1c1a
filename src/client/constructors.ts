/**
 * `new NetworkManager()` and `new DistributedCollection()` as the source designs write them: over a
 * database in memory unless one is given. The composition roots say what such a database is.
 */
import type {
  CollectionOptions,
  DistributedCollection,
  DistributedDatabase,
  Plugin,
} from "./api.ts";
import type { NetworkManager } from "./networkTypes.ts";
import type { Document } from "./types.ts";

/** What `new NetworkManager` takes. */
export interface NetworkManagerOptions {
  /** Default: a new one in memory. */
  readonly database?: DistributedDatabase;
}

/** Gives the manager of that database: what `getNetworkManager` of it answers. */
export type NetworkManagerConstructor = new (options?: NetworkManagerOptions) => NetworkManager;

/**
 * Gives the collection of that name in the manager's database; without a manager that `new` made,
 * in a new one in memory. Throws as `collection` does.
 */
export type DistributedCollectionConstructor = new <T = Document>(
  name: string,
  manager?: NetworkManager,
  initialDocs?: readonly Document[],
  options?: Omit<CollectionOptions, "initialDocs" | "plugins">,
  plugins?: readonly Plugin[],
) => DistributedCollection<T>;

export interface Constructors {
  readonly NetworkManager: NetworkManagerConstructor;
  readonly DistributedCollection: DistributedCollectionConstructor;
}

export const createConstructors = (inMemory: () => DistributedDatabase): Constructors => {
  const databases = new WeakMap<NetworkManager, DistributedDatabase>();

  const managerOf = (options: NetworkManagerOptions = {}): NetworkManager => {
    const database = options.database ?? inMemory();
    const manager = database.getNetworkManager();
    databases.set(manager, database);
    return manager;
  };

  const collectionOf = (
    ...[name, manager, initialDocs, options, plugins]: ConstructorParameters<
      Constructors["DistributedCollection"]
    >
  ): DistributedCollection => {
    const database = manager === undefined ? undefined : databases.get(manager);
    return (database ?? inMemory()).collection(name, {
      ...options,
      ...(initialDocs === undefined ? {} : { initialDocs }),
      ...(plugins === undefined ? {} : { plugins }),
    });
  };

  const constructors: unknown = {
    NetworkManager: constructorOf(managerOf),
    DistributedCollection: constructorOf(collectionOf),
  };
  // A function can be called with `new`; the compiler knows that of classes only.
  return constructors as Constructors;
};

/** `new` gives what the function returns, since that is an object. */
const constructorOf = (make: (...parameters: never[]) => object): object =>
  function construct(...parameters: never[]): object {
    return make(...parameters);
  };
