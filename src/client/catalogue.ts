/**
 * The collections that this page has named: one object for each, made known to the engine when it
 * is first named.
 */
import type { Row } from "../core/wire/rows.ts";
import { encodeRows } from "../core/wire/rows.ts";
import type { CollectionOptions, DistributedCollection } from "./api.ts";
import { refusal } from "./answer.ts";
import { createCollection } from "./collection.ts";
import { checkSyncMode } from "./collectionNetwork.ts";
import type { CollectionContext } from "./context.ts";
import { createHooks } from "./hooks.ts";
import { checkCollectionName, type Settings } from "./options.ts";
import { toRows } from "./prepare.ts";
import { storedFields } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import type { Session } from "./session.ts";
import type { Transact } from "./transaction.ts";

export interface Catalogue {
  /**
   * Throws `InvalidArgument` for a bad name, or for options that differ from those of its first
   * naming.
   */
  readonly collection: (name: string, options?: CollectionOptions) => DistributedCollection;
  /** What the collection of that name works with. */
  readonly contextOf: (name: string) => CollectionContext;
  /**
   * Settles when every collection named so far is known and holds its first documents; rejects if
   * one cannot.
   */
  readonly prepared: () => Promise<void>;
}

export interface CatalogueDeps {
  readonly session: Session;
  readonly settings: Settings;
  readonly transact: Transact;
}

export const createCatalogue = (deps: CatalogueDeps): Catalogue => {
  const entries = new Map<string, Entry>();
  const known = deps.session.ask((service) => service.collections());
  // Everything that needs the names asks for itself.
  known.catch(() => undefined);
  const isKnown = async (name: string): Promise<boolean> =>
    (await known).some((info) => info.name === name);

  const entryOf = (name: string, options: CollectionOptions): Entry => {
    const held = entries.get(name);
    if (held !== undefined) {
      checkSameOptions(name, held.options, options);
      return held;
    }
    const entry = createEntry(deps, checkCollectionName(name), options, isKnown);
    entries.set(name, entry);
    return entry;
  };

  for (const name of deps.settings.initialDocs.keys()) entryOf(name, {});
  return {
    collection: (name, options = {}) => entryOf(name, options).collection,
    contextOf: (name) => entryOf(name, {}).context,
    async prepared() {
      await Promise.all([...entries.values()].map(({ making }) => making));
    },
  };
};

interface Entry {
  readonly options: CollectionOptions;
  readonly context: CollectionContext;
  readonly collection: DistributedCollection;
  readonly making: Promise<void>;
}

const createEntry = (
  { session, settings, transact }: CatalogueDeps,
  name: string,
  options: CollectionOptions,
  isKnown: (name: string) => Promise<boolean>,
): Entry => {
  const schema = options.schema ?? settings.schemas.get(name) ?? null;
  const plugins = [...settings.plugins, ...(options.plugins ?? [])];
  const documents = options.initialDocs ?? settings.initialDocs.get(name) ?? [];
  const mode = options.sync === undefined ? null : checkSyncMode(options.sync);
  const making = session.during(async () => {
    if (!(await isKnown(name))) {
      if (documents.length > 0) {
        await insertFirst(session, name, await firstRows(documents, schema, session.makeId));
      } else await session.write({ kind: "make-collection", collection: name });
    }
    if (mode !== null) await session.write({ kind: "sync-mode", collection: name, mode });
  });
  const context: CollectionContext = {
    name,
    session,
    schema,
    makeId: session.makeId,
    hooks: createHooks({ collection: name, plugins, report: session.report }),
    // A disk that is full keeps nobody from reading; whoever writes is told by the write.
    prepared: making.catch(() => undefined),
  };
  return { options, context, making, collection: createCollection(context, transact) };
};

const firstRows = async (
  documents: readonly unknown[],
  schema: CollectionContext["schema"],
  makeId: () => string,
): Promise<readonly Row[]> => {
  const rows = toRows(documents, makeId);
  for (const row of rows) await checkSchema(storedFields(row), schema);
  return rows;
};

const insertFirst = async (
  session: Session,
  collection: string,
  rows: readonly Row[],
): Promise<void> => {
  await session.write({ kind: "insert", collection, rows: encodeRows(rows), visibility: null });
};

const checkSameOptions = (
  name: string,
  held: CollectionOptions,
  given: CollectionOptions,
): void => {
  const names = ["schema", "initialDocs", "plugins", "sync"] as const;
  const other = names.find(
    (option) => given[option] !== undefined && given[option] !== held[option],
  );
  if (other === undefined) return;
  const message = `"${name}" is in use already with another ${other}: give it at the first naming`;
  throw refusal("InvalidArgument", message, other);
};
