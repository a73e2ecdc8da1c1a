/**
 * `npm run faults`: every call of the disk in every way, wherever the journal stands, and pairs of
 * failures: `-- --pairs 20000 --from 1`, `-- --mode tables` for one place alone.
 */
import { parseArgs } from "node:util";
import type { Mode } from "./machine.ts";
import { tryEach, tryPairs, type Outcome } from "./plans.ts";

const { values } = parseArgs({
  options: {
    mode: { type: "string" },
    from: { type: "string", default: "1" },
    pairs: { type: "string", default: "5000" },
  },
});

const everyMode: readonly Mode[] = ["files", "asking", "tables"];
const modes = everyMode.filter((mode) => values.mode === undefined || values.mode === mode);
const [from, pairs] = [Number(values.from), Number(values.pairs)];
const parts = 10;
const pairsAtOnce = 200;

let failed = 0;
const report = (what: string, { trials, problems }: Outcome): void => {
  failed += problems.length;
  process.stdout.write(`${what}: ${trials} trials, ${problems.length} problems\n`);
  for (const problem of problems) process.stdout.write(`  ${problem}\n`);
};

for (const mode of modes) {
  for (let part = 0; part < parts; part++) {
    report(`${mode}, part ${part + 1} of ${parts}`, await tryEach(mode, { part, of: parts }));
  }
  for (let seed = from; seed < from + pairs; seed += pairsAtOnce) {
    const count = Math.min(pairsAtOnce, from + pairs - seed);
    report(`${mode}, pairs from ${seed}`, await tryPairs(mode, seed, count));
  }
}
process.exitCode = failed === 0 ? 0 : 1;
