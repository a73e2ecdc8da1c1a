/**
 * One IndexedDB connection: how it opens, the only two ways to run a transaction, and how it may
 * end without being asked. Apart from the store so that the browser's traps stand in one place:
 * quota fails at commit, after every request succeeded; `idb`'s own `done` rejects at a request's
 * error, before the transaction has ended and knows why.
 */
import { unwrap, wrap, type DBSchema, type IDBPDatabase, type IDBPTransaction } from "idb";
import type { NebulusError } from "../core/base/errors.ts";
import {
  blockedError,
  closedError,
  cutOffError,
  exceptionError,
  lostError,
  replacedError,
  storageError,
} from "./errors.ts";

/** Values are envelopes (envelope.ts); `unknown` because a damaged store may hold anything. */
export interface Tables extends DBSchema {
  /** Key: the bytes of keys.ts. */
  readonly segments: {
    readonly key: ArrayBuffer | Uint8Array<ArrayBuffer>;
    readonly value: unknown;
  };
  /** Key: the bytes of keys.ts. */
  readonly pages: {
    readonly key: ArrayBuffer | Uint8Array<ArrayBuffer>;
    readonly value: unknown;
  };
  /** Key: the sequence. */
  readonly journal: { readonly key: number; readonly value: unknown };
  /** Key: a text for the engine's values, an array of one text for the store's own. */
  readonly meta: { readonly key: string | string[]; readonly value: unknown };
}

export type TableName = "segments" | "pages" | "journal" | "meta";
export type ReadTransaction = IDBPTransaction<Tables, TableName[]>;
export type WriteTransaction = IDBPTransaction<Tables, TableName[], "readwrite">;

export interface Layout {
  readonly version: number;
  /** Runs in the upgrade transaction. */
  readonly upgrade: (database: IDBDatabase, oldVersion: number) => void;
}

export interface Write<T> {
  readonly tables: readonly TableName[];
  readonly durability: "strict" | "relaxed";
  /** `refuse` aborts: nothing is written, and the call rejects with that error. */
  readonly requests: (
    transaction: WriteTransaction,
    refuse: (error: NebulusError) => void,
  ) => Promise<T>;
  /** Runs at `complete`, before the next write begins. */
  readonly committed?: (result: T) => void;
}

/** In both, nothing but requests of the transaction may be awaited, or it ends under them. */
export interface Connection {
  withRead<T>(
    tables: readonly TableName[],
    requests: (transaction: ReadTransaction) => Promise<T>,
  ): Promise<T>;
  /** Why nothing can be called any more. */
  ended(): NebulusError | null;
  /** Resolves at `complete`. Writes run one after another, in the order of their calls. */
  withWrite<T>(write: Write<T>): Promise<T>;
  /** Waits for all that was called before. */
  close(): Promise<void>;
}

export const openConnection = async (
  factory: IDBFactory,
  name: string,
  layout: Layout,
): Promise<Connection> => createConnection(await openDatabase(factory, name, layout), name);

/**
 * Resolves when it is gone. Blocked, it rejects; the browser deletes all the same once the last
 * holder closes.
 */
export const deleteDatabase = (factory: IDBFactory, name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = begin(name, () => factory.deleteDatabase(name));
    request.addEventListener("success", () => {
      resolve();
    });
    request.addEventListener("blocked", () => {
      reject(blockedError(name));
    });
    request.addEventListener("error", () => {
      reject(exceptionError(name, request.error));
    });
  });

const openDatabase = (factory: IDBFactory, name: string, layout: Layout): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = begin(name, () => factory.open(name, layout.version));
    let blocked = false;
    request.addEventListener("blocked", () => {
      blocked = true;
      reject(blockedError(name));
    });
    request.addEventListener("upgradeneeded", (event) => {
      // The caller was told that it failed, so it must not succeed behind its back
      if (blocked) request.transaction?.abort();
      else layout.upgrade(request.result, event.oldVersion);
    });
    request.addEventListener("success", () => {
      if (blocked) request.result.close();
      else resolve(request.result);
    });
    request.addEventListener("error", () => {
      reject(exceptionError(name, request.error));
    });
  });

/** Where site data is forbidden, asking throws instead of failing its request. */
const begin = (name: string, ask: () => IDBOpenDBRequest): IDBOpenDBRequest => {
  try {
    return ask();
  } catch (cause) {
    throw storageError(name, cause);
  }
};

