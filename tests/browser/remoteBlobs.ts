/**
 * A blob store that lives in a worker (opfsBlobs.worker.ts), as if it stood in the page: so that
 * the one contract runs on OPFS too.
 */
import { proxy, transfer, wrap, type Remote } from "comlink";
import { NebulusError } from "../../src/core/base/errors.ts";
import type { BlobDamage, BlobHash, BlobSource, BlobStore } from "../../src/storage/blobs.ts";
import type { BlobBench } from "../contract/blobs.ts";
import type { BlobAnswer, BlobWorker } from "./opfsBlobs.worker.ts";

export const makeRemoteBench = async (folder: string): Promise<BlobBench> => {
  const worker = wrap<BlobWorker>(
    new Worker(new URL("./opfsBlobs.worker.ts", import.meta.url), { type: "module" }),
  );
  await worker.makeBench(folder);
  let stores = 1;
  return {
    store: createRemoteStore(worker, 0),
    reopen: async () => {
      await worker.reopen();
      return createRemoteStore(worker, stores++);
    },
    damage: (hash, offset) => worker.damage(hash, offset),
    drafts: () => worker.drafts(),
    leaveDraft: () => worker.leaveDraft(),
  };
};

let calls = 0;

const createRemoteStore = (worker: Remote<BlobWorker>, store: number): BlobStore => {
  let damage: readonly BlobDamage[] = [];
  const valueOf = <T>(answer: BlobAnswer<T>): T => {
    ({ damage } = answer);
    if (answer.ok) return answer.value;
    const { error } = answer;
    throw typeof error === "string" ? new Error(error) : new NebulusError(error);
  };
  /** The number of a call that can be aborted. */
  const callFor = (signal: AbortSignal | undefined): number => {
    const call = calls++;
    const abort = (): void => {
      // The answer of the call says what became of it
      worker.abort(call).catch(() => undefined);
    };
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort);
    return call;
  };
  async function* read(reading: number): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = valueOf(await worker.next(store, reading));
      if (piece === null) return;
      yield piece;
    }
  }
  return {
    put: async (source, options) => {
      const call = callFor(options?.signal);
      const sent = sendable(source);
      return valueOf(await worker.put(store, call, sent));
    },
    get: async (hash, range = {}, options) => {
      const call = callFor(options?.signal);
      const reading = valueOf(await worker.get(store, call, hash, range));
      return reading === null ? null : read(reading);
    },
    stat: async (hash) => valueOf(await worker.stat(store, hash)),
    list: async () => valueOf(await worker.list(store)),
    remove: async (hash) => valueOf(await worker.remove(store, hash)),
    sweep: async ({ isReferenced, now }) => {
      const ask = proxy(async (hash: BlobHash) => isReferenced(hash));
      return valueOf(await worker.sweep(store, ask, now));
    },
    damage: () => damage,
    close: async () => valueOf(await worker.close(store)),
  };
};

/** Streams can be handed over, iterators can not. */
const sendable = (source: BlobSource): BlobSource => {
  if (source instanceof Uint8Array) return source;
  const stream = "getReader" in source ? source : streamOf(source);
  return transfer(stream, [stream]);
};

const streamOf = (source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> => {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      pull: async (controller) => {
        const next = await iterator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value.slice());
      },
      cancel: async () => {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
};
