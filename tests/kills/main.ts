/**
 * `npm run kills -- [--rounds 150] [--seed 1]`: kills the whole browser so many times in the middle
 * of writing, absorbing, checkpointing, closing and opening, and checks after each that everything
 * acknowledged is there, and nothing half. Ten kills a profile, a seed each; a failed profile can
 * be run again by its seed, `--rounds 10 --seed N`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureChromium } from "../../.ci/chromium.mjs";
import { serveSite } from "../bench/support/site.ts";
import { runRounds, type KillPoint } from "./rounds.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "150" },
    seed: { type: "string", default: "1" },
  },
});
const [rounds, firstSeed] = [Number(values.rounds), Number(values.seed)];
if (![rounds, firstSeed].every((each) => Number.isSafeInteger(each) && each > 0)) {
  throw new Error("--rounds and --seed take whole numbers from 1");
}

const profilePoints: readonly KillPoint[] = [
  ...(["writing", "closing", "writing", "large", "opening"] as const),
  ...(["writing", "closing", "opening", "large", "writing"] as const),
];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

ensureChromium();
const directory = await mkdtemp(join(tmpdir(), "nebulus-kills-site-"));
const root = resolve(import.meta.dirname, "../support/storagePage");
const site = await serveSite({ root, outDir: join(directory, "site"), port: 4_730 });
const failed: number[] = [];
let [killed, acknowledged, unheard] = [0, 0, 0];
try {
  for (let seed = firstSeed; killed < rounds; seed++) {
    const points = profilePoints.slice(0, rounds - killed);
    killed += points.length;
    try {
      const result = await runRounds({ url: site.url, seed, points, say });
      acknowledged += result.acknowledged;
      unheard += result.unheard;
    } catch (error) {
      failed.push(seed);
      say(`FAILED seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  await site.close();
  await rm(directory, { recursive: true, force: true });
}
say(
  `${killed} kills, seeds ${firstSeed} on: ${acknowledged} commands found, ${unheard} of them ` +
    `unheard; ${failed.length} profiles failed ${failed.join(" ")}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
