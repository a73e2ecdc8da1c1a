/**
 * What the store contract's tests write and compare: short ways to keys, records and a store's
 * whole contents.
 */
import type { HeaderHash, ScopeId, WriterId } from "../../src/core/base/types.ts";
import type {
  JournalRecord,
  SegmentKey,
  StorageAdapter,
  Store,
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

export const collect = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
};

/** All that a store shows, to compare before and after. */
export const contents = async (store: Store): Promise<unknown> => ({
  absorbed: store.absorbedSequence,
  meta: [...(await store.meta())].sort(([a], [b]) => (a < b ? -1 : 1)),
  journal: await collect(store.journal()),
  segments: await collect(store.segments()),
});

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
