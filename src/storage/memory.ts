/**
 * A database in memory, with the promises of a real one: copies in and out, all or nothing,
 * fencing. Beside the port it offers what tests and the simulator need: images of a disk to roll
 * back and clone, and failures on demand.
 */
import type { ScopeId } from "../core/base/types.ts";
import { closedError, replacedError } from "./errors.ts";
import {
  pageKeyToText,
  pagePrefix,
  segmentKeyToText,
  textToPageKey,
  textToSegmentKey,
} from "./keys.ts";
import { checkAbsorbs, checkContinues } from "./sequences.ts";
import type {
  JournalRecord,
  StorageAdapter,
  Store,
  StoreBatch,
  StoredPage,
  StoredSegment,
} from "./store.ts";

/** One call of a store, just before it takes effect and just after. */
export interface StoreOperation {
  readonly kind: "open" | "destroy" | "close" | keyof MemoryOperations;
  readonly name: string;
  readonly phase: "before" | "after";
}

/**
 * What it throws, the call rejects with: before the effect, nothing happened; after it, all did.
 */
export type StoreFault = (operation: StoreOperation) => void | Promise<void>;

/** For tests; without any it is memory that never fails. */
export interface InMemoryOptions {
  /** Called around every call of a store, to fail it or to hold it back. */
  readonly fault?: StoreFault;
  /** See `Store`. Default true: memory that is still there has lost nothing. */
  readonly journalProvesContinuity?: boolean;
}

/**
 * All that would stand on the disk. Segments and pages by their key as hexadecimal text, journal by
 * sequence.
 */
export interface StoreImage {
  readonly epoch: number;
  readonly absorbedSequence: number;
  readonly lastSequence: number;
  readonly meta: ReadonlyMap<string, Uint8Array>;
  readonly journal: ReadonlyMap<number, Uint8Array>;
  readonly segments: ReadonlyMap<string, Uint8Array>;
  readonly pages: ReadonlyMap<string, Uint8Array>;
}

/** Data lives as long as the adapter: close and open again on the same one, and it is there. */
export class InMemoryAdapter implements StorageAdapter {
  readonly kind = "memory";
  readonly #images = new Map<string, MutableImage>();
  readonly #options: InMemoryOptions;

  /** An empty disk. */
  constructor(options: InMemoryOptions = {}) {
    this.#options = options;
  }

  async open(name: string): Promise<Store> {
    return this.#perform(name, "open", () => {
      const image = this.#images.get(name) ?? copyImage(emptyImage);
      this.#images.set(name, image);
      image.epoch++;
      return createMemoryStore({
        name,
        image,
        epoch: image.epoch,
        journalProvesContinuity: this.#options.journalProvesContinuity ?? true,
        stands: () => this.#images.get(name) === image,
        perform: (kind, effect) => this.#perform(name, kind, effect),
      });
    });
  }

  async destroy(name: string): Promise<void> {
    await this.#perform(name, "destroy", () => this.#images.delete(name));
  }

  /** A deep copy of what a crash at this moment would leave; an unknown name is an empty disk. */
  snapshot(name: string): StoreImage {
    return copyImage(this.#images.get(name) ?? emptyImage);
  }

  /**
   * Puts another disk in its place (a rollback, a clone). Stores open on the old one are
   * `Replaced`.
   */
  restore(name: string, image: StoreImage): void {
    this.#images.set(name, copyImage(image));
  }

  async #perform<T>(name: string, kind: StoreOperation["kind"], effect: () => T): Promise<T> {
    await this.#options.fault?.({ kind, name, phase: "before" });
    const result = effect();
    await this.#options.fault?.({ kind, name, phase: "after" });
    return result;
  }
}

interface MutableImage {
  epoch: number;
  absorbedSequence: number;
  lastSequence: number;
  readonly meta: Map<string, Uint8Array>;
  readonly journal: Map<number, Uint8Array>;
  readonly segments: Map<string, Uint8Array>;
  readonly pages: Map<string, Uint8Array>;
}

const emptyImage: StoreImage = {
  epoch: 0,
  absorbedSequence: 0,
  lastSequence: 0,
  meta: new Map(),
  journal: new Map(),
  segments: new Map(),
  pages: new Map(),
};

const copyImage = (image: StoreImage): MutableImage => ({
  epoch: image.epoch,
  absorbedSequence: image.absorbedSequence,
  lastSequence: image.lastSequence,
  meta: copyMap(image.meta),
  journal: copyMap(image.journal),
  segments: copyMap(image.segments),
  pages: copyMap(image.pages),
});

const copyMap = <K>(map: ReadonlyMap<K, Uint8Array>): Map<K, Uint8Array> =>
  new Map(Array.from(map, ([key, bytes]) => [key, bytes.slice()]));

type MemoryOperations = Pick<
  Store,
  "meta" | "journal" | "appendJournal" | "write" | "segment" | "segments" | "pages" | "pagesOf"
>;

interface MemoryStoreDeps {
  readonly name: string;
  readonly image: MutableImage;
  readonly epoch: number;
  readonly journalProvesContinuity: boolean;
  /** False once the image was destroyed or another was put in its place. */
  readonly stands: () => boolean;
  readonly perform: <T>(kind: StoreOperation["kind"], effect: () => T) => Promise<T>;
}

