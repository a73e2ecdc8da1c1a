/**
 * Opening a journal: what the life before left is read and judged, closed where it ends, and a file
 * of this opening's own begun. Closed files stay, readable up to their end, until the engine has
 * absorbed them: absorbing them here would cut every run that is still open at each start.
 *
 * In this order, the epoch having been raised (a holder of before sees that after its next flush,
 * and acknowledges nothing more): read; flush what was read and never closed, or where its holder
 * still has the file, copy it; begin a file; note in a strict transaction where the others end;
 * confirm the file. A crash in between leaves a file that was not noted, and so does not count.
 */
import { journalReadBytes } from "../../core/base/limits.ts";
import { fileError, storageLostError } from "../errors.ts";
import { FileHeld, type FileFolder } from "../files.ts";
import type { JournalRecord, OpeningReport, StoreBatch } from "../store.ts";
import type { Tables } from "../tables.ts";
import type { Turns } from "../../core/base/turns.ts";
import { createFileJournal, removeFiles } from "./fileJournal.ts";
import type { FenceSlot, JournalFiles, JournalSizes } from "./files.ts";
import {
  encodeConfirmation,
  generationBytes,
  layRecords,
  recordsBytes,
  recordsStart,
  saltOf,
  sealRecords,
} from "./format.ts";
import type { Journal } from "./journal.ts";
import { decodeNote, encodeNote, type JournalNote, type NotedEpoch } from "./note.ts";
import { readJournalRecords, type FileEnd, type ReadableFile } from "./reading.ts";
import { selectFiles, surveyFolder, type CountedFile, type SurveyedFile } from "./survey.ts";
import { createTableJournal } from "./tableJournal.ts";
import { judge, knownEnd, type ReadFile, type Verdict } from "./verdict.ts";
import { beginFile, closeQuietly, type OpenFile } from "./writer.ts";

export interface JournalOpeningDeps {
  /** Of the database, for errors. */
  readonly database: string;
  readonly tables: Tables;
  /** null: files can not be held here. */
  readonly files: JournalFiles | null;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly sizes: JournalSizes;
  /** Of the store's writes. */
  readonly turns: Turns;
  /** The store's absorbed sequence, once it is open. */
  readonly absorbed: () => number;
}

export interface OpenedJournal {
  readonly journal: Journal;
  readonly absorbedSequence: number;
  readonly opening: OpeningReport;
  readonly provesContinuity: boolean;
}

export const openJournal = async (deps: JournalOpeningDeps): Promise<OpenedJournal> => {
  const { database, files, tables } = deps;
  if (files === null) return openWithoutFiles(deps);
  try {
    const fence = await files.openFence();
    try {
      fence?.write(tables.epoch);
      return await openWithFiles(deps, files.folder, fence);
    } catch (cause) {
      if (fence !== null) closeQuietly(fence);
      throw cause;
    }
  } catch (cause) {
    throw fileError(database, cause);
  }
};

/** Files that the tables know of are out of reach, which is as good as gone. */
const openWithoutFiles = async (deps: JournalOpeningDeps): Promise<OpenedJournal> => {
  const { tables, turns, absorbed } = deps;
  const { found } = tables;
  const note = noteOf(tables);
  const selection = { isAhead: false, isForeign: false };
  const verdict = judge({ found, note, selection, files: [] });
  const { lastSequence, absorbedSequence, rolledBack } = verdict;
  if (note !== null) {
    tellMissing(tables, absorbedSequence);
    const generation = rolledBack === null ? note.generation : deps.randomBytes(generationBytes);
    const place = { epoch: tables.epoch, isInFiles: false, generation };
    const bytes = encodeNote({ ...place, reached: lastSequence, epochs: [] });
    await tables.prepareWrite(absorbing(tables, absorbedSequence))("strict", bytes);
  }
  return {
    journal: createTableJournal({ tables, lastSequence, absorbed, turns }),
    absorbedSequence,
    opening: { rolledBack, tornBytes: 0 },
    provesContinuity: false,
  };
};

const noteOf = ({ found, damage }: Tables): JournalNote | null => {
  if (found.note === null || found.note === "damaged") return null;
  const note = decodeNote(found.note);
  if (note.ok) return note.value;
  damage.add("meta", "journal", note.error.what);
  return null;
};

/** What lies before all that is left of the journal, and was not absorbed, is lost. */
const tellMissing = ({ found, damage }: Tables, absorbed: number): void => {
  const from = (found.absorbedSequence ?? absorbed) + 1;
  if (from <= absorbed) damage.add("journal", `${from}…${absorbed}`, "missing");
};

