/**
 * The histories of `merge*.test.ts` by the hundred thousand: `node tests/property/merge.long.ts
 * --from 1 --to 300000 [--steps 20]`. Prints how far it came, so that it can be split over
 * processes and resumed; ends with the failing seed if one fails.
 */
import { runHistory } from "../support/histories.ts";

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

const from = option("from", 1);
const to = option("to", 300_000);
const steps = option("steps", 20);
const started = performance.now();

for (let seed = from; seed <= to; seed++) {
  try {
    runHistory(seed, { steps, hostile: seed % 2 === 0, everyOp: true });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
  if (seed % 1_000 === 0 || seed === to) {
    const seconds = Math.round((performance.now() - started) / 1_000);
    process.stdout.write(`${String(from)} to ${String(seed)} hold, ${String(seconds)} s\n`);
  }
}
