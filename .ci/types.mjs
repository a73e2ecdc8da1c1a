/**
 * Type-checks every layer with its own tsconfig.json: what a layer may not know is a compile error there.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const layers = [
  ".",
  ...readdirSync(join(root, "src")).map((name) => `src/${name}`),
  "src",
  "relay",
  "tests",
].filter((layer) => existsSync(join(root, layer, "tsconfig.json")));

const check = (layer) =>
  new Promise((resolve) => {
    const child = spawn("tsc", ["-p", layer, "--pretty", "false"], { cwd: root, shell: true });
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.stderr.on("data", (chunk) => (text += chunk));
    // TS18003: a layer without a file yet is no error
    child.on("close", (code) => resolve({ layer, text, failed: code !== 0 && !text.includes("TS18003") }));
  });

const queue = [...layers];
let failed = false;
const work = async () => {
  for (let layer = queue.shift(); layer !== undefined; layer = queue.shift()) {
    const result = await check(layer);
    if (!result.failed) continue;
    failed = true;
    console.log(`types: ${result.layer}\n${result.text}`);
  }
};
await Promise.all([work(), work()]);
process.exitCode = failed ? 1 : 0;
