/**
 * The hooks of plugins around the writes of one collection, in the order of the plugins. Each is
 * given copies: what it changes without returning it changes nothing.
 */
import { NebulusError } from "../core/base/errors.ts";
import { copyValue } from "../core/cbor/value.ts";
import type { DistributedDatabase, HookContext, Plugin } from "./api.ts";
import type { StoredFields } from "./rows.ts";
import type { Document } from "./types.ts";

export interface Hooks {
  /** Whether documents must be looked at before they are updated; insert and delete alike. */
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  readonly onDelete: boolean;
  /** The document to be stored: the given one itself if no hook returned another. */
  beforeInsert(document: StoredFields): Promise<Document>;
  afterInsert(document: StoredFields): Promise<void>;
  beforeUpdate(next: StoredFields, previous: StoredFields): Promise<Document>;
  afterUpdate(next: StoredFields, previous: StoredFields): Promise<void>;
  beforeDelete(document: StoredFields): Promise<void>;
  afterDelete(document: StoredFields): Promise<void>;
}

export interface HooksDeps {
  readonly collection: string;
  readonly plugins: readonly Plugin[];
  /** Told what hooks after a write throw: the write stands. */
  readonly report: (error: unknown) => void;
}

export const createHooks = ({ collection, plugins, report }: HooksDeps): Hooks => {
  const context: HookContext = { collection, origin: "local" };
  const has = (...names: readonly (keyof Plugin)[]): boolean =>
    plugins.some((plugin) => names.some((name) => plugin[name] !== undefined));

  const change = async (
    hook: string,
    given: StoredFields,
    run: (plugin: Plugin, document: Document) => unknown,
  ): Promise<Document> => {
    let document: Document = given;
    for (const plugin of plugins) {
      const returned = await attempt(plugin, hook, () => run(plugin, copyOf(document)));
      if (returned === undefined) continue;
      if (!isDocument(returned)) throw failed(plugin, hook, "it returned no document");
      document = returned;
    }
    return document;
  };

  const tell = createTell(plugins, report);

  return {
    onInsert: has("beforeInsert", "afterInsert"),
    onUpdate: has("beforeUpdate", "afterUpdate"),
    onDelete: has("beforeDelete", "afterDelete"),
    beforeInsert: (document) =>
      change("beforeInsert", document, (plugin, given) => plugin.beforeInsert?.(given, context)),
    afterInsert: (document) =>
      tell("afterInsert", (plugin) => plugin.afterInsert?.(copyOf(document), context)),
    beforeUpdate: (next, previous) =>
      change("beforeUpdate", next, (plugin, given) =>
        plugin.beforeUpdate?.(given, copyOf(previous), context),
      ),
    afterUpdate: (next, previous) =>
      tell("afterUpdate", (plugin) =>
        plugin.afterUpdate?.(copyOf(next), copyOf(previous), context),
      ),
    async beforeDelete(document) {
      for (const plugin of plugins) {
        const run = (): unknown => plugin.beforeDelete?.(copyOf(document), context);
        await attempt(plugin, "beforeDelete", run);
      }
    },
    afterDelete: (document) =>
      tell("afterDelete", (plugin) => plugin.afterDelete?.(copyOf(document), context)),
  };
};

/**
 * What peers changed, told to the hooks after a write: documents as they were, and as they are, of
 * those that live.
 */
export const tellArrival = async (
  { collection, plugins, report }: HooksDeps,
  before: readonly StoredFields[],
  after: readonly StoredFields[],
): Promise<void> => {
  const context: HookContext = { collection, origin: "remote" };
  const tell = createTell(plugins, report);
  const previousById = new Map(before.map((document) => [document.id, document]));
  for (const document of after) {
    const previous = previousById.get(document.id);
    previousById.delete(document.id);
    if (previous === undefined) {
      await tell("afterInsert", (plugin) => plugin.afterInsert?.(copyOf(document), context));
    } else {
      await tell("afterUpdate", (plugin) =>
        plugin.afterUpdate?.(copyOf(document), copyOf(previous), context),
      );
    }
  }
  for (const gone of previousById.values()) {
    await tell("afterDelete", (plugin) => plugin.afterDelete?.(copyOf(gone), context));
  }
};

const createTell =
  (plugins: readonly Plugin[], report: (error: unknown) => void) =>
  async (hook: string, run: (plugin: Plugin) => unknown): Promise<void> => {
    for (const plugin of plugins) {
      try {
        await attempt(plugin, hook, () => run(plugin));
      } catch (error) {
        report(error);
      }
    }
  };

/** Whether any of them wants to be told of peers' writes. */
export const hasAfterHooks = (plugins: readonly Plugin[]): boolean =>
  plugins.some(
    ({ afterInsert, afterUpdate, afterDelete }) =>
      afterInsert !== undefined || afterUpdate !== undefined || afterDelete !== undefined,
  );

/** In the order of the plugins. */
export const runInitHooks = async (
  plugins: readonly Plugin[],
  database: DistributedDatabase,
): Promise<void> => {
  for (const plugin of plugins) {
    await attempt(plugin, "onInit", () => plugin.onInit?.(database));
  }
};

const attempt = async (plugin: Plugin, hook: string, run: () => unknown): Promise<unknown> => {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw failed(plugin, hook, reason, error);
  }
};

const failed = (plugin: Plugin, hook: string, reason: string, cause?: unknown): NebulusError =>
  new NebulusError(
    {
      code: "PluginFailed",
      message: `The plugin "${plugin.name}" failed in ${hook}: ${reason}`,
      retryable: false,
      path: plugin.name,
    },
    cause,
  );

const isDocument = (returned: unknown): returned is Document =>
  typeof returned === "object" && returned !== null && !Array.isArray(returned);

/** Documents hold plain values only; a hook may have returned one that has not been checked yet. */
const copyOf = (document: Document): Document =>
  // copyValue copies what it knows and hands on what it does not: the check comes after the hooks.
  copyValue(document as StoredFields) as Document;
