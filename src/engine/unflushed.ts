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
}

type Step =
  | { readonly kind: "written"; readonly batch: Batch }
  | { readonly kind: "read"; readonly batch: Batch; readonly home: Home; readonly ops: Ops };

type Ops = readonly Op[];

export const createUnflushed = (): Unflushed => {
  const steps: Step[] = [];

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
    },
    durable(batch) {
      assert(steps.shift()?.batch === batch, "commits are flushed in order");
      while (steps[0]?.kind === "read") steps.shift();
    },
    undo(batch) {
      const at = steps.findLastIndex(({ kind }) => kind === "written");
      assert(steps[at]?.batch === batch, "the latest commit is taken back first");
      const since = steps.splice(at).slice(1);
      for (const step of since.toReversed()) undoBatch(step.batch);
      undoBatch(batch);
      since.forEach(readAgain);
    },
    read(home, ops, batch) {
      addToBatch(batch, apply(home, ops));
    },
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
