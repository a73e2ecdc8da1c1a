/**
 * A device's disk in the simulator, as browsers have it: the journaled store over tables and files
 * that forget. A crash loses or tears what was not flushed; either half may be rolled back behind
 * the other, or be deleted; bits flip; and the disk may be full for a while.
 */
import { decodeCommit, type Commit } from "../../src/core/journal/record.ts";
import { recordsStart } from "../../src/storage/journal/format.ts";
import { exceptionError } from "../../src/storage/errors.ts";
import { TornWrite } from "../../src/storage/memoryFiles.ts";
import type { JournalRecord, StorageAdapter, Store } from "../../src/storage/store.ts";
import { createTurns } from "../../src/core/base/turns.ts";
import { createJournaledMemory, type JournaledMemory } from "../support/journaledMemory.ts";
import type { Random } from "../support/random.ts";
import { tapStore } from "../support/tappedStore.ts";
import {
  count,
  diskName,
  injected,
  isJournaled,
  type Calls,
  type Disk,
  type DiskImage,
  type DiskRules,
  type JournaledImage,
  type Misfortune,
  type StoreFailure,
} from "./disk.ts";
import { assert } from "../../src/core/base/result.ts";

export interface CrashDiskRules extends Pick<DiskRules, "pause"> {
  readonly random: Random;
  /** Asked at each opening. */
  readonly hasFiles: () => boolean;
  readonly hasFence: boolean;
}

export const createCrashDisk = (rules: CrashDiskRules, from?: DiskImage): Disk => {
  const { random } = rules;
  const faults = createFaults(random);
  const effects = createEffects();
  const memory = createJournaledMemory({
    ...{ fileFault: faults.file, tablesFault: faults.tables, seed: random.integer(2 ** 31) },
    ...{ hasFence: rules.hasFence, hasFiles: rules.hasFiles },
    sizes: { fileBytesMax: 16_000, fileAbsorbedBytesMax: 500 },
  });
  let isAtOnce = false;
  let calls: Calls = { underWay: 0 };
  let adapter: StorageAdapter = memory.newAdapter();
  const pause = async (): Promise<void> => {
    if (!isAtOnce) await rules.pause();
  };
  const open = async (counted: Calls, name: string): Promise<Store> => {
    await pause();
    const store = await adapter.open(name);
    // Whatever the life before left without an answer, this says what became of it
    const found: JournalRecord[] = [];
    await faults.aside(async () => {
      for await (const record of store.journal()) found.push(record);
    });
    effects.note(found);
    const turns = createTurns();
    return tapStore(store, {
      // In the order of the calls, as the transactions of a real store run
      call: (run) =>
        count(counted, () =>
          turns(async () => {
            await pause();
            const result = await run();
            await pause();
            return result;
          }),
        ),
      appended: effects.note,
    });
  };
  const replace = (image: DiskImage): void => {
    assert(isJournaled(image), "images come from disks of the same kind");
    memory.kill();
    memory.tables.restore(diskName, image.tables);
    memory.files(diskName).restore(image.files);
    adapter = memory.newAdapter();
    faults.heal();
  };
  if (from !== undefined) replace(from);
  return {
    adapter: {
      kind: adapter.kind,
      open: (name) => {
        const counted = { underWay: 0 };
        calls = counted;
        return count(counted, () => open(counted, name));
      },
      destroy: (name) => adapter.destroy(name),
    },
    async atOnce(run) {
      isAtOnce = true;
      try {
        return await faults.aside(run);
      } finally {
        isAtOnce = false;
      }
    },
    underWay: () => calls.underWay,
    image: () => imageOf(memory),
    crash() {
      if (random.chance(0.3)) memory.kill();
      else memory.crash(random.integer);
      adapter = memory.newAdapter();
      faults.heal();
    },
    replace,
    misfortune: (kept) => misfortune(memory, random, kept.filter(isJournaled)),
    ...{ forget: effects.forget, fail: faults.fail, isFailing: faults.isFailing },
    ...{ commitOf: effects.commitOf, effectsOf: effects.effectsOf },
  };
};

const imageOf = (memory: JournaledMemory): JournaledImage => {
  const tables = memory.tables.snapshot(diskName);
  return { segments: tables.segments, tables, files: memory.files(diskName).snapshot() };
};

interface Effects extends Pick<Disk, "commitOf" | "effectsOf" | "forget"> {
  readonly note: (records: readonly JournalRecord[]) => void;
}

const createEffects = (): Effects => {
  const commits = new Map<string, Commit>();
  /** In which records a command stands. */
  const sequences = new Map<string, Set<number>>();
  return {
    note(records) {
      for (const { payload, sequence } of records) {
        const commit = decodeCommit(payload);
        if (!commit.ok || commit.value.commandId === "") continue;
        const { commandId } = commit.value;
        commits.set(commandId, commit.value);
        sequences.set(commandId, (sequences.get(commandId) ?? new Set()).add(sequence));
      }
    },
    commitOf: (commandId) => commits.get(commandId) ?? null,
    effectsOf: (commandId) => sequences.get(commandId)?.size ?? 0,
    forget() {
      commits.clear();
      sequences.clear();
    },
  };
};

