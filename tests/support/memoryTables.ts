/**
 * Tables in memory that stand for IndexedDB under a journal in files: all-or-nothing transactions,
 * fencing, and a disk that loses relaxed transactions at a crash, is rolled back, or vanishes.
 */
import type { NebulusError } from "../../src/core/base/errors.ts";
import { createDamageList } from "../../src/storage/damage.ts";
import { closedError, lostError, replacedError } from "../../src/storage/errors.ts";
import {
  pageKeyToText,
  pagePrefix,
  segmentKeyToText,
  textToPageKey,
  textToSegmentKey,
} from "../../src/storage/keys.ts";
import type { Dice } from "../../src/storage/memoryFiles.ts";
import type { StoreBatch } from "../../src/storage/store.ts";
import type { Tables, TablesHome } from "../../src/storage/tables.ts";

/** All that stands on the disk under one name. */
export interface TablesImage {
  readonly epoch: number;
  readonly absorbedSequence: number;
  readonly note: Uint8Array | null;
  readonly meta: ReadonlyMap<string, Uint8Array>;
  readonly journal: ReadonlyMap<number, Uint8Array>;
  readonly segments: ReadonlyMap<string, Uint8Array>;
  readonly pages: ReadonlyMap<string, Uint8Array>;
}

export interface TablesOperation {
  readonly kind: "open" | "read" | "write" | "records" | "close" | "destroy";
  readonly name: string;
  readonly phase: "before" | "after";
}

/** What it throws, the call rejects with: before, nothing happened; after, all did. */
export type TablesFault = (operation: TablesOperation) => void;

export interface MemoryTables extends TablesHome {
  readonly snapshot: (name: string) => TablesImage;
  /** Whoever is open on the old ones is lost. null: they vanish. */
  readonly restore: (name: string, image: TablesImage | null) => void;
  /** Ends whoever is open; of the relaxed transactions since the last strict one, keeps some. */
  readonly crash: (dice: Dice) => void;
  /** Ends whoever is open; all transactions stay. */
  readonly kill: () => void;
}

interface Disk {
  /** As it is after the last strict transaction, and after each relaxed one since. */
  images: [TablesImage, ...TablesImage[]];
  /** Why those that opened it can not go on. */
  ended: ((name: string) => NebulusError) | null;
}

const emptyImage: TablesImage = {
  ...{ epoch: 0, absorbedSequence: 0, note: null },
  meta: new Map(),
  journal: new Map(),
  segments: new Map(),
  pages: new Map(),
};

export const createMemoryTables = (fault: TablesFault = () => undefined): MemoryTables => {
  const disks = new Map<string, Disk>();
  const perform = async <T>(
    kind: TablesOperation["kind"],
    name: string,
    effect: () => T,
  ): Promise<T> => {
    await Promise.resolve();
    fault({ kind, name, phase: "before" });
    const result = effect();
    fault({ kind, name, phase: "after" });
    return result;
  };
  const diskOf = (name: string): Disk => {
    const disk = disks.get(name) ?? { images: [emptyImage], ended: null };
    disks.set(name, disk);
    return disk;
  };
  const end = (name: string, reason: (name: string) => NebulusError): void => {
    const disk = disks.get(name);
    if (disk !== undefined) disk.ended = reason;
    disks.delete(name);
  };
  return {
    open: async (name, epochAbove) => {
      const above = await epochAbove;
      return perform("open", name, () => openTables(name, diskOf(name), above, perform));
    },
    destroy: (name) =>
      perform("destroy", name, () => {
        end(name, replacedError);
      }),
    snapshot: (name) => currentOf(diskOf(name)),
    restore: (name, image) => {
      end(name, lostError);
      if (image !== null) disks.set(name, { images: [image], ended: null });
    },
    crash: (dice) => {
      for (const [name, { images }] of [...disks]) {
        end(name, lostError);
        const kept = images[dice(images.length)] ?? images[0];
        disks.set(name, { images: [kept], ended: null });
      }
    },
    kill: () => {
      for (const [name, { images }] of [...disks]) {
        end(name, lostError);
        disks.set(name, { images, ended: null });
      }
    },
  };
};

const currentOf = ({ images }: Disk): TablesImage => images.at(-1) ?? images[0];

const commit = (disk: Disk, image: TablesImage, durability: "strict" | "relaxed"): void => {
  disk.images = durability === "strict" ? [image] : [...disk.images, image];
};

type Perform = <T>(kind: TablesOperation["kind"], name: string, effect: () => T) => Promise<T>;

