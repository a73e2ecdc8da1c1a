/**
 * A folder whose failures say what to do. What a platform throws becomes a `NebulusError` here and
 * nowhere else; apart, so that the code that writes files deals with one kind of error only. It
 * also remembers what is open, so that a store that ends leaves nothing held.
 */
import { NebulusError } from "../../core/base/errors.ts";
import { replacedError } from "../errors.ts";
import { FileHeld, type FileFolder, type FileHandle } from "../files.ts";

export interface GuardedFolder extends FileFolder {
  /** Closes every handle that is still open; flushes nothing. */
  readonly closeAll: () => void;
}

/** The file that is held by whoever has the database open, and by nobody else. */
export const holderName = "holder";

/** `name`: of the database, for the messages. */
export const guardFolder = (folder: FileFolder, name: string): GuardedFolder => {
  const open = new Set<FileHandle>();
  const guarded = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (cause) {
      throw fileError(name, cause);
    }
  };
  return {
    list: () => guarded(() => folder.list()),
    open: (file) =>
      guarded(async () => {
        const handle = await folder.open(file).catch((cause: unknown) => {
          const isOpenElsewhere = file === holderName && cause instanceof FileHeld;
          throw isOpenElsewhere ? alreadyOpenError(name, cause) : cause;
        });
        open.add(handle);
        return guardHandle(handle, name, () => open.delete(handle));
      }),
    read: (file, at, length) => guarded(() => folder.read(file, at, length)),
    rename: (from, to) => guarded(() => folder.rename(from, to)),
    remove: (file) => guarded(() => folder.remove(file)),
    closeAll: () => {
      for (const handle of open) {
        open.delete(handle);
        closeQuietly(handle);
      }
    },
  };
};

/** For what is done before anything of a call is written. */
export const beforeWriting = async <T>(step: () => Promise<T>): Promise<T> => {
  try {
    return await step();
  } catch (cause) {
    throw notCommitted(cause);
  }
};

/** The same error, told that nothing of the call took effect. */
export const notCommitted = (cause: unknown): unknown =>
  cause instanceof NebulusError
    ? new NebulusError({ ...cause.toValue(), outcome: "not committed" }, cause.cause)
    : cause;

export const fileError = (name: string, cause: unknown): NebulusError => {
  if (cause instanceof NebulusError) return cause;
  return isFull(cause) ? fullError(name, cause) : failedError(name, cause);
};

const guardHandle = (handle: FileHandle, name: string, closed: () => void): FileHandle => {
  const guarded = <T>(call: () => T): T => {
    try {
      return call();
    } catch (cause) {
      // Held by another in the middle of our work: it took us for dead, and goes on without us
      throw cause instanceof FileHeld ? replacedError(name) : fileError(name, cause);
    }
  };
  return {
    size: () => guarded(() => handle.size()),
    read: (at, length) => guarded(() => handle.read(at, length)),
    write: (bytes, at) => {
      guarded(() => {
        handle.write(bytes, at);
      });
    },
    flush: () => {
      guarded(() => {
        handle.flush();
      });
    },
    truncate: (size) => {
      guarded(() => {
        handle.truncate(size);
      });
    },
    close: () => {
      closed();
      guarded(() => {
        handle.close();
      });
    },
  };
};

const closeQuietly = (handle: FileHandle): void => {
  try {
    handle.close();
  } catch {
    // What ends without closing well has been flushed or failed before; nobody waits for it
  }
};

const alreadyOpenError = (name: string, cause: FileHeld): NebulusError =>
  new NebulusError(
    {
      code: "AlreadyOpen",
      message:
        `The database "${name}" is held by another process (${cause.message}). End that process ` +
        "and try again.",
      retryable: true,
    },
    cause,
  );

const fullError = (name: string, cause: unknown): NebulusError =>
  new NebulusError(
    {
      code: "QuotaExceeded",
      message: `The database "${name}": no space is left for it. Free some space and try again.`,
      retryable: true,
    },
    cause,
  );

const failedError = (name: string, cause: unknown): NebulusError =>
  new NebulusError(
    {
      code: "StorageFailed",
      message:
        `The database "${name}": reading or writing its files failed. Try again; if it stays, ` +
        "check the disk and who may write there.",
      retryable: true,
    },
    cause,
  );

/** As browsers and Node name a disk or a quota that is full. */
const isFull = (cause: unknown): boolean => {
  if (!(cause instanceof Error)) return false;
  const code = "code" in cause ? String(cause.code) : "";
  return cause.name === "QuotaExceededError" || code === "ENOSPC" || code === "EDQUOT";
};
