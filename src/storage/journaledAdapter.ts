/**
 * The adapter over tables and a place for the journal's files: one after another it opens and
 * destroys what goes by one name, and lets go of its own stores before it destroys.
 */
import { fileError } from "./errors.ts";
import {
  defaultSizes,
  type JournalFiles,
  type JournalHome,
  type JournalSizes,
} from "./journal/files.ts";
import { decodeNote } from "./journal/note.ts";
import { greatestEpoch } from "./journal/survey.ts";
import { openJournaledStore, type JournaledStore } from "./journaledStore.ts";
import type { StorageAdapter } from "./store.ts";
import type { Tables, TablesHome } from "./tables.ts";
import { createTurns, type Turns } from "../core/base/turns.ts";

export interface JournaledAdapterDeps {
  readonly kind: StorageAdapter["kind"];
  readonly tables: TablesHome;
  /** null: the journal stands in the tables. */
  readonly files: JournalHome | null;
  /** For generations, which must not be guessed. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly sizes?: JournalSizes;
}

export const createJournaledAdapter = (deps: JournaledAdapterDeps): StorageAdapter => {
  const names = new Map<string, { readonly turns: Turns; readonly stores: Set<JournaledStore> }>();
  const placeOf = (
    name: string,
  ): { readonly turns: Turns; readonly stores: Set<JournaledStore> } => {
    const place = names.get(name) ?? { turns: createTurns(), stores: new Set() };
    names.set(name, place);
    return place;
  };
  return {
    kind: deps.kind,
    open: (name) => {
      const { turns, stores } = placeOf(name);
      return turns(async () => {
        const store = await openStore(deps, name);
        stores.add(store);
        return forgetting(store, stores);
      });
    },
    destroy: (name) => {
      const { turns, stores } = placeOf(name);
      return turns(async () => {
        for (const store of stores) await store.abandon();
        await destroyAll(deps, name);
      });
    },
  };
};

const openStore = async (deps: JournaledAdapterDeps, name: string): Promise<JournaledStore> => {
  const opening = openFiles(deps, name);
  const above = opening.then(({ above: epoch }) => epoch);
  // Whoever awaits them is told; where the tables fail first nobody does
  above.catch(() => undefined);
  const tables = await deps.tables.open(name, above);
  try {
    const { randomBytes, sizes = defaultSizes } = deps;
    const { files: found } = await opening;
    const files = found ?? (await askAgain(deps, name, tables));
    return await openJournaledStore({ name, tables, files, randomBytes, sizes });
  } catch (cause) {
    await tables.close();
    throw cause;
  }
};

/** Files outlive tables that were rolled back: no two openings may share their names. */
const openFiles = async (
  deps: JournaledAdapterDeps,
  name: string,
): Promise<{ readonly files: JournalFiles | null; readonly above: number }> => {
  const files = (await deps.files?.open(name).catch(failed(name))) ?? null;
  const above = files === null ? 0 : await greatestEpoch(files.folder).catch(failed(name));
  return { files, above };
};

/**
 * The tables know that the journal stood in files: without them what was not absorbed is lost. They
 * were opened above no file's epoch, so files that come now must be older.
 */
const askAgain = async (
  deps: JournaledAdapterDeps,
  name: string,
  { found, epoch }: Tables,
): Promise<JournalFiles | null> => {
  const note = found.note instanceof Uint8Array ? decodeNote(found.note) : null;
  if (deps.files === null || note?.ok !== true || !note.value.isInFiles) return null;
  const files = await deps.files.open(name, true).catch(failed(name));
  if (files === null) return null;
  const above = await greatestEpoch(files.folder).catch(failed(name));
  if (above >= epoch) throw fileError(name, new Error("files of a later opening came late"));
  return files;
};

const failed =
  (name: string) =>
  (cause: unknown): never => {
    throw fileError(name, cause);
  };

const forgetting = (store: JournaledStore, stores: Set<JournaledStore>): JournaledStore => ({
  ...store,
  get absorbedSequence() {
    return store.absorbedSequence;
  },
  get lastSequence() {
    return store.lastSequence;
  },
  close: () => store.close().finally(() => stores.delete(store)),
});

/** Nothing is deleted while somebody holds a file; one that ends in between can be repeated. */
const destroyAll = async ({ tables, files }: JournaledAdapterDeps, name: string): Promise<void> => {
  try {
    const held = (await files?.open(name)) ?? null;
    for (const entry of (await held?.folder.list()) ?? []) {
      (await held?.folder.open(entry.name))?.close();
    }
    await tables.destroy(name);
    await files?.destroy(name);
  } catch (cause) {
    throw fileError(name, cause);
  }
};
