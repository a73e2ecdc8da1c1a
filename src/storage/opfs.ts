/**
 * Folders of files in the browser's private file system (OPFS), with handles that read and write at
 * once: those exist in dedicated workers only. What the browser throws is handed on, but for a file
 * that somebody else holds.
 *
 * A database's files stand in `nebulus/<its name, encoded>/<folder>`.
 */
import { bytesToHex } from "../core/base/bytes.ts";
import { openAgainMilliseconds } from "../core/base/limits.ts";
import { crc32c } from "../core/base/crc32c.ts";
import { sha256 } from "../core/crypto/hash.ts";
import {
  checkFileName,
  FileHeld,
  type FileEntry,
  type FileFolder,
  type FileHandle,
} from "./files.ts";
import type { FenceSlot, JournalHome } from "./journal/files.ts";

/** null: there are no such handles here. */
export const createOpfsJournalHome = (): JournalHome | null => {
  if (!hasSyncHandles()) return null;
  return {
    open: async (name, isExpected = false) => {
      const directory = isExpected
        ? await openPatiently(name, journalFolder)
        : await openFolder(name, journalFolder);
      if (directory === null) return null;
      return {
        folder: createOpfsFolder(directory),
        openFence: () => openFence(directory),
      };
    },
    destroy: (name) => removeDatabase(name),
  };
};

/**
 * The name of a database as a folder's: itself where it is short and plain, else its SHA-256, since
 * a name may be any text of any length.
 */
export const folderNameOf = (name: string): string => {
  if (plainName.test(name)) return `n-${name}`;
  // UTF-16, not UTF-8: a lone surrogate must not become the same as another
  const units = Uint16Array.from(name, (_, index) => name.charCodeAt(index));
  return `h-${bytesToHex(sha256(new Uint8Array(units.buffer)))}`;
};

/** No capitals: a file system may not tell them from small letters. */
const plainName = /^[a-z0-9-]{1,100}$/;
const rootFolder = "nebulus";
const journalFolder = "journal";
const fenceFile = "fence";

/** As the WebWorker library has it; these files are compiled for pages too, which have none. */
interface SyncHandle {
  readonly mode?: string;
  readonly read: (bytes: Uint8Array, options: { readonly at: number }) => number;
  readonly write: (bytes: Uint8Array, options: { readonly at: number }) => number;
  readonly flush: () => void;
  readonly truncate: (size: number) => void;
  readonly getSize: () => number;
  readonly close: () => void;
}

interface SyncFile {
  readonly createSyncAccessHandle: (options?: { readonly mode: string }) => Promise<SyncHandle>;
}

const hasSyncHandles = (): boolean =>
  typeof FileSystemFileHandle === "function" &&
  "createSyncAccessHandle" in FileSystemFileHandle.prototype &&
  "getDirectory" in navigator.storage;

// Every file handle is one where hasSyncHandles() says so
const syncFile = (file: unknown): SyncFile => file as SyncFile;

/** null: the browser gives this page none, as some do in private windows. */
const openFolder = async (
  name: string,
  folder: string,
): Promise<FileSystemDirectoryHandle | null> => {
  try {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle(rootFolder, { create: true });
    const own = await all.getDirectoryHandle(folderNameOf(name), { create: true });
    return await own.getDirectoryHandle(folder, { create: true });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "SecurityError") return null;
    throw cause;
  }
};

/** What stood there counts as lost if it does not come: a browser may just not be ready. */
const openPatiently = async (
  name: string,
  folder: string,
): Promise<FileSystemDirectoryHandle | null> => {
  for (const milliseconds of openAgainMilliseconds) {
    const directory = await openFolder(name, folder);
    if (directory !== null) return directory;
    await new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
  }
  return openFolder(name, folder);
};

const removeDatabase = async (name: string): Promise<void> => {
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle(rootFolder, { create: true });
  await unlessMissing(all.removeEntry(folderNameOf(name), { recursive: true }), undefined);
};

