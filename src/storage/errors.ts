/**
 * What storage can fail with, in words that say what to do. The browser's DOMExceptions become
 * codes here and nowhere else, so that nothing above knows their names.
 */
import { NebulusError } from "../core/base/errors.ts";
import { journalRecordBytesMax } from "../core/base/limits.ts";
import { FileHeld } from "./files.ts";

/** A later opening took over, or the database was deleted: nothing of this call took effect. */
export const replacedError = (name: string): NebulusError =>
  new NebulusError({
    code: "Replaced",
    message: `The database "${name}" was opened anew or deleted elsewhere. Reload to go on.`,
    retryable: false,
    outcome: "not committed",
  });

export const closedError = (name: string): NebulusError =>
  new NebulusError({
    code: "Closed",
    message: `The database "${name}" is closed. Open it again to use it.`,
    retryable: false,
    outcome: "not committed",
  });

/** Someone holds an older connection and does not let go. */
export const blockedError = (name: string): NebulusError =>
  new NebulusError({
    code: "AlreadyOpen",
    message: `The database "${name}" is held by another tab. Close that tab and try again.`,
    retryable: true,
  });

/** The browser ended the connection by itself: its storage was cleared, or failed. */
export const lostError = (name: string): NebulusError =>
  new NebulusError({
    code: "StorageFailed",
    message:
      `The browser took the storage of "${name}" away: site data was cleared, or the disk ` +
      "failed. Reload the page; what is missing then comes back from other devices or a backup.",
    retryable: false,
    outcome: "not committed",
  });

/**
 * The same, while a call was under way. No `outcome`: a write may have been committed just before.
 */
export const cutOffError = (name: string): NebulusError => {
  const { code, message, retryable } = lostError(name);
  return new NebulusError({ code, message, retryable });
};

/** Node, and some private modes: what can be opened there is memory. */
export const missingError = (): NebulusError =>
  new NebulusError({
    code: "StorageFailed",
    message: "There is no IndexedDB here. Leave private mode, or open the database in memory.",
    retryable: false,
  });

/** A file or table was written by a version that came later. */
export const newerError = (name: string): NebulusError =>
  exceptionError(name, new DOMException("a newer format", "VersionError"));

/** The tables are gone, the journal is not: it must not be taken for a new beginning. */
export const storageLostError = (name: string, bytes: number): NebulusError =>
  new NebulusError({
    code: "StorageLost",
    message:
      `The browser has lost the database "${name}": its tables are gone, and ${bytes} bytes of ` +
      "its journal are left. Nothing was changed. Destroy the database to start anew; what other " +
      "devices hold then comes back from them.",
    retryable: false,
    outcome: "not committed",
  });

/** Larger than a journal's record can be. */
export const recordTooLargeError = (name: string, bytes: number): NebulusError =>
  new NebulusError({
    code: "TooLarge",
    message:
      `The database "${name}": one write of ${bytes} bytes is more than a journal record holds ` +
      `(${journalRecordBytesMax}). Split it.`,
    retryable: false,
    outcome: "not committed",
  });

/** A failed call of a file, taken back: nothing of it counts. */
export const fileError = (name: string, cause: unknown): NebulusError => {
  if (cause instanceof NebulusError) return cause;
  if (cause instanceof FileHeld) return blockedError(name);
  if (cause instanceof DOMException) return exceptionError(name, cause);
  const isFull = cause instanceof Error && "code" in cause && fullCodes.has(cause.code);
  const { code, advice, retryable } =
    (isFull ? adviceByException.get("QuotaExceededError") : undefined) ?? unknownFailure;
  const message = `The database "${name}": ${advice}`;
  return new NebulusError({ code, message, retryable, outcome: "not committed" }, cause);
};

/** The same, and it could not be taken back: no `outcome`, and no later call is tried. */
export const unknownStateError = (name: string, cause: unknown): NebulusError =>
  new NebulusError(
    {
      code: "StorageFailed",
      message:
        `The database "${name}": the storage failed in the middle of a write. Reload the page: ` +
        "opening it finds out what was stored.",
      retryable: false,
    },
    cause,
  );

/**
 * A failed call of IndexedDB. All of them abort their transaction, so a write was wholly not
 * committed.
 */
export const exceptionError = (name: string, exception: DOMException | null): NebulusError => {
  const { code, advice, retryable } =
    adviceByException.get(exception?.name ?? "") ?? unknownFailure;
  const message = `The database "${name}": ${advice}`;
  return new NebulusError({ code, message, retryable, outcome: "not committed" }, exception);
};

/**
 * What is a NebulusError already, or no DOMException (an invariant of ours), is handed back as it
 * is.
 */
export const storageError = (name: string, cause: unknown): unknown =>
  cause instanceof DOMException ? exceptionError(name, cause) : cause;

/** What Node calls a full disk and a full quota. */
const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

interface Advice {
  readonly code: "QuotaExceeded" | "NewerFormat" | "StorageFailed";
  readonly advice: string;
  readonly retryable: boolean;
}

const unknownFailure: Advice = {
  code: "StorageFailed",
  advice: "the browser's storage failed. Reload the page; if it stays, check the disk.",
  retryable: true,
};

const adviceByException: ReadonlyMap<string, Advice> = new Map<string, Advice>([
  [
    "QuotaExceededError",
    {
      code: "QuotaExceeded",
      advice: "no space is left for it. Nothing was written; free some space and try again.",
      retryable: true,
    },
  ],
  [
    "VersionError",
    {
      code: "NewerFormat",
      advice: "a newer version of the program wrote it. Reload to get that version.",
      retryable: false,
    },
  ],
  [
    "NotFoundError",
    {
      code: "StorageFailed",
      advice: "another program uses this name for a database of its own. Choose another name.",
      retryable: false,
    },
  ],
  [
    "SecurityError",
    {
      code: "StorageFailed",
      advice: "the browser forbids this site to store data. Allow site data in its settings.",
      retryable: false,
    },
  ],
]);
