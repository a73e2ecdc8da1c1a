/**
 * Folders in memory for the store on files: each crashes as the disk under it would, and counts as
 * a computer of its own whose processes can be ended.
 */
import type { Folders } from "../../src/storage/file/fileAdapter.ts";
import { createFileAdapter, type FileAdapterOptions } from "../../src/storage/file/fileAdapter.ts";
import {
  createMemoryFiles,
  type FileFault,
  type MemoryFiles,
} from "../../src/storage/memoryFiles.ts";
import type { StorageAdapter } from "../../src/storage/store.ts";

export interface MemoryFolders extends Folders {
  readonly files: (name: string) => MemoryFiles;
}

export const createMemoryFolders = (fault?: FileFault): MemoryFolders => {
  const folders = new Map<string, MemoryFiles>();
  const files = (name: string): MemoryFiles => {
    const known = folders.get(name);
    if (known !== undefined) return known;
    const made = createMemoryFiles(fault === undefined ? {} : { fault });
    folders.set(name, made);
    return made;
  };
  return {
    files,
    open: async (name) => files(name),
    remove: async (name) => {
      folders.delete(name);
    },
  };
};

/** As a process that begins: it knows of no opening before. */
export const startFileAdapter = (
  folders: Folders,
  options: Partial<FileAdapterOptions> = {},
): StorageAdapter => {
  let made = 0;
  return createFileAdapter({
    folders,
    now: () => 1_700_000_000_000,
    // Each database its own, alike in every run
    randomBytes: (length) => new Uint8Array(length).fill(0x80 + made++),
    pause: async () => undefined,
    ...options,
  });
};
