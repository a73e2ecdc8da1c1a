/**
 * Where benchmarks leave what they measured: a folder of its own, since Playwright empties
 * test-results with every run of its tests.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

export const resultsFolder = resolve(import.meta.dirname, "../../../bench-results");

/** Gives the path as it is told. */
export const writeResult = async (name: string, text: string): Promise<string> => {
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(join(resultsFolder, name), text);
  return `bench-results/${name}`;
};
