/**
 * The product's worker in a browser whose files have no synchronous handles.
 */
import "./takeHandlesAway.ts";
import "../../../src/worker/db.worker.ts";