export const createOpfsFolder = (directory: FileSystemDirectoryHandle): FileFolder => ({
  list: async () => {
    const entries: FileEntry[] = [];
    for await (const handle of directory.values()) {
      if (handle.kind !== "file") continue;
      const file = await unlessMissing(handle.getFile(), null);
      if (file === null) continue;
      entries.push({ name: handle.name, size: file.size, modified: file.lastModified });
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  },
  open: async (name) => {
    checkFileName(name);
    const file = await directory.getFileHandle(name, { create: true });
    return createHandle(name, await heldNamed(name, syncFile(file).createSyncAccessHandle()));
  },
  read: async (name, at, length) => {
    checkFileName(name);
    const handle = await unlessMissing(directory.getFileHandle(name), null);
    return handle === null ? null : readPart(handle, at, length);
  },
  rename: async (from, to) => {
    checkFileName(to);
    const file = await directory.getFileHandle(from);
    // In no library yet, and in every browser that has synchronous handles
    const movable = file as unknown as { readonly move: (name: string) => Promise<void> };
    await heldNamed(from, movable.move(to));
  },
  remove: async (name) => {
    checkFileName(name);
    await heldNamed(name, unlessMissing(directory.removeEntry(name), undefined));
  },
});

const createHandle = (name: string, handle: SyncHandle): FileHandle => ({
  size: () => handle.getSize(),
  read: (at, length) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, handle.getSize() - at)));
    const read = bytes.length === 0 ? 0 : handle.read(bytes, { at });
    if (read > bytes.length) throw new DOMException(`${name} can not be read`, "NotReadableError");
    return bytes.subarray(0, read);
  },
  write: (bytes, at) => {
    const written = handle.write(bytes, { at });
    // Without space a browser stops in the middle, or answers with an error's number as unsigned:
    // Chromium 2^32 - 8 where it should throw
    if (written !== bytes.length) throw new DOMException(`${name} is cut`, "QuotaExceededError");
  },
  flush: () => {
    handle.flush();
  },
  truncate: (size) => {
    handle.truncate(size);
  },
  close: () => {
    handle.close();
  },
});

/**
 * What `getFile` gives can be read only while the file stays as it is; its holder may be writing.
 */
const readPart = async (
  handle: FileSystemFileHandle,
  at: number,
  length: number,
): Promise<Uint8Array | null> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const file = await handle.getFile();
      return new Uint8Array(await file.slice(at, at + length).arrayBuffer());
    } catch (cause) {
      if (isNamed(cause, "NotFoundError")) return null;
      if (!isNamed(cause, "NotReadableError") || attempt === readAttemptsMax) throw cause;
    }
  }
};

const readAttemptsMax = 16;

/**
 * Slot at 0: epoch u64 LE, CRC-32C of it u32 LE. null: this browser lets nobody share a handle.
 */
const openFence = async (directory: FileSystemDirectoryHandle): Promise<FenceSlot | null> => {
  const file = await directory.getFileHandle(fenceFile, { create: true });
  const handle = await heldNamed(
    fenceFile,
    syncFile(file).createSyncAccessHandle({ mode: sharedMode }),
  );
  if (handle.mode !== sharedMode) {
    handle.close();
    return null;
  }
  const slot = new Uint8Array(12);
  const view = new DataView(slot.buffer);
  return {
    write: (epoch) => {
      view.setBigUint64(0, BigInt(epoch), true);
      view.setUint32(8, crc32c(slot.subarray(0, 8)), true);
      // Unwritten it would fence nobody
      const isWritten = handle.write(slot, { at: 0 }) === slot.length;
      if (!isWritten) throw new DOMException(`${fenceFile} is cut`, "QuotaExceededError");
    },
    read: () => {
      const isWhole = handle.read(slot, { at: 0 }) === slot.length;
      if (!isWhole || view.getUint32(8, true) !== crc32c(slot.subarray(0, 8))) return null;
      return Number(view.getBigUint64(0, true));
    },
    close: () => {
      handle.close();
    },
  };
};

const sharedMode = "readwrite-unsafe";

const isNamed = (cause: unknown, name: string): boolean =>
  cause instanceof DOMException && cause.name === name;

const unlessMissing = async <T, U>(call: Promise<T>, instead: U): Promise<T | U> => {
  try {
    return await call;
  } catch (cause) {
    if (isNamed(cause, "NotFoundError")) return instead;
    throw cause;
  }
};

const heldNamed = async <T>(name: string, call: Promise<T>): Promise<T> => {
  try {
    return await call;
  } catch (cause) {
    const isHeld = isNamed(cause, "NoModificationAllowedError");
    throw isHeld ? new FileHeld(name) : cause;
  }
};
