/**
 * A dedicated worker that holds stores on IndexedDB and OPFS, whose handles exist only here, and
 * does with them what the page asks for. The page's side is `remoteStore.ts`.
 */
import { NebulusError, type ErrorValue } from "../../src/core/base/errors.ts";
import { createIndexedDbAdapter } from "../../src/storage/indexeddb.ts";
import { createOpfsJournalHome } from "../../src/storage/opfs.ts";
import type { Damage, StorageAdapter, Store } from "../../src/storage/store.ts";

/** Calls of one worker are answered in any order; `store` and `rows` are numbers that it gave. */
export type RemoteCall =
  | { readonly do: "adapter"; readonly prefix: string; readonly hasFiles: boolean }
  | { readonly do: "open" | "destroy"; readonly name: string }
  | {
      readonly do: "call";
      readonly store: number;
      readonly method: RemoteMethod;
      readonly parameters: readonly unknown[];
    }
  | {
      readonly do: "rows";
      readonly store: number;
      readonly method: RowsMethod;
      readonly parameters: readonly unknown[];
    }
  | { readonly do: "next" | "return"; readonly store: number; readonly rows: number };

export type RemoteMethod = "meta" | "appendJournal" | "write" | "segment" | "pages" | "close";

export type RowsMethod = "journal" | "segments" | "pagesOf";

/** What a store's fields say after a call. */
export interface RemoteState {
  readonly absorbedSequence: number;
  readonly lastSequence: number;
  readonly damage: readonly Damage[];
}

export type RemoteAnswer = { readonly call: number; readonly state: RemoteState | null } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorValue | string }
);

const stores: Store[] = [];
const cursors: AsyncIterator<unknown>[] = [];
let adapter: StorageAdapter | null = null;

const storeOf = (call: RemoteCall): Store | null =>
  "store" in call ? (stores[call.store] ?? null) : null;

const present = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error("asked for what is not there");
  return value;
};

type Methods = Readonly<
  Record<RemoteMethod, (...parameters: readonly unknown[]) => Promise<unknown>> &
    Record<RowsMethod, (...parameters: readonly unknown[]) => AsyncIterable<unknown>>
>;

// The page's side passes what the store's own types asked for
const methodsOf = (store: Store): Methods => store as unknown as Methods;

const perform = async (call: RemoteCall): Promise<unknown> => {
  switch (call.do) {
    case "adapter": {
      const { prefix, hasFiles } = call;
      const files = hasFiles ? present(createOpfsJournalHome()) : null;
      adapter = createIndexedDbAdapter({ prefix, ...(files === null ? {} : { files }) });
      return null;
    }
    case "open": {
      const store = await present(adapter).open(call.name);
      const { epoch, journalKind, opening, journalProvesContinuity } = store;
      const { absorbedSequence, lastSequence } = store;
      const fields = { epoch, journalKind, opening, journalProvesContinuity };
      const damage = store.damage();
      return {
        ...{ store: stores.push(store) - 1, ...fields },
        state: { absorbedSequence, lastSequence, damage },
      };
    }
    case "destroy":
      return present(adapter).destroy(call.name);
    case "call":
      return methodsOf(present(storeOf(call)))[call.method](...call.parameters);
    case "rows": {
      const rows = methodsOf(present(storeOf(call)))[call.method](...call.parameters);
      return cursors.push(rows[Symbol.asyncIterator]()) - 1;
    }
    case "next":
      return present(cursors[call.rows]).next();
    case "return":
      return (await cursors[call.rows]?.return?.()) ?? null;
  }
};

const stateOf = (call: RemoteCall): RemoteState | null => {
  const store = storeOf(call);
  if (store === null) return null;
  const { absorbedSequence, lastSequence } = store;
  return { absorbedSequence, lastSequence, damage: store.damage() };
};

const errorOf = (cause: unknown): ErrorValue | string =>
  cause instanceof NebulusError ? cause.toValue() : String(cause);

addEventListener(
  "message",
  ({ data: [call, asked] }: MessageEvent<readonly [number, RemoteCall]>) => {
    perform(asked).then(
      (value) => {
        postMessage({ call, state: stateOf(asked), ok: true, value } satisfies RemoteAnswer);
      },
      (cause: unknown) => {
        const error = errorOf(cause);
        postMessage({ call, state: stateOf(asked), ok: false, error } satisfies RemoteAnswer);
      },
    );
  },
);
