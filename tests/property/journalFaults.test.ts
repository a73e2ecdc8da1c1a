/**
 * Every call of files and tables that a workload of the journaled store makes fails once, before
 * its effect or after it, and then for good: what the caller was told holds, at once, after the end
 * of the process and after a power loss; pairs of failures are sampled.
 */
import { expect, test } from "vitest";
import { NebulusError } from "../../src/core/base/errors.ts";
import { cutOffError, exceptionError } from "../../src/storage/errors.ts";
import type { StorageAdapter, Store } from "../../src/storage/store.ts";
import { createJournaledMemory, type JournaledMemory } from "../support/journaledMemory.ts";
import { createJournalModel, type JournalModel } from "../support/journalModel.ts";
import { createRandom } from "../support/random.ts";

const name = "faults";
const timeoutMilliseconds = 120_000;

interface Failure {
  /** Counted from 1. */
  readonly operation: number;
  readonly phase: "before" | "after";
}

interface Plan {
  readonly failures: readonly Failure[];
  /** All operations after the first failure fail too, until the next opening after a crash. */
  readonly isForGood?: boolean;
  readonly hasFence?: boolean;
  readonly crashSeed?: number;
}

interface Run {
  readonly memory: JournaledMemory;
  readonly model: JournalModel;
  readonly where: string;
  readonly operations: () => number;
  adapter: StorageAdapter;
  store: Store;
  payloads: number;
}

const relaxedOrStrict = ["strict", "relaxed", "strict", "strict", "relaxed", "relaxed"] as const;

/** One after another; what fails is asked no second time, as an engine goes on after it. */
const workload: readonly ((run: Run) => Promise<void>)[] = [
  ...relaxedOrStrict.map((durability) => (run: Run) => append(run, durability)),
  (run) => absorb(run, 2),
  (run) => append(run, "relaxed"),
  (run) => close(run),
  (run) => append(run, "strict", 300),
  (run) => append(run, "relaxed", 300),
  (run) => append(run, "relaxed", 300),
  (run) => absorb(run, 3),
  (run) => close(run),
  (run) => append(run, "strict"),
  (run) => replace(run),
  (run) => append(run, "strict"),
  (run) => absorb(run, 100),
  (run) => append(run, "strict"),
  (run) => close(run),
];

const append = async (run: Run, durability: "strict" | "relaxed", size = 20): Promise<void> => {
  const { store, model } = run;
  const records = [1, 2].map((ahead) => ({
    sequence: store.lastSequence + ahead,
    payload: new Uint8Array(size).fill(run.payloads++),
  }));
  await model.append(store, records, durability);
};

const absorb = async ({ store, model }: Run, count: number): Promise<void> => {
  const absorbedSequence = Math.min(store.lastSequence, store.absorbedSequence + count);
  model.absorbed(absorbedSequence);
  if (await succeeds(store.write({ absorbedSequence }))) model.flushed();
};

const close = async (run: Run): Promise<void> => {
  const closed = await succeeds(run.store.close());
  if (closed) run.model.flushed();
  await reopen(run);
};

/** The one before is neither closed nor dead. */
const replace = async (run: Run): Promise<void> => {
  run.adapter = run.memory.newAdapter();
  await reopen(run);
};

/** What fails is tried once more; only one call fails, or all do. */
const reopen = async (run: Run): Promise<void> => {
  for (let attempt = 0; attempt < 3; attempt++) {
    const opened = await run.adapter.open(name).catch(typed);
    if (opened === null) continue;
    run.store = opened;
    return;
  }
};

const succeeds = async (call: Promise<unknown>): Promise<boolean> =>
  (await call.then(() => true).catch(typed)) ?? false;

/** Whatever fails says so with a code. */
const typed = (cause: unknown): null => {
  expect(cause).toBeInstanceOf(NebulusError);
  return null;
};

