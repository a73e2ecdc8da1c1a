/**
 * An adapter in the page whose stores live in a worker of their own: the store contract runs here,
 * the handles of OPFS exist only there. What is passed is cloned at the call, as a store copies it.
 */
import { NebulusError } from "../../src/core/base/errors.ts";
import type { StorageAdapter, Store } from "../../src/storage/store.ts";
import type {
  RemoteAnswer,
  RemoteCall,
  RemoteMethod,
  RemoteState,
  RowsMethod,
} from "./opfsStore.worker.ts";

export interface StoreWorker {
  /** One at a time. */
  readonly newAdapter: (prefix: string, hasFiles?: boolean) => Promise<StorageAdapter>;
  /** As a crash of the tab's process: nothing is closed. */
  readonly kill: () => void;
}

export const createStoreWorker = (): StoreWorker => {
  const worker = new Worker(new URL("./opfsStore.worker.ts", import.meta.url), { type: "module" });
  const ask = createAsk(worker);
  return {
    newAdapter: async (prefix, hasFiles = true) => {
      await ask({ do: "adapter", prefix, hasFiles }).value;
      return createRemoteAdapter(ask);
    },
    kill: () => {
      worker.terminate();
    },
  };
};

const createRemoteAdapter = (ask: Ask): StorageAdapter => {
  return {
    kind: "indexeddb",
    open: async (name) => {
      // What the worker answers to `open`
      const opened = (await ask({ do: "open", name }).value) as OpenedStore;
      return createRemoteStore(ask, opened);
    },
    destroy: async (name) => {
      await ask({ do: "destroy", name }).value;
    },
  };
};

type Ask = (
  call: RemoteCall,
  told?: (state: RemoteState) => void,
) => { readonly value: Promise<unknown> };

const createAsk = (worker: Worker): Ask => {
  const waiting = new Map<number, (answer: RemoteAnswer) => void>();
  let calls = 0;
  worker.addEventListener("message", ({ data }: MessageEvent<RemoteAnswer>) => {
    waiting.get(data.call)?.(data);
    waiting.delete(data.call);
  });
  worker.addEventListener("error", (event) => {
    throw new Error(event.message);
  });
  return (call, told) => {
    const number = calls++;
    const value = new Promise<unknown>((resolve, reject) => {
      waiting.set(number, (answer) => {
        if (answer.state !== null) told?.(answer.state);
        if (answer.ok) resolve(answer.value);
        else reject(errorOf(answer.error));
      });
    });
    worker.postMessage([number, call]);
    return { value };
  };
};

const errorOf = (error: Extract<RemoteAnswer, { ok: false }>["error"]): Error =>
  typeof error === "string" ? new Error(error) : new NebulusError(error);

interface OpenedStore extends Pick<
  Store,
  "epoch" | "journalKind" | "opening" | "journalProvesContinuity"
> {
  readonly store: number;
  readonly state: RemoteState;
}

const createRemoteStore = (ask: Ask, opened: OpenedStore): Store => {
  const { store, epoch, journalKind, opening, journalProvesContinuity } = opened;
  let { state } = opened;
  const told = (next: RemoteState): void => {
    state = next;
  };
  const call = async <T>(method: RemoteMethod, ...parameters: readonly unknown[]): Promise<T> =>
    // The worker answers with what its store answered
    (await ask({ do: "call", store, method, parameters }, told).value) as T;
  async function* rows<T>(
    method: RowsMethod,
    ...parameters: readonly unknown[]
  ): AsyncGenerator<T> {
    // as above
    const cursor = (await ask({ do: "rows", store, method, parameters }, told).value) as number;
    try {
      for (;;) {
        const next = { do: "next", store, rows: cursor } as const;
        // as above
        const result = (await ask(next, told).value) as IteratorResult<T, undefined>;
        if (result.done === true) return;
        yield result.value;
      }
    } finally {
      await ask({ do: "return", store, rows: cursor }).value;
    }
  }
  return {
    ...{ epoch, journalKind, opening, journalProvesContinuity },
    get absorbedSequence() {
      return state.absorbedSequence;
    },
    get lastSequence() {
      return state.lastSequence;
    },
    meta: () => call("meta"),
    journal: () => rows("journal"),
    appendJournal: (...all) => call("appendJournal", ...all),
    write: (batch) => call("write", batch),
    segment: (key) => call("segment", key),
    segments: (scope) => rows("segments", scope),
    pages: (keys) => call("pages", keys),
    pagesOf: (...all) => rows("pagesOf", ...all),
    damage: () => state.damage,
    close: () => call("close"),
  };
};
