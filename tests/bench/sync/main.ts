/**
 * `npm run bench:sync [-- --quick …]`: sync from engine to engine in Node, beside Yjs, Automerge,
 * Loro and JSON, every engine in a process of its own in each round. Options: options.ts. Prints a
 * table and writes bench-results/sync.md and sync.json (results.ts); asserts no time, but ends with
 * an error where something failed or was answered wrongly.
 */
import { engines } from "../peers/participants.ts";
import { commit, loadNow, machine, withVersions } from "../support/machine.ts";
import { mediansBy, shownAs, type Outcome } from "../support/measures.ts";
import { writeResult } from "../support/resultFiles.ts";
import { verdictsOf } from "./goals.ts";
import { planOf, tasksOf, type Plan } from "./options.ts";
import { runInProcess } from "./processes.ts";
import { reportOf } from "./report.ts";
import type { Results } from "./results.ts";
import { workloadsOf, type Task } from "./tasks.ts";
import { kindOf, workloads, type WorkloadName } from "./workloads.ts";

type SyncOutcome = Outcome<WorkloadName>;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const quickTaskMilliseconds = 90_000;
const taskMilliseconds = 20 * 60_000;

const measure = async (task: Task, round: number, plan: Plan): Promise<readonly SyncOutcome[]> => {
  const { participant } = task;
  try {
    const most = plan.isQuick ? quickTaskMilliseconds : taskMilliseconds;
    const samples = await runInProcess(task, most);
    return samples.map((sample) => ({ participant, round, ...sample, error: null }));
  } catch (reason) {
    const error = reason instanceof Error ? reason.message : String(reason);
    const documents = "documents" in task ? task.documents : 0;
    return workloadsOf(task).map((workload) => ({
      ...{ participant, round, workload, documents, error },
    }));
  }
};

const lineOf = (outcome: SyncOutcome): string => {
  const { participant, workload, round } = outcome;
  const where = `${round} ${participant.padEnd(10)} ${workload.padEnd(16)}`;
  if (outcome.error !== null) return `${where} FAILED: ${outcome.error}`;
  return `${where} ${shownAs(kindOf(workload), outcome.value)}`;
};

const runAll = async (plan: Plan): Promise<readonly SyncOutcome[]> => {
  const outcomes: SyncOutcome[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    for (const task of tasksOf(plan, round)) {
      for (const outcome of await measure(task, round, plan)) {
        outcomes.push(outcome);
        print(lineOf(outcome));
      }
    }
  }
  return outcomes;
};

const plan = planOf(process.argv.slice(2));
const loadBefore = loadNow();
const outcomes = await runAll(plan);
const medians = mediansBy(outcomes, kindOf);
const chosen = engines.filter(({ name }) => plan.participants.includes(name));
const results: Results = {
  schema: 1,
  run: {
    ...{ time: new Date().toISOString(), commit: commit(), machine: machine() },
    ...{ node: process.versions.node, loads: [loadBefore, loadNow()], plan },
  },
  participants: await withVersions(chosen),
  ...{ workloads, outcomes, medians },
  verdicts: verdictsOf(medians, plan),
};

const report = reportOf(results);
await writeResult("sync.json", `${JSON.stringify(results, null, 2)}\n`);
await writeResult("sync.md", report);
print(`\n${report}\nWritten to bench-results/sync.md and sync.json.`);
if (outcomes.some(({ error }) => error !== null)) process.exitCode = 1;
