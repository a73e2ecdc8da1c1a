/**
 * Transactions: a function runs over one consistent state, and what it writes is committed whole,
 * or it runs again. Retries take turns, so that a hundred transactions on one document all get
 * there.
 */
import { NebulusError } from "../core/base/errors.ts";
import { transactionAttemptsMax, transactionTurnMillisecondsMax } from "../core/base/limits.ts";
import { assert } from "../core/base/result.ts";
import { unlessAborted } from "./abort.ts";
import type { Transaction, TransactionCollection, TransactionFindOptions } from "./api.ts";
import { createAttempt, type Attempt, type AttemptOptions } from "./attempt.ts";
import type { CollectionContext } from "./context.ts";
import { findRequest } from "./findRequest.ts";
import { deleteIn, insertIn, updateIn, upsertIn } from "./guardedWrites.ts";
import { toRow } from "./prepare.ts";
import { shown, type StoredFields } from "./rows.ts";
import type { Session } from "./session.ts";
import type { Document, Query } from "./types.ts";

export interface RunOptions extends AttemptOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Runs `work` until nobody else changes what it reads while it runs. */
export type Transact = <R>(
  work: (attempt: Attempt) => R | Promise<R>,
  options: RunOptions,
) => Promise<R>;

export const createTransact = (session: Session): Transact => {
  let last: Promise<unknown> = Promise.resolve();

  /**
   * After the retries that came before; but one of those may itself wait for this one, so not for
   * ever.
   */
  const inTurn = async <R>(run: () => Promise<R>): Promise<R> => {
    const before = last;
    const running = waitAtMost(before, transactionTurnMillisecondsMax).then(run);
    last = running.catch(() => undefined);
    return running;
  };

  return async (work, options) => {
    const once = () => runOnce(session, work, options);
    let outcome = await once();
    for (let attempts = 1; outcome.kind === "spoiled"; attempts++) {
      if (attempts >= transactionAttemptsMax) throw conflict();
      outcome = await inTurn(once);
    }
    return outcome.result;
  };
};

/** What a transaction's own function is given. */
export const createTransaction = (
  attempt: Attempt,
  contextOf: (collection: string) => CollectionContext,
): Transaction => ({
  collection: <T>(name: string): TransactionCollection<T> =>
    // What callers said their documents are is all that is known of T.
    createTransactionCollection(attempt, contextOf(name)) as unknown as TransactionCollection<T>,
});

const attemptsText = String(transactionAttemptsMax);

type Outcome<R> = { readonly kind: "committed"; readonly result: R } | { readonly kind: "spoiled" };

const runOnce = async <R>(
  session: Session,
  work: (attempt: Attempt) => R | Promise<R>,
  { together, signal }: RunOptions,
): Promise<Outcome<R>> => {
  const attempt = createAttempt(session, { together });
  try {
    const running = Promise.resolve().then(() => work(attempt));
    const result = await unlessAborted(running, signal, "not committed");
    // What was read shows states that never were together: what came of it does not count.
    if (attempt.spoiled()) return { kind: "spoiled" };
    attempt.end();
    await attempt.commit(signal);
    return { kind: "committed", result };
  } catch (error) {
    if (attempt.spoiled()) return { kind: "spoiled" };
    throw error;
  } finally {
    attempt.end();
  }
};

const waitAtMost = (event: Promise<unknown>, milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void event.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });

const conflict = (): NebulusError =>
  new NebulusError({
    code: "TransactionConflict",
    message: `What the transaction read changed each of the ${attemptsText} times that it ran.`,
    retryable: true,
    outcome: "not committed",
  });

const createTransactionCollection = (
  attempt: Attempt,
  context: CollectionContext,
): TransactionCollection => {
  const { name, schema } = context;
  const find = async (
    query: Query | undefined,
    options?: TransactionFindOptions,
  ): Promise<StoredDocument[]> => {
    const found = await attempt.find(findRequest(name, query, options));
    return found.map((document) => shown(document, schema));
  };
  const getMany = async (ids: readonly string[]): Promise<StoredDocument[]> => {
    const found = await attempt.get(name, ids);
    return found.map((document) => shown(document, schema));
  };
  return {
    get: async (id) => (await getMany([id])).at(0) ?? null,
    getMany,
    find,
    findOne: async (query, options) => (await find(query, { ...options, limit: 1 })).at(0) ?? null,
    count: async (query) => (await attempt.find(findRequest(name, query, undefined))).length,
    insert: async (document) =>
      only(await insertIn(attempt, context, [toRow(document, context.makeId)], null)),
    upsert: async (document) =>
      only(await upsertIn(attempt, context, [toRow(document, context.makeId)])),
    update: (where, update) => updateIn(attempt, context, where, update),
    delete: (where) => deleteIn(attempt, context, where),
  };
};

type StoredDocument = Document & { readonly id: string };

const only = (documents: readonly StoredFields[]): StoredDocument => {
  const [document] = documents;
  assert(document !== undefined, "one document was stored");
  return document;
};
