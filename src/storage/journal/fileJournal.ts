/**
 * The journal in files, open: who may append, what counts, what the tables note of it, and which
 * files can go. Opening one is `opening.ts`.
 */
import { journalRecordBytesMax } from "../../core/base/limits.ts";
import { NebulusError } from "../../core/base/errors.ts";
import { fileError, recordTooLargeError, replacedError, unknownStateError } from "../errors.ts";
import type { FileFolder } from "../files.ts";
import { checkContinues } from "../sequences.ts";
import type { JournalRecord } from "../store.ts";
import type { Tables } from "../tables.ts";
import { createTurns } from "../../core/base/turns.ts";
import type { FenceSlot, JournalSizes } from "./files.ts";
import { layRecords, saltOf, sealRecords } from "./format.ts";
import type { Journal, PendingNote } from "./journal.ts";
import { decodeNote, encodeNote, type NotedEpoch } from "./note.ts";
import { readJournalRecords, type ReadableFile } from "./reading.ts";
import { closeQuietly, createWriter, type JournalWriter, type OpenFile } from "./writer.ts";

export interface FileJournalDeps {
  /** Of the database, for errors. */
  readonly database: string;
  readonly tables: Tables;
  readonly folder: FileFolder;
  readonly fence: FenceSlot | null;
  readonly generation: Uint8Array;
  /** Begun, durable and noted. */
  readonly file: OpenFile;
  readonly lastSequence: number;
  readonly absorbed: () => number;
  /** Of earlier openings, with records that are not absorbed. */
  readonly files: readonly ReadableFile[];
  readonly closedEpochs: readonly NotedEpoch[];
  /** Whether records stand in the tables, from a time without files. */
  readonly hasTableRecords: boolean;
  /** Files to be removed. */
  readonly garbage: readonly string[];
  readonly sizes: JournalSizes;
}

interface State {
  readonly deps: FileJournalDeps;
  readonly writer: JournalWriter;
  /** Ended, oldest first. */
  files: readonly ReadableFile[];
  garbage: ReadonlySet<string>;
  /** As the tables know it. */
  reached: number;
  closedEpochs: readonly NotedEpoch[];
  /** Why nothing may be written any more. */
  ended: NebulusError | null;
  /** Nobody can say whether the last records count, so reading rejects too. */
  unsure: NebulusError | null;
}

export const createFileJournal = (deps: FileJournalDeps): Journal => {
  const { database, tables, folder, generation, file, lastSequence } = deps;
  const { epoch } = tables;
  const { fileBytesMax } = deps.sizes;
  const state: State = {
    deps,
    writer: createWriter({
      ...{ database, folder, epoch, generation, file, lastSequence, fileBytesMax },
    }),
    files: deps.files,
    garbage: new Set(deps.garbage),
    reached: lastSequence,
    closedEpochs: deps.closedEpochs,
    ended: null,
    unsure: null,
  };
  const turns = createTurns();
  return {
    kind: "file",
    lastSequence: () => state.writer.last(),
    prepareAppend: (records) => {
      const group = prepareGroup(deps, records);
      return (durability) => turns(() => append(state, group, durability));
    },
    read: () => read(state),
    flush: () =>
      turns(async () => {
        refuseEnded(state);
        await state.writer.flush();
      }),
    note: (absorbed) => pendingNote(state, absorbed),
    release: (absorbed) => turns(() => release(state, absorbed)),
    close: () => turns(() => close(state)),
    abandon: () => {
      state.ended = replacedError(database);
      return turns(async () => {
        letGo(state);
        return Promise.resolve();
      });
    },
  };
};

interface Group {
  readonly sequences: readonly Pick<JournalRecord, "sequence">[];
  readonly bytes: Uint8Array;
}

const prepareGroup = ({ database }: FileJournalDeps, records: readonly JournalRecord[]): Group => {
  const largest = Math.max(0, ...records.map(({ payload }) => payload.length));
  if (largest > journalRecordBytesMax) throw recordTooLargeError(database, largest);
  return {
    sequences: records.map(({ sequence }) => ({ sequence })),
    bytes: layRecords(records),
  };
};

const refuseEnded = ({ deps, ended, writer }: State): void => {
  const reason = ended ?? writer.broken() ?? deps.tables.ended();
  if (reason !== null) throw reason;
};

const append = async (
  state: State,
  { sequences, bytes }: Group,
  durability: "strict" | "relaxed",
): Promise<void> => {
  const { writer } = state;
  refuseEnded(state);
  const last = checkContinues(writer.last(), sequences);
  if (sequences.length > 0) {
    sealRecords(bytes, saltOf(state.deps.generation), writer.last() - writer.flushed());
    await writer.append(bytes, durability);
  }
  // Whoever takes over raises the epoch first and reads the files then: what was flushed before the
  // epoch was seen here, they see
  if (await isCurrent(state)) writer.accept(last);
  else {
    state.ended = replacedError(state.deps.database);
    letGo(state);
    const told = await replacedBefore(state, writer.last() + 1);
    state.unsure = told.outcome === undefined ? told : null;
    throw told;
  }
};

const isCurrent = async (state: State): Promise<boolean> => {
  const { fence, tables, database } = state.deps;
  if (fence !== null && saysSo(fence, tables.epoch)) return true;
  try {
    return (await tables.current()).epoch === tables.epoch;
  } catch (cause) {
    // The bytes stand in the file, and nobody can say whether they count
    state.unsure = unknownStateError(database, cause);
    state.ended = state.unsure;
    throw state.unsure;
  }
};

