/**
 * What the API cases stand on: databases of their own, opened where the suite runs (in process over
 * memory, or in a worker over IndexedDB), and closed when a case ends.
 */
import { expect } from "vitest";
import type { DistributedDatabase, DistributedDbOptions } from "../../../src/client/api.ts";
import { NebulusError, type ErrorCode } from "../../../src/core/base/errors.ts";

export interface ApiBench {
  /** A new, empty database. */
  open<C extends object = object>(options?: DistributedDbOptions): DistributedDatabase<C>;
  /** The data of a database that was shut down, again. */
  reopen<C extends object = object>(
    database: DistributedDatabase,
    options?: DistributedDbOptions,
  ): DistributedDatabase<C>;
  /** Closes and deletes what the case opened. */
  clean(): Promise<void>;
}

type Open = (options: DistributedDbOptions) => DistributedDatabase;

let names = 0;

export const createApiBench = (openDatabase: Open): ApiBench => {
  const opened: DistributedDatabase[] = [];
  const open: Open = (options) => {
    const database = openDatabase(options);
    opened.push(database);
    return database;
  };
  return {
    open: (options = {}) =>
      open({ name: `api-${String(Date.now())}-${String(++names)}`, ...options }),
    reopen: (database, options = {}) => open({ ...options, name: database.name }),
    async clean() {
      for (const database of opened.splice(0)) {
        await database.shutdown().catch(() => undefined);
      }
    },
  };
};

/** What a call rejects with; fails the test if it does not, or with anything but a NebulusError. */
export const rejection = async (call: Promise<unknown>): Promise<NebulusError> => {
  const outcome: unknown = await call.then(
    (value) => ({ resolved: value }),
    (error: unknown) => error,
  );
  if (!(outcome instanceof NebulusError)) {
    throw new Error(`rejected with a NebulusError expected, not ${JSON.stringify(outcome)}`);
  }
  return outcome;
};

export const expectRejection = async (
  call: Promise<unknown>,
  code: ErrorCode,
  path?: string,
): Promise<void> => {
  const error = await rejection(call);
  expect(error.code, error.message).toBe(code);
  if (path !== undefined) expect(error.path).toBe(path);
};

/** A value as a caller without types can pass it, where types would not allow it. */
export const untyped = (value: unknown): never =>
  // Such callers exist: every rule is checked at run time too.
  value as never;

/** What a synchronous call throws. */
export const thrown = (call: () => unknown): NebulusError => {
  try {
    call();
  } catch (error) {
    if (error instanceof NebulusError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};
