/**
 * `npm run net:long [-- --minutes 15 --seed 1 --restart 30]`: five browser profiles in an open and
 * a closed network over a real relay behind TLS, which is restarted every so many seconds, while
 * they lose and find their network, reload, crash, change tabs and sleep. Ends with 1 if anything
 * was wrong; says how it went on.
 */
import { parseArgs } from "node:util";
import { ensureChromium } from "../../.ci/chromium.mjs";
import { runDay } from "./day.ts";
import { runInside } from "./lan.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "15" },
    seed: { type: "string", default: "1" },
    restart: { type: "string", default: "30" },
  },
});
const [minutes, seed, restart] = [values.minutes, values.seed, values.restart].map(Number);
if (![minutes, seed, restart].every((each) => Number.isFinite(each) && Number(each) > 0)) {
  throw new Error("--minutes, --seed and --restart take numbers above 0");
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const main = async (): Promise<number> => {
  ensureChromium();
  say(`seed ${String(seed)}, ${String(minutes)} minutes, a restart every ${String(restart)} s`);
  const { problems, restarts, documents, updates, done } = await runDay({
    ...{ seed: Number(seed), milliseconds: Number(minutes) * 60_000, say },
    restartMilliseconds: Number(restart) * 1_000,
  });
  for (const [what, times] of done) say(`  ${what}: ${String(times)} times`);
  say(
    `${String(restarts)} restarts of the relay, ${String(documents)} documents, ` +
      `${String(updates)} updates; ${String(problems.length)} problems`,
  );
  for (const problem of problems) say(`  ${problem}`);
  return problems.length === 0 ? 0 : 1;
};

process.exitCode = runInside() ?? (await main());
