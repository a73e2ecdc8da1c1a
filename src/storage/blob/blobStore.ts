/**
 * Blobs over any driver: hashed while they come in, read back before they count, checked chunk by
 * chunk while they go out, and swept.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { NebulusError } from "../../core/base/errors.ts";
import { blobChunkBytes, blobUnreferencedMillisecondsMax } from "../../core/base/limits.ts";
import { assert } from "../../core/base/result.ts";
import type {
  BlobHash,
  BlobRange,
  BlobSource,
  BlobStat,
  BlobStore,
  SweepOptions,
  SweepReport,
} from "../blobs.ts";
import { closedError } from "../errors.ts";
import { toBlobHash, type BlobDraft, type BlobDriver } from "./driver.ts";
import { abortedError, chunksOf } from "./pieces.ts";
import { chunkCount, decodeRecord, encodeRecord, type BlobRecord } from "./record.ts";
import { decodeNotes, encodeNotes } from "./sweepNotes.ts";

export interface BlobDeps {
  /** Of the database, for the messages. */
  readonly name: string;
  readonly now: () => number;
  readonly crypto: {
    readonly subtle: Pick<SubtleCrypto, "digest">;
    readonly randomUUID: () => string;
  };
}

export const createBlobStore = (driver: BlobDriver, deps: BlobDeps): BlobStore => {
  const state = createState(driver, deps);
  return {
    put: async (source, options) => {
      state.refuse();
      return put(state, source, options?.signal);
    },
    get: async (hash, range = {}, options) => {
      state.refuse();
      const checked = checkRange(range);
      const record = await state.record(hash);
      if (record === null) return null;
      state.touch(hash);
      return read(state, record, { ...checked, signal: options?.signal });
    },
    stat: async (hash) => {
      state.refuse();
      const record = await state.record(hash);
      return record === null ? null : statOf(record);
    },
    list: async () => {
      state.refuse();
      const stats: BlobStat[] = [];
      for (const { hash } of await driver.blobs()) {
        const record = await state.record(hash);
        if (record !== null) stats.push(statOf(record));
      }
      return stats.sort((a, b) => (a.hash < b.hash ? -1 : 1));
    },
    remove: async (hash) => {
      state.refuse();
      await state.inTurn(() => driver.remove(hash));
    },
    sweep: async (options) => {
      state.refuse();
      return state.inTurn(() => sweep(state, options));
    },
    damage: () => [...state.damage].map(([hash, reason]) => ({ hash, reason })),
    close: async () => {
      state.end();
      await state.inTurn(() => driver.close());
    },
  };
};