const absorbing = ({ found }: Tables, absorbedSequence: number): StoreBatch =>
  absorbedSequence === found.absorbedSequence ? {} : { absorbedSequence };

const openWithFiles = async (
  deps: JournalOpeningDeps,
  folder: FileFolder,
  fence: FenceSlot | null,
): Promise<OpenedJournal> => {
  const { database, tables } = deps;
  const { found, damage } = tables;
  const note = noteOf(tables);
  const surveyed = await surveyFolder(folder, database);
  const isNew = found.isEmpty && found.note === null;
  if (isNew) refuseLost(database, surveyed);
  const selection = selectFiles(isNew ? [] : surveyed, note, damage);
  const files = await readCounted(tables, folder, note, selection.counted);
  const verdict = judge({ found, note, selection, files });
  const { rolledBack, lastSequence, absorbedSequence, tornBytes } = verdict;
  const isWhole = rolledBack === null && isUndamaged(tables, note);
  const generation =
    note !== null && rolledBack === null ? note.generation : deps.randomBytes(generationBytes);
  const closedEpochs = closingsOf(files, absorbedSequence);
  const own = await beginOwn({ folder, tables, note, files, verdict, generation });
  await noteOpening({ tables, own, generation, verdict, closedEpochs });
  const isLeft = ({ end: { newest } }: ReadFile): boolean =>
    newest !== null && newest > absorbedSequence && newest < own.first;
  const done = files.filter((file) => !isLeft(file)).map(({ name }) => name);
  const ignored = isNew ? surveyed.map(({ name }) => name) : selection.ignored;
  return {
    journal: createFileJournal({
      ...{ database, tables, folder, fence, generation, lastSequence, closedEpochs },
      file: own,
      ...{ absorbed: deps.absorbed, sizes: deps.sizes },
      files: files.filter(isLeft).map((file) => readable(folder, file, file.end)),
      hasTableRecords: found.newestRecord !== null,
      garbage: [...(await removeFiles(folder, [...ignored, ...done]))],
    }),
    absorbedSequence,
    opening: { rolledBack, tornBytes },
    provesContinuity: isWhole && (isNew || note?.isInFiles === true),
  };
};

/** Tables that were just made beside files that held records: the database is lost, not new. */
const refuseLost = (database: string, files: readonly SurveyedFile[]): void => {
  const written = files.filter(({ size, head }) => size > recordsStart || (head?.first ?? 1) > 1);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (written.length > 0) throw storageLostError(database, bytes);
};

const isUndamaged = ({ found, damage }: Tables, note: JournalNote | null): boolean =>
  found.absorbedSequence !== null &&
  (note !== null || found.note === null) &&
  damage.all().every(({ where }) => where !== "journal");

/** Reads all that counts and is not absorbed, for where it ends and what of it is damaged. */
const readCounted = async (
  { found, damage, records }: Tables,
  folder: FileFolder,
  note: JournalNote | null,
  counted: readonly CountedFile[],
): Promise<readonly ReadFile[]> => {
  const begin = Math.min(found.oldestRecord ?? Infinity, ...counted.map((one) => one.first ?? 1));
  const after = found.absorbedSequence ?? (begin === Infinity ? 0 : begin - 1);
  const ends = new Map<string, FileEnd>();
  await drain(
    readJournalRecords({
      files: counted.map((file) => readable(folder, file, null)),
      tableRecords: found.newestRecord === null ? null : records(after),
      ...{ after, upTo: Infinity, known: knownEnd(found, note), damage },
      absorbed: () => after,
      ended: (name, end) => ends.set(name, end),
    }),
  );
  return counted.map((file) => {
    const end = ends.get(file.name) ?? unread;
    if (end.isUnsearched) damage.add("journal", file.name, "its end could not be searched");
    return { ...file, end };
  });
};

const unread: FileEnd = { oldest: null, newest: null, tornBytes: 0, isUnsearched: false };

const drain = async (records: AsyncGenerator<JournalRecord>): Promise<void> => {
  while ((await records.next()).done !== true);
};

const readable = (folder: FileFolder, file: CountedFile, end: FileEnd | null): ReadableFile => {
  const { name, size, salt, first, limit } = file;
  return {
    ...{ name, size, salt, first, limit: Math.min(limit, end?.newest ?? Infinity) },
    read: async (at, length) => (await folder.read(name, at, length)) ?? new Uint8Array(),
  };
};

