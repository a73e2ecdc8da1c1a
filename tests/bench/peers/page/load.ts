/**
 * The participants' code, each loaded alone: a page pays for the one that it measures.
 */
import type { Engine } from "./engine.ts";
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

const engines: Readonly<Record<string, () => Promise<{ readonly engine: Engine }>>> = {
  nebulus: () => import("./engines/nebulus.ts"),
  yjs: () => import("./engines/yjs.ts"),
  automerge: () => import("./engines/automerge.ts"),
  loro: () => import("./engines/loro.ts"),
  json: () => import("./engines/json.ts"),
};

export const loadStore = async (name: string): Promise<OpenStore> => {
  const load = stores[name];
  if (load === undefined) throw new Error(`${name} is no store`);
  return (await load()).openStore;
};

export const loadEngine = async (name: string): Promise<Engine> => {
  const load = engines[name];
  if (load === undefined) throw new Error(`${name} is no engine`);
  return (await load()).engine;
};
