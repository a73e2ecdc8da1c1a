/**
 * What journal files a folder holds, and which of them count: an opening's first look, before any
 * record is read.
 */
import type { DamageList } from "../damage.ts";
import { newerError } from "../errors.ts";
import type { FileFolder } from "../files.ts";
import {
  decodeFileStart,
  parseJournalFileName,
  recordsStart,
  saltOf,
  type JournalFileName,
  type JournalHead,
} from "./format.ts";
import type { JournalNote, NotedEpoch } from "./note.ts";

export interface SurveyedFile extends JournalFileName {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** null: damaged. */
  readonly head: JournalHead | null;
}

/** The epochs of the files in a folder; 0: there are none. */
export const greatestEpoch = async (folder: FileFolder): Promise<number> => {
  const entries = await folder.list();
  return Math.max(0, ...entries.map(({ name }) => parseJournalFileName(name)?.epoch ?? 0));
};

/** By epoch and number. Rejects with `NewerFormat`. */
export const surveyFolder = async (
  folder: FileFolder,
  database: string,
): Promise<readonly SurveyedFile[]> => {
  const files: SurveyedFile[] = [];
  for (const { name, size } of await folder.list()) {
    const place = parseJournalFileName(name);
    const start = place === null ? null : await folder.read(name, 0, recordsStart);
    if (place === null || start === null) continue;
    const head = decodeFileStart(start);
    if (head === "newer") throw newerError(database);
    files.push({ ...place, name, size, head: head === "damaged" ? null : head });
  }
  return files.sort((a, b) => a.epoch - b.epoch || a.number - b.number);
};

export interface CountedFile {
  readonly name: string;
  readonly epoch: number;
  readonly number: number;
  readonly size: number;
  readonly generation: Uint8Array;
  readonly salt: number;
  /** null: its head is damaged. */
  readonly first: number | null;
  /** Records beyond this sequence do not count. */
  readonly limit: number;
}

export interface Selection {
  /** By epoch and number. */
  readonly counted: readonly CountedFile[];
  /** Names of those that can go. */
  readonly ignored: readonly string[];
  /** Files that count are of an epoch that the tables should know and do not. */
  readonly isAhead: boolean;
  /** A file's generation is not the one that was noted. */
  readonly isForeign: boolean;
}

/**
 * Without a note all files count that some note once named. With it those of the epochs that it
 * lists do, and what later epochs left that the tables have forgotten.
 */
export const selectFiles = (
  files: readonly SurveyedFile[],
  note: JournalNote | null,
  damage: DamageList,
): Selection => {
  const listed = new Map(note?.epochs.map((noted) => [noted.epoch, noted]));
  const chosen: (Omit<CountedFile, "limit"> & { readonly closing: NotedEpoch["closing"] })[] = [];
  const ignored: string[] = [];
  let [isAhead, isForeign] = [false, false];
  for (const { name, epoch, number, size, head } of files) {
    const noted = listed.get(epoch);
    const closing = noted?.closing ?? null;
    const isLater = epoch > (note?.epoch ?? 0) && head?.isConfirmed === true;
    const isListed = noted !== undefined && number <= (closing?.files ?? Infinity);
    // A file that never got its head holds nothing: making it failed
    const isMade = head !== null || size > recordsStart;
    const generation = head?.generation ?? noted?.generation;
    if (isMade && head === null) damage.add("journal", name, "both heads are damaged");
    if (!isMade || generation === undefined || !(isListed || isLater)) {
      // Without a note nobody can say whether it counts
      if (!isMade || note !== null || head !== null) ignored.push(name);
      continue;
    }
    isAhead ||= !isListed;
    isForeign ||= noted !== undefined && saltOf(noted.generation) !== saltOf(generation);
    const first = head?.first ?? null;
    const salt = saltOf(generation);
    chosen.push({ name, epoch, number, size, generation, salt, first, closing });
  }
  return { counted: limited(chosen), ignored, isAhead, isForeign };
};

/** A record whose sequence is not below the next file's first does not count. */
const limited = (
  files: readonly (Omit<CountedFile, "limit"> & { readonly closing: NotedEpoch["closing"] })[],
): readonly CountedFile[] => {
  const counted: CountedFile[] = [];
  let nextFirst = Infinity;
  for (const { closing, ...file } of [...files].reverse()) {
    counted.push({ ...file, limit: Math.min(closing?.sequence ?? Infinity, nextFirst - 1) });
    nextFirst = Math.min(nextFirst, file.first ?? Infinity);
  }
  return counted.reverse();
};
