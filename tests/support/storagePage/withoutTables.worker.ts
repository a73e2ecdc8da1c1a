/**
 * The product's worker in a browser without IndexedDB, as some private windows are.
 */
import "./takeTablesAway.ts";
import "../../../src/worker/db.worker.ts";
