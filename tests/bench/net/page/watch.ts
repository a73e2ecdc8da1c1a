/**
 * What is looked at while documents arrive: tasks of the page, answers of the worker, memory.
 */
import type { DistributedCollection } from "../../../../src/client/api.ts";
import { measureMemory } from "../../peers/page/memory.ts";
import { expectDocument } from "../../support/checks.ts";
import { idAt, makeDocument, type BenchDocument } from "../../support/documents.ts";
import { spreadOf, type Spread } from "../../support/statistics.ts";
import type { Held } from "./protocol.ts";

/** The longest until `stop`, in milliseconds; browsers tell of those over 50 alone. */
export const watchTasks = (): { readonly stop: () => number } => {
  let longest = 0;
  const take = (entries: PerformanceEntryList): void => {
    for (const { duration } of entries) longest = Math.max(longest, duration);
  };
  const observer = new PerformanceObserver((list) => {
    take(list.getEntries());
  });
  observer.observe({ type: "longtask" });
  return {
    stop: () => {
      take(observer.takeRecords());
      observer.disconnect();
      return longest;
    },
  };
};

/** One question after the other while it lasts; every answer is checked. */
export const watchAnswers = async (
  notes: DistributedCollection<BenchDocument>,
  { documents, seed }: { readonly documents: number; readonly seed: number },
  until: Promise<unknown>,
): Promise<{ readonly spread: Spread; readonly count: number }> => {
  const isRunning = runningOf(until);
  const answers: number[] = [];
  // Asked at least once: an arrival may be quicker than a question
  for (let at = 0; isRunning() || answers.length === 0; at = (at + stride) % documents) {
    const started = performance.now();
    const found = await notes.get(idAt(at));
    answers.push(performance.now() - started);
    expectDocument(found, makeDocument(at, seed));
    await rest();
  }
  return { spread: spreadOf(answers), count: answers.length };
};

/** Shares no divisor with the numbers of documents that are used here. */
const stride = 997;
/** So that what is measured is no load of its own. */
const restMilliseconds = 5;
const rest = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, restMilliseconds);
  });

/** The greatest that the page and its worker held over the start, and what they hold at the end. */
export const watchMemory = async (run: () => Promise<unknown>): Promise<Held> => {
  const start = await measureMemory(0);
  const held = { worker: 0, page: 0 };
  const look = async (): Promise<void> => {
    const { all, workers } = await measureMemory(0);
    held.worker = Math.max(held.worker, workers - start.workers);
    held.page = Math.max(held.page, all - workers - (start.all - start.workers));
  };
  const running = run();
  const isRunning = runningOf(running);
  do await look();
  while (isRunning());
  await running;
  await look();
  return held;
};

/** Whether it is still to settle, however it does. */
const runningOf = (run: Promise<unknown>): (() => boolean) => {
  let isRunning = true;
  const end = (): void => {
    isRunning = false;
  };
  run.then(end, end);
  return () => isRunning;
};
