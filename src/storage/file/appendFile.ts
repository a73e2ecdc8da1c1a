/**
 * A file that only grows, in writes that are whole or absent. Apart from what stands in it, so that
 * the rule after a failure is written once: nobody is told that a write failed before it can not
 * come back.
 */
import type { FileHandle } from "../files.ts";
import { notCommitted } from "./guardedFolder.ts";

export interface AppendFile {
  /** Where the next write goes; nothing behind it counts. */
  readonly end: () => number;
  /** What stands before it is on the disk for sure. */
  readonly flushedTo: () => number;
  /**
   * All of it, or it throws. The error says `not committed` where nothing of it is left; without
   * an outcome, a crash may bring it back.
   */
  readonly append: (bytes: Uint8Array, durability: "strict" | "relaxed") => void;
  readonly flush: () => void;
  readonly read: (at: number, length: number) => Uint8Array;
  readonly close: () => void;
}

/** Cuts off what stands behind `end`, and flushes what stands before it. */
export const createAppendFile = (handle: FileHandle, end: number): AppendFile => {
  if (handle.size() > end) handle.truncate(end);
  handle.flush();
  const state = { end, flushedTo: end, isSuspect: false };

  /** Takes back what a failed call may have left. */
  const mend = (): void => {
    if (!state.isSuspect) return;
    const { end, flushedTo } = state;
    handle.truncate(end);
    // After a flush that failed, the system may take for written what is not: written once more
    if (flushedTo < end) handle.write(handle.read(flushedTo, end - flushedTo), flushedTo);
    handle.flush();
    state.flushedTo = end;
    state.isSuspect = false;
  };
  const isMended = (): boolean => {
    try {
      mend();
      return true;
    } catch {
      // The caller is told of the first failure; this is tried again before the next write
      return false;
    }
  };
  const attempt = (effect: () => void): void => {
    try {
      mend();
    } catch (cause) {
      throw notCommitted(cause);
    }
    try {
      effect();
    } catch (cause) {
      state.isSuspect = true;
      throw isMended() ? notCommitted(cause) : cause;
    }
  };

  return {
    end: () => state.end,
    flushedTo: () => state.flushedTo,
    append: (bytes, durability) => {
      attempt(() => {
        handle.write(bytes, state.end);
        if (durability === "strict") handle.flush();
      });
      state.end += bytes.length;
      if (durability === "strict") state.flushedTo = state.end;
    },
    flush: () => {
      if (state.flushedTo === state.end) return;
      attempt(() => {
        handle.flush();
      });
      state.flushedTo = state.end;
    },
    read: (at, length) => handle.read(at, length),
    close: () => {
      handle.close();
    },
  };
};
