/**
 * The store on IndexedDB, with its journal in files where there is a place for them. Without one a
 * strict transaction per group takes the journal's place (FORMATS.md §4), which proves no
 * continuity.
 */
import { createIndexedDbTables } from "./indexeddbTables.ts";
import type { JournalHome } from "./journal/files.ts";
import { createJournaledAdapter } from "./journaledAdapter.ts";
import type { StorageAdapter } from "./store.ts";

export interface IndexedDbOptions {
  /** Default: the global one. */
  readonly indexedDB?: IDBFactory;
  /** Stands before every name. Default none: the database has the name it is opened with. */
  readonly prefix?: string;
  /** Where the journal's files are, see `opfs.ts`. Default: nowhere. */
  readonly files?: JournalHome;
}

export const createIndexedDbAdapter = (options: IndexedDbOptions = {}): StorageAdapter => {
  const prefix = options.prefix ?? "";
  const adapter = createJournaledAdapter({
    kind: "indexeddb",
    tables: createIndexedDbTables(() => options.indexedDB ?? platformFactory()),
    files: options.files ?? null,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  return {
    kind: adapter.kind,
    open: (name) => adapter.open(prefix + name),
    destroy: (name) => adapter.destroy(prefix + name),
  };
};

// Absent in Node and in some private modes, which its own type does not say
const platformFactory = (): IDBFactory | null =>
  (globalThis as { indexedDB?: IDBFactory }).indexedDB ?? null;
