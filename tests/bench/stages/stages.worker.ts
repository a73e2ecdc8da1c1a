/**
 * The worker of the benchmark's page: what the product runs in its worker is measured here, over
 * IndexedDB.
 */
import { createIndexedDbAdapter } from "../../../src/storage/indexeddb.ts";
import { measureEngine } from "./engineStages.ts";
import { createBench } from "./measure.ts";
import type { FromWorker, Task } from "./protocol.ts";

const tell = (message: FromWorker): void => {
  postMessage(message);
};

onmessage = ({ data: task }: MessageEvent<Task>) => {
  const bench = createBench(task, (measured) => {
    tell({ kind: "measured", measured });
  });
  measureEngine(bench, task, createIndexedDbAdapter()).then(
    (sizes) => {
      tell({ kind: "done", sizes });
    },
    (error: unknown) => {
      tell({ kind: "failed", message: error instanceof Error ? String(error.stack) : "unknown" });
    },
  );
};
