/**
 * `npm test`: every check there is, cheapest first, ending at the first stage that fails. `npm run
 * check` stops before the browser is needed. Each stage is one npm script, so that it can be run
 * alone.
 */
import { ensureChromium } from "./chromium.mjs";
import { ready, run } from "./ready.mjs";

const quickStages = ["format:check", "lint", "types", "types:svelte", "test:node"];
const browserStages = ["test:browser", "build", "size", "test:e2e"];

/** @param {number} since */
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** @param {string} name */
const runStage = (name) => {
  const since = Date.now();
  console.log(`\n=== ${name}`);
  const code = run(`npm run --silent ${name}`);
  console.log(`=== ${name}: ${code === 0 ? "passed" : "FAILED"} after ${seconds(since)}`);
  if (code !== 0) process.exit(code);
  return `${name} ${seconds(since)}`;
};

const isCheckOnly = process.argv[2] === "check";
const since = Date.now();
ready();
if (!isCheckOnly) ensureChromium();
const passed = [...quickStages, ...(isCheckOnly ? [] : browserStages)].map(runStage);
console.log(`\nAll passed in ${seconds(since)}: ${passed.join(", ")}`);
