/**
 * A device's disk in the simulator: the in-memory store behind taps. It takes its time, fails on
 * demand before or after an effect, knows what was written to the journal for each command, and
 * whether anything is under way.
 */
import { NebulusError } from "../../src/core/base/errors.ts";
import { decodeCommit, type Commit } from "../../src/core/journal/record.ts";
import { InMemoryAdapter, type StoreImage, type StoreOperation } from "../../src/storage/memory.ts";
import type { JournalRecord, StorageAdapter, Store } from "../../src/storage/store.ts";

export interface DiskRules {
  readonly journalProvesContinuity: boolean;
  /** False: an opening finds no checkpoint, since a liar's log says other than what it did. */
  readonly keepsPages: boolean;
  /** Resolves when the disk gets on with it; null: at once. */
  readonly pause: () => Promise<void> | null;
}

export interface StoreFailure {
  readonly kind: "appendJournal" | "write";
  readonly phase: StoreOperation["phase"];
  readonly code: "StorageFailed" | "QuotaExceeded";
}

export interface Disk {
  readonly adapter: StorageAdapter;
  /** Runs on a disk that takes no time: for looking on. */
  readonly atOnce: <T>(run: () => Promise<T>) => Promise<T>;
  /** Calls of the store opened last that have not answered. */
  readonly underWay: () => number;
  readonly image: () => StoreImage;
  /** Another disk, as it were: whatever was open before can only fail from now on. */
  readonly replace: (image: StoreImage) => void;
  /** What took effect since is forgotten. */
  readonly forget: () => void;
  /** The next operation of that kind fails, once. */
  readonly fail: (failure: StoreFailure | null) => void;
  /** Whether such a failure is still to come. */
  readonly isFailing: () => boolean;
  /** The commit of a command that took effect here. */
  readonly commitOf: (commandId: string) => Commit | null;
  /** How often a command's commit took effect on this disk. */
  readonly effectsOf: (commandId: string) => number;
}

export const diskName = "database";

export const createDisk = (rules: DiskRules, from?: StoreImage): Disk => {
  const commits = new Map<string, Commit>();
  const effects = new Map<string, number>();
  let failure: StoreFailure | null = null;
  let isAtOnce = false;
  let appending: readonly Commit[] = [];
  let calls = { underWay: 0 };

  const memory = new InMemoryAdapter({
    journalProvesContinuity: rules.journalProvesContinuity,
    fault: async ({ kind, phase }) => {
      if (kind === "appendJournal" && phase === "after") noteEffects();
      if (isAtOnce) return;
      await rules.pause();
      if (failure?.kind !== kind || failure.phase !== phase) return;
      const { code } = failure;
      failure = null;
      throw injected(code);
    },
  });
  const noteEffects = (): void => {
    for (const commit of appending) {
      const { commandId } = commit;
      commits.set(commandId, commit);
      if (commandId !== "") effects.set(commandId, (effects.get(commandId) ?? 0) + 1);
    }
  };
  const noteAttempt = (records: readonly JournalRecord[]): void => {
    appending = records.flatMap(({ payload }) => {
      const commit = decodeCommit(payload);
      return commit.ok ? [commit.value] : [];
    });
  };
  if (from !== undefined) memory.restore(diskName, from);

  return {
    adapter: {
      kind: memory.kind,
      open: async (name) => {
        const counted = { underWay: 0 };
        calls = counted;
        if (!rules.keepsPages) {
          memory.restore(diskName, { ...memory.snapshot(diskName), pages: new Map() });
        }
        return tapped(await count(counted, () => memory.open(name)), counted, noteAttempt);
      },
      destroy: (name) => memory.destroy(name),
    },
    async atOnce(run) {
      isAtOnce = true;
      try {
        return await run();
      } finally {
        isAtOnce = false;
      }
    },
    underWay: () => calls.underWay,
    image: () => memory.snapshot(diskName),
    replace(image) {
      memory.restore(diskName, image);
      failure = null;
    },
    forget() {
      effects.clear();
      commits.clear();
    },
    fail: (next) => {
      failure = next;
    },
    isFailing: () => failure !== null,
    commitOf: (commandId) => commits.get(commandId) ?? null,
    effectsOf: (commandId) => effects.get(commandId) ?? 0,
  };
};

interface Calls {
  underWay: number;
}

const count = async <T>(calls: Calls, run: () => Promise<T>): Promise<T> => {
  calls.underWay++;
  try {
    return await run();
  } finally {
    calls.underWay--;
  }
};

const tapped = (
  store: Store,
  calls: Calls,
  noteAttempt: (records: readonly JournalRecord[]) => void,
): Store => ({
  epoch: store.epoch,
  journalProvesContinuity: store.journalProvesContinuity,
  journalKind: store.journalKind,
  opening: store.opening,
  get absorbedSequence() {
    return store.absorbedSequence;
  },
  get lastSequence() {
    return store.lastSequence;
  },
  meta: () => count(calls, () => store.meta()),
  journal: () => tappedList(store.journal(), calls),
  appendJournal: (records, durability) => {
    noteAttempt(records);
    return count(calls, () => store.appendJournal(records, durability));
  },
  write: (batch) => count(calls, () => store.write(batch)),
  segment: (key) => count(calls, () => store.segment(key)),
  segments: (scope) => tappedList(store.segments(scope), calls),
  pages: (keys) => count(calls, () => store.pages(keys)),
  pagesOf: (scope, kind) => tappedList(store.pagesOf(scope, kind), calls),
  damage: () => store.damage(),
  close: () => count(calls, () => store.close()),
});

async function* tappedList<T>(list: AsyncIterable<T>, calls: Calls): AsyncGenerator<T> {
  const items = list[Symbol.asyncIterator]();
  for (;;) {
    const next = await count(calls, () => items.next());
    if (next.done === true) return;
    yield next.value;
  }
}

const injected = (code: StoreFailure["code"]): NebulusError =>
  new NebulusError({
    code,
    message: "The simulated disk failed.",
    retryable: true,
  });
