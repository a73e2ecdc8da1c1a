/**
 * A dedicated worker that holds a store, as the engine's does, for the page to fence off.
 */
import { NebulusError } from "../../src/core/base/errors.ts";
import { createIndexedDbAdapter } from "../../src/storage/indexeddb.ts";
import type { Store } from "../../src/storage/store.ts";

export type WorkerCall =
  | { readonly do: "open"; readonly prefix: string; readonly name: string }
  | { readonly do: "append"; readonly sequence: number };

export type WorkerAnswer = { readonly epoch: number } | { readonly code: string };

let store: Store | null = null;

const answer = async (call: WorkerCall): Promise<WorkerAnswer> => {
  if (call.do === "open") {
    store = await createIndexedDbAdapter({ prefix: call.prefix }).open(call.name);
    return { epoch: store.epoch };
  }
  if (store === null) return { code: "not open" };
  const payload = Uint8Array.of(call.sequence);
  await store.appendJournal([{ sequence: call.sequence, payload }], "strict");
  return { epoch: store.epoch };
};

addEventListener("message", ({ data }: MessageEvent<WorkerCall>) => {
  answer(data)
    .catch((cause: unknown) => ({ code: cause instanceof NebulusError ? cause.code : "?" }))
    .then(
      (answered) => {
        postMessage(answered);
      },
      () => undefined,
    );
});
