/**
 * The report for people, in Markdown, made of a result file and nothing else.
 */
import { ours } from "../peers/participants.ts";
import {
  count,
  failureList,
  markdownOf,
  mediansInWords,
  shownBy,
  table,
  verdictInWords,
} from "../support/markdown.ts";
import { findMedian, shownAs, type Median } from "../support/measures.ts";
import type { Verdict } from "./goals.ts";
import type { Results } from "./results.ts";
import { kindOf, type Group, type WorkloadName } from "./workloads.ts";

export const reportOf = (results: Results): string =>
  markdownOf([
    heading(results),
    "## Goals",
    goalTable(results.verdicts),
    "## What was measured",
    measuredTable(results),
    "## The initial sync by stage",
    stageTable(results),
    ...(results.run.plan.members.length === 0
      ? []
      : ["## A device, the more members there are", memberTable(results)]),
    "## How each is used",
    table(
      ["engine", "version", "used"],
      results.participants.map(({ title, version, use }) => [title, version ?? "", use]),
    ),
    failureList(results.medians),
  ]);

const heading = ({ run }: Results): string => {
  const { plan } = run;
  return [
    "# Sync from engine to engine, in memory",
    "",
    `${run.time}, commit ${run.commit ?? "unknown"}, ${run.machine}, Node ${run.node}.`,
    `${count(plan.documents)} documents of about 300 bytes, ${count(plan.edits)} edits; ` +
      "NebulusDB sealed and signed, stores in memory, on files while documents arrive; " +
      `${mediansInWords(run)}.`,
  ].join("\n");
};

const goalTable = (verdicts: readonly Verdict[]): string =>
  table(
    ["workload", "goal", "NebulusDB", "of the limit", "best of the others", "verdict"],
    verdicts.map(({ workload, goal, ours: mine, ratio, best, verdict, reason }) => [
      workload,
      goal,
      mine === null ? "–" : shown(workload, mine),
      ratio === null ? "–" : ratio.toFixed(2),
      best === null ? "–" : `${best.participant} ${shown(workload, best.score)}`,
      verdictInWords({ verdict, reason }),
    ]),
  );

const measuredTable = ({ workloads, medians, participants }: Results): string => {
  const groups: readonly Group[] = ["exchange", "network"];
  const rows = workloads.filter(({ group }) => groups.includes(group));
  return table(
    ["workload", "documents", ...participants.map(({ title }) => title)],
    rows.flatMap(({ name, title }) => {
      const own = medians.filter(({ workload }) => workload === name);
      const [first] = own;
      if (first === undefined) return [];
      const cells = participants.map((each) =>
        cell(own.find(({ participant }) => participant === each.name)),
      );
      return [[title, count(first.documents), ...cells]];
    }),
  );
};

const stageTable = ({ workloads, medians }: Results): string => {
  const stages = workloads.flatMap(({ name, title, group }) => {
    const found = medians.find(({ workload }) => workload === name);
    return group !== "stage" || found === undefined ? [] : [{ title, score: found.score }];
  });
  const sum = stages.reduce((total, { score }) => total + score, 0);
  return table(
    ["stage, both devices together", "time", "share"],
    stages.map(({ title, score }) => [
      title,
      shownAs("time", score),
      `${Math.round((score / sum) * 100)} %`,
    ]),
  );
};

const memberTable = ({ workloads, medians, run }: Results): string =>
  table(
    [
      `${count(run.plan.memberWrites)} writes`,
      ...run.plan.members.map((n) => `${count(n)} members`),
    ],
    workloads
      .filter(({ group }) => group === "members")
      .map(({ name, title }) => [
        title,
        ...run.plan.members.map((documents) =>
          cell(findMedian(medians, { participant: ours, workload: name, documents })),
        ),
      ]),
  );

/** Empty where it does not take part. */
const cell = (found: Median<WorkloadName> | undefined): string => {
  if (found === undefined) return "";
  return found.failed > 0 ? "**FAILED**" : shown(found.workload, found.score);
};

const shown = shownBy(kindOf);
