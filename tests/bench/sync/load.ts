/** The engines in Node, each loaded alone: a process pays for the one that it measures. */
import type { Engine } from "../engines/engine.ts";

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  nebulus: async () => {
    const { createDistributedDb } = await import("../../../src/index.node.ts");
    const { createNebulusEngine } = await import("../engines/nebulus.ts");
    return createNebulusEngine(createDistributedDb);
  },
  yjs: async () => (await import("../engines/yjs.ts")).engine,
  automerge: async () => {
    // Loads its WebAssembly as it is imported
    await import("@automerge/automerge");
    const { createAutomergeEngine } = await import("../engines/automerge.ts");
    return createAutomergeEngine(() => Promise.resolve());
  },
  loro: async () => (await import("../engines/loro.ts")).engine,
  json: async () => (await import("../engines/json.ts")).engine,
};

export const loadEngine = async (name: string): Promise<Engine> => {
  const load = engines[name];
  if (load === undefined) throw new Error(`${name} is no engine`);
  return load();
};
