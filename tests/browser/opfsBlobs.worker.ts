/**
 * A dedicated worker with a blob store on OPFS, whose handles exist only here. The page's side is
 * `remoteBlobs.ts`.
 */
import { expose } from "comlink";
import { NebulusError, type ErrorValue } from "../../src/core/base/errors.ts";
import type {
  BlobDamage,
  BlobHash,
  BlobRange,
  BlobSource,
  BlobStat,
  BlobStore,
  SweepReport,
} from "../../src/storage/blobs.ts";
import { createOpfsFolder } from "../../src/storage/opfs.ts";
import { createFolderBench } from "../contract/blobFolder.ts";
import type { BlobBench } from "../contract/blobs.ts";

/** Errors lose their fields on the way; damage comes with every answer. */
export type BlobAnswer<T> = { readonly damage: readonly BlobDamage[] } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ErrorValue | string }
);

/** `store`: 0 for the bench's first, then one more with each reopening. `call`: to abort it by. */
export interface BlobWorker {
  makeBench(folder: string): Promise<void>;
  reopen(): Promise<void>;
  damage(hash: BlobHash, offset: number): Promise<void>;
  drafts(): Promise<number>;
  leaveDraft(): Promise<void>;
  abort(call: number): void;
  put(store: number, call: number, source: BlobSource): Promise<BlobAnswer<BlobStat>>;
  /** The number of a reading, or null. */
  get(
    store: number,
    call: number,
    hash: BlobHash,
    range: BlobRange,
  ): Promise<BlobAnswer<number | null>>;
  /** null at the end. */
  next(store: number, reading: number): Promise<BlobAnswer<Uint8Array | null>>;
  stat(store: number, hash: BlobHash): Promise<BlobAnswer<BlobStat | null>>;
  list(store: number): Promise<BlobAnswer<readonly BlobStat[]>>;
  remove(store: number, hash: BlobHash): Promise<BlobAnswer<void>>;
  sweep(
    store: number,
    isReferenced: (hash: BlobHash) => Promise<boolean>,
    now: number,
  ): Promise<BlobAnswer<SweepReport>>;
  close(store: number): Promise<BlobAnswer<void>>;
}

let bench: BlobBench | null = null;
const stores: BlobStore[] = [];
const readings: AsyncIterator<Uint8Array>[] = [];
const aborts = new Map<number, AbortController>();

const present = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error("asked for what is not there");
  return value;
};

const answer = async <T>(
  store: number,
  run: (store: BlobStore) => Promise<T>,
): Promise<BlobAnswer<T>> => {
  const one = present(stores[store]);
  try {
    const value = await run(one);
    return { ok: true, value, damage: one.damage() };
  } catch (cause) {
    const error = cause instanceof NebulusError ? cause.toValue() : String(cause);
    return { ok: false, error, damage: one.damage() };
  }
};

const signalOf = (call: number): AbortSignal => {
  const abort = aborts.get(call) ?? new AbortController();
  aborts.set(call, abort);
  return abort.signal;
};

const worker: BlobWorker = {
  makeBench: async (folder) => {
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(folder, { create: true });
    bench = createFolderBench(createOpfsFolder(directory));
    stores.push(bench.store);
  },
  reopen: async () => {
    stores.push(await present(bench).reopen());
  },
  damage: (hash, offset) => present(bench).damage(hash, offset),
  drafts: () => present(bench).drafts(),
  leaveDraft: () => present(bench).leaveDraft(),
  abort: (call) => {
    signalOf(call);
    aborts.get(call)?.abort();
  },
  put: (store, call, source) => answer(store, (one) => one.put(source, { signal: signalOf(call) })),
  get: (store, call, hash, range) =>
    answer(store, async (one) => {
      const pieces = await one.get(hash, range, { signal: signalOf(call) });
      return pieces === null ? null : readings.push(pieces[Symbol.asyncIterator]()) - 1;
    }),
  next: (store, reading) =>
    answer(store, async () => {
      const next = await present(readings[reading]).next();
      return next.done === true ? null : next.value;
    }),
  stat: (store, hash) => answer(store, (one) => one.stat(hash)),
  list: (store) => answer(store, (one) => one.list()),
  remove: (store, hash) => answer(store, (one) => one.remove(hash)),
  sweep: (store, isReferenced, now) => answer(store, (one) => one.sweep({ isReferenced, now })),
  close: (store) => answer(store, (one) => one.close()),
};

expose(worker);
