/**
 * `npm run bench:stages [-- --runs 5 --warm-ups 2 --documents 10000 --seed 1 --node]`: what each
 * stage of a document's way costs, in headless Chromium over IndexedDB on disk. With --node it runs
 * in this process over memory, for `node --cpu-prof tests/bench/stages/main.ts --node`. Prints a
 * table and writes it to bench-results/; judges nothing.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { ensureChromium } from "../../../.ci/chromium.mjs";
import { InMemoryAdapter } from "../../../src/storage/memory.ts";
import { makeDocuments } from "../support/documents.ts";
import { writeResult } from "../support/resultFiles.ts";
import { launchOn, serveSite } from "../support/site.ts";
import { measureEngine } from "./engineStages.ts";
import { createBench, type Measured } from "./measure.ts";
import { measurePage } from "./pageStages.ts";
import type { Sizes, Task } from "./protocol.ts";
import { largestLine, lineOf, medianOf, sizesOf, tableOf } from "./report.ts";

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number`);
  return value;
};

type Emit = (measured: Measured) => void;

const runInNode = async (task: Task, emit: Emit): Promise<Sizes> => {
  const bench = createBench(task, emit);
  await measurePage(bench, makeDocuments(task.documents, task.seed));
  return measureEngine(bench, task, new InMemoryAdapter());
};

const runInChromium = async (task: Task, emit: Emit): Promise<Sizes> => {
  ensureChromium();
  const directory = await mkdtemp(join(tmpdir(), "nebulus-stages-"));
  try {
    return await runPage(task, emit, directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const runPage = async (task: Task, emit: Emit, directory: string): Promise<Sizes> => {
  const root = import.meta.dirname;
  const site = await serveSite({ root, outDir: join(directory, "site"), port: 4_710 });
  const browser = await launchOn(join(directory, "profile"));
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.exposeFunction("tellStage", emit);
    await page.goto(site.url);
    return await page.evaluate((given) => window.runStages(given), task);
  } finally {
    await browser.close();
    await site.close();
  }
};

const isNode = process.argv.includes("--node");
const task: Task = {
  documents: option("documents", 10_000),
  runs: option("runs", 5),
  warmUps: option("warm-ups", 2),
  seed: option("seed", 1),
};
const where = isNode ? "Node, in memory" : "Chromium, IndexedDB on disk";
const loadBefore = loadavg()[0] ?? 0;
print(`${task.documents} documents, median of ${task.runs} runs, ${where}`);

const all: Measured[] = [];
const sizes = await (isNode ? runInNode : runInChromium)(task, (measured) => {
  all.push(measured);
  print(lineOf(measured));
});

const loads = `${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`;
print(tableOf(all));
print(sizesOf(sizes));
print(largestLine(all));
print(`\n${cpus().length} processors; load average ${loads}: medians of a busy machine mislead.`);

const file = isNode ? "stages-node.json" : "stages.json";
const stages = all.map((measured) => ({ ...measured, median: medianOf(measured) }));
const text = JSON.stringify({ where, task, loads, stages, sizes }, null, 2);
print(`Written to ${await writeResult(file, `${text}\n`)}.`);
