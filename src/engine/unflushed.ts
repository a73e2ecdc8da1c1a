/**
 * What changed in memory and is not flushed, in order: this device's commits, and what was read of
 * peers between them. Taking a commit back puts documents where they were before it; what peers
 * wrote since is durable already, so it is taken off first and laid on again.
 */
import { assert } from "../core/base/result.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import { append, createBatch, undoBatch, type Batch } from "./append.ts";
import type { Home } from "./home.ts";

export interface Unflushed {
  /** A commit took effect in memory; these were the documents before. */
  written(batch: Batch): void;
  /** The oldest commit is durable. */
  durable(batch: Batch): void;
  /** The latest commit is not to be. */
  undo(batch: Batch): void;
  /** Applies ops of peers; what they changed is noted in the batch. */
  read(home: Home, ops: readonly (Op | NoOp)[], batch: Batch): void;
  /** Whether a document holds what may yet be taken back. */
  readonly isWritten: (home: Home, id: string) => boolean;
}

type Step =
  | { readonly kind: "written"; readonly batch: Batch }
  | { readonly kind: "read"; readonly batch: Batch; readonly home: Home; readonly ops: Ops };

type Ops = readonly Op[];

export const createUnflushed = (): Unflushed => {
  /** From `first` on; what lies before is flushed. Thousands of commands may wait for one flush. */
  const steps: Step[] = [];
  let first = 0;
  /** How many of the commits changed a document. */
  const commits = new Map<Home, Map<string, number>>();

  const count = (batch: Batch, by: 1 | -1): void => {
    for (const [home, documents] of batch) {
      const counts = commits.get(home) ?? new Map<string, number>();
      commits.set(home, counts);
      for (const id of documents.keys()) {
        const now = (counts.get(id) ?? 0) + by;
        if (now === 0) counts.delete(id);
        else counts.set(id, now);
      }
    }
  };

  const forgetFlushed = (): void => {
    if (first < steps.length) return;
    steps.length = 0;
    first = 0;
  };

  const readAgain = (step: Step): void => {
    if (step.kind === "read") apply(step.home, step.ops);
  };

  const apply = (home: Home, ops: readonly (Op | NoOp)[]): Batch => {
    const batch = createBatch();
    for (const op of ops) append(home, op, batch);
    // Without a commit before it nothing can make it be laid on again.
    if (steps.length > 0) steps.push({ kind: "read", batch, home, ops: ops.filter(isOp) });
    return batch;
  };

  return {
    written(batch) {
      steps.push({ kind: "written", batch });
      count(batch, 1);
    },
    durable(batch) {
      assert(steps[first]?.batch === batch, "commits are flushed in order");
      first += 1;
      while (steps[first]?.kind === "read") first += 1;
      count(batch, -1);
      forgetFlushed();
    },
    undo(batch) {
      const since: Step[] = [];
      let latest = steps.pop();
      for (; latest?.kind === "read"; latest = steps.pop()) since.push(latest);
      assert(latest?.batch === batch, "the latest commit is taken back first");
      for (const step of since) undoBatch(step.batch);
      undoBatch(batch);
      count(batch, -1);
      forgetFlushed();
      since.reverse().forEach(readAgain);
    },
    read(home, ops, batch) {
      addToBatch(batch, apply(home, ops));
    },
    isWritten: (home, id) => commits.get(home)?.has(id) === true,
  };
};

const isOp = (op: Op | NoOp): op is Op => op.kind !== "no-op";

const addToBatch = (batch: Batch, more: Batch): void => {
  for (const [home, documents] of more) {
    const noted = batch.get(home);
    if (noted === undefined) batch.set(home, new Map(documents));
    else for (const [id, before] of documents) if (!noted.has(id)) noted.set(id, before);
  }
};
