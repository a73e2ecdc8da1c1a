/**
 * The product's worker in a browser that gives this page no folder of files.
 */
import "./takeFolderAway.ts";
import "../../../src/worker/db.worker.ts";
