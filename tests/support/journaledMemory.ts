/**
 * The journaled store in Node: tables in memory and files in memory, both with a model of what a
 * crash leaves, so that everything between them runs as it does on IndexedDB and OPFS.
 */
import { journalFileName, recordsStart } from "../../src/storage/journal/format.ts";
import type { FenceSlot, JournalHome, JournalSizes } from "../../src/storage/journal/files.ts";
import { createJournaledAdapter } from "../../src/storage/journaledAdapter.ts";
import {
  createMemoryFiles,
  type Dice,
  type FileFault,
  type MemoryFiles,
} from "../../src/storage/memoryFiles.ts";
import type { StorageAdapter } from "../../src/storage/store.ts";
import { createMemoryTables, type MemoryTables, type TablesFault } from "./memoryTables.ts";
import { createRandom } from "./random.ts";

export interface JournaledMemoryOptions {
  readonly fileFault?: FileFault;
  readonly tablesFault?: TablesFault;
  /** Before and after each call of the slot that fences. */
  readonly fenceFault?: (operation: FenceOperation) => void;
  /** Default true: as where handles can be shared. */
  readonly hasFence?: boolean;
  /** Asked at each opening. Default: always. */
  readonly hasFiles?: () => boolean;
  readonly seed?: number;
  readonly sizes?: JournalSizes;
}

export interface FenceOperation {
  readonly kind: "open" | "read" | "write";
  readonly phase: "before" | "after";
}

export interface JournaledMemory {
  /** Another process on the same disk: its stores do not let go when this one's are destroyed. */
  readonly newAdapter: () => StorageAdapter;
  readonly adapter: StorageAdapter;
  readonly tables: MemoryTables;
  readonly files: (name: string) => MemoryFiles;
  /** null: handles can not be shared here. */
  readonly openFence: (name: string) => FenceSlot | null;
  /** The power fails. */
  readonly crash: (dice: Dice) => void;
  /** Every process ends; the system goes on. */
  readonly kill: () => void;
}

export const createJournaledMemory = (options: JournaledMemoryOptions = {}): JournaledMemory => {
  const { fileFault, hasFence = true, hasFiles = () => true, seed = 1 } = options;
  const folders = new Map<string, MemoryFiles>();
  const slots = new Map<string, { epoch: number | null }>();
  const tables = createMemoryTables(options.tablesFault);
  const random = createRandom(seed);
  const files = (name: string): MemoryFiles => {
    const folder =
      folders.get(name) ?? createMemoryFiles(fileFault === undefined ? {} : { fault: fileFault });
    folders.set(name, folder);
    return folder;
  };
  const openFence = (name: string): FenceSlot | null => {
    if (!hasFence) return null;
    const slot = slots.get(name) ?? { epoch: null };
    slots.set(name, slot);
    return {
      write: (epoch) => {
        onFence("write", () => {
          slot.epoch = epoch;
        });
      },
      read: () => onFence("read", () => slot.epoch),
      close: () => undefined,
    };
  };
  const onFence = <T>(kind: FenceOperation["kind"], effect: () => T): T => {
    options.fenceFault?.({ kind, phase: "before" });
    const result = effect();
    options.fenceFault?.({ kind, phase: "after" });
    return result;
  };
  const home: JournalHome = {
    open: (name) =>
      Promise.resolve(
        hasFiles()
          ? {
              folder: files(name),
              openFence: () => Promise.resolve().then(() => onFence("open", () => openFence(name))),
            }
          : null,
      ),
    destroy: async (name) => {
      const folder = files(name);
      for (const entry of await folder.list()) await folder.remove(entry.name);
    },
  };
  const newAdapter = (): StorageAdapter =>
    createJournaledAdapter({
      ...{ kind: "file", tables, files: home },
      randomBytes: (count) => random.bytes(count),
      ...(options.sizes === undefined ? {} : { sizes: options.sizes }),
    });
  return {
    newAdapter,
    adapter: newAdapter(),
    tables,
    files,
    openFence,
    crash: (dice) => {
      tables.crash(dice);
      for (const folder of folders.values()) folder.crash(dice);
      slots.clear();
    },
    kill: () => {
      tables.kill();
      for (const folder of folders.values()) folder.kill();
    },
  };
};

/** The bytes of a file's records. */
export const recordsOf = (folder: MemoryFiles, epoch: number, number: number): Uint8Array =>
  folder.bytes(journalFileName({ epoch, number }))?.subarray(recordsStart) ?? new Uint8Array();