interface Faults extends Pick<Disk, "fail" | "isFailing"> {
  readonly file: (operation: { readonly kind: string; readonly phase: string }) => void;
  readonly tables: (operation: { readonly kind: string; readonly phase: string }) => void;
  /** Runs while nothing fails. */
  readonly aside: <T>(run: () => Promise<T>) => Promise<T>;
  readonly heal: () => void;
}

/** A full disk stays full for some calls; another failure comes once. */
const createFaults = (random: Random): Faults => {
  let failure: StoreFailure | null = null;
  let left = 0;
  let isAside = false;
  const isDue = (kinds: ReadonlySet<string>, kind: string, phase: string): boolean => {
    if (failure === null || isAside || !kinds.has(kind) || failure.phase !== phase) return false;
    left -= 1;
    return true;
  };
  const take = (): NonNullable<typeof failure>["code"] => {
    const code = failure?.code ?? "StorageFailed";
    if (left <= 0) failure = null;
    return code;
  };
  const exceptionOf = (code: StoreFailure["code"]): DOMException =>
    new DOMException("injected", code === "QuotaExceeded" ? "QuotaExceededError" : "UnknownError");
  return {
    file({ kind, phase }) {
      const kinds = failure?.kind === "appendJournal" || isFull(failure) ? fileKinds : none;
      if (!isDue(kinds, kind, phase)) return;
      const exception = exceptionOf(take());
      const isTorn = kind === "write" && phase === "before" && random.chance(0.5);
      throw isTorn ? new TornWrite(random.next(), exception) : exception;
    },
    tables({ kind, phase }) {
      const kinds = failure?.kind === "write" || isFull(failure) ? tableKinds : none;
      if (!isDue(kinds, kind, phase)) return;
      const code = take();
      throw phase === "before" ? exceptionError(diskName, exceptionOf(code)) : injected(code);
    },
    async aside(run) {
      isAside = true;
      try {
        return await run();
      } finally {
        isAside = false;
      }
    },
    fail(next) {
      // Space never runs out after the effect
      failure = next?.code === "QuotaExceeded" ? { ...next, phase: "before" } : next;
      left = next?.code === "QuotaExceeded" ? 1 + random.integer(30) : 1;
    },
    isFailing: () => failure !== null,
    heal() {
      failure = null;
    },
  };
};

const isFull = (failure: StoreFailure | null): boolean => failure?.code === "QuotaExceeded";
const none: ReadonlySet<string> = new Set();
const fileKinds: ReadonlySet<string> = new Set(["write", "flush", "open"]);
const tableKinds: ReadonlySet<string> = new Set(["write", "records"]);

/** The device is off. What its journal holds beyond the tables may be lost, as well as said. */
const misfortune = (
  memory: JournaledMemory,
  random: Random,
  kept: readonly JournaledImage[],
): Misfortune => {
  const tables = memory.tables.snapshot(diskName);
  const files = memory.files(diskName);
  const image = kept.length === 0 ? null : random.pick(kept);
  const safeSequence = tables.absorbedSequence;
  const dice = random.integer(image === null ? 40 : 100);
  if (dice < 25) {
    const what = flipBit(files.snapshot(), random, files.bytes);
    return { what, safeSequence, isLost: false, backTo: null };
  }
  if (dice < 33) {
    files.restore(new Map());
    return { what: "files deleted", safeSequence, isLost: false, backTo: null };
  }
  if (dice < 40 || image === null) {
    memory.tables.restore(diskName, null);
    return { what: "tables deleted", safeSequence: 0, isLost: true, backTo: null };
  }
  if (dice < 70) {
    memory.tables.restore(diskName, image.tables);
    const { absorbedSequence, meta } = image.tables;
    // Back to before there was anything
    const isLost = meta.size === 0;
    const safe = { safeSequence: absorbedSequence, isLost };
    return { what: "tables rolled back", ...safe, backTo: image };
  }
  files.restore(image.files);
  return { what: "files rolled back", safeSequence, isLost: false, backTo: null };
};

/** In a file's head or in its records. */
const flipBit = (
  files: ReadonlyMap<string, Uint8Array>,
  random: Random,
  bytesOf: (name: string) => Uint8Array | null,
): string => {
  const name = files.size === 0 ? null : random.pick([...files.keys()]);
  const bytes = name === null ? null : bytesOf(name);
  if (name === null || bytes === null || bytes.length === 0) return "no bit to flip";
  const isInRecords = bytes.length > recordsStart && random.chance(0.8);
  const from = isInRecords ? recordsStart : 0;
  const at = from + random.integer(bytes.length - from);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
  return `bit flipped in ${name} at ${at}`;
};
