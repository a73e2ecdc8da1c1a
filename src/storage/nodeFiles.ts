/**
 * Folders on Node's file system. The one file of the storage layer that names Node, so that no page
 * ever carries it.
 *
 * A file is held within the process by a list, and the folder across processes by a file `.lock`
 * that says who works in it: host, process and when that process began. A lock whose process is
 * gone is taken over; every change looks first whether the lock is still ours. A lock of another
 * host, as on a shared disk, is never taken over: nobody here can tell whether its process lives.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { checkFileName, FileHeld, isFileName, type FileFolder, type FileHandle } from "./files.ts";

/** The folders of a directory; `path` is the directory's, absolute. */
export const createNodeFolders = (
  directory: string,
): {
  readonly path: string;
  readonly open: (name: string) => Promise<FileFolder>;
  /** With all that is in it. Nobody may hold a file there. */
  readonly remove: (name: string) => Promise<void>;
} => {
  const path = resolve(directory);
  return {
    path,
    open: async (name) => createNodeFiles(join(path, name)),
    remove: async (name) => {
      removeFolder(join(path, name));
    },
  };
};

/** The folder is made when the first file is. */
export const createNodeFiles = (directory: string): FileFolder => {
  const folder = folderAt(resolve(directory));
  const { path } = folder;
  const pathOf = (name: string): string => {
    checkFileName(name);
    return join(path, name);
  };
  const refuseHeld = (name: string): void => {
    if (folder.held.has(name)) throw new FileHeld(name);
  };
  return {
    list: async () =>
      namesIn(path)
        .flatMap((name) => {
          const found = statSync(join(path, name), { throwIfNoEntry: false });
          return found?.isFile() === true
            ? [{ name, size: found.size, modified: found.mtimeMs }]
            : [];
        })
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    open: async (name) => {
      const file = pathOf(name);
      refuseHeld(name);
      makeFolder(path);
      const release = holdFolder(folder);
      try {
        return openHandle(folder, { name, file, release });
      } catch (cause) {
        release();
        throw cause;
      }
    },
    read: async (name, at, length) => readPart(pathOf(name), at, length),
    rename: async (from, to) => {
      const [source, target] = [pathOf(from), pathOf(to)];
      for (const name of [from, to]) refuseHeld(name);
      inFolder(folder, () => {
        renameSync(source, target);
        syncFolder(path);
      });
    },
    remove: async (name) => {
      const file = pathOf(name);
      refuseHeld(name);
      if (statSync(file, { throwIfNoEntry: false }) === undefined) return;
      inFolder(folder, () => {
        rmSync(file, { force: true });
        syncFolder(path);
      });
    },
  };
};

const removeFolder = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  inFolder(folderAt(path), () => {
    rmSync(path, { recursive: true, force: true });
    syncFolder(dirname(path));
  });
};

interface Folder {
  readonly path: string;
  readonly held: Set<string>;
  /** How many files and calls need the lock. */
  holders: number;
  lock: Lock | null;
}

interface Lock {
  readonly descriptor: number;
  /** Of the lock's file: another one in its place is another's lock. */
  readonly inode: bigint;
}

/** Of this process: two adapters on one directory must know of each other. */
const folders = new Map<string, Folder>();

const folderAt = (path: string): Folder => {
  const known = folders.get(path);
  if (known !== undefined) return known;
  const made: Folder = { path, held: new Set(), holders: 0, lock: null };
  folders.set(path, made);
  return made;
};

const openHandle = (
  folder: Folder,
  place: { readonly name: string; readonly file: string; readonly release: () => void },
): FileHandle => {
  const { name, file, release } = place;
  const isNew = statSync(file, { throwIfNoEntry: false }) === undefined;
  // Read and write where it stands, made where it is missing
  const descriptor = openSync(file, isNew ? "w+" : "r+");
  if (isNew) syncFolder(folder.path);
  folder.held.add(name);
  const change = (effect: () => void): void => {
    if (!isOurs(folder)) throw new FileHeld(name);
    effect();
  };
  return {
    size: () => fstatSync(descriptor).size,
    read: (at, length) => readAll(descriptor, at, length),
    write: (bytes, at) => {
      change(() => {
        writeAll(descriptor, bytes, at);
      });
    },
    flush: () => {
      change(() => {
        fdatasyncSync(descriptor);
      });
    },
    truncate: (size) => {
      change(() => {
        ftruncateSync(descriptor, size);
      });
    },
    close: () => {
      closeSync(descriptor);
      folder.held.delete(name);
      release();
    },
  };
};

const readPart = (file: string, at: number, length: number): Uint8Array | null => {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return null;
    throw cause;
  }
  try {
    return readAll(descriptor, at, length);
  } finally {
    closeSync(descriptor);
  }
};

