/**
 * A store with a tap on every call: tests count them, hold them up, and note what is written.
 */
import type { JournalRecord, Store } from "../../src/storage/store.ts";

export interface StoreTaps {
  /** Around each call; of a list, around each of its steps. */
  readonly call: <T>(run: () => Promise<T>) => Promise<T>;
  /** Sees records before they are written, and once more when that is done. */
  readonly appending?: (records: readonly JournalRecord[]) => void;
  readonly appended?: (records: readonly JournalRecord[]) => void;
}

export const tapStore = (store: Store, { call, appending, appended }: StoreTaps): Store => ({
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
  meta: () => call(() => store.meta()),
  journal: () => tapList(store.journal(), call),
  appendJournal: async (records, durability) => {
    appending?.(records);
    await call(() => store.appendJournal(records, durability));
    appended?.(records);
  },
  write: (batch) => call(() => store.write(batch)),
  segment: (key) => call(() => store.segment(key)),
  segments: (scope) => tapList(store.segments(scope), call),
  pages: (keys) => call(() => store.pages(keys)),
  pagesOf: (scope, kind) => tapList(store.pagesOf(scope, kind), call),
  damage: () => store.damage(),
  close: () => call(() => store.close()),
});

async function* tapList<T>(list: AsyncIterable<T>, call: StoreTaps["call"]): AsyncGenerator<T> {
  const items = list[Symbol.asyncIterator]();
  for (;;) {
    const next = await call(() => items.next());
    if (next.done === true) return;
    yield next.value;
  }
}
