/**
 * `npm run bench [-- --quick …]` begins with this: NebulusDB beside its peers, in headless
 * Chromium, from the page through the worker, every participant on every workload in each round.
 * Options: options.ts. Prints a table and writes bench-results/peers.md and peers.json
 * (results.ts); asserts no time, but ends with an error where a participant failed or answered
 * wrongly.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumPath, ensureChromium } from "../../../.ci/chromium.mjs";
import { commit, loadNow, machine, said, withVersions } from "../support/machine.ts";
import { writeResult } from "../support/resultFiles.ts";
import { serveSite } from "../support/site.ts";
import { verdictsOf } from "./goals.ts";
import { planOf, type Plan } from "./options.ts";
import { engines, participants } from "./participants.ts";
import { mediansOf, type Outcome, type Results } from "./results.ts";
import { runRound } from "./rounds.ts";
import { reportOf } from "./table.ts";
import { workloads } from "./workloads.ts";

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const lineOf = (outcome: Outcome): string => {
  const { participant, workload, documents, round } = outcome;
  const where = `${round} ${participant.padEnd(10)} ${workload.padEnd(15)} ${documents}`.padEnd(40);
  if (outcome.error !== null) return `${where} FAILED: ${outcome.error}`;
  const { operations, value, spread } = outcome;
  const p95 = spread === null ? "" : `, p95 ${spread.p95.toFixed(2)}`;
  return `${where} ${operations} in ${value.toFixed(1)}${p95}`;
};

const runAll = async (plan: Plan): Promise<readonly Outcome[]> => {
  const outcomes: Outcome[] = [];
  const directory = await mkdtemp(join(tmpdir(), "nebulus-bench-"));
  const pages = join(import.meta.dirname, "page");
  const site = await serveSite({ root: pages, outDir: join(directory, "site"), port: 4_711 });
  const emit = (outcome: Outcome): void => {
    outcomes.push(outcome);
    print(lineOf(outcome));
  };
  try {
    for (let round = 1; round <= plan.rounds; round++) {
      await runRound({ url: site.url, directory, plan, emit }, round);
    }
  } finally {
    await site.close();
    await rm(directory, { recursive: true, force: true });
  }
  return outcomes;
};

const plan = planOf(process.argv.slice(2));
ensureChromium();
const loadBefore = loadNow();
const outcomes = await runAll(plan);
const medians = mediansOf(outcomes);
const results: Results = {
  schema: 1,
  run: {
    time: new Date().toISOString(),
    commit: commit(),
    machine: machine(),
    browser: said(chromiumPath, ["--version"]) ?? "an unknown browser",
    loads: [loadBefore, loadNow()],
    plan,
  },
  participants: await withVersions(participants),
  engines: await withVersions(engines),
  ...{ workloads, outcomes, medians },
  verdicts: verdictsOf(medians, plan),
};

const report = reportOf(results);
await writeResult("peers.json", `${JSON.stringify(results, null, 2)}\n`);
await writeResult("peers.md", report);
print(`\n${report}\nWritten to bench-results/peers.md and peers.json.`);
if (outcomes.some(({ error }) => error !== null)) process.exitCode = 1;
