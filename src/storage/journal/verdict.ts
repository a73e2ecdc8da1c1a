/**
 * What an opening concludes from the tables and the files beside them: where sequences go on, and
 * whether one of the two is older than the other. Pure, since each line of it decides whether data
 * that is missing is told.
 *
 * `tables`: files count whose epoch they should know, or of another generation than they noted, or
 * the journal begins beyond what they absorbed. `journal`: no file of the epoch that they noted as
 * open is left, or it ends before what they noted as flushed, closed or absorbed, and no unreadable
 * bytes stand there instead (those are damage). Where a file's absence and old tables look alike,
 * it is the tables.
 */
import type { OpeningReport } from "../store.ts";
import type { FoundTables } from "../tables.ts";
import type { JournalNote } from "./note.ts";
import type { FileEnd } from "./reading.ts";
import type { CountedFile, Selection } from "./survey.ts";

export interface ReadFile extends CountedFile {
  readonly end: FileEnd;
}

export interface Evidence {
  readonly found: FoundTables;
  readonly note: JournalNote | null;
  readonly selection: Pick<Selection, "isAhead" | "isForeign">;
  readonly files: readonly ReadFile[];
}

export interface Verdict {
  readonly rolledBack: OpeningReport["rolledBack"];
  /** Sequences go on behind it. */
  readonly lastSequence: number;
  /** Up to there nothing is left to be absorbed: it is, or it is lost, which is told. */
  readonly absorbedSequence: number;
  readonly tornBytes: number;
  /** Bytes at the journal's end were records once, or may have been. */
  readonly isEndDamaged: boolean;
}

/** Up to there the tables know that the journal reached. */
export const knownEnd = (found: FoundTables, note: JournalNote | null): number =>
  Math.max(
    found.absorbedSequence ?? 0,
    note?.reached ?? 0,
    ...(note?.epochs.map(({ closing }) => closing?.sequence ?? 0) ?? []),
  );

export const judge = ({ found, note, selection, files }: Evidence): Verdict => {
  const known = knownEnd(found, note);
  const end = Math.max(found.newestRecord ?? 0, ...files.map(endOf));
  const begin = Math.min(found.oldestRecord ?? Infinity, ...files.map(beginOf));
  const lastSequence = Math.max(known, end);
  const absorbed = found.absorbedSequence ?? Math.min(begin - 1, lastSequence);
  const last = files.at(-1);
  const badBytes = last !== undefined && endOf(last) < last.limit ? last.end.tornBytes : 0;
  const isUnsearched = last?.end.isUnsearched === true;
  const open = openEpoch(note);
  // What was closed may be gone once it is absorbed; of the open epoch a file always stays, and its
  // end is never below what was absorbed
  const isShort = (open === null ? Math.max(end, absorbed) : end) < known;
  const isGone = open !== null && !files.some(({ epoch }) => epoch === open);
  const areTablesOld =
    (selection.isAhead && found.note !== "damaged") ||
    selection.isForeign ||
    (begin !== Infinity && begin > absorbed + 1 && begin <= lastSequence + 1);
  const isJournalOld = isGone || (isShort && badBytes === 0 && !isUnsearched);
  return {
    rolledBack: areTablesOld ? "tables" : isJournalOld ? "journal" : null,
    lastSequence,
    // What lies before all that is left can not be absorbed any more
    absorbedSequence: Math.max(absorbed, Math.min(begin - 1, lastSequence)),
    tornBytes: isShort ? 0 : badBytes,
    isEndDamaged: isUnsearched || (isShort && badBytes > 0),
  };
};

/** The sequence that the file ends with. */
const endOf = ({ first, end, limit }: ReadFile): number =>
  end.newest ?? Math.min((first ?? 1) - 1, limit);

const beginOf = ({ first, end, limit }: ReadFile): number => {
  const begin = first ?? end.oldest ?? Infinity;
  return begin <= limit + 1 ? begin : Infinity;
};

const openEpoch = (note: JournalNote | null): number | null =>
  note?.epochs.find(({ closing }) => closing === null)?.epoch ?? null;
