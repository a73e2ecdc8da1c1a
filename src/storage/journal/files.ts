/**
 * What the journal needs of a platform besides its tables: a folder of files, and where there is
 * one, a slot that tells at once that somebody else took over.
 */
import { journalFileAbsorbedBytesMax, journalFileBytesMax } from "../../core/base/limits.ts";
import type { FileFolder } from "../files.ts";

export interface JournalHome {
  /**
   * null: files can not be held here. `isExpected`: they were, the last time; a platform that
   * refuses for a moment is asked again before that is believed.
   */
  readonly open: (name: string, isExpected?: boolean) => Promise<JournalFiles | null>;
  /** All that stands there under the name. Rejects with `FileHeld` while somebody holds a file. */
  readonly destroy: (name: string) => Promise<void>;
}

export interface JournalFiles {
  readonly folder: FileFolder;
  /** null: the platform has none; then the tables are asked, which takes longer. */
  readonly openFence: () => Promise<FenceSlot | null>;
}

/** When files end; tests take smaller ones. */
export interface JournalSizes {
  readonly fileBytesMax: number;
  readonly fileAbsorbedBytesMax: number;
}

export const defaultSizes: JournalSizes = {
  fileBytesMax: journalFileBytesMax,
  fileAbsorbedBytesMax: journalFileAbsorbedBytesMax,
};

/**
 * A number that several may hold open at once. It only ever says "still mine" at once; what else it
 * says, the tables decide.
 */
export interface FenceSlot {
  readonly write: (epoch: number) => void;
  /** null: no number of ours. */
  readonly read: () => number | null;
  readonly close: () => void;
}
