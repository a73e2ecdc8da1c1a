/**
 * SQLite's own build for browsers, in a worker over its VFS `opfs-sahpool`, which its documentation
 * calls the fastest.
 */
import type { OpenStore } from "../store.ts";
import { openSqlStore } from "./sql.ts";

export const openStore: OpenStore = (name, durability) =>
  openSqlStore(new Worker(new URL("./sqlite.worker.ts", import.meta.url), { type: "module" }), {
    name,
    durability,
  });
