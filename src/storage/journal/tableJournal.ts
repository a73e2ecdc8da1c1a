/**
 * The journal where no files can hold it: a strict transaction of the tables per group (FORMATS.md
 * §4). It is durable, but no witness that the browser kept all of it.
 */
import { checkContinues } from "../sequences.ts";
import type { Tables } from "../tables.ts";
import type { Turns } from "../../core/base/turns.ts";
import type { Journal } from "./journal.ts";
import { readJournalRecords } from "./reading.ts";

export interface TableJournalDeps {
  readonly tables: Tables;
  readonly lastSequence: number;
  readonly absorbed: () => number;
  /** Shared with the store's writes, which it follows and precedes in the order of their calls. */
  readonly turns: Turns;
}

export const createTableJournal = (deps: TableJournalDeps): Journal => {
  const { tables, absorbed, turns } = deps;
  let { lastSequence } = deps;
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    kind: "table",
    lastSequence: () => lastSequence,
    prepareAppend: (records) => {
      const sequences = records.map(({ sequence }) => ({ sequence }));
      const append = tables.prepareRecords(records);
      return (durability) =>
        turns(async () => {
          const last = checkContinues(lastSequence, sequences);
          await append(durability);
          lastSequence = last;
        });
    },
    read: () =>
      readJournalRecords({
        ...{ files: [], after: absorbed(), upTo: lastSequence, known: lastSequence, absorbed },
        tableRecords: tables.records(absorbed()),
        damage: tables.damage,
      }),
    flush: nothing,
    note: () => null,
    release: nothing,
    close: nothing,
    abandon: nothing,
  };
};
