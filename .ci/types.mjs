/**
 * Type-checks every layer with its own tsconfig.json, two at a time: what a layer may not know is a
 * compile error there.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { environment, root } from "./ready.mjs";

const layers = [".", ".ci", ...readdirSync(join(root, "src")).map((name) => `src/${name}`)]
  .concat("src", "relay", "tests")
  .filter((layer) => existsSync(join(root, layer, "tsconfig.json")));

/**
 * @param {string} layer
 * @returns {Promise<string>} the compiler's complaints, empty when there are none
 */
const complaints = (layer) =>
  new Promise((resolve, reject) => {
    const child = spawn(`tsc -p ${layer} --pretty false`, {
      cwd: root,
      env: environment,
      shell: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk) => (text += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => {
      // TS18003: the folder holds no file yet
      resolve(code === 0 || text.includes("TS18003") ? "" : text || `tsc ended with ${code}`);
    });
  });

const waiting = [...layers];
const work = async () => {
  for (let layer = waiting.shift(); layer !== undefined; layer = waiting.shift()) {
    const text = await complaints(layer);
    if (text === "") continue;
    process.exitCode = 1;
    console.log(`in ${layer}:\n${text}`);
  }
};
await Promise.all([work(), work()]);
