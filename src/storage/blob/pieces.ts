/**
 * A source of bytes, read piece by piece and cut into chunks of one size, whatever its own pieces
 * are; it is let go of when its reader stops, be it at an error or an abort.
 */
import { NebulusError } from "../../core/base/errors.ts";
import type { BlobSource } from "../blobs.ts";

/** All of `bytes` long but the last; each is the same memory as the one before. */
export async function* chunksOf(
  source: BlobSource,
  bytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const chunk = new Uint8Array(bytes);
  let filled = 0;
  for await (const piece of piecesOf(source, signal)) {
    for (let taken = 0; taken < piece.length;) {
      const part = piece.subarray(taken, taken + bytes - filled);
      chunk.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < bytes) continue;
      if (signal?.aborted === true) throw abortedError(signal);
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

export const abortedError = (signal: AbortSignal): NebulusError =>
  new NebulusError(
    {
      code: "Aborted",
      message: "The call was aborted.",
      retryable: true,
      outcome: "not committed",
    },
    signal.reason,
  );

async function* piecesOf(
  source: BlobSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal?.aborted === true) throw abortedError(signal);
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
  const iterator = iterate(source);
  const abort = createAbort(signal);
  let isDone = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), abort.happens]);
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } finally {
    abort.ignore();
    if (!isDone) letGo(iterator);
  }
}

interface Pieces {
  readonly next: () => Promise<IteratorResult<Uint8Array, unknown>>;
  readonly return: () => Promise<unknown>;
}

/** Not every browser's streams can be iterated by themselves. */
const iterate = (source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Pieces => {
  if (!("getReader" in source)) {
    const iterator: AsyncIterator<Uint8Array, unknown> = source[Symbol.asyncIterator]();
    return {
      next: () => iterator.next(),
      return: async () => iterator.return?.(),
    };
  }
  const reader = source.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return value === undefined || done ? { done: true, value: null } : { done, value };
    },
    return: () => reader.cancel(),
  };
};

/** Not waited for: a source that hangs would hold up the error that ends it. */
const letGo = (iterator: Pieces): void => {
  iterator.return().catch(() => undefined);
};

const createAbort = (
  signal: AbortSignal | undefined,
): { readonly happens: Promise<never>; readonly ignore: () => void } => {
  let ignore = (): void => undefined;
  const happens = new Promise<never>((_, reject) => {
    if (signal === undefined) return;
    const abort = (): void => {
      reject(abortedError(signal));
    };
    signal.addEventListener("abort", abort);
    ignore = () => {
      signal.removeEventListener("abort", abort);
    };
  });
  // Heard by the race that is under way; between two pieces nobody listens
  happens.catch(() => undefined);
  return { happens, ignore };
};
