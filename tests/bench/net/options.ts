/**
 * What the command line asks for. Pure, so that a wrong word is refused before a browser starts.
 */
import { ours } from "../peers/participants.ts";
import type { Plan as BenchPlan } from "../peers/options.ts";
import { readWords } from "../support/words.ts";
import { stepNames, type StepName } from "./steps/names.ts";

export interface Plan {
  readonly isQuick: boolean;
  /** Of which medians are told; each with new profiles. */
  readonly rounds: number;
  /** Exchanged, and held by both where there is nothing to send. */
  readonly documents: number;
  /** In one call, or each awaited, or by each of several devices at once. */
  readonly writes: number;
  /** Looked at one by one. */
  readonly seen: number;
  readonly loads: number;
  /** That come while memory, tasks and answers are watched. */
  readonly arriving: number;
  /** MiB of large documents. */
  readonly largeMebibytes: number;
  readonly offlineMilliseconds: number;
  readonly seed: number;
  readonly steps: readonly StepName[];
}

export const usage = `npm run bench:net -- [options]
  --quick         one round, fewer of everything: minutes
  --rounds <n>    of which medians are told (default 3)
  --steps <names> ${stepNames.join(", ")}
  --seed <n>      of the documents and of what links lose (default 1)`;

export const planOf = (words: readonly string[]): Plan => {
  const given = readWords(words, {
    flags: ["quick"],
    valued: ["rounds", "steps", "seed"],
    usage,
  });
  const isQuick = given.has("quick");
  return {
    isQuick,
    rounds: given.whole("rounds", isQuick ? 1 : 3),
    ...{ documents: 10_000, writes: 1_000, seen: isQuick ? 100 : 400, loads: isQuick ? 3 : 9 },
    ...{ arriving: isQuick ? 20_000 : 100_000, largeMebibytes: isQuick ? 16 : 64 },
    offlineMilliseconds: isQuick ? 15_000 : 30_000,
    seed: given.whole("seed", 1),
    steps: withFirst(given.listed("steps", stepNames)),
  };
};

/** The first one is always among them: others rest on what it brought to B. */
const withFirst = (chosen: readonly string[]): readonly StepName[] =>
  stepNames.filter((name, at) => at === 0 || chosen.includes(name));

/** What goes with a run of `npm run bench`; null where its words leave no sync of the product's. */
export const netWordsOf = (bench: BenchPlan): readonly string[] | null => {
  if (!bench.participants.includes(ours) || !bench.workloads.includes("sync-time")) return null;
  const quick = bench.isQuick ? ["--quick"] : [];
  const rounds = ["--rounds", String(Math.min(bench.rounds, roundsMax))];
  return [...quick, ...rounds, "--seed", String(bench.seed)];
};

/** A round of browsers takes minutes. */
const roundsMax = 3;
