/**
 * The port under the journal, blobs and the Node store: one flat folder of files, read and written
 * where they stand. OPFS with sync access handles, Node's file system and the crash model of the
 * tests stand behind it.
 *
 * What is written may be lost until `flush` returns, in any part and torn anywhere; what was
 * flushed stays. A file that is made, renamed or removed is so once the call resolved. Names are 1
 * to 200 letters, digits, `-`, `_` and `.`, and begin with none of the signs.
 */

/** Opened for writing. Calls take effect before they return, or throw what the platform throws. */
export interface FileHandle {
  /** Bytes of the file. */
  readonly size: () => number;
  /** Up to `length` bytes from `at`, fewer where the file ends; a copy. */
  readonly read: (at: number, length: number) => Uint8Array;
  /** Grows the file where needed; a gap reads as zeros. All of it is written, or it throws. */
  readonly write: (bytes: Uint8Array, at: number) => void;
  readonly flush: () => void;
  readonly truncate: (size: number) => void;
  /** Flushes nothing. Once; later calls throw. */
  readonly close: () => void;
}

export interface FileEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When it was last written, milliseconds since 1970; 0 where nobody knows. */
  readonly modified: number;
}

export interface FileFolder {
  /** By name. */
  readonly list: () => Promise<readonly FileEntry[]>;
  /**
   * For one writer at a time, made where it is missing. Rejects with `FileHeld` while another
   * holds it.
   */
  readonly open: (name: string) => Promise<FileHandle>;
  /**
   * Up to `length` bytes from `at`, also while somebody holds the file; null: there is no such
   * file.
   */
  readonly read: (name: string, at: number, length: number) => Promise<Uint8Array | null>;
  /** Replaces a file of the new name. Neither may be held. */
  readonly rename: (from: string, to: string) => Promise<void>;
  /** Nothing where it is not there. Rejects with `FileHeld` while it is held. */
  readonly remove: (name: string) => Promise<void>;
}

/** Someone else writes the file: a frozen leader, or another process. */
export class FileHeld extends Error {
  override readonly name = "FileHeld";
}

/** Throws for what can not name a file; a mistake of this program. */
export const checkFileName = (name: string): void => {
  if (!isFileName(name)) throw new RangeError(`no name for a file: ${name.slice(0, 80)}`);
};

export const isFileName = (name: string): boolean => fileName.test(name);

const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