/** A slot that can not be read says nothing; the tables decide then as well. */
const saysSo = (fence: FenceSlot, epoch: number): boolean => {
  try {
    return fence.read() === epoch;
  } catch {
    return false;
  }
};

/**
 * What a replaced store tells of records from `first` on: `not committed` where its successor has
 * noted an end before them, else nobody knows yet.
 */
const replacedBefore = async (
  { deps: { tables, database } }: State,
  first: number,
): Promise<NebulusError> => {
  const replaced = replacedError(database);
  const { code, message, retryable } = replaced;
  const unknown = new NebulusError({ code, message, retryable });
  const current = await tables.current().catch((): null => null);
  if (current === null || current.note === null) return unknown;
  const note = decodeNote(current.note);
  if (!note.ok || note.value.epoch <= tables.epoch) return unknown;
  const own = note.value.epochs.find(({ epoch }) => epoch === tables.epoch);
  const end = own === undefined ? current.absorbedSequence : (own.closing?.sequence ?? null);
  return end !== null && end < first ? replaced : unknown;
};

/** All that ended, oldest first. */
const endedFiles = (state: State): readonly ReadableFile[] => {
  state.files = [...state.files, ...state.writer.takeEnded()];
  return state.files;
};

const read = (state: State): AsyncIterable<JournalRecord> => {
  const { deps, writer } = state;
  const { tables, absorbed } = deps;
  const last = writer.last();
  const current = writer.current();
  const records = readJournalRecords({
    files: current === null ? endedFiles(state) : [...endedFiles(state), current],
    tableRecords: deps.hasTableRecords ? tables.records(absorbed()) : null,
    ...{ after: absorbed(), upTo: last, known: last, absorbed, damage: tables.damage },
  });
  return refusing(state, records);
};

/** Reading a replaced journal goes on, one whose state nobody knows does not. */
async function* refusing(
  state: State,
  records: AsyncIterable<JournalRecord>,
): AsyncGenerator<JournalRecord> {
  const refuse = (): void => {
    const { writer, unsure, deps } = state;
    const reason = writer.broken() ?? unsure ?? deps.tables.ended();
    if (reason !== null) throw reason;
  };
  refuse();
  try {
    for await (const record of records) {
      yield record;
      refuse();
    }
  } catch (cause) {
    throw fileError(state.deps.database, cause);
  }
}

const pendingNote = (state: State, absorbed: number): PendingNote | null => {
  const { generation, tables } = state.deps;
  const closed = state.closedEpochs.filter(({ closing }) => (closing?.sequence ?? 0) > absorbed);
  const reached = state.writer.flushed();
  if (reached === state.reached && closed.length === state.closedEpochs.length) return null;
  const own = { epoch: tables.epoch, generation, closing: null };
  return {
    bytes: encodeNote({
      ...{ epoch: tables.epoch, isInFiles: true, generation, reached },
      epochs: [...closed, own],
    }),
    noted: () => {
      state.reached = reached;
      state.closedEpochs = closed;
    },
  };
};

/**
 * Failing to remove a file fails nothing: readers ignore it, and it is tried again. The last file
 * stays until the next one is there: a journal of which nothing is left looks rolled back.
 */
const release = async (state: State, absorbed: number): Promise<void> => {
  const { writer } = state;
  if (state.ended !== null || writer.broken() !== null) return;
  if (writer.last() <= absorbed && writer.heldBytes() > state.deps.sizes.fileAbsorbedBytesMax) {
    // The next append tries again, and says what it failed with
    await writer.rotate().catch(() => undefined);
  }
  const last = writer.current() === null ? endedFiles(state).at(-1) : undefined;
  const isDone = (file: ReadableFile): boolean => file !== last && file.limit <= absorbed;
  const gone = endedFiles(state)
    .filter(isDone)
    .map(({ name }) => name);
  state.files = state.files.filter((file) => !isDone(file));
  state.garbage = await removeFiles(state.deps.folder, [...state.garbage, ...gone]);
};

/** Returns those that would not go. */
export const removeFiles = async (
  folder: FileFolder,
  names: readonly string[],
): Promise<ReadonlySet<string>> => {
  const left = new Set(names);
  for (const name of names) {
    try {
      await folder.remove(name);
      left.delete(name);
    } catch {
      // Held by whoever was replaced, or the platform failed: later, or at the next opening
    }
  }
  return left;
};

const letGo = ({ writer, deps }: State): void => {
  writer.close();
  if (deps.fence !== null) closeQuietly(deps.fence);
};

/** Says that the journal ends here, so that its absence proves nothing once all is absorbed. */
const close = async (state: State): Promise<void> => {
  const { tables, absorbed, generation } = state.deps;
  const { writer } = state;
  try {
    if (state.ended !== null || writer.broken() !== null || tables.ended() !== null) return;
    await writer.flush();
    const sequence = writer.last();
    const own = { epoch: tables.epoch, generation, closing: { sequence, files: writer.number() } };
    const epochs = [...state.closedEpochs, own].filter(
      ({ closing }) => (closing?.sequence ?? 0) > absorbed(),
    );
    const place = { epoch: tables.epoch, isInFiles: true, generation };
    const note = encodeNote({ ...place, reached: sequence, epochs });
    // Without it the next opening reads the files to their end, as after a crash
    await tables
      .prepareWrite({})("strict", note)
      .catch(() => undefined);
  } finally {
    letGo(state);
  }
};
