/**
 * The store contract on a journal in files beside tables, both in memory: what stands on IndexedDB
 * and OPFS, with a slot that fences, without one, and without files.
 */
import { createJournaledMemory } from "../support/journaledMemory.ts";
import { storeContract } from "./store.ts";

storeContract("tables and journal files", () => createJournaledMemory().adapter);

storeContract(
  "tables and journal files, fenced by the tables alone",
  () => createJournaledMemory({ hasFence: false }).adapter,
);

storeContract(
  "tables, no place for files",
  () => createJournaledMemory({ hasFiles: () => false }).adapter,
);
