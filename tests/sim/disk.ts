/**
 * A device's disk in the simulator: the in-memory store behind taps. It takes its time, fails on
 * demand before or after an effect, knows what was written to the journal for each command, and
 * whether anything is under way.
 */
import { NebulusError } from "../../src/core/base/errors.ts";
import { assert } from "../../src/core/base/result.ts";
import { decodeCommit, type Commit, type JournalPart } from "../../src/core/journal/record.ts";
import { InMemoryAdapter, type StoreImage, type StoreOperation } from "../../src/storage/memory.ts";
import type { JournalRecord, StorageAdapter } from "../../src/storage/store.ts";
import type { TablesImage } from "../support/memoryTables.ts";
import { tapStore } from "../support/tappedStore.ts";

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

/** What a disk holds at one moment: a store in memory, or a journaled one over tables and files. */
export type DiskImage = StoreImage | JournaledImage;

export interface JournaledImage {
  readonly segments: ReadonlyMap<string, Uint8Array>;
  readonly tables: TablesImage;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export const isJournaled = (image: DiskImage): image is JournaledImage => "tables" in image;

/** Its tables hold nothing, so what files may be beside them are all that is left. */
export const isLostImage = (image: DiskImage): boolean =>
  isJournaled(image) && image.tables.meta.size === 0;

export interface Disk {
  readonly adapter: StorageAdapter;
  /** Runs on a disk that takes no time: for looking on. */
  readonly atOnce: <T>(run: () => Promise<T>) => Promise<T>;
  /** Calls of the store opened last that have not answered. */
  readonly underWay: () => number;
  readonly image: () => DiskImage;
  /** The process ends, and with a disk that forgets maybe the power goes. */
  readonly crash: () => void;
  /** Another disk, as it were: whatever was open before can only fail from now on. */
  readonly replace: (image: DiskImage) => void;
  /**
   * What only befalls a journal beside tables; null: this disk has none. Returns the sequence up to
   * which nothing of it can be lost by it, and what happened.
   */
  readonly misfortune: ((kept: readonly DiskImage[]) => Misfortune) | null;
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

export interface Misfortune {
  readonly what: string;
  /** Commits of later sequences may be gone. */
  readonly safeSequence: number;
  /** The whole database is gone, and what is left says so. */
  readonly isLost: boolean;
  /** The tables are those of this image again: what was kept later is of a time that is no more. */
  readonly backTo: DiskImage | null;
}

export const diskName = "database";

export const createDisk = (rules: DiskRules, from?: DiskImage): Disk => {
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
  const replace = (image: DiskImage): void => {
    assert(!isJournaled(image), "images come from disks of the same kind");
    memory.restore(diskName, image);
    failure = null;
  };
  if (from !== undefined) replace(from);

  return {
    adapter: {
      kind: memory.kind,
      open: async (name) => {
        const counted = { underWay: 0 };
        calls = counted;
        if (!rules.keepsPages) {
          memory.restore(diskName, { ...memory.snapshot(diskName), pages: new Map() });
        }
        return tapStore(await count(counted, () => memory.open(name)), {
          call: (run) => count(counted, run),
          appending: noteAttempt,
        });
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
    crash() {
      replace(memory.snapshot(diskName));
    },
    replace,
    misfortune: null,
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

export interface Calls {
  underWay: number;
}

export const count = async <T>(calls: Calls, run: () => Promise<T>): Promise<T> => {
  calls.underWay++;
  try {
    return await run();
  } finally {
    calls.underWay--;
  }
};

export const injected = (code: StoreFailure["code"]): NebulusError =>
  new NebulusError({
    code,
    message: "The simulated disk failed.",
    retryable: true,
  });

/** For the trace. */
export const partText = ({ scope, writer, first, ops }: JournalPart): string =>
  `${scope.slice(0, 4)}/${writer.slice(0, 6)}:${first}+${ops.length}`;
