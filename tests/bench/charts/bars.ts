/**
 * What the result files hold as groups of bars: one group a workload or wait, one bar a
 * participant. Pure: bytes of files in, plain data out.
 */
import { z } from "zod";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** As it is told. */
  readonly text: string;
  /** Whether it is this product's. */
  readonly isOurs: boolean;
}

export interface Group {
  readonly title: string;
  readonly better: "more" | "less";
  readonly bars: readonly Bar[];
}

const peersSchema = z.object({
  schema: z.literal(1),
  participants: z.array(z.object({ name: z.string(), title: z.string() })),
  workloads: z.array(
    z.object({
      ...{ name: z.string(), title: z.string(), kind: z.string() },
      group: z.string().optional(),
    }),
  ),
  medians: z.array(
    z.object({
      participant: z.string(),
      workload: z.string(),
      documents: z.number(),
      score: z.number().nullable(),
    }),
  ),
});

const pageSchema = z.object({
  schema: z.literal(1),
  lines: z.array(
    z.object({ what: z.string(), spread: z.object({ p50: z.number(), p95: z.number() }) }),
  ),
});

/** Throws where it is no result file of `npm run bench` or `npm run bench:sync`. */
export const groupsOfPeers = (text: string): readonly Group[] => {
  const results = peersSchema.parse(JSON.parse(text));
  const { participants, medians } = results;
  // Stages are bars of one group; networks of many members have no bars of others beside them
  const compared = results.workloads.filter(
    ({ group }) => group !== "stage" && group !== "members",
  );
  const groups = compared.flatMap(({ name, title, kind }): readonly Group[] => {
    const own = medians.filter(({ workload, score }) => workload === name && score !== null);
    const documents = Math.max(...own.map((median) => median.documents));
    const bars = participants.flatMap((participant): readonly Bar[] => {
      const found = own.find(
        (median) => median.participant === participant.name && median.documents === documents,
      );
      const value = found?.score ?? null;
      if (value === null) return [];
      const isOurs = participant.name.startsWith("nebulus");
      return [{ label: participant.title, value, text: toldOf(value, kind), isOurs }];
    });
    if (bars.length === 0) return [];
    const at = `${title}, ${documents.toLocaleString("en")} documents`;
    return [{ title: at, better: kind === "rate" ? "more" : "less", bars: sorted(bars, kind) }];
  });
  return [...groups, ...stageGroup(results)];
};

const stageGroup = ({ workloads, medians }: z.infer<typeof peersSchema>): readonly Group[] => {
  const bars = workloads.flatMap(({ name, title, kind, group }): readonly Bar[] => {
    const value = medians.find(({ workload }) => workload === name)?.score ?? null;
    if (group !== "stage" || value === null) return [];
    return [{ label: title, value, text: toldOf(value, kind), isOurs: true }];
  });
  if (bars.length === 0) return [];
  return [{ title: "Initial sync by stage", better: "less", bars }];
};

/** Throws where it is no result file of `npm run bench:page`. */
export const groupsOfPage = (text: string): readonly Group[] =>
  pageSchema.parse(JSON.parse(text)).lines.map(({ what, spread }) => ({
    title: what,
    better: "less",
    bars: (["p50", "p95"] as const).map((label) => ({
      ...{ label, value: spread[label], isOurs: true },
      text: toldOf(spread[label], "time"),
    })),
  }));

const sorted = (bars: readonly Bar[], kind: string): readonly Bar[] =>
  [...bars].sort((a, b) => (kind === "rate" ? b.value - a.value : a.value - b.value));

const toldOf = (value: number, kind: string): string => {
  if (kind === "rate") return `${Math.round(value).toLocaleString("en")}/s`;
  if (kind === "count") return value.toLocaleString("en", { maximumFractionDigits: 1 });
  if (kind === "bytes") return value < 1e5 ? `${(value / 1e3).toFixed(1)} kB` : megabytes(value);
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ms`;
};

const megabytes = (value: number): string => `${(value / 1e6).toFixed(1)} MB`;
