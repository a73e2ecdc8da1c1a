/**
 * `npm test`: every check there is, cheapest first, ending at the first stage that fails; those that
 * only read the sources run side by side. `npm run check` stops before the browser is needed. Each
 * stage is one npm script, so that it can be run alone.
 */
import { ensureChromium } from "./chromium.mjs";
import { ready, run, runAside } from "./ready.mjs";

const readingStages = ["format:check", "lint", "types", "types:svelte", "docs:check"];
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

/** @param {string} name */
const runStageAside = async (name) => {
  const since = Date.now();
  const { code, output } = await runAside(`npm run --silent ${name}`);
  console.log(`\n=== ${name}\n${output}`);
  console.log(`=== ${name}: ${code === 0 ? "passed" : "FAILED"} after ${seconds(since)}`);
  return { code, line: `${name} ${seconds(since)}` };
};

const isCheckOnly = process.argv[2] === "check";
const since = Date.now();
ready();
if (!isCheckOnly) ensureChromium();
const read = await Promise.all(readingStages.map(runStageAside));
const failed = read.find(({ code }) => code !== 0);
if (failed !== undefined) process.exit(failed.code);
const stages = ["test:node", ...(isCheckOnly ? [] : browserStages)];
const passed = [...read.map(({ line }) => line), ...stages.map(runStage)];
console.log(`\nAll passed in ${seconds(since)}: ${passed.join(", ")}`);
