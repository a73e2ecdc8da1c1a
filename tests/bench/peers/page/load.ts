/**
 * The participants' code, each loaded alone: a page pays for the one that it measures.
 */
import type { Engine } from "../../engines/engine.ts";
import type { OpenStore } from "./store.ts";

const stores: Readonly<Record<string, () => Promise<{ readonly openStore: OpenStore }>>> = {
  nebulus: () => import("./stores/nebulus.ts"),
  indexeddb: () => import("./stores/indexeddb.ts"),
  dexie: () => import("./stores/dexie.ts"),
  rxdb: () => import("./stores/rxdb.ts"),
  sqlite: () => import("./stores/sqlite.ts"),
  pglite: () => import("./stores/pglite.ts"),
  tinybase: () => import("./stores/tinybase.ts"),
  yjs: () => import("./stores/yjs.ts"),
};

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  nebulus: async () => {
    const { createDistributedDb } = await import("../../../../src/index.ts");
    const { createNebulusEngine } = await import("../../engines/nebulus.ts");
    return createNebulusEngine(createDistributedDb);
  },
  yjs: async () => (await import("../../engines/yjs.ts")).engine,
  automerge: async () => {
    const { initializeWasm } = await import("@automerge/automerge/slim");
    const { default: url } = await import("@automerge/automerge/automerge.wasm?url");
    const { createAutomergeEngine } = await import("../../engines/automerge.ts");
    return createAutomergeEngine(() => initializeWasm(url));
  },
  loro: async () => (await import("../../engines/loro.ts")).engine,
  json: async () => (await import("../../engines/json.ts")).engine,
};

export const loadStore = async (name: string): Promise<OpenStore> => {
  const load = stores[name];
  if (load === undefined) throw new Error(`${name} is no store`);
  return (await load()).openStore;
};

export const loadEngine = async (name: string): Promise<Engine> => {
  const load = engines[name];
  if (load === undefined) throw new Error(`${name} is no engine`);
  return load();
};
