/**
 * The files that one opening writes: begun, filled, flushed, ended, and what a failed call leaves
 * taken back. It knows bytes and sequences; who may write, and what is absorbed, is
 * `fileJournal.ts`.
 */
import type { NebulusError } from "../../core/base/errors.ts";
import { assert } from "../../core/base/result.ts";
import { fileError, unknownStateError } from "../errors.ts";
import type { FileFolder, FileHandle } from "../files.ts";
import {
  encodeFileStart,
  journalFileName,
  recordsStart,
  saltOf,
  type JournalHead,
} from "./format.ts";
import type { ReadableFile } from "./reading.ts";

/** A file being written. */
export interface OpenFile {
  readonly name: string;
  readonly number: number;
  readonly first: number;
  readonly handle: FileHandle;
  /** Bytes of whole records and what stands before them. */
  end: number;
  flushedEnd: number;
}

export interface WriterDeps {
  /** Of the database, for errors. */
  readonly database: string;
  readonly folder: FileFolder;
  readonly epoch: number;
  readonly generation: Uint8Array;
  /** Begun by the opening. */
  readonly file: OpenFile;
  readonly lastSequence: number;
  readonly fileBytesMax: number;
}

export interface JournalWriter {
  readonly last: () => number;
  /** Records up to it outlive a power loss. */
  readonly flushed: () => number;
  /** k of the file in which it writes, or wrote last. */
  readonly number: () => number;
  /** All or nothing; `last` moves at `accept`. What rejects was taken back, if not `broken`. */
  readonly append: (bytes: Uint8Array, durability: "strict" | "relaxed") => Promise<void>;
  /** What was appended counts, up to this sequence. */
  readonly accept: (last: number) => void;
  readonly flush: () => Promise<void>;
  /** Ends the file and begins the next, unless that fails: then the next append tries again. */
  readonly rotate: () => Promise<void>;
  /** Bytes of the records in the file being written; 0: there is none. */
  readonly heldBytes: () => number;
  /** Files that ended since it was asked last. */
  readonly takeEnded: () => readonly ReadableFile[];
  /** The file being written, as it stands; null: there is none. */
  readonly current: () => ReadableFile | null;
  /** Why nothing can be written any more: what the last call left could not be taken back. */
  readonly broken: () => NebulusError | null;
  /** Lets go of the file. */
  readonly close: () => void;
}

/** `records`: what it begins with. Durable when it resolves. */
export const beginFile = async (
  folder: FileFolder,
  place: { readonly epoch: number; readonly number: number },
  head: JournalHead,
  records: Uint8Array,
): Promise<OpenFile> => {
  const name = journalFileName(place);
  const handle = await folder.open(name);
  try {
    handle.truncate(0);
    handle.write(encodeFileStart(head), 0);
    if (records.length > 0) handle.write(records, recordsStart);
    handle.flush();
  } catch (cause) {
    closeQuietly(handle);
    throw cause;
  }
  const end = recordsStart + records.length;
  return { name, number: place.number, first: head.first, handle, end, flushedEnd: end };
};

/** Where a handle is let go of after a failure, that failure is what counts. */
export const closeQuietly = (handle: { readonly close: () => void }): void => {
  try {
    handle.close();
  } catch {
    // The platform ends it with the process
  }
};

interface State {
  readonly deps: WriterDeps;
  file: OpenFile | null;
  number: number;
  last: number;
  flushed: number;
  broken: NebulusError | null;
  ended: ReadableFile[];
}

export const createWriter = (deps: WriterDeps): JournalWriter => {
  const { file, lastSequence: last } = deps;
  const state: State = {
    ...{ deps, file, last, flushed: last, number: file.number, broken: null, ended: [] },
  };
  return {
    last: () => state.last,
    flushed: () => state.flushed,
    number: () => state.number,
    append: (bytes, durability) => appendBytes(state, bytes, durability),
    accept: (sequence) => {
      state.last = sequence;
      const { file: open } = state;
      if (open !== null && open.flushedEnd === open.end) state.flushed = sequence;
    },
    flush: () => flushPending(state),
    rotate: async () => {
      await rotate(state);
    },
    heldBytes: () => (state.file?.end ?? recordsStart) - recordsStart,
    takeEnded: () => state.ended.splice(0),
    current: () => (state.file === null ? null : readableOf(state, state.file)),
    broken: () => state.broken,
    close: () => {
      if (state.file !== null) endFile(state, state.file);
    },
  };
};

