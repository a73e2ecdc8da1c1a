/**
 * What the store contract's tests write and compare: short ways to keys, records and a store's
 * whole contents.
 */
import type { HeaderHash, ScopeId, WriterId } from "../../src/core/base/types.ts";
import type {
  JournalRecord,
  PageKey,
  SegmentKey,
  StorageAdapter,
  Store,
  StoredPage,
  StoredSegment,
} from "../../src/storage/store.ts";

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export const record = (sequence: number, ...payload: number[]): JournalRecord => ({
  sequence,
  payload: bytes(...payload),
});

/** A place in scope 1 of writer 1, unless another is asked for. */
export const place = (change: {
  scope?: number;
  writer?: number;
  first?: number;
  header?: number;
}): SegmentKey => ({
  // Made of so many bytes as these ids have
  scope: id(change.scope ?? 1, 16) as ScopeId,
  // as above
  writer: id(change.writer ?? 1, 16) as WriterId,
  first: change.first ?? 1,
  // as above
  header: id(change.header ?? 1, 32) as HeaderHash,
});

export const segment = (key: SegmentKey, ...content: number[]): StoredSegment => ({
  key,
  bytes: bytes(...content),
});

/** A page of kind 1 in scope 1, unless another is asked for. */
export const pageKey = (change: { scope?: number; kind?: number; number?: number }): PageKey => ({
  // Made of as many bytes as a scope has
  scope: id(change.scope ?? 1, 16) as ScopeId,
  kind: change.kind ?? 1,
  number: change.number ?? 0,
});

export const page = (key: PageKey, ...content: number[]): StoredPage => ({
  key,
  bytes: bytes(...content),
});

export const collect = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
};

/** All that a store shows, to compare before and after; pages of kind 1 in scopes 1 and 2. */
export const contents = async (store: Store): Promise<unknown> => ({
  absorbed: store.absorbedSequence,
  last: store.lastSequence,
  pages: await collect(store.pagesOf(pageKey({}).scope, 1)),
  otherPages: await collect(store.pagesOf(pageKey({ scope: 2 }).scope, 1)),
  meta: [...(await store.meta())].sort(([a], [b]) => (a < b ? -1 : 1)),
  journal: await collect(store.journal()),
  segments: await collect(store.segments()),
});

/** What an empty store shows. */
export const empty = {
  ...{ absorbed: 0, last: 0, meta: [], journal: [], segments: [], pages: [], otherPages: [] },
};

const id = (number: number, length: number): string =>
  number.toString(16).padStart(length * 2, "0");

export const home = "contract";
export const other = "contract-other";

export interface Bench {
  adapter: StorageAdapter;
}

export const createBench = (): Bench => {
  const missing = (): never => {
    throw new Error("no adapter was made");
  };
  return { adapter: { kind: "memory", open: missing, destroy: missing } };
};
