/**
 * PGlite in a worker over its OPFS file system of pooled access handles.
 */
import type { OpenStore } from "../store.ts";
import { openSqlStore } from "./sql.ts";

export const openStore: OpenStore = (name, durability) =>
  openSqlStore(new Worker(new URL("./pglite.worker.ts", import.meta.url), { type: "module" }), {
    name,
    durability,
  });
