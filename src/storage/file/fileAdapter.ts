/**
 * Databases as folders of files, one for each name. Whose file system it is, whoever makes the
 * adapter says: Node's (nodeAdapter.ts), or one in memory that crashes on demand (tests).
 */
import {
  fileJournalBytesMax,
  fileJournalIdleBytesMax,
  fileTablesCopyBytesMax,
  fileTablesWasteBytesMin,
} from "../../core/base/limits.ts";
import { createDamageList } from "../damage.ts";
import type { FileFolder } from "../files.ts";
import type { StorageAdapter } from "../store.ts";
import { createFileStore, type OpenFileStore } from "./fileStore.ts";
import type { FolderBounds } from "./folderState.ts";
import { fileError, guardFolder } from "./guardedFolder.ts";
import { emptyFolder, openFolder, type FolderDeps } from "./openFolder.ts";

/** The folders of an adapter, by the names of databases. */
export interface Folders {
  /** Made where it is missing. */
  readonly open: (name: string) => Promise<FileFolder>;
  /** An empty one; nothing where it is not there. */
  readonly remove: (name: string) => Promise<void>;
}

export interface FileAdapterOptions {
  readonly folders: Folders;
  readonly now: () => number;
  /** Unguessable, as from `crypto.getRandomValues`. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Lets others run. Default: a turn of the event loop. */
  readonly pause?: () => Promise<void>;
  /** For tests, which have no time to write megabytes. */
  readonly bounds?: Partial<FolderBounds>;
}

export const createFileAdapter = (options: FileAdapterOptions): StorageAdapter => {
  const { folders } = options;
  const openStores = new Map<string, OpenFileStore>();
  const turns = new Map<string, Promise<unknown>>();
  /** Openings and deletions of a name, one after another. */
  const inTurn = <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const result = (turns.get(name) ?? Promise.resolve()).then(run);
    const settled = result.catch(() => undefined);
    turns.set(name, settled);
    return result;
  };
  const replace = async (name: string): Promise<void> => {
    await openStores.get(name)?.replace();
    openStores.delete(name);
  };
  return {
    kind: "file",
    open: (name) =>
      inTurn(name, async () => {
        await replace(name);
        const opened = await openIn(await folderOf(options, name), name);
        openStores.set(name, opened);
        return opened.store;
      }),
    destroy: (name) =>
      inTurn(name, async () => {
        await replace(name);
        const deps = await folderOf(options, name);
        try {
          await emptyFolder(deps);
        } finally {
          deps.folder.closeAll();
        }
        try {
          await folders.remove(name);
        } catch (cause) {
          throw fileError(name, cause);
        }
      }),
  };
};

const folderOf = async (options: FileAdapterOptions, name: string): Promise<FolderDeps> => {
  const { folders, now, randomBytes, pause = nextTurn } = options;
  let folder: FileFolder;
  try {
    folder = await folders.open(name);
  } catch (cause) {
    throw fileError(name, cause);
  }
  return {
    ...{ name, now, randomBytes, pause },
    folder: guardFolder(folder, name),
    damage: createDamageList(),
    bounds: { ...defaultBounds, ...options.bounds },
  };
};

const openIn = async (deps: FolderDeps, name: string): Promise<OpenFileStore> => {
  try {
    return createFileStore({ name, state: await openFolder(deps), damage: deps.damage });
  } catch (cause) {
    deps.folder.closeAll();
    throw cause;
  }
};

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve);
  });

const defaultBounds: FolderBounds = {
  batchBytes: fileTablesCopyBytesMax,
  wasteBytesMin: fileTablesWasteBytesMin,
  logFileBytesMax: fileJournalBytesMax,
  logIdleBytesMax: fileJournalIdleBytesMax,
};