interface State {
  readonly driver: BlobDriver;
  readonly deps: BlobDeps;
  readonly damage: Map<string, string>;
  /** Drafts of this store that are being written. */
  readonly drafts: Set<string>;
  /** When a blob was last put or read here: a sweep leaves it alone. */
  readonly touched: Map<string, number>;
  readonly touch: (hash: BlobHash) => void;
  /** Putting in place and removing, one after another. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  readonly record: (hash: BlobHash) => Promise<BlobRecord | null>;
  readonly digest: (chunk: Uint8Array) => Promise<Uint8Array>;
  readonly refuse: () => void;
  readonly end: () => void;
}

const createState = (driver: BlobDriver, deps: BlobDeps): State => {
  const damage = new Map<string, string>();
  const touched = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  let hasEnded = false;
  return {
    ...{ driver, deps, damage, touched, drafts: new Set<string>() },
    touch: (hash) => touched.set(hash, deps.now()),
    inTurn: (run) => {
      const result = last.then(run);
      last = result.catch(() => undefined);
      return result;
    },
    record: async (hash) => {
      const stored = toBlobHash(hash) === null ? null : await driver.record(hash);
      if (stored === null) return null;
      const decoded = decodeRecord(hash, stored);
      if (decoded.ok) return decoded.value;
      damage.set(hash, decoded.error);
      return null;
    },
    // WebCrypto takes no view of shared memory, which the type of a plain Uint8Array might be
    digest: async (chunk) =>
      new Uint8Array(await deps.crypto.subtle.digest("SHA-256", new Uint8Array(chunk))),
    refuse: () => {
      if (hasEnded) throw closedError(deps.name);
    },
    end: () => {
      hasEnded = true;
    },
  };
};

const statOf = ({ hash, cid, size }: BlobRecord): BlobStat => ({ hash, cid, size });

const put = async (
  state: State,
  source: BlobSource,
  signal: AbortSignal | undefined,
): Promise<BlobStat> => {
  const { driver, deps, drafts } = state;
  const id = deps.crypto.randomUUID();
  drafts.add(id);
  let draft: BlobDraft | null = null;
  try {
    draft = await driver.begin(id);
    const made = await fill(state, draft, chunksOf(source, blobChunkBytes, signal));
    await checkDraft(state, draft, made);
    if (signal?.aborted === true) throw abortedError(signal);
    const { place } = draft;
    await state.inTurn(async () => {
      state.touch(made.hash);
      await place(made.hash);
    });
    state.damage.delete(made.hash);
    return statOf(made);
  } catch (cause) {
    // What can not be removed now, a sweep removes; the caller is told why it failed
    await draft?.discard().catch(() => undefined);
    throw cause;
  } finally {
    drafts.delete(id);
  }
};

const fill = async (
  state: State,
  draft: BlobDraft,
  chunks: AsyncIterable<Uint8Array>,
): Promise<BlobRecord> => {
  // The whole can be hashed only piece by piece, which WebCrypto does not offer
  const whole = sha256.create();
  const hashes: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    whole.update(chunk);
    await draft.write(hashes.length, chunk);
    hashes.push(await state.digest(chunk));
    size += chunk.length;
  }
  const digest = whole.digest();
  const stored = encodeRecord(size, digest, hashes);
  await draft.finish(stored);
  const hash = toBlobHash(bytesToHex(digest));
  assert(hash !== null, "a hash of 32 bytes");
  const record = decodeRecord(hash, stored);
  assert(record.ok, "a record that was just made");
  return record.value;
};

const checkDraft = async (state: State, draft: BlobDraft, record: BlobRecord): Promise<void> => {
  for (let index = 0; index < chunkCount(record.size); index++) {
    const chunk = await draft.read(index, chunkLength(record, index));
    const isWhole =
      chunk !== null && equalBytes(await state.digest(chunk), record.chunkHash(index));
    if (!isWhole) throw brokenError(state, "what was written of it can not be read back");
  }
};

const checkRange = ({ from = 0, to = Infinity }: BlobRange): Required<BlobRange> => {
  const isOffset = (value: number): boolean =>
    value === Infinity || (Number.isSafeInteger(value) && value >= 0);
  assert(isOffset(from) && isOffset(to), `a range from ${from} to ${to}`);
  return { from, to };
};

async function* read(
  state: State,
  record: BlobRecord,
  range: Required<BlobRange> & { readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const { hash, size } = record;
  const { from, signal } = range;
  const to = Math.min(range.to, size);
  for (let index = Math.floor(from / blobChunkBytes); index * blobChunkBytes < to; index++) {
    state.refuse();
    if (signal?.aborted === true) throw abortedError(signal);
    state.touch(hash);
    const chunk = await state.driver.chunk(hash, index, chunkLength(record, index));
    if (chunk === null) throw brokenError(state, "it was removed while it was read");
    if (!equalBytes(await state.digest(chunk), record.chunkHash(index))) {
      state.damage.set(hash, `chunk ${index} is damaged`);
      throw brokenError(state, `chunk ${index} of ${hash} is damaged. Fetch it again`);
    }
    const start = index * blobChunkBytes;
    const part = chunk.subarray(Math.max(0, from - start), to - start);
    if (part.length > 0) yield part;
  }
}

const chunkLength = ({ size }: BlobRecord, index: number): number =>
  Math.min(blobChunkBytes, size - index * blobChunkBytes);

const sweep = async (state: State, { isReferenced, now }: SweepOptions): Promise<SweepReport> => {
  const { driver, drafts, touched } = state;
  const isOld = (since: number): boolean =>
    since > 0 && now - since >= blobUnreferencedMillisecondsMax;
  const failures: unknown[] = [];
  /** One that can not be removed, for who knows what reason, must not keep the others. */
  const succeeds = async (step: Promise<void>): Promise<boolean> => {
    try {
      await step;
      return true;
    } catch (cause) {
      failures.push(cause);
      return false;
    }
  };
  let removedDrafts = 0;
  for (const { id, modified } of await driver.drafts()) {
    if (drafts.has(id) || !isOld(modified)) continue;
    if (await succeeds(driver.removeDraft(id))) removedDrafts += 1;
  }
  const before = decodeNotes(await driver.notes());
  const notes = new Map<string, number>();
  const removed: BlobHash[] = [];
  let removedBytes = 0;
  for (const { hash, modified } of await driver.blobs()) {
    const isNeeded = await isReferenced(hash);
    if (isNeeded) continue;
    // A clock that was ahead when it was noted must not hold it for ever
    const since = Math.min(before.get(hash) ?? now, now);
    const isLeft = [since, modified, touched.get(hash) ?? modified].every(isOld);
    if (!isLeft) {
      notes.set(hash, since);
      continue;
    }
    const size = (await state.record(hash))?.size ?? 0;
    if (!(await succeeds(driver.remove(hash)))) continue;
    removedBytes += size;
    touched.delete(hash);
    removed.push(hash);
  }
  await driver.keepNotes(encodeNotes(notes));
  if (failures.length > 0) throw failures[0];
  return { removed, removedBytes, removedDrafts };
};

const brokenError = ({ deps }: State, what: string): NebulusError =>
  new NebulusError({
    code: "StorageFailed",
    message: `A blob of the database "${deps.name}": ${what}.`,
    retryable: false,
  });
