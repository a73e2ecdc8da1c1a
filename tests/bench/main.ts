/**
 * `npm run bench [-- --quick …]`: stores and engines in Chromium (peers/main.ts, whose options it
 * takes), then sync from engine to engine in Node (sync/main.ts) with the same rounds, seed and
 * participants. Ends with an error where one of the two does.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
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
const syncWords = syncWordsOf(planOf(words));
process.exitCode = await run("peers/main.ts", words);
if (syncWords === null) process.stdout.write("Sync was not asked for: npm run bench:sync.\n");
else process.exitCode = Math.max(process.exitCode, await run("sync/main.ts", syncWords));
