/**
 * The page of the benchmark: measures what a page does, then lets its worker measure the rest.
 * `main.ts` calls `runStages` and gives `tellStage`.
 */
import { makeDocuments } from "../support/documents.ts";
import { createBench, type Measured } from "./measure.ts";
import { measurePage } from "./pageStages.ts";
import type { FromWorker, Sizes, Task } from "./protocol.ts";

declare global {
  interface Window {
    runStages: (task: Task) => Promise<Sizes>;
    /** Given by Playwright. */
    tellStage: (measured: Measured) => Promise<void>;
  }
}

const emit = (measured: Measured): void => {
  void window.tellStage(measured);
};

const runWorker = (task: Task): Promise<Sizes> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./stages.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "measured") emit(data.measured);
      else if (data.kind === "done") resolve(data.sizes);
      else reject(new Error(data.message));
    };
    worker.onerror = ({ message }) => {
      reject(new Error(`the worker failed: ${message}`));
    };
    worker.postMessage(task);
  });

window.runStages = async (task) => {
  await measurePage(createBench(task, emit), makeDocuments(task.documents, task.seed));
  return runWorker(task);
};