const readAll = (descriptor: number, at: number, length: number): Uint8Array => {
  const { size } = fstatSync(descriptor);
  const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(descriptor, bytes, done, bytes.length - done, at + done);
    if (read === 0) return bytes.slice(0, done);
    done += read;
  }
  return bytes;
};

const writeAll = (descriptor: number, bytes: Uint8Array, at: number): void => {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  }
};

const namesIn = (path: string): string[] => {
  try {
    return readdirSync(path).filter(isFileName);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw cause;
  }
};

const makeFolder = (path: string): void => {
  const made = mkdirSync(path, { recursive: true });
  if (made === undefined) return;
  // Every folder that is new is an entry of the one above
  for (let folder = path; folder.length >= made.length; folder = dirname(folder)) {
    syncFolder(dirname(folder));
  }
};

/** Names that were made, renamed or removed are so on the disk. */
const syncFolder = (path: string): void => {
  // Windows opens no folder as a file, and writes names through by itself
  if (process.platform === "win32") return;
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const inFolder = (folder: Folder, effect: () => void): void => {
  const release = holdFolder(folder);
  try {
    if (!isOurs(folder)) throw new FileHeld(lockName);
    effect();
  } finally {
    release();
  }
};

/** The lock is taken by the first that needs it and let go by the last. */
const holdFolder = (folder: Folder): (() => void) => {
  folder.lock ??= takeLock(join(folder.path, lockName));
  folder.holders += 1;
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    folder.holders -= 1;
    if (folder.holders === 0) letGo(folder);
  };
};

const letGo = (folder: Folder): void => {
  const { lock } = folder;
  if (lock === null) return;
  const isStillOurs = isOurs(folder);
  folder.lock = null;
  closeSync(lock.descriptor);
  if (isStillOurs) rmSync(join(folder.path, lockName), { force: true });
};

/** While the lock's file is open its inode belongs to no other. */
const isOurs = ({ path, lock }: Folder): boolean => {
  const found = statSync(join(path, lockName), { bigint: true, throwIfNoEntry: false });
  return lock !== null && found?.ino === lock.inode;
};

/** Throws `FileHeld` while a living process has it. */
const takeLock = (path: string): Lock => {
  for (;;) {
    const lock = tryLock(path);
    if (lock !== null) return lock;
    const holder = readText(path);
    if (holder === null) continue;
    if (!isGone(holder)) throw new FileHeld(`${path} of ${holder.trim()}`);
    setAside(path, holder);
  }
};

/** null: there is a lock. It comes into being with its text, never without. */
const tryLock = (path: string): Lock | null => {
  const prepared = `${path}-${crypto.randomUUID()}`;
  writeFileSync(prepared, ownText(), { flag: "wx" });
  try {
    linkSync(prepared, path);
    const descriptor = openSync(path, "r");
    return { descriptor, inode: fstatSync(descriptor, { bigint: true }).ino };
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return null;
    throw cause;
  } finally {
    rmSync(prepared, { force: true });
  }
};

/**
 * Takes the lock of a process that is gone out of the way. If another was quicker and has its own
 * there by now, that one is put back; whoever lost it in that moment writes nothing more.
 */
const setAside = (path: string, holder: string): void => {
  const aside = `${path}-${crypto.randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return;
    throw cause;
  }
  try {
    if (readText(aside) !== holder) linkSync(aside, path);
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause;
  } finally {
    rmSync(aside, { force: true });
  }
};

const ownText = (): string => lockText(hostname(), process.pid, beganAt(process.pid) ?? "");

const lockText = (host: string, process: number, began: string): string =>
  `${host}\n${String(process)}\n${began}\n`;

const isGone = (text: string): boolean => {
  const [host, id, began = ""] = text.split("\n");
  const process = Number(id);
  if (host !== hostname() || !Number.isSafeInteger(process) || process <= 0) return false;
  if (!isAlive(process)) return true;
  const now = beganAt(process);
  // Its number was given to another process
  return began !== "" && now !== null && now !== began;
};

const isAlive = (id: number): boolean => {
  try {
    process.kill(id, 0);
    return true;
  } catch (cause) {
    // Else it lives, and belongs to somebody else
    return codeOf(cause) !== "ESRCH";
  }
};

/** When a process began, in the ticks of Linux; null: not known here. Ended ones began never. */
const beganAt = (id: number): string | null => {
  const text = readText(`/proc/${String(id)}/stat`);
  if (text === null) return null;
  // Behind the program's name, which may hold anything: state, then 18 fields, then the start
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const isEnded = fields[0] === "Z" || fields[0] === "X";
  return isEnded ? "never" : (fields[19] ?? null);
};

const readText = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT" || codeOf(cause) === "ESRCH") return null;
    throw cause;
  }
};

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "";

const lockName = ".lock";
