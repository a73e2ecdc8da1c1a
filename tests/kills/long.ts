/**
 * Many kills: `npm run kills:node -- --rounds 150 [--seed 1]`. Every tenth round begins in a new
 * directory. Ends with 1 if anything was lost or torn, and names the seed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killRound } from "./killer.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "150" },
    seed: { type: "string", default: "1" },
  },
});
const [rounds, from] = [Number(values.rounds), Number(values.seed)];
const roundsPerDirectory = 10;

const begin = (): { readonly directory: string; readonly acknowledged: Map<string, number> } => ({
  directory: mkdtempSync(join(tmpdir(), "nebulus-kills-")),
  acknowledged: new Map(),
});

let place = begin();
let faults = 0;
for (let round = 0; round < rounds; round++) {
  if (round > 0 && round % roundsPerDirectory === 0) {
    rmSync(place.directory, { recursive: true });
    place = begin();
  }
  const wrong = await killRound({ ...place, seed: from + round });
  faults += wrong.length;
  const notes = `${String(place.acknowledged.size)} notes`;
  const outcome = wrong.length === 0 ? "all there" : wrong.join("\n");
  process.stdout.write(`round ${String(round + 1)}: ${notes}, ${outcome}\n`);
}
rmSync(place.directory, { recursive: true });
process.exitCode = faults === 0 ? 0 : 1;
