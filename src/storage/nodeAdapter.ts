/**
 * The adapter for Node: a directory, in it a folder of files for each database.
 */
import { createFileAdapter } from "./file/fileAdapter.ts";
import { folderName } from "./file/folderName.ts";
import { createNodeFolders } from "./nodeFiles.ts";
import type { StorageAdapter, Store } from "./store.ts";

/**
 * Data lives in `directory`, which is made where it is missing. One process at a time has a
 * database open: for others it is `AlreadyOpen`. Within a process a later opening replaces the one
 * before, as in a page.
 */
export class FileAdapter implements StorageAdapter {
  readonly kind = "file";
  readonly #adapter: StorageAdapter;

  /** A path, looked up from the working directory now; nothing is made before `open`. */
  constructor(directory: string) {
    this.#adapter = adapterAt(directory);
  }

  open(name: string): Promise<Store> {
    return this.#adapter.open(name);
  }

  destroy(name: string): Promise<void> {
    return this.#adapter.destroy(name);
  }
}

/** One for each directory of this process, so that each opening knows of the one before. */
const adapters = new Map<string, StorageAdapter>();

const adapterAt = (directory: string): StorageAdapter => {
  const { path, open, remove } = createNodeFolders(directory);
  const known = adapters.get(path);
  if (known !== undefined) return known;
  const made = createFileAdapter({
    folders: {
      open: async (name) => open(folderName(name)),
      remove: async (name) => remove(folderName(name)),
    },
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  });
  adapters.set(path, made);
  return made;
};
