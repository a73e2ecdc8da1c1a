/**
 * What the command line asks for, and the tasks that follow from it. Pure, so that a wrong word is
 * refused before anything runs.
 */
import { engines, ours } from "../peers/participants.ts";
import type { Plan as BenchPlan } from "../peers/options.ts";
import { readWords } from "../support/words.ts";
import type { Task } from "./tasks.ts";

export interface Plan {
  readonly isQuick: boolean;
  /** Of which medians are told. */
  readonly rounds: number;
  /** Exchanged, and held by both where there is nothing to send. */
  readonly documents: number;
  /** Concurrent edits in all. */
  readonly edits: number;
  /** Of each device that writes at once with others. */
  readonly writes: number;
  /** That come while memory is watched. */
  readonly arriving: number;
  /** Networks of so many members; empty but in the longer run. */
  readonly members: readonly number[];
  /** Of all members together. */
  readonly memberWrites: number;
  readonly seed: number;
  readonly participants: readonly string[];
}

export const usage = `npm run bench:sync -- [options]
  --quick               one round, fewer documents arriving: a minute or two
  --rounds <n>          of which medians are told (default 5)
  --only <names>        engines, comma-separated: ${engines.map(({ name }) => name).join(", ")}
  --documents <n>       how many are exchanged (default 10,000)
  --members             networks of 5, 10, 20 and 40 members too: many minutes
  --seed <n>            of the documents (default 1)`;

export const planOf = (words: readonly string[]): Plan => {
  const given = readWords(words, {
    flags: ["quick", "members"],
    valued: ["rounds", "only", "documents", "seed"],
    usage,
  });
  const isQuick = given.has("quick");
  return {
    isQuick,
    rounds: given.whole("rounds", isQuick ? 1 : 5),
    documents: given.whole("documents", 10_000),
    ...{ edits: 1_000, writes: 1_000, arriving: isQuick ? 20_000 : 100_000 },
    members: given.has("members") ? [5, 10, 20, 40] : [],
    memberWrites: 100,
    seed: given.whole("seed", 1),
    participants: given.listed(
      "only",
      engines.map(({ name }) => name),
    ),
  };
};

/** What goes with a run of `npm run bench`; null where its words leave no sync. */
export const syncWordsOf = (bench: BenchPlan): readonly string[] | null => {
  const names = engines.map(({ name }) => name).filter((name) => bench.participants.includes(name));
  if (names.length === 0 || !bench.workloads.includes("sync-time")) return null;
  return [
    ...(bench.isQuick ? ["--quick"] : []),
    ...["--rounds", String(bench.rounds), "--seed", String(bench.seed), "--only", names.join(",")],
  ];
};

/** Every engine begins a round once; what the product alone does comes at its end. */
export const tasksOf = (plan: Plan, round: number): readonly Task[] => {
  const { documents, seed, edits, writes, arriving, members, memberWrites } = plan;
  const chosen = engines.filter(({ name }) => plan.participants.includes(name));
  const rotated = chosen.map((_, at) => chosen[(at + round - 1) % chosen.length]);
  const exchanges = rotated.flatMap((engine): readonly Task[] => {
    if (engine === undefined) return [];
    const task = { participant: engine.name, seed, documents };
    return [
      { ...task, kind: "sync" },
      ...(engine.merges ? [{ ...task, kind: "merge", edits } as const] : []),
    ];
  });
  if (!plan.participants.includes(ours)) return exchanges;
  const task = { participant: ours, seed };
  const alone: readonly Task[] = [
    { ...task, kind: "stages", documents },
    { ...task, kind: "quiet", documents },
    { ...task, kind: "repair", documents },
    { ...task, kind: "crowd", devices: 3, writes },
    { ...task, kind: "crowd", devices: 5, writes },
    { ...task, kind: "arrival", documents: arriving },
  ];
  // In virtual time every round would tell the same
  const many = round > 1 ? [] : members;
  return [
    ...exchanges,
    ...alone,
    ...many.map((count) => ({
      ...({ ...task, kind: "members" } as const),
      ...{ members: count, writes: memberWrites },
    })),
  ];
};
