/**
 * Writes that a page makes in one turn, sent as one message: hundreds of messages cost more than
 * what they ask for. Whatever else is asked goes out behind them, so that the engine meets all
 * calls in their order.
 */
import { transfer } from "comlink";
import { groupedWritesMax, groupTransferBytesMin } from "../core/base/limits.ts";
import { assert } from "../core/base/result.ts";
import type { DocumentWrite, Write, WriteRequest, WriteResult } from "../core/wire/requests.ts";
import type { Answer } from "../worker/api.ts";

export interface WriteSink {
  readonly write: (request: WriteRequest) => Promise<Answer<WriteResult>>;
  /** An answer for each, in order. */
  readonly writeAll: (requests: readonly WriteRequest[]) => Promise<readonly Answer<WriteResult>[]>;
}

export interface GroupedWrites {
  readonly write: (request: WriteRequest) => Promise<Answer<WriteResult>>;
  /** Sends what waits: to be called before any message is sent, its own among them. */
  readonly flush: () => void;
}

interface Waiting {
  readonly request: WriteRequest;
  readonly resolve: (answer: Answer<WriteResult>) => void;
  readonly reject: (error: unknown) => void;
}

export const createGroupedWrites = (sink: WriteSink): GroupedWrites => {
  let waiting: Waiting[] = [];
  const flush = (): void => {
    const group = waiting;
    waiting = [];
    if (group.length > 0) send(sink, group);
  };
  return {
    write: (request) =>
      new Promise((resolve, reject) => {
        const count = waiting.push({ request, resolve, reject });
        if (count === 1) queueMicrotask(flush);
        // The engine works on these while the page makes the next
        if (count === groupedWritesMax) flush();
      }),
    flush,
  };
};

const send = (sink: WriteSink, group: readonly Waiting[]): void => {
  const [first, second] = group;
  assert(first !== undefined, "a group holds a write");
  if (second === undefined) {
    const { request, resolve, reject } = first;
    sink.write(transfer(request, buffersOf(request, 0))).then(resolve, reject);
    return;
  }
  const requests = group.map(({ request }) => request);
  const buffers = requests.flatMap((request) => buffersOf(request, groupTransferBytesMin));
  sink.writeAll(transfer(requests, buffers)).then(
    (answers) => {
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new Error("an answer is missing"));
        else resolve(answer);
      }
    },
    (error: unknown) => {
      for (const { reject } of group) reject(error);
    },
  );
};

/** Row bytes are moved, not copied, from so many on. */
const buffersOf = ({ write }: WriteRequest, bytesMin: number): Transferable[] =>
  documentWrites(write).flatMap((one) =>
    "rows" in one && one.rows.buffer instanceof ArrayBuffer && one.rows.length >= bytesMin
      ? [one.rows.buffer]
      : [],
  );

const documentWrites = (write: Write): readonly DocumentWrite[] => {
  if (write.kind === "batch") return write.writes;
  return "rows" in write ? [write] : [];
};
