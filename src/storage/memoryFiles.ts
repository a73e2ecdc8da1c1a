/**
 * A folder in memory that knows what a disk would have kept: each file beside what of it was
 * flushed. `crash` leaves what a power loss may leave, as its dice fall; a fault stands before and
 * after every call, to fail it or to look on.
 */
import { checkFileName, FileHeld, type FileFolder, type FileHandle } from "./files.ts";

export interface FileOperation {
  readonly kind: "list" | "open" | "read" | "rename" | "remove" | HandleOperation;
  readonly name: string;
  readonly phase: "before" | "after";
}

type HandleOperation = "write" | "flush" | "truncate" | "close";

/** What it throws, the call throws: before the effect nothing happened, after it all did. */
export type FileFault = (operation: FileOperation) => void;

/**
 * Thrown by a fault before a write: so much of it is written, and then the write throws the
 * cause.
 */
export class TornWrite extends Error {
  override readonly name = "TornWrite";
  /** 0 to 1. */
  readonly share: number;

  constructor(share: number, cause: unknown) {
    super("a part of the bytes is written", { cause });
    this.share = share;
  }
}

export interface MemoryFilesOptions {
  readonly fault?: FileFault;
  /** Stamps files; default: always 0. */
  readonly now?: () => number;
}

/** Dice for `crash`: whole numbers below `limit`. */
export type Dice = (limit: number) => number;

export interface MemoryFiles extends FileFolder {
  /**
   * Ends every handle, as the end of a process does; unflushed writes stay, since the system has
   * them.
   */
  readonly kill: () => void;
  /**
   * Ends every handle, and of what was not flushed keeps, by the dice, nothing, a part of it
   * (torn at any byte), or all.
   */
  readonly crash: (dice: Dice) => void;
  /** A deep copy, to be put back by `restore`: a rollback or a clone. */
  readonly snapshot: () => ReadonlyMap<string, Uint8Array>;
  /** Ends every handle and replaces all files. */
  readonly restore: (files: ReadonlyMap<string, Uint8Array>) => void;
  /** The bytes themselves, to be damaged by a test; null: no such file. */
  readonly bytes: (name: string) => Uint8Array | null;
}

interface Content {
  bytes: Uint8Array;
  size: number;
}

/** A write, or the new size. */
type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly size: number };

interface MemoryFile {
  name: string;
  modified: number;
  isHeld: boolean;
  /** As readers see it. */
  readonly seen: Content;
  /** As the disk has it for sure. */
  readonly flushed: Content;
  /** What was done since, oldest first. */
  unflushed: Change[];
}

export const createMemoryFiles = (options: MemoryFilesOptions = {}): MemoryFiles => {
  const world: World = {
    files: new Map(),
    life: 0,
    now: options.now ?? ((): number => 0),
    perform: (kind, name, effect) => {
      options.fault?.({ kind, name, phase: "before" });
      const result = effect();
      options.fault?.({ kind, name, phase: "after" });
      return result;
    },
  };
  return { ...folderOf(world), ...disastersOf(world) };
};

interface World {
  readonly files: Map<string, MemoryFile>;
  /** Rises when all handles end: those of an earlier life are dead. */
  life: number;
  readonly now: () => number;
  readonly perform: <T>(kind: FileOperation["kind"], name: string, effect: () => T) => T;
}

