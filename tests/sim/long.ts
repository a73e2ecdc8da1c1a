/**
 * Many seeds: `node tests/sim/long.ts --from 1 --to 30000 --resume FILE`. The file holds the next
 * seed and those that failed, so that a run can be ended and gone on with, or split over machines
 * by ranges. Seeds take their kind in turn, or all are of the one that `--kind` names.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { simulate } from "./native.ts";
import type { SimulationOptions } from "./world.ts";

interface Progress {
  readonly next: number;
  readonly failed: readonly number[];
}

const kinds: ReadonlyMap<string, SimulationOptions> = new Map([
  ["signed", { suite: 1 }],
  ["suite 0", { suite: 0 }],
  ["liar", { suite: 1, liar: true }],
  ["liar, suite 0", { suite: 0, liar: true }],
  ["crash", { suite: 0, crash: true }],
  ["crash, signed", { suite: 1, crash: true }],
  ["closed", { suite: 1, closed: true }],
  ["closed liar", { suite: 1, closed: true, liar: true }],
  ["closed crash", { suite: 1, closed: true, crash: true }],
  ["frugal", { suite: 0, frugal: true }],
  ["closed frugal", { suite: 1, closed: true, frugal: true }],
]);

const { values } = parseArgs({
  options: {
    from: { type: "string", default: "1" },
    to: { type: "string", default: "30000" },
    resume: { type: "string" },
    kind: { type: "string" },
  },
});
const [from, to, file] = [Number(values.from), Number(values.to), values.resume];

const kindsRun = values.kind === undefined ? [...kinds.keys()] : [values.kind];
if (kindsRun.some((kind) => !kinds.has(kind))) {
  throw new Error(`--kind takes one of: ${[...kinds.keys()].join("; ")}.`);
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const readProgress = (): Progress => {
  if (file === undefined || !existsSync(file)) return { next: from, failed: [] };
  // Written by `keep` below.
  return JSON.parse(readFileSync(file, "utf8")) as Progress;
};

const keep = (progress: Progress): void => {
  if (file !== undefined) writeFileSync(file, JSON.stringify(progress));
};

const runOne = async (seed: number): Promise<boolean> => {
  try {
    await simulate(seed, kinds.get(kindsRun[seed % kindsRun.length] ?? ""));
    return true;
  } catch (error) {
    say(`FAILED ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
};

let progress = readProgress();
for (let seed = progress.next; seed <= to; seed++) {
  const isSound = await runOne(seed);
  const failed = isSound ? progress.failed : [...progress.failed, seed];
  progress = { next: seed + 1, failed };
  keep(progress);
  if (seed % 25 === 0) say(`${seed} of ${to}, ${failed.length} failed`);
}
say(`seeds ${from} to ${to}: ${progress.failed.length} failed ${progress.failed.join(" ")}`);
process.exitCode = progress.failed.length === 0 ? 0 : 1;
