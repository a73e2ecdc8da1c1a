/**
 * The latest changes, by number: what a transaction read is spoiled by a change that came after the
 * reading (`transaction` in API.md). Bounded: a reading older than what is kept counts as spoiled,
 * and is made again.
 */
import type { DocumentFields } from "../core/base/types.ts";
import { changesKeptMax } from "../core/base/limits.ts";
import { compileFilter } from "../core/query/match.ts";
import type { ReadMark } from "../core/wire/requests.ts";

export interface Changes {
  /** How many changes there were so far. */
  count(): number;
  note(collection: string, id: string): void;
  /** Whether all that was read still is as it was. */
  readonly holds: (mark: ReadMark) => boolean;
}

interface Change {
  readonly collection: string;
  readonly id: string;
}

/** `show` gives a document's fields as they are now, null where there is none. */
/**
 * `life`: which opening of the database this is. What was read in an earlier one is spoiled: nobody
 * knows what changed in between.
 */
export const createChanges = (
  show: (collection: string, id: string) => DocumentFields | null,
  life = 0,
): Changes => {
  const kept: Change[] = [];
  let dropped = life * changesPerLifeMax;

  const note = (collection: string, id: string): void => {
    kept.push({ collection, id });
    if (kept.length < changesKeptMax * 2) return;
    kept.splice(0, changesKeptMax);
    dropped += changesKeptMax;
  };

  const holds = (mark: ReadMark): boolean => {
    if (mark.at < dropped) return false;
    const read = new Set(mark.ids);
    const filter = mark.filter === null ? null : compileFilter(mark.filter);
    const changed = kept
      .slice(mark.at - dropped)
      .filter(({ collection }) => collection === mark.collection);
    return changed.every(({ collection, id }) => {
      if (read.has(id)) return false;
      const fields = filter === null ? null : show(collection, id);
      return filter === null || fields === null || !filter(fields);
    });
  };

  return { count: () => dropped + kept.length, note, holds };
};

const changesPerLifeMax = 2 ** 32;
