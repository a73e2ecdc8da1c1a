/**
 * How this page opens its database: the engine in a worker, the network through the relay that
 * serves the page.
 */
import type { DistributedDatabase } from "../client/api.ts";
import { createPageDatabase } from "../client/page.ts";

export type OpenDatabase = () => DistributedDatabase;

export const openDatabase: OpenDatabase = () =>
  createPageDatabase({ distributed: { enabled: true } });