const folderOf = (world: World): FileFolder => {
  const { files, now } = world;
  const perform = async <T>(
    kind: FileOperation["kind"],
    name: string,
    effect: () => T,
  ): Promise<T> => {
    await Promise.resolve();
    return world.perform(kind, name, effect);
  };
  return {
    list: () =>
      perform("list", "", () =>
        [...files.values()]
          .map(({ name, seen, modified }) => ({ name, size: seen.size, modified }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    open: async (name) => {
      checkFileName(name);
      return perform("open", name, () => {
        const file = files.get(name) ?? emptyFile(name, now());
        if (file.isHeld) throw new FileHeld(name);
        files.set(name, file);
        file.isHeld = true;
        return createHandle(file, world);
      });
    },
    read: (name, at, length) =>
      perform("read", name, () => {
        const file = files.get(name);
        return file === undefined ? null : part(file.seen, at, length);
      }),
    rename: async (from, to) => {
      checkFileName(to);
      await perform("rename", from, () => {
        const file = files.get(from);
        if (file === undefined) throw new Error(`there is no file ${from}`);
        if (file.isHeld || files.get(to)?.isHeld === true) throw new FileHeld(from);
        files.delete(from);
        file.name = to;
        files.set(to, file);
      });
    },
    remove: (name) =>
      perform("remove", name, () => {
        if (files.get(name)?.isHeld === true) throw new FileHeld(name);
        files.delete(name);
      }),
  };
};

const disastersOf = (world: World): Omit<MemoryFiles, keyof FileFolder> => {
  const { files, now } = world;
  const endHandles = (): void => {
    world.life += 1;
    for (const file of files.values()) file.isHeld = false;
  };
  return {
    kill: endHandles,
    crash: (dice) => {
      endHandles();
      for (const file of files.values()) losePart(file, dice);
    },
    snapshot: () => new Map([...files].map(([name, { seen }]) => [name, part(seen, 0, seen.size)])),
    restore: (images) => {
      endHandles();
      files.clear();
      for (const [name, bytes] of images) {
        const file = emptyFile(name, now());
        for (const content of [file.seen, file.flushed]) apply(content, { at: 0, bytes });
        files.set(name, file);
      }
    },
    bytes: (name) => {
      const seen = files.get(name)?.seen;
      return seen === undefined ? null : seen.bytes.subarray(0, seen.size);
    },
  };
};

const createHandle = (file: MemoryFile, world: World): FileHandle => {
  const bornIn = world.life;
  let isOpen = true;
  const alive = (): void => {
    if (!isOpen || bornIn !== world.life) throw new Error(`the handle of ${file.name} is closed`);
  };
  const change = <T>(kind: HandleOperation, effect: () => T): T => {
    alive();
    return world.perform(kind, file.name, () => {
      alive();
      file.modified = world.now();
      return effect();
    });
  };
  return {
    size: () => {
      alive();
      return file.seen.size;
    },
    read: (at, length) => {
      alive();
      return world.perform("read", file.name, () => part(file.seen, at, length));
    },
    write: (bytes, at) => {
      const put = (length: number): void => {
        const copy = { at, bytes: bytes.slice(0, length) };
        file.unflushed.push(copy);
        apply(file.seen, copy);
      };
      try {
        change("write", () => {
          put(bytes.length);
        });
      } catch (cause) {
        if (!(cause instanceof TornWrite)) throw cause;
        put(Math.floor(bytes.length * cause.share));
        throw cause.cause;
      }
    },
    flush: () => {
      change("flush", () => {
        settle(file);
      });
    },
    truncate: (size) => {
      change("truncate", () => {
        file.unflushed.push({ size });
        apply(file.seen, { size });
      });
    },
    close: () => {
      change("close", () => {
        file.isHeld = false;
        isOpen = false;
      });
    },
  };
};

const emptyFile = (name: string, modified: number): MemoryFile => ({
  ...{ name, modified, isHeld: false, unflushed: [] },
  ...{ seen: emptyContent(), flushed: emptyContent() },
});

const emptyContent = (): Content => ({ bytes: new Uint8Array(256), size: 0 });

const part = ({ bytes, size }: Content, at: number, length: number): Uint8Array =>
  bytes.slice(Math.min(at, size), Math.min(at + length, size));

const settle = (file: MemoryFile): void => {
  for (const change of file.unflushed) apply(file.flushed, change);
  file.unflushed = [];
};

const apply = (content: Content, change: Change): void => {
  if ("size" in change) {
    resize(content, change.size);
    return;
  }
  const { at, bytes } = change;
  if (at + bytes.length > content.size) resize(content, at + bytes.length);
  content.bytes.set(bytes, at);
};

const resize = (content: Content, size: number): void => {
  const { bytes } = content;
  if (size > bytes.length) {
    content.bytes = new Uint8Array(Math.max(size, bytes.length * 2));
    content.bytes.set(bytes.subarray(0, content.size));
  }
  if (size < content.size) content.bytes.fill(0, size, content.size);
  content.size = size;
};

const losePart = (file: MemoryFile, dice: Dice): void => {
  const { seen, flushed, unflushed } = file;
  file.unflushed = [];
  for (const change of unflushed) {
    const outcome = dice(3);
    if (outcome === 0) continue;
    if (outcome === 1 || "size" in change) apply(flushed, change);
    else {
      const { at, bytes } = change;
      apply(flushed, { at, bytes: bytes.subarray(0, dice(bytes.length + 1)) });
    }
  }
  resize(seen, 0);
  apply(seen, { at: 0, bytes: part(flushed, 0, flushed.size) });
};