/** Where each epoch's files end, as far as they are not absorbed. */
const closingsOf = (files: readonly ReadFile[], absorbed: number): readonly NotedEpoch[] => {
  const closings = new Map<number, NotedEpoch>();
  for (const { epoch, generation, number, end, first } of files) {
    const before = closings.get(epoch)?.closing?.sequence ?? 0;
    const sequence = Math.max(before, end.newest ?? (first ?? 1) - 1);
    closings.set(epoch, { epoch, generation, closing: { sequence, files: number } });
  }
  return [...closings.values()].filter(({ closing }) => (closing?.sequence ?? 0) > absorbed);
};

interface Beginning {
  readonly folder: FileFolder;
  readonly tables: Tables;
  readonly note: JournalNote | null;
  readonly files: readonly ReadFile[];
  readonly verdict: Verdict;
  readonly generation: Uint8Array;
}

/**
 * What was read counts from now on, so it must not be lost with the power: files that nobody closed
 * are flushed, and from the first one on that its holder does not give away, all is copied.
 */
const beginOwn = async (beginning: Beginning): Promise<OpenFile> => {
  const { folder, tables, note, files, verdict, generation } = beginning;
  const { absorbedSequence: absorbed, lastSequence } = verdict;
  const closed = new Set(
    note?.epochs.flatMap(({ epoch, closing }) => (closing === null ? [] : [epoch])),
  );
  const isUnsure = ({ epoch, end }: ReadFile): boolean =>
    !closed.has(epoch) && (end.newest ?? 0) > absorbed;
  let held: number | null = null;
  for (const [index, file] of files.entries()) {
    if (held === null && isUnsure(file) && !(await flushFile(folder, file.name))) held = index;
  }
  const copied = held === null ? [] : files.slice(held);
  const oldest = copied.at(0)?.end.oldest ?? null;
  const first = oldest === null ? lastSequence + 1 : Math.max(oldest, absorbed + 1);
  const head = { generation, first, isConfirmed: false };
  const own = await beginFile(folder, { epoch: tables.epoch, number: 1 }, head, new Uint8Array());
  try {
    await copyRecords(own, saltOf(generation), {
      files: copied.map((file) => readable(folder, file, file.end)),
      ...{ tableRecords: null, after: first - 1, upTo: lastSequence, known: 0 },
      ...{ absorbed: () => absorbed, damage: tables.damage },
    });
    return own;
  } catch (cause) {
    closeQuietly(own.handle);
    throw cause;
  }
};

/** False: somebody holds it. */
const flushFile = async (folder: FileFolder, name: string): Promise<boolean> => {
  try {
    const handle = await folder.open(name);
    try {
      handle.flush();
    } finally {
      handle.close();
    }
    return true;
  } catch (cause) {
    if (cause instanceof FileHeld) return false;
    throw cause;
  }
};

const copyRecords = async (
  own: OpenFile,
  salt: number,
  reading: Parameters<typeof readJournalRecords>[0],
): Promise<void> => {
  if (reading.files.length === 0) return;
  let group: JournalRecord[] = [];
  let unflushed = 0;
  const write = (): void => {
    const bytes = layRecords(group);
    sealRecords(bytes, salt, unflushed);
    own.handle.write(bytes, own.end);
    own.end += bytes.length;
    unflushed += group.length;
    group = [];
  };
  for await (const record of readJournalRecords(reading)) {
    group.push(record);
    if (recordsBytes(group) > journalReadBytes) write();
  }
  write();
  own.handle.flush();
  own.flushedEnd = own.end;
};

interface Noting extends Pick<Beginning, "tables" | "verdict" | "generation"> {
  readonly own: OpenFile;
  readonly closedEpochs: readonly NotedEpoch[];
}

const noteOpening = async (noting: Noting): Promise<void> => {
  const { tables, own, generation, verdict, closedEpochs } = noting;
  const { epoch } = tables;
  const bytes = encodeNote({
    ...{ epoch, isInFiles: true, generation, reached: verdict.lastSequence },
    epochs: [...closedEpochs, { epoch, generation, closing: null }],
  });
  try {
    const batch = absorbing(tables, verdict.absorbedSequence);
    await tables.prepareWrite(batch)("strict", bytes);
    const confirmation = encodeConfirmation({ generation, first: own.first, isConfirmed: true });
    own.handle.write(confirmation.bytes, confirmation.at);
    own.handle.flush();
  } catch (cause) {
    closeQuietly(own.handle);
    throw cause;
  }
};
