/** The report for people, in Markdown, made of a result file and nothing else. */
import {
  count,
  failureList,
  markdownOf,
  mediansInWords,
  shownBy,
  table,
  verdictInWords,
} from "../support/markdown.ts";
import type { Median } from "../support/measures.ts";
import type { Verdict } from "./goals.ts";
import type { Results } from "./results.ts";
import { kindOf, type WorkloadName } from "./workloads.ts";

export const reportOf = (results: Results): string =>
  markdownOf([
    heading(results),
    "## Goals",
    goalTable(results.verdicts),
    "## What was measured",
    measuredTable(results),
    links,
    failureList(results.medians, ({ workload }) => workload),
  ]);

const heading = ({ run }: Results): string => {
  const browser = run.chromium ?? "Chromium";
  return [
    "# Sync between browsers",
    "",
    `${run.time}, commit ${run.commit ?? "unknown"}, ${run.machine}, ${browser}, Node ${run.node}.`,
    "Each browser is Chromium on a profile of its own, all on this machine with the relay; a " +
      "closed network, sealed and signed, workers over IndexedDB and OPFS, WebRTC; " +
      `${mediansInWords(run)}: look at what the bare channel took in the same pages.`,
  ].join("\n");
};

const links =
  "The shaped link is a program, not the kernel's: 80 ms round trip and 10 Mbit/s for datagrams " +
  "between the browsers and for each one's connection to the relay; of the datagrams one in a " +
  "hundred is lost. While the network is gone nothing passes it, and the browsers are told. " +
  "One document that differs is measured by `npm run bench:sync`: its clock counts round trips.";

const goalTable = (verdicts: readonly Verdict[]): string =>
  table(
    ["workload", "goal", "NebulusDB", "beside", "of what is allowed", "verdict"],
    verdicts.map(({ workload, goal, ours, reference, ratio, verdict, reason }) => [
      workload,
      goal,
      ours === null ? "–" : shown(workload, ours),
      reference === null
        ? ""
        : `${reference.participant} ${shown(reference.workload, reference.score)}`,
      ratio === null ? "–" : ratio.toFixed(2),
      verdictInWords({ verdict, reason }),
    ]),
  );

const measuredTable = ({ workloads, medians }: Results): string =>
  table(
    ["workload", "documents", "NebulusDB", "p50 / p95 / p99", "bare channel", "A alone"],
    workloads.flatMap(({ name, title }) => {
      const own = medians.filter(({ workload }) => workload === name);
      const of = (participant: string): Median<WorkloadName> | undefined =>
        own.find((each) => each.participant === participant && each.failed < each.rounds) ??
        own.find((each) => each.participant === participant);
      const [first] = own;
      if (first === undefined) return [];
      const documents = of("nebulus")?.documents ?? 0;
      return [
        [
          ...[title, documents === 0 ? "" : count(documents)],
          ...[cell(of("nebulus")), spreadIn(of("nebulus") ?? of("bare"))],
          ...[cell(of("bare")), cell(of("alone"))],
        ],
      ];
    }),
  );

const spreadIn = (found: Median<WorkloadName> | undefined): string => {
  if (found?.spread === undefined || found.spread === null) return "";
  const { p50, p95, p99 } = found.spread;
  return `${[p50, p95, p99].map((each) => each.toFixed(1)).join(" / ")} ms`;
};

/** Empty where it does not take part. */
const cell = (found: Median<WorkloadName> | undefined): string => {
  if (found === undefined) return "";
  return Number.isNaN(found.score) ? "**FAILED**" : shown(found.workload, found.score);
};

const shown = shownBy(kindOf);
