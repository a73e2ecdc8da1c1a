/**
 * Runs one seed again and tells what happens: `node tests/sim/replay.ts 8 '{"suite":0}'`.
 */
import { simulate } from "./native.ts";
import type { SimulationOptions } from "./world.ts";

const [seed = "1", options = "{}"] = process.argv.slice(2);
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

try {
  // Whoever calls this knows the options' shape.
  const chosen = JSON.parse(options) as SimulationOptions;
  write(JSON.stringify(await simulate(Number(seed), { ...chosen, trace: write })));
} catch (error) {
  write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
