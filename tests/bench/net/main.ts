/**
 * `npm run bench:net [-- --quick …]`: sync between browsers, each Chromium on a profile of its own,
 * through the relay as people run it: closed networks, WebRTC, workers, IndexedDB. Options:
 * options.ts. Prints a table and writes bench-results/net.md and net.json (results.ts); asserts no
 * time, but ends with an error where a step failed or something was answered wrongly.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumPath, ensureChromium } from "../../../.ci/chromium.mjs";
import { commit, loadNow, machine, said } from "../support/machine.ts";
import { mediansBy, shownAs } from "../support/measures.ts";
import { writeResult } from "../support/resultFiles.ts";
import { serveSite } from "../support/site.ts";
import { verdictsOf } from "./goals.ts";
import { planOf, type Plan } from "./options.ts";
import { reportOf } from "./report.ts";
import type { Results } from "./results.ts";
import { runRound, type NetOutcome } from "./rounds.ts";
import { kindOf, workloads } from "./workloads.ts";

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const lineOf = (outcome: NetOutcome): string => {
  const { participant, workload, round } = outcome;
  const where = `${round} ${participant.padEnd(8)} ${workload.padEnd(20)}`;
  if (outcome.error !== null) return `${where} FAILED: ${outcome.error}`;
  const { operations, value } = outcome;
  const kind = kindOf(workload);
  return `${where} ${shownAs(kind, kind === "rate" ? (operations / value) * 1_000 : value)}`;
};

const runAll = async (plan: Plan): Promise<readonly NetOutcome[]> => {
  const outcomes: NetOutcome[] = [];
  const directory = await mkdtemp(join(tmpdir(), "nebulus-net-site-"));
  const root = join(import.meta.dirname, "page");
  const site = await serveSite({ root, outDir: join(directory, "site"), port: 4_714 });
  const tell = (outcome: NetOutcome): void => {
    outcomes.push(outcome);
    print(lineOf(outcome));
  };
  try {
    for (let round = 1; round <= plan.rounds; round++) {
      await runRound({ plan, url: site.url, round, tell });
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
const medians = mediansBy(outcomes, kindOf);
const results: Results = {
  schema: 1,
  run: {
    ...{ time: new Date().toISOString(), commit: commit(), machine: machine() },
    ...{ node: process.versions.node, chromium: said(chromiumPath, ["--version"]) },
    ...{ loads: [loadBefore, loadNow()], plan },
  },
  ...{ workloads, outcomes, medians, verdicts: verdictsOf(medians) },
};

const report = reportOf(results);
await writeResult("net.json", `${JSON.stringify(results, null, 2)}\n`);
await writeResult("net.md", report);
print(`\n${report}\nWritten to bench-results/net.md and net.json.`);
if (outcomes.some(({ error }) => error !== null)) process.exitCode = 1;
