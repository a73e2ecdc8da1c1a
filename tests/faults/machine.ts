/**
 * One computer for the fault tests: tables and files in memory, one process after another on them,
 * and every call of the disk counted, so that any of them can be made to fail.
 */
import { NebulusError } from "../../src/core/base/errors.ts";
import type { StorageBounds } from "../../src/engine/bounds.ts";
import { joinNetwork } from "../../src/engine/membership.ts";
import { cutOffError, exceptionError } from "../../src/storage/errors.ts";
import { TornWrite } from "../../src/storage/memoryFiles.ts";
import type { JournalRecord, Store } from "../../src/storage/store.ts";
import { openDatabase, type Opened } from "../../src/worker/service.ts";
import { createJournaledMemory, type JournaledMemory } from "../support/journaledMemory.ts";
import type { TablesImage } from "../support/memoryTables.ts";
import { createNodeCrypto } from "../support/nodeCrypto.ts";
import { createRandom } from "../support/random.ts";
import { tapStore } from "../support/tappedStore.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { createVirtualTime, virtualTimers, type Life } from "../support/virtualTime.ts";
import { networkId, secret } from "../unit/engine/world.ts";

/**
 * `files`: the journal in files, with a slot that fences; `asking`: without it; `tables`: no
 * files.
 */
export type Mode = "files" | "asking" | "tables";

/** `torn`: a part of a write to a file took effect. */
export type Way = "before" | "torn" | "after";

export interface Failure {
  /** Of the machine's life, counted from 1. */
  readonly operation: number;
  readonly way: Way;
}

/** A call of the disk, as "files write" or "tables read". */
export type OperationKind = `${"files" | "tables" | "fence"} ${string}`;