const createConnection = (raw: IDBDatabase, name: string): Connection => {
  // idb's own open() types its result by these tables; wrapping by hand has to say so
  const database = wrap(raw) as unknown as IDBPDatabase<Tables>;
  const calls = createCalls(raw, name);

  const perform = async <T>(write: Write<T>): Promise<T> => {
    const { tables, durability, requests, committed } = write;
    let refusal: NebulusError | null = null;
    const transaction = database.transaction([...tables], "readwrite", { durability });
    const refuse = (error: NebulusError): void => {
      refusal = error;
      abort(transaction);
    };
    const result = await outcome(transaction, () => requests(transaction, refuse)).catch(
      (cause: unknown): never => {
        throw refusal ?? cause;
      },
    );
    committed?.(result);
    return result;
  };

  let lastWrite: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(write: Write<T>): Promise<T> => {
    const result = lastWrite.then(() => perform(write));
    lastWrite = result.catch(() => undefined);
    return result;
  };

  return {
    withRead: (tables, requests) =>
      calls.run(async () => {
        const transaction = database.transaction([...tables]);
        return outcome(transaction, () => requests(transaction));
      }),
    ended: () => calls.ended(),
    withWrite: (write) => calls.run(() => inTurn(write)),
    close: () => calls.end(),
  };
};

interface Calls {
  ended(): NebulusError | null;
  /** Refused once the connection has ended, in words of how it ended. */
  run<T>(start: () => Promise<T>): Promise<T>;
  /** Waits for those under way. */
  end(): Promise<void>;
}

/** The calls under way on a connection, which may end without them: closed, replaced, or lost. */
const createCalls = (raw: IDBDatabase, name: string): Calls => {
  const underWay = new Map<Promise<unknown>, (error: NebulusError) => void>();
  let ended: ((name: string) => NebulusError) | null = null;
  raw.addEventListener("versionchange", () => {
    // Someone upgrades or deletes: holding on would only block them
    ended ??= replacedError;
    raw.close();
  });
  raw.addEventListener("close", () => {
    ended ??= lostError;
    // Chromium leaves a transaction that was committing in that moment without any event, for ever
    for (const cutOff of underWay.values()) cutOff(cutOffError(name));
  });
  const endedBy = (): NebulusError | null => ended?.(name) ?? null;

  return {
    ended: endedBy,
    run: async <T>(start: () => Promise<T>): Promise<T> => {
      const refusal = endedBy();
      if (refusal !== null) throw refusal;
      let cutOff = (_error: NebulusError): void => undefined;
      const running = new Promise<T>((resolve, reject) => {
        cutOff = reject;
        start().then(resolve, reject);
      });
      underWay.set(running, cutOff);
      try {
        return await running;
      } catch (cause) {
        // How a connection ended says more than that its transactions ended with it
        const reason = ended === closedError ? null : endedBy();
        throw cause instanceof DOMException && reason !== null ? reason : storageError(name, cause);
      } finally {
        underWay.delete(running);
      }
    },
    end: async () => {
      ended = closedError;
      await Promise.allSettled(underWay.keys());
      raw.close();
    },
  };
};

/** What the requests gave, once the transaction is complete; otherwise why it was aborted. */
const outcome = async <T>(
  transaction: ReadTransaction | WriteTransaction,
  requests: () => Promise<T>,
): Promise<T> => {
  const end = endOf(unwrap(transaction));
  // idb rejects this promise beside ours; unheard, it would be reported as an error of the page
  transaction.done.catch(() => undefined);
  let result: T;
  try {
    result = await requests();
  } catch (cause) {
    // A failed request aborts by itself; after any other mistake, what was asked before it must not
    // commit
    abort(transaction);
    throw (await end).error ?? cause;
  }
  const { committed, error } = await end;
  if (committed) return result;
  throw error ?? new DOMException("The transaction was aborted.", "AbortError");
};

interface End {
  readonly committed: boolean;
  /** null where a program aborted it. */
  readonly error: DOMException | null;
}

const endOf = (transaction: IDBTransaction): Promise<End> =>
  new Promise((resolve) => {
    transaction.addEventListener("complete", () => {
      resolve({ committed: true, error: null });
    });
    transaction.addEventListener("abort", () => {
      resolve({ committed: false, error: transaction.error });
    });
  });

const abort = (transaction: ReadTransaction | WriteTransaction): void => {
  try {
    transaction.abort();
  } catch {
    // It has ended already
  }
};
