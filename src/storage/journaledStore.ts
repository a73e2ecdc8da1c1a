/**
 * A store, put together from tables and a journal. The two meet here: nothing is written to the
 * tables that the journal may still lose, and the journal lets go only of what the tables have
 * absorbed in a strict transaction.
 *
 * An append waits for the appends before it, a write for the appends and writes before it. An
 * append waits for no write: a commit must not stand behind a checkpoint of pages.
 */
import { closedError } from "./errors.ts";
import type { JournalFiles, JournalSizes } from "./journal/files.ts";
import { openJournal, type OpenedJournal } from "./journal/opening.ts";
import { checkAbsorbs } from "./sequences.ts";
import type { Store, StoreBatch } from "./store.ts";
import type { Tables } from "./tables.ts";
import { createTurns, type Turns } from "../core/base/turns.ts";

export interface JournaledStoreDeps {
  readonly name: string;
  /** Just opened. */
  readonly tables: Tables;
  /** null: files can not be held here. */
  readonly files: JournalFiles | null;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly sizes: JournalSizes;
}

export interface JournaledStore extends Store {
  /** The database is to be destroyed: lets go of its files, and every later call rejects. */
  readonly abandon: () => Promise<void>;
}

/** Rejects with `StorageLost`, and with what the tables and files reject with. */
export const openJournaledStore = async (deps: JournaledStoreDeps): Promise<JournaledStore> => {
  const { name: database, tables, files, randomBytes, sizes } = deps;
  const turns = createTurns();
  const position = { absorbed: 0 };
  const absorbed = (): number => position.absorbed;
  const opened = await openJournal({
    ...{ database, tables, files, randomBytes, sizes, turns, absorbed },
  });
  position.absorbed = opened.absorbedSequence;
  return createStore({ ...deps, opened, turns, position });
};

interface StoreDeps extends Pick<JournaledStoreDeps, "name" | "tables"> {
  readonly opened: OpenedJournal;
  readonly turns: Turns;
  readonly position: { absorbed: number };
}

const createStore = (deps: StoreDeps): JournaledStore => {
  const { name, tables, opened, turns, position } = deps;
  const { journal, opening, provesContinuity } = opened;
  let closing: Promise<void> | null = null;
  const refuseEnded = (): void => {
    const reason = closing === null ? tables.ended() : closedError(name);
    if (reason !== null) throw reason;
  };
  return {
    epoch: tables.epoch,
    journalProvesContinuity: provesContinuity,
    get absorbedSequence() {
      return position.absorbed;
    },
    get lastSequence() {
      return journal.lastSequence();
    },
    journalKind: journal.kind,
    opening,
    meta: async () => {
      refuseEnded();
      return tables.meta();
    },
    journal: () => refusing(refuseEnded, () => journal.read()),
    appendJournal: async (records, durability) => {
      refuseEnded();
      await journal.prepareAppend(records)(durability);
    },
    write: async (batch) => {
      refuseEnded();
      const write = tables.prepareWrite(batch);
      await turns(() => writeBatch(deps, batch, write));
    },
    segment: async (key) => {
      refuseEnded();
      return tables.segment(key);
    },
    segments: (scope) => refusing(refuseEnded, () => tables.segments(scope)),
    pages: async (keys) => {
      refuseEnded();
      return tables.pages(keys);
    },
    pagesOf: (scope, kind) => refusing(refuseEnded, () => tables.pagesOf(scope, kind)),
    damage: tables.damage.all,
    close: () => {
      closing ??= turns(() => journal.close()).finally(() => tables.close());
      return closing;
    },
    abandon: () => journal.abandon(),
  };
};

const writeBatch = async (
  { opened: { journal }, position }: StoreDeps,
  { absorbedSequence, durability = "strict" }: StoreBatch,
  write: ReturnType<Tables["prepareWrite"]>,
): Promise<void> => {
  await journal.flush();
  const next = checkAbsorbs(position.absorbed, journal.lastSequence(), absorbedSequence);
  const note = journal.note(next);
  // What was absorbed goes from the journal at once, so the tables must have it for good
  const isAbsorbing = next > position.absorbed;
  await write(isAbsorbing ? "strict" : durability, note?.bytes ?? null);
  note?.noted();
  position.absorbed = next;
  if (absorbedSequence !== undefined) await journal.release(next);
};

/** Begins reading when the caller does; an ended store refuses each step. */
async function* refusing<T>(
  refuseEnded: () => void,
  read: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  refuseEnded();
  for await (const row of read()) {
    yield row;
    refuseEnded();
  }
}
