/**
 * `npm run bench [-- --quick …]`: stores and engines in Chromium (peers/main.ts, whose options it
 * takes), then sync from engine to engine in Node (sync/main.ts) with the same rounds, seed and
 * participants, then sync between browsers (net/main.ts). Ends with an error where one of them
 * does.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { netWordsOf } from "./net/options.ts";
import { planOf } from "./peers/options.ts";
import { syncWordsOf } from "./sync/options.ts";

const run = (script: string, words: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const file = join(import.meta.dirname, script);
    const child = spawn(process.execPath, [file, ...words], { stdio: "inherit" });
    child.once("error", reject);
    child.once("close", (code) => {
      resolve(code ?? 1);
    });
  });

const words = process.argv.slice(2);
const plan = planOf(words);
const further = [
  { script: "sync/main.ts", words: syncWordsOf(plan), name: "bench:sync" },
  { script: "net/main.ts", words: netWordsOf(plan), name: "bench:net" },
];
process.exitCode = await run("peers/main.ts", words);
for (const { script, words: asked, name } of further) {
  if (asked === null) process.stdout.write(`Not asked for: npm run ${name}.\n`);
  else process.exitCode = Math.max(process.exitCode, await run(script, asked));
}