const perform = async (plan: Plan): Promise<number> => {
  let operations = 0;
  let failing: Plan | null = plan;
  const failed = { once: false };
  const isHit = (phase: "before" | "after"): boolean => {
    if (phase === "before") operations += 1;
    const hit = failing?.failures.some(
      (failure) =>
        (failure.operation === operations && failure.phase === phase) ||
        (plan.isForGood === true && failure.operation < operations),
    );
    failed.once ||= hit === true;
    return hit === true;
  };
  const injected = new DOMException("injected", "UnknownError");
  const memory = createJournaledMemory({
    fileFault: ({ phase }) => {
      if (isHit(phase)) throw injected;
    },
    tablesFault: ({ phase }) => {
      // An aborted transaction left nothing; one that was cut off may have been committed
      if (isHit(phase))
        throw phase === "before" ? exceptionError(name, injected) : cutOffError(name);
    },
    hasFence: plan.hasFence ?? true,
    sizes: { fileBytesMax: 12_288 + 200, fileAbsorbedBytesMax: 100 },
  });
  const where = JSON.stringify(plan);
  const model = createJournalModel();
  const { adapter } = memory;
  const first = (await adapter.open(name).catch(typed)) ?? (await adapter.open(name).catch(typed));
  if (first !== null) {
    const run: Run = {
      ...{ memory, model, where, adapter, store: first, payloads: 0 },
      operations: () => operations,
    };
    for (const step of workload) {
      await step(run);
      if (plan.isForGood !== true && failed.once) await checkLive(run);
    }
  }
  failing = null;
  if (plan.crashSeed === undefined) memory.kill();
  else memory.crash(createRandom(plan.crashSeed).integer);
  const store = await memory.newAdapter().open(name);
  await model.check(store, where, plan.crashSeed !== undefined);
  expect(store.opening.rolledBack, where).toBeNull();
  expect(store.journalProvesContinuity, where).toBe(true);
  await store.appendJournal(
    [{ sequence: store.lastSequence + 1, payload: new Uint8Array() }],
    "strict",
  );
  return operations;
};

/** Where the store does not know its own state, it says so, and an opening finds out. */
const checkLive = async (run: Run): Promise<void> => {
  const { store, model, where } = run;
  const known = await succeeds(store.journal()[Symbol.asyncIterator]().next());
  if (known) await model.check(store, where).catch(rethrowUnlessTyped);
  else await reopen(run);
};

const rethrowUnlessTyped = (cause: unknown): void => {
  if (!(cause instanceof NebulusError)) throw cause;
};

test(
  "each operation fails once, before and after its effect",
  async () => {
    for (const hasFence of [true, false]) {
      const operations = await perform({ failures: [], hasFence });
      expect(operations).toBeGreaterThan(100);
      for (let operation = 1; operation <= operations; operation++) {
        for (const phase of ["before", "after"] as const) {
          const crashSeed = hasFence ? {} : { crashSeed: operation };
          await perform({ failures: [{ operation, phase }], hasFence, ...crashSeed });
        }
      }
    }
  },
  timeoutMilliseconds,
);

test(
  "from some operation on all fail",
  async () => {
    const operations = await perform({ failures: [] });
    for (let operation = 1; operation <= operations; operation++) {
      for (const phase of ["before", "after"] as const) {
        const failures = [{ operation, phase }];
        await perform({ failures, isForGood: true });
        await perform({ failures, isForGood: true, crashSeed: operation });
      }
    }
  },
  timeoutMilliseconds,
);

test(
  "two operations fail",
  async () => {
    const random = createRandom(7);
    const operations = await perform({ failures: [] });
    for (let pair = 0; pair < 200; pair++) {
      const failures = [1, 2].map(() => ({
        operation: 1 + random.integer(operations),
        phase: random.pick(["before", "after"] as const),
      }));
      await perform({ failures, crashSeed: pair });
    }
  },
  timeoutMilliseconds,
);