/** All that stands on the disk while nobody uses it. */
export interface MachineImage {
  readonly tables: TablesImage;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface MachineOptions {
  readonly mode: Mode;
  readonly seed: number;
  readonly image: MachineImage | null;
  readonly failures: readonly Failure[];
  /** Sees records that the store took; and those that it may have taken. */
  readonly appending: (records: readonly JournalRecord[]) => void;
  readonly appended: (records: readonly JournalRecord[]) => void;
}

/** A process in which the database is open. */
export interface Running {
  readonly opened: Opened;
  readonly store: Store;
  /** The database told its page that it can not go on. */
  readonly hasFailed: () => boolean;
}

export interface Machine {
  /** Rejects with what the opening rejects with; then the process has to end. */
  readonly open: () => Promise<Running>;
  /** Everything happens that is due, for some milliseconds. */
  readonly settle: () => Promise<void>;
  readonly end: (how: "kill" | "crash", seed: number) => void;
  readonly image: () => MachineImage;
  readonly segments: () => ReadonlyMap<string, Uint8Array>;
  readonly now: () => number;
  /** What was called so far. */
  readonly operations: () => readonly OperationKind[];
  /** How many of the failures have come. */
  readonly failed: () => number;
  /** From that operation on all that writes fails for want of space; null: there is some again. */
  readonly fill: (from: number | null) => void;
  /** Nothing fails any more. */
  readonly heal: () => void;
}

export const diskName = "faults";

/** Small enough that pages, checkpoints, rotation and absorption come with every few commands. */
const bounds: Partial<StorageBounds> = {
  pageBytes: 300,
  dirtyDocuments: 5,
  pageCacheBytes: 1_000,
  journalHeldBytes: 2_000,
  deflatesPages: true,
};

const sizes = { fileBytesMax: 12_288 + 1_500, fileAbsorbedBytesMax: 300 };

const settleMilliseconds = 200;

export const createMachine = (options: MachineOptions): Machine => {
  const { mode, seed, image } = options;
  const disk = createFailingDisk(options.failures);
  const memory = createJournaledMemory({
    fileFault: ({ kind, phase }) => {
      disk.meet(`files ${kind}`, phase);
    },
    tablesFault: ({ kind, phase }) => {
      disk.meet(`tables ${kind}`, phase);
    },
    fenceFault: ({ kind, phase }) => {
      disk.meet(`fence ${kind}`, phase);
    },
    ...{ sizes, seed, hasFence: mode === "files", hasFiles: () => mode !== "tables" },
  });
  if (image !== null) restore(memory, image);
  const clock = createVirtualTime(image?.now);
  let life: Life = { isAlive: false };
  let lives = 0;
  return {
    async open() {
      const process = { isAlive: true, hasFailed: false };
      life = process;
      lives += 1;
      const adapter = memory.newAdapter();
      const stores: Store[] = [];
      const opened = await openDatabase(
        {
          adapter: {
            ...adapter,
            open: async (name) => {
              const store = await adapter.open(name);
              stores.push(store);
              return tapStore(store, { ...options, call: (run) => run() });
            },
          },
          crypto: createNodeCrypto(createRandom(seed * 100 + lives)),
          openNetwork: testNetwork,
          bounds,
          timers: virtualTimers(clock, process),
        },
        { name: diskName, durability: "strict" },
        (event) => {
          if (event.kind === "failed") process.hasFailed = true;
        },
      );
      await joinNetwork(opened.engine, {
        networkId,
        name: "Home",
        kind: "open",
        sharedSecret: secret,
      });
      opened.sync.refresh();
      const [store] = stores;
      if (store === undefined) throw new Error("an open database has a store");
      return { opened, store, hasFailed: () => process.hasFailed };
    },
    settle: () => clock.pass(settleMilliseconds),
    end(how, dice) {
      life.isAlive = false;
      if (how === "kill") memory.kill();
      else memory.crash(createRandom(dice).integer);
    },
    image: () => ({
      tables: memory.tables.snapshot(diskName),
      files: memory.files(diskName).snapshot(),
      now: clock.now(),
    }),
    segments: () => memory.tables.snapshot(diskName).segments,
    now: clock.now,
    operations: () => disk.operations,
    failed: disk.failed,
    fill: disk.fill,
    heal: disk.heal,
  };
};

const restore = (memory: JournaledMemory, { tables, files }: MachineImage): void => {
  memory.tables.restore(diskName, tables);
  memory.files(diskName).restore(files);
};

interface FailingDisk extends Pick<Machine, "failed" | "fill" | "heal"> {
  readonly operations: OperationKind[];
  /** Throws what the call is to throw. */
  readonly meet: (kind: OperationKind, phase: "before" | "after") => void;
}

const createFailingDisk = (planned: readonly Failure[]): FailingDisk => {
  const operations: OperationKind[] = [];
  let failures = planned;
  let failed = 0;
  let fullFrom: number | null = null;
  const wayNow = (phase: "before" | "after"): Way | null => {
    const failure = failures.find(({ operation }) => operation === operations.length);
    if (failure === undefined || (failure.way === "after") !== (phase === "after")) return null;
    failed += 1;
    return failure.way;
  };
  return {
    operations,
    meet(kind, phase) {
      if (phase === "before") operations.push(kind);
      const isFull = fullFrom !== null && operations.length >= fullFrom;
      if (isFull && phase === "before" && spaceUsing.has(kind)) throw fullDisk(kind, operations);
      const way = wayNow(phase);
      if (way !== null) throw injected(kind, way, operations.length);
    },
    failed: () => failed,
    fill(from) {
      fullFrom = from;
    },
    heal() {
      failures = [];
      fullFrom = null;
    },
  };
};

/** What grows a file or a table. Opening a file may make it. */
const spaceUsing: ReadonlySet<OperationKind> = new Set<OperationKind>([
  "files open",
  "files write",
  "tables open",
  "tables write",
  "tables records",
]);

/** Every other write to a file comes so far and no further. */
const fullDisk = (kind: OperationKind, { length }: readonly OperationKind[]): Error => {
  const full = new DOMException("injected", "QuotaExceededError");
  if (kind.startsWith("tables")) return exceptionError(diskName, full);
  return kind === "files write" && length % 2 === 0 ? new TornWrite(0.4, full) : full;
};

/** As platforms throw: a transaction that was aborted left nothing, of one cut off nobody knows. */
const injected = (kind: OperationKind, way: Way, operation: number): Error => {
  const failure = new DOMException("injected", "UnknownError");
  if (kind.startsWith("tables")) {
    return way === "before" ? exceptionError(diskName, failure) : cutOffError(diskName);
  }
  return way === "torn" ? new TornWrite((operation % 10) / 10, failure) : failure;
};

/** In which ways a call can fail. A reading that is not answered is one that was not made. */
export const waysOf = (kind: OperationKind): readonly Way[] => {
  if (/ (read|list)$/.test(kind)) return ["before"];
  return kind === "files write" ? ["before", "torn", "after"] : ["before", "after"];
};

export const outcomeOf = (error: unknown): "committed" | "not committed" | "unknown" | "untyped" =>
  error instanceof NebulusError ? (error.outcome ?? "unknown") : "untyped";
