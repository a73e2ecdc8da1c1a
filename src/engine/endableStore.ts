/**
 * The store as the engine's parts meet it, with a switch: once the journal's state is unknown
 * nothing may be written any more, by whatever part. A segment cut then would leave the journal
 * with half a run, and the database could not be opened again.
 */
import type { NebulusError } from "../core/base/errors.ts";
import type { Store } from "../storage/store.ts";

export interface EndableStore extends Store {
  /** Every later write rejects with this; reading goes on. */
  end(error: NebulusError): void;
  readonly isEnded: boolean;
}

export const createEndableStore = (store: Store): EndableStore => {
  let ended: NebulusError | null = null;
  const unlessEnded = (write: () => Promise<void>): Promise<void> =>
    ended === null ? write() : Promise.reject(ended);
  return {
    epoch: store.epoch,
    journalProvesContinuity: store.journalProvesContinuity,
    journalKind: store.journalKind,
    opening: store.opening,
    get absorbedSequence() {
      return store.absorbedSequence;
    },
    get lastSequence() {
      return store.lastSequence;
    },
    meta: () => store.meta(),
    journal: () => store.journal(),
    appendJournal: (records, durability) =>
      unlessEnded(() => store.appendJournal(records, durability)),
    write: (batch) => unlessEnded(() => store.write(batch)),
    segment: (key) => store.segment(key),
    segments: (scope) => store.segments(scope),
    pages: (keys) => store.pages(keys),
    pagesOf: (scope, kind) => store.pagesOf(scope, kind),
    damage: () => store.damage(),
    close: () => store.close(),
    end(error) {
      ended ??= error;
    },
    get isEnded() {
      return ended !== null;
    },
  };
};
