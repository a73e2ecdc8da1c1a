/**
 * The store on a folder of files: tables (tables.ts) and a journal (recordLog.ts) beside each
 * other. Everything is done in the order of the calls; what reads is done at once, since a file is
 * read where it stands.
 */
import { closedError, replacedError } from "../errors.ts";
import type { DamageList } from "../damage.ts";
import { openEnvelope, sealEnvelope } from "../envelope.ts";
import {
  pageKeyLabel,
  pageKeyToText,
  pagePrefix,
  segmentKeyLabel,
  segmentKeyToText,
  textToPageKey,
  textToSegmentKey,
} from "../keys.ts";
import { checkAbsorbs } from "../sequences.ts";
import type { Damage, JournalRecord, Store, StoreBatch } from "../store.ts";
import type { FolderState } from "./folderState.ts";
import { beforeWriting } from "./guardedFolder.ts";
import type { Place, TableChange } from "./tableRecord.ts";

export interface FileStoreDeps {
  readonly name: string;
  readonly state: FolderState;
  readonly damage: DamageList;
}

export interface OpenFileStore {
  readonly store: Store;
  /** A later opening or a deletion takes over: lets go of the files when what was begun is done. */
  readonly replace: () => Promise<void>;
}

export const createFileStore = (deps: FileStoreDeps): OpenFileStore => {
  const { state, damage } = deps;
  const turns = createTurns(deps.name);
  const reading = createReading(deps, turns);
  let ending: Promise<void> = Promise.resolve();
  const close = async (): Promise<void> => {
    await turns.settled();
    try {
      state.seal();
    } finally {
      state.close();
    }
  };
  const store: Store = {
    epoch: state.epoch,
    journalProvesContinuity: state.provesContinuity,
    get absorbedSequence() {
      return state.tables().absorbed();
    },
    get lastSequence() {
      return state.journal.last();
    },
    journalKind: "file",
    opening: state.opening,
    ...reading,
    appendJournal: async (records, durability) => {
      turns.refuse();
      const copies = records.map(copyRecord);
      return turns.take(() => state.journal.append(copies, durability));
    },
    write: async (batch) => {
      turns.refuse();
      const change = prepareBatch(batch);
      return turns.take(() => write(state, change, batch));
    },
    damage: damage.all,
    close: () => {
      if (turns.end(closedError)) ending = close();
      return ending;
    },
  };
  return {
    store,
    replace: async () => {
      if (turns.end(replacedError)) ending = turns.settled().then(state.close);
      // Whoever closed it is told how that went
      await ending.catch(() => undefined);
    },
  };
};

interface Turns {
  /** Throws where the store has ended. */
  readonly refuse: () => void;
  /** One after another, in the order of the calls. */
  readonly take: <T>(run: () => Promise<T>) => Promise<T>;
  /** False: it has ended before, and goes on saying so. */
  readonly end: (reason: typeof closedError) => boolean;
  readonly settled: () => Promise<void>;
}

const createTurns = (name: string): Turns => {
  let ended: typeof closedError | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const refuse = (): void => {
    if (ended !== null) throw ended(name);
  };
  return {
    refuse,
    take: (run) => {
      const result = last.then(() => {
        // What was called before `close` is done all the same; what was replaced is not
        if (ended === replacedError) throw replacedError(name);
        return run();
      });
      last = result.catch(() => undefined);
      return result;
    },
    end: (reason) => {
      if (ended !== null) return false;
      ended = reason;
      return true;
    },
    settled: async () => {
      await last;
    },
  };
};

type Reading = Pick<Store, "meta" | "journal" | "segment" | "segments" | "pages" | "pagesOf">;

const createReading = ({ state, damage }: FileStoreDeps, turns: Turns): Reading => {
  /** The bytes, or null for what is damaged and now listed. */
  const valueAt = (where: Damage["where"], label: string, place: Place): Uint8Array | null => {
    turns.refuse();
    const opened = openEnvelope(state.tables().read(place));
    // A buffer of its own: what the reader does to it changes nothing
    if (opened.ok) return opened.value.slice();
    damage.add(where, label, opened.error);
    return null;
  };
  const directory = (): ReturnType<typeof state.tables>["directory"] => {
    turns.refuse();
    return state.tables().directory;
  };
  return {
    meta: async () => {
      const meta = new Map<string, Uint8Array>();
      for (const [key, place] of directory().meta) {
        const value = valueAt("meta", key, place);
        if (value !== null) meta.set(key, value);
      }
      return meta;
    },
    journal: async function* () {
      turns.refuse();
      for await (const record of state.journal.read(state.tables().absorbed())) {
        yield record;
        turns.refuse();
      }
    },
    segment: async (key) => {
      const place = directory().segments.get(segmentKeyToText(key));
      return place === undefined ? null : valueAt("segment", segmentKeyLabel(key), place);
    },
    segments: async function* (scope) {
      for (const text of keysIn(directory().segments, scope ?? "")) {
        const key = textToSegmentKey(text);
        const place = directory().segments.get(text);
        if (key === null || place === undefined) continue;
        const bytes = valueAt("segment", segmentKeyLabel(key), place);
        if (bytes !== null) yield { key, bytes };
      }
    },
    pages: async (keys) =>
      keys.map((key) => {
        const place = directory().pages.get(pageKeyToText(key));
        return place === undefined ? null : valueAt("page", pageKeyLabel(key), place);
      }),
    pagesOf: async function* (scope, kind) {
      for (const text of keysIn(directory().pages, pagePrefix(scope, kind))) {
        const key = textToPageKey(text);
        const place = directory().pages.get(text);
        if (key === null || place === undefined) continue;
        const bytes = valueAt("page", pageKeyLabel(key), place);
        if (bytes !== null) yield { key, bytes };
      }
    },
  };
};

/** A list of its own: what is written while somebody reads may show or not. */
const keysIn = (table: ReadonlyMap<string, Place>, prefix: string): string[] =>
  [...table.keys()].filter((key) => key.startsWith(prefix)).sort();

type Change = Omit<TableChange, "absorbed">;

const write = async (state: FolderState, change: Change, batch: StoreBatch): Promise<void> => {
  await beforeWriting(state.finishSwitch);
  const { journal } = state;
  const tables = state.tables();
  const absorbed = checkAbsorbs(tables.absorbed(), journal.last(), batch.absorbedSequence);
  // Else the tables could be ahead of a journal that lost its end
  if (absorbed > tables.absorbed()) journal.flush();
  tables.append({ ...change, absorbed }, batch.durability ?? "strict");
  await state.tidy();
};

const prepareBatch = (batch: StoreBatch): Change => ({
  removedSegments: (batch.removedSegments ?? []).map(segmentKeyToText),
  segments: (batch.segments ?? []).map(
    ({ key, bytes }) => [segmentKeyToText(key), sealEnvelope(bytes)] as const,
  ),
  clearedPages: (batch.clearedPages ?? []).map((scope) => pagePrefix(scope)),
  removedPages: (batch.removedPages ?? []).map(pageKeyToText),
  pages: (batch.pages ?? []).map(
    ({ key, bytes }) => [pageKeyToText(key), sealEnvelope(bytes)] as const,
  ),
  meta: Array.from(
    batch.meta ?? [],
    ([key, bytes]) => [key, bytes === null ? null : sealEnvelope(bytes)] as const,
  ),
});

const copyRecord = ({ sequence, payload }: JournalRecord): JournalRecord => ({
  sequence,
  payload: payload.slice(),
});