const appendBytes = async (
  state: State,
  bytes: Uint8Array,
  durability: "strict" | "relaxed",
): Promise<void> => {
  const file = await writable(state, bytes.length);
  const before = file.end;
  try {
    file.handle.write(bytes, before);
  } catch (cause) {
    await undoWrite(state, file);
    throw fileError(state.deps.database, cause);
  }
  if (durability === "strict") {
    try {
      file.handle.flush();
    } catch (cause) {
      await replaceFile(state, file);
      throw fileError(state.deps.database, cause);
    }
    file.flushedEnd = before + bytes.length;
  }
  file.end = before + bytes.length;
};

/** A file with room, or an empty one. */
const writable = async (state: State, bytes: number): Promise<OpenFile> => {
  const { file, deps } = state;
  if (file !== null && (file.end === recordsStart || file.end + bytes <= deps.fileBytesMax)) {
    return file;
  }
  return rotate(state);
};

const rotate = async (state: State): Promise<OpenFile> => {
  await flushPending(state);
  if (state.file !== null) endFile(state, state.file);
  try {
    return await beginNext(state, new Uint8Array());
  } catch (cause) {
    throw fileError(state.deps.database, cause);
  }
};

/** What fails here is tried again with another number; a begun file holds nothing that counts. */
const beginNext = async (state: State, records: Uint8Array): Promise<OpenFile> => {
  const { folder, epoch, generation } = state.deps;
  state.number += 1;
  const place = { epoch, number: state.number };
  const head = { generation, first: state.flushed + 1, isConfirmed: true };
  state.file = await beginFile(folder, place, head, records);
  return state.file;
};

const flushPending = async (state: State): Promise<void> => {
  const { file } = state;
  if (file === null || file.flushedEnd === file.end) return;
  try {
    file.handle.flush();
    settled(state, file);
  } catch {
    // It may have kept any part of them, and what a second flush says is worth nothing
    await replaceFile(state, file);
  }
};

const settled = (state: State, file: OpenFile): void => {
  file.flushedEnd = file.end;
  state.flushed = state.last;
};

/** The file as it was: cut, and that flushed, since a later record may be as long as a lost one. */
const undoWrite = async (state: State, file: OpenFile): Promise<void> => {
  try {
    file.handle.truncate(file.end);
    file.handle.flush();
    settled(state, file);
  } catch {
    await replaceFile(state, file);
  }
};

/**
 * The file may hold more than it should: a new one begins, whose first sequence says so, with what
 * was appended and never flushed.
 */
const replaceFile = async (state: State, file: OpenFile): Promise<void> => {
  try {
    const length = file.end - file.flushedEnd;
    const pending = length === 0 ? new Uint8Array() : file.handle.read(file.flushedEnd, length);
    assert(pending.length === length, `${file.name} reads as it was written`);
    endFile(state, file);
    await beginNext(state, pending);
    state.flushed = state.last;
  } catch (cause) {
    state.broken = unknownStateError(state.deps.database, cause);
    throw state.broken;
  }
};

const endFile = (state: State, file: OpenFile): void => {
  const readable = readableOf(state, file);
  state.file = null;
  state.ended.push({ ...readable, limit: state.flushed });
  closeQuietly(file.handle);
};

const readableOf = (state: State, file: OpenFile): ReadableFile => {
  const { folder, generation } = state.deps;
  const { name, first, end: size, handle } = file;
  return {
    ...{ name, size, first, salt: saltOf(generation), limit: state.last },
    // While it is written its own handle sees most
    read: async (at, length) =>
      state.file === file
        ? handle.read(at, length)
        : ((await folder.read(name, at, length)) ?? new Uint8Array()),
  };
};