const openTables = (name: string, disk: Disk, epochAbove: number, perform: Perform): Tables => {
  const before = currentOf(disk);
  const epoch = Math.max(before.epoch, epochAbove) + 1;
  commit(disk, { ...before, epoch }, "strict");
  let closed = false;
  const ended = (): NebulusError | null =>
    disk.ended?.(name) ?? (closed ? closedError(name) : null);
  const read = <T>(effect: (image: TablesImage) => T): Promise<T> =>
    perform("read", name, () => {
      const reason = ended();
      if (reason !== null) throw reason;
      return effect(currentOf(disk));
    });
  const change = (
    kind: "write" | "records",
    durability: "strict" | "relaxed",
    effect: (image: TablesImage) => TablesImage,
  ): Promise<void> =>
    perform(kind, name, () => {
      const reason = ended();
      if (reason !== null) throw reason;
      if (currentOf(disk).epoch !== epoch) throw replacedError(name);
      commit(disk, effect(currentOf(disk)), durability);
    });
  return {
    ...{ epoch, damage: createDamageList(), ended },
    found: {
      isEmpty: isEmpty(before),
      absorbedSequence: before.absorbedSequence,
      oldestRecord: before.journal.size === 0 ? null : Math.min(...before.journal.keys()),
      newestRecord: before.journal.size === 0 ? null : Math.max(...before.journal.keys()),
      note: before.note,
    },
    current: () => read((image) => image),
    meta: () => read(({ meta }) => copyMap(meta)),
    segment: async (key) => {
      const text = segmentKeyToText(key);
      return read(({ segments }) => segments.get(text)?.slice() ?? null);
    },
    pages: async (keys) => {
      const texts = keys.map(pageKeyToText);
      return read(({ pages }) => texts.map((text) => pages.get(text)?.slice() ?? null));
    },
    ...rowsOf(read),
    prepareWrite: (batch) => {
      const apply = prepareBatch(batch);
      return (durability, note) =>
        change("write", durability, (image) => ({ ...apply(image), note: note ?? image.note }));
    },
    prepareRecords: (records) => {
      const rows = records.map(({ sequence, payload }) => [sequence, payload.slice()] as const);
      return (durability) =>
        change("records", durability, (image) => ({
          ...image,
          journal: new Map([...image.journal, ...rows]),
        }));
    },
    close: () =>
      perform("close", name, () => {
        closed = true;
      }),
  };
};

const isEmpty = ({ meta, journal, segments, pages, absorbedSequence }: TablesImage): boolean =>
  [meta, journal, segments, pages].every(({ size }) => size === 0) && absorbedSequence === 0;

const copyMap = <K>(map: ReadonlyMap<K, Uint8Array>): Map<K, Uint8Array> =>
  new Map(Array.from(map, ([key, bytes]) => [key, bytes.slice()]));

type Read = <T>(effect: (image: TablesImage) => T) => Promise<T>;

const rowsOf = (read: Read): Pick<Tables, "records" | "segments" | "pagesOf"> => ({
  async *records(after) {
    const rows = await read(({ journal }) => [...copyMap(journal)]);
    for (const [sequence, payload] of rows.sort(([a], [b]) => a - b)) {
      if (sequence > after) yield { sequence, payload };
    }
  },
  async *segments(scope) {
    const texts = await read(({ segments }) => [...segments.keys()].sort());
    for (const text of texts) {
      if (scope !== undefined && !text.startsWith(scope)) continue;
      const key = textToSegmentKey(text);
      const bytes = await read(({ segments }) => segments.get(text)?.slice());
      if (key !== null && bytes !== undefined) yield { key, bytes };
    }
  },
  async *pagesOf(scope, kind) {
    const prefix = pagePrefix(scope, kind);
    const texts = await read(({ pages }) => [...pages.keys()].sort());
    for (const text of texts) {
      const key = text.startsWith(prefix) ? textToPageKey(text) : null;
      const bytes = await read(({ pages }) => pages.get(text)?.slice());
      if (key !== null && bytes !== undefined) yield { key, bytes };
    }
  },
});

/** Copies and checks at the call; what it returns makes the next image. */
const prepareBatch = (batch: StoreBatch): ((image: TablesImage) => TablesImage) => {
  const removed = (batch.removedSegments ?? []).map(segmentKeyToText);
  const stored = (batch.segments ?? []).map(
    ({ key, bytes }) => [segmentKeyToText(key), bytes.slice()] as const,
  );
  const cleared = new Set((batch.clearedPages ?? []).map((scope) => pagePrefix(scope)));
  const removedPages = (batch.removedPages ?? []).map(pageKeyToText);
  const storedPages = (batch.pages ?? []).map(
    ({ key, bytes }) => [pageKeyToText(key), bytes.slice()] as const,
  );
  const named = Array.from(
    batch.meta ?? [],
    ([key, bytes]) => [key, bytes?.slice() ?? null] as const,
  );
  const { absorbedSequence } = batch;
  return (image) => {
    const absorbed = absorbedSequence ?? image.absorbedSequence;
    const kept = [...image.pages].filter(([text]) => !cleared.has(text.slice(0, 32)));
    return {
      ...image,
      absorbedSequence: absorbed,
      journal: new Map([...image.journal].filter(([sequence]) => sequence > absorbed)),
      segments: changed(image.segments, removed, stored),
      pages: changed(new Map(kept), removedPages, storedPages),
      meta: changed(image.meta, [], named),
    };
  };
};

const changed = (
  map: ReadonlyMap<string, Uint8Array>,
  removed: readonly string[],
  stored: readonly (readonly [string, Uint8Array | null])[],
): Map<string, Uint8Array> => {
  const next = new Map(map);
  for (const key of removed) next.delete(key);
  for (const [key, bytes] of stored) {
    if (bytes === null) next.delete(key);
    else next.set(key, bytes);
  }
  return next;
};
