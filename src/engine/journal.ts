/**
 * Group commit: commands that arrive while a flush is under way share the next one. A commit is durable, and its
 * promise resolves, when its record is flushed. Apart from `commit.ts`, since order, failure and undoing are one
 * concern, whatever was committed.
 */
import { NebulusError } from "../core/base/errors.ts";
import { encodeCommit, type Commit } from "../core/journal/record.ts";
import type { JournalRecord, Store } from "../storage/store.ts";
import type { Timers } from "./timers.ts";

export interface JournalEntry {
  readonly commit: Omit<Commit, "sequence">;
  /** Takes the commit's effects in memory back. Called newest first. */
  readonly undo: () => void;
  /** Called in order, once the record is durable, before the promise resolves. */
  readonly durable: () => void;
}

export interface Journal {
  /** Takes effect in memory at once; resolves when durable. Rejects, undone, when it can not be. */
  append(entry: JournalEntry): Promise<void>;
  /** The sequence of the last durable record. */
  flushed(): number;
  /** True while records wait for their flush. */
  busy(): boolean;
  /** Resolves when nothing is queued or under way. */
  idle(): Promise<void>;
}

export interface JournalDeps {
  readonly store: Store;
  readonly timers: Timers;
  readonly durability: "strict" | "relaxed";
  readonly lastSequence: number;
  /** The journal's state is unknown: nothing may be written any more. */
  readonly failed: (error: NebulusError) => void;
}

interface Waiting {
  readonly record: JournalRecord;
  readonly entry: JournalEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export const createJournal = (deps: JournalDeps): Journal => {
  const { store, timers } = deps;
  let last = deps.lastSequence;
  let flushed = deps.lastSequence;
  let queue: Waiting[] = [];
  let scheduled = false;
  let broken: NebulusError | null = null;
  let idleWaiters: (() => void)[] = [];

  const append = (entry: JournalEntry): Promise<void> => {
    if (broken !== null) {
      entry.undo();
      return Promise.reject(broken);
    }
    last += 1;
    const record = { sequence: last, payload: encodeCommit({ ...entry.commit, sequence: last }) };
    return new Promise<void>((resolve, reject) => {
      queue.push({ record, entry, resolve, reject });
      schedule();
    });
  };

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    timers.soon(() => {
      void flush();
    });
  };

  const flush = async (): Promise<void> => {
    const group = queue;
    queue = [];
    try {
      await store.appendJournal(
        group.map(({ record }) => record),
        deps.durability,
      );
      settle(group);
    } catch (error) {
      await recover(group, error);
    }
    scheduled = false;
    if (queue.length > 0) schedule();
    else wake();
  };

  const settle = (group: readonly Waiting[]): void => {
    for (const { record, entry, resolve } of group) {
      flushed = record.sequence;
      entry.durable();
      resolve();
    }
  };

  /**
   * A store can fail after the write took effect. What stands in it decides: the group is there whole (then it is
   * committed), or not at all (then it, and all that was built on it, is undone).
   */
  const recover = async (group: readonly Waiting[], error: unknown): Promise<void> => {
    const found = await lastStored(store).catch((): null => null);
    if (found === null) return fail(group, error);
    if (found >= lastOf(group)) {
      settle(group);
      return;
    }
    undo(group, outcomeOf(error));
  };

  const undo = (group: readonly Waiting[], error: NebulusError): void => {
    const undone = [...group, ...queue];
    queue = [];
    last = flushed;
    for (const { entry } of [...undone].reverse()) entry.undo();
    for (const { reject } of undone) reject(error);
  };

  const fail = (group: readonly Waiting[], error: unknown): void => {
    broken = outcomeOf(error);
    undo(group, broken);
    deps.failed(broken);
  };

  const wake = (): void => {
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const waiter of waiters) waiter();
  };

  const busy = (): boolean => scheduled || queue.length > 0;
  return {
    append,
    flushed: () => flushed,
    busy,
    idle: () =>
      busy()
        ? new Promise((resolve) => {
            idleWaiters.push(resolve);
          })
        : Promise.resolve(),
  };
};

const lastOf = (group: readonly Waiting[]): number => group.at(-1)?.record.sequence ?? 0;

/** The highest sequence that the store holds, absorbed or not. */
const lastStored = async (store: Store): Promise<number> => {
  let found = store.absorbedSequence;
  for await (const record of store.journal()) found = Math.max(found, record.sequence);
  return found;
};

const outcomeOf = (error: unknown): NebulusError =>
  error instanceof NebulusError
    ? new NebulusError({ ...error.toValue(), outcome: "not committed" }, error)
    : new NebulusError(
        {
          code: "StorageFailed",
          message: "The write could not be stored and was taken back. Try again, or reload.",
          retryable: true,
          outcome: "not committed",
        },
        error,
      );
