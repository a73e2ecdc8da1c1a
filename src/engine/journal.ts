/**
 * Group commit: commands that arrive while a flush is under way share the next one. A commit is
 * durable, and its promise resolves, when its record is flushed. Apart from `commit.ts`, since
 * order, failure and undoing are one concern, whatever was committed.
 */
import { NebulusError } from "../core/base/errors.ts";
import { encodeCommit, type Commit } from "../core/journal/record.ts";
import type { JournalRecord, Store } from "../storage/store.ts";
import { notCommitted, OutcomeUnknown } from "./failure.ts";
import type { Timers } from "./timers.ts";

export interface JournalEntry {
  readonly commit: Omit<Commit, "sequence">;
  /** Takes the commit's effects in memory back. Called newest first. */
  readonly undo: () => void;
  /** Called in order, once the record is durable, before the promise resolves. */
  readonly durable: () => void;
}

export interface JournalDeps {
  readonly store: Store;
  readonly timers: Timers;
  readonly durability: () => "strict" | "relaxed";
  readonly lastSequence: number;
  /** Bytes of the records that it holds. */
  readonly heldBytes: number;
  /** The journal's state is unknown: nothing may be written any more. */
  readonly failed: (error: NebulusError) => void;
}

interface Waiting {
  readonly record: JournalRecord;
  readonly entry: JournalEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A class, since every commit passes through it; one a database. */
export class Journal {
  private readonly deps: JournalDeps;
  private last: number;
  private durableSequence: number;
  private queue: Waiting[] = [];
  private isScheduled = false;
  private broken: NebulusError | null = null;
  private idleWaiters: (() => void)[] = [];
  private bytes: number;
  private latest: Promise<void> | null = null;

  constructor(deps: JournalDeps) {
    this.deps = deps;
    this.last = deps.lastSequence;
    this.durableSequence = deps.lastSequence;
    this.bytes = deps.heldBytes;
  }

  /**
   * The commit took effect in memory; resolves when it is durable. Rejects, undone, when it can not
   * be.
   */
  append(entry: JournalEntry): Promise<void> {
    if (this.broken !== null) {
      entry.undo();
      return Promise.reject(notCommitted(this.broken));
    }
    this.last += 1;
    const sequence = this.last;
    const record = { sequence, payload: encodeCommit({ ...entry.commit, sequence }) };
    const result = new Promise<void>((resolve, reject) => {
      this.queue.push({ record, entry, resolve, reject });
      this.schedule();
    });
    this.noteLatest(result);
    return result;
  }

  /**
   * Resolves when all that was appended so far is durable, for an answer that rests on it without
   * adding to it; rejects if it is taken back.
   */
  appended(): Promise<void> {
    return this.latest ?? Promise.resolve();
  }

  /** The sequence of the last durable record. */
  flushed(): number {
    return this.durableSequence;
  }

  /** Bytes of records since the journal was last let go: what an opening would have to replay. */
  heldBytes(): number {
    return this.bytes;
  }

  /** All that was flushed stands in segments by now. */
  absorbed(): void {
    this.bytes = 0;
  }

  get isIdle(): boolean {
    return !this.isScheduled && this.queue.length === 0;
  }

  /** Resolves when nothing is queued or under way; by its next turn there may be. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.idleWaiters.push(resolve);
    });
  }

  private noteLatest(result: Promise<void>): void {
    const forget = (): void => {
      if (this.latest === result) this.latest = null;
    };
    this.latest = result;
    result.then(forget, forget);
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.deps.timers.soon(() => {
      void this.flush();
    });
  }

  private async flush(): Promise<void> {
    const group = this.queue;
    this.queue = [];
    const records = group.map(({ record }) => record);
    try {
      await this.deps.store.appendJournal(records, this.deps.durability());
      this.settle(group);
    } catch (error) {
      await this.recover(group, error);
    }
    this.isScheduled = false;
    if (this.queue.length > 0) this.schedule();
    else this.wake();
  }

  private settle(group: readonly Waiting[]): void {
    for (const { record, entry, resolve } of group) {
      this.durableSequence = record.sequence;
      this.bytes += record.payload.length;
      entry.durable();
      resolve();
    }
  }

  /**
   * A store can fail after the write took effect. What stands in it decides: the group is there
   * whole (then it is committed), or not at all (then it, and all that was built on it, is undone).
   */
  private async recover(group: readonly Waiting[], error: unknown): Promise<void> {
    if (isReplaced(error)) {
      // What stands there under the same numbers is another's
      this.break(group, notCommitted(error));
      return;
    }
    const found = await lastStored(this.deps.store).catch((): null => null);
    if (found !== null && found >= lastOf(group)) this.settle(group);
    else if (found !== null) this.undo(group, takenBack(error));
    else this.break(group, unknownOutcome(error));
  }

  private undo(group: readonly Waiting[], error: NebulusError): void {
    const queued = this.queue;
    this.queue = [];
    this.last = this.durableSequence;
    for (const { entry } of [...group, ...queued].reverse()) entry.undo();
    for (const { reject } of group) reject(error);
    // Whatever became of the others, these never reached the store
    for (const { reject } of queued) reject(notCommitted(error));
  }

  /** Nobody can say what the store holds: nothing is written any more. */
  private break(group: readonly Waiting[], error: NebulusError): void {
    this.broken = error;
    this.undo(group, error);
    this.deps.failed(error);
  }

  private wake(): void {
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const waiter of waiters) waiter();
  }
}

const lastOf = (group: readonly Waiting[]): number => group.at(-1)?.record.sequence ?? 0;

/** The highest sequence that the store holds, absorbed or not. */
const lastStored = async (store: Store): Promise<number> => {
  let found = store.absorbedSequence;
  for await (const record of store.journal()) found = Math.max(found, record.sequence);
  return found;
};

const takenBack = (error: unknown): NebulusError =>
  error instanceof NebulusError
    ? notCommitted(error)
    : new NebulusError(
        {
          code: "StorageFailed",
          message: "The write could not be stored and was taken back. Try again, or reload.",
          retryable: true,
          outcome: "not committed",
        },
        error,
      );

/** Neither committed nor not: asking again by the command's id after a reload tells. */
const unknownOutcome = (error: unknown): NebulusError =>
  new OutcomeUnknown(
    {
      code: "StorageFailed",
      message: "The storage of this browser failed in the middle of a write. Reload the page.",
      retryable: true,
    },
    error,
  );

const isReplaced = (error: unknown): boolean =>
  error instanceof NebulusError && error.code === "Replaced";
