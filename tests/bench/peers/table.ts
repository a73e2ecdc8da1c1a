/**
 * The report for people, in Markdown, made of a result file and nothing else.
 */
import {
  count,
  failureList,
  markdownOf,
  mediansInWords,
  shownBy,
  table,
  verdictInWords,
} from "../support/markdown.ts";
import { findMedian } from "../support/measures.ts";
import type { Verdict } from "./goals.ts";
import type { Median, Results } from "./results.ts";
import { kindOf, type WorkloadName } from "./workloads.ts";

export const reportOf = (results: Results): string =>
  markdownOf([
    heading(results),
    "## Goals",
    goalTable(results.verdicts),
    "## Stores",
    storeTable(results),
    "## Growth",
    growthTable(results),
    "## From engine to engine",
    engineTable(results),
    "## Participants",
    participantTable(results),
    failureList(results.medians),
  ]);

const heading = ({ run }: Results): string => {
  const { plan } = run;
  return [
    "# NebulusDB beside its peers",
    "",
    `${run.time}, commit ${run.commit ?? "unknown"}, ${run.machine}, ${run.browser}.`,
    `${count(plan.documents)} documents of about 300 bytes, ${mediansInWords(run)}.`,
    ...(plan.isQuick
      ? ["", "A quick run: its verdicts are hints, the goals are for 100,000."]
      : []),
  ].join("\n");
};

const goalTable = (verdicts: readonly Verdict[]): string =>
  table(
    ["workload", "documents", "goal", "NebulusDB", "compared with", "ratio", "verdict"],
    verdicts.map((each) => [
      each.workload,
      count(each.documents),
      each.goal,
      each.ours === null ? "–" : shownGoal(each, each.ours),
      each.other === null ? "–" : `${each.otherName ?? ""} ${shown(each.workload, each.other)}`,
      each.ratio === null ? "–" : each.ratio.toFixed(2),
      verdictInWords(each),
    ]),
  );

const shownGoal = ({ workload, goal }: Verdict, value: number): string =>
  goal.startsWith("p95") ? `p95 ${value.toFixed(2)} ms` : shown(workload, value);

const storeTable = ({ medians, participants, workloads, run }: Results): string => {
  const { documents } = run.plan;
  const columns = participants.filter(({ name }) =>
    medians.some((each) => each.participant === name),
  );
  const rows = workloads.filter(({ name }) => !engineWorkloads.includes(name));
  const cells = (workload: WorkloadName): readonly string[] =>
    columns.map(({ name }) => cell(findIn(medians, name, workload, documents)));
  return table(
    ["workload", ...columns.map(({ title }) => title)],
    rows
      .map(({ name, title }) => [title, ...cells(name)])
      .filter((row) => row.slice(1).some((each) => each !== "")),
  );
};

const engineWorkloads: readonly string[] = ["merge", "sync-bytes", "sync-time"];

const growthTable = ({ medians, participants, run }: Results): string => {
  const sizes = [...new Set(medians.map(({ documents }) => documents))]
    .filter((size) => size !== run.plan.documents || run.plan.growth.length > 0)
    .sort((a, b) => a - b);
  const columns = growing.flatMap((workload) => sizes.map((size) => ({ workload, size })));
  const used = columns.filter(({ workload, size }) =>
    medians.some((each) => each.workload === workload && each.documents === size),
  );
  return table(
    ["participant", ...used.map(({ workload, size }) => `${workload}, ${count(size)}`)],
    participants
      .map(({ name, title }) => [
        title,
        ...used.map(({ workload, size }) => cell(findIn(medians, name, workload, size))),
      ])
      .filter((row) => row.slice(1).some((each) => each !== "")),
  );
};

const growing: readonly WorkloadName[] = ["open-get", "get", "bulk", "worker-open", "worker-scan"];

const engineTable = ({ medians, engines, run }: Results): string =>
  table(
    ["engine", "bytes", "time", "edits merged"],
    engines
      .map(({ name, title }) => [
        title,
        cell(findIn(medians, name, "sync-bytes", run.plan.synced)),
        cell(findIn(medians, name, "sync-time", run.plan.synced)),
        cell(findIn(medians, name, "merge", run.plan.synced)),
      ])
      .filter((row) => row.slice(1).some((each) => each !== "")),
  );

const participantTable = ({ participants, engines }: Results): string =>
  table(
    ["participant", "version", "used", "durability"],
    [
      ...participants.map((each) => [each.title, each.version ?? "", each.use, each.durability]),
      ...engines.map((each) => [`${each.title}, engine`, each.version ?? "", each.use, "none"]),
    ],
  );

const findIn = (
  medians: readonly Median[],
  participant: string,
  workload: WorkloadName,
  documents: number,
): Median | undefined => findMedian(medians, { participant, workload, documents });

/** Empty where it does not take part. */
const cell = (found: Median | undefined): string => {
  if (found === undefined) return "";
  if (found.failed > 0) return "**FAILED**";
  const { workload, score, spread } = found;
  if (spread === null) return shown(workload, score);
  const parts = [spread.p50, spread.p95, spread.p99].map((each) => each.toFixed(2));
  return `${shown(workload, score)}; ${parts.join(" / ")} ms`;
};

const shown = shownBy(kindOf);