const createMemoryStore = (deps: MemoryStoreDeps): Store => {
  const { name, image, epoch, journalProvesContinuity } = deps;
  let closed = false;
  let underWay: Promise<unknown> = Promise.resolve();
  // One call after another, as the transactions of a real store run
  const queue = <T>(run: () => Promise<T>): Promise<T> => {
    const result = underWay.then(run);
    underWay = result.catch(() => undefined);
    return result;
  };
  const read = <T>(kind: keyof MemoryOperations, effect: () => T): Promise<T> =>
    queue(() => {
      if (closed) throw closedError(name);
      return deps.perform(kind, () => {
        if (!deps.stands()) throw replacedError(name);
        return effect();
      });
    });
  // The epoch is read in the moment of the effect: a fault may have held the call back until it was
  // replaced
  const change = (kind: keyof MemoryOperations, effect: () => void): Promise<void> =>
    read(kind, () => {
      if (image.epoch !== epoch) throw replacedError(name);
      effect();
    });
  return {
    epoch,
    journalProvesContinuity,
    get absorbedSequence() {
      return image.absorbedSequence;
    },
    get lastSequence() {
      return image.lastSequence;
    },
    journalKind: "memory",
    opening: { rolledBack: null, tornBytes: 0 },
    meta: () => read("meta", () => copyMap(image.meta)),
    journal: () => memoryJournal(image, read),
    appendJournal: async (records) => {
      const copies = records.map(copyRecord);
      return change("appendJournal", () => {
        appendToImage(image, copies);
      });
    },
    write: async (batch) => {
      const apply = prepareBatch(batch);
      return change("write", () => {
        apply(image);
      });
    },
    segment: async (key) => {
      const text = segmentKeyToText(key);
      return read("segment", () => image.segments.get(text)?.slice() ?? null);
    },
    segments: (scope) => memorySegments(image, read, scope),
    pages: async (keys) => {
      const texts = keys.map(pageKeyToText);
      return read("pages", () => texts.map((text) => image.pages.get(text)?.slice() ?? null));
    },
    pagesOf: (scope, kind) => memoryPages(image, read, pagePrefix(scope, kind)),
    damage: () => [],
    close: () =>
      queue(async () => {
        if (!closed) await deps.perform("close", () => (closed = true));
      }),
  };
};

type Read = <T>(kind: keyof MemoryOperations, effect: () => T) => Promise<T>;

async function* memoryJournal(image: MutableImage, read: Read): AsyncGenerator<JournalRecord> {
  const records = await read("journal", () =>
    Array.from(image.journal, ([sequence, payload]) => copyRecord({ sequence, payload })),
  );
  yield* records;
}

/** What is removed while the caller takes its time is left out. */
async function* memorySegments(
  image: MutableImage,
  read: Read,
  scope: ScopeId | undefined,
): AsyncGenerator<StoredSegment> {
  const inScope = (text: string): boolean => scope === undefined || text.startsWith(scope);
  const texts = await read("segments", () => [...image.segments.keys()].filter(inScope).sort());
  for (const text of texts) {
    const key = textToSegmentKey(text);
    const bytes = image.segments.get(text)?.slice();
    if (key !== null && bytes !== undefined) yield { key, bytes };
  }
}

async function* memoryPages(
  image: MutableImage,
  read: Read,
  prefix: string,
): AsyncGenerator<StoredPage> {
  const texts = await read("pagesOf", () =>
    [...image.pages.keys()].filter((text) => text.startsWith(prefix)).sort(),
  );
  for (const text of texts) {
    const key = textToPageKey(text);
    const bytes = image.pages.get(text)?.slice();
    if (key !== null && bytes !== undefined) yield { key, bytes };
  }
}

const copyRecord = ({ sequence, payload }: JournalRecord): JournalRecord => ({
  sequence,
  payload: payload.slice(),
});

const appendToImage = (image: MutableImage, records: readonly JournalRecord[]): void => {
  image.lastSequence = checkContinues(image.lastSequence, records);
  for (const { sequence, payload } of records) image.journal.set(sequence, payload);
};

/**
 * Copies and checks what the caller may change or have got wrong; what it returns applies as a
 * whole or throws.
 */
const prepareBatch = (batch: StoreBatch): ((image: MutableImage) => void) => {
  const removed = (batch.removedSegments ?? []).map(segmentKeyToText);
  const stored = (batch.segments ?? []).map(
    ({ key, bytes }) => [segmentKeyToText(key), bytes.slice()] as const,
  );
  const removedPages = (batch.removedPages ?? []).map(pageKeyToText);
  const storedPages = (batch.pages ?? []).map(
    ({ key, bytes }) => [pageKeyToText(key), bytes.slice()] as const,
  );
  const cleared = new Set((batch.clearedPages ?? []).map((scope) => pagePrefix(scope)));
  const meta = Array.from(
    batch.meta ?? [],
    ([key, bytes]) => [key, bytes?.slice() ?? null] as const,
  );
  const { absorbedSequence } = batch;
  return (image) => {
    const { absorbedSequence: absorbed, lastSequence } = image;
    image.absorbedSequence = checkAbsorbs(absorbed, lastSequence, absorbedSequence);
    for (let sequence = absorbed + 1; sequence <= image.absorbedSequence; sequence++) {
      image.journal.delete(sequence);
    }
    for (const text of removed) image.segments.delete(text);
    for (const [text, bytes] of stored) image.segments.set(text, bytes);
    if (cleared.size > 0) {
      for (const text of image.pages.keys()) {
        if (cleared.has(text.slice(0, 32))) image.pages.delete(text);
      }
    }
    for (const text of removedPages) image.pages.delete(text);
    for (const [text, bytes] of storedPages) image.pages.set(text, bytes);
    for (const [key, bytes] of meta) {
      if (bytes === null) image.meta.delete(key);
      else image.meta.set(key, bytes);
    }
  };
};
