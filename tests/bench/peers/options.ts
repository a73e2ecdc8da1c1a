/**
 * What the command line asks for, and the sizes that follow from it. Pure, so that a wrong word is
 * refused before anything runs.
 */
import { readWords } from "../support/words.ts";
import { engines, participants } from "./participants.ts";
import { isWorkload, workloads, type WorkloadName } from "./workloads.ts";

export interface Plan {
  readonly isQuick: boolean;
  readonly rounds: number;
  /** Of the main workloads. */
  readonly documents: number;
  /** Further sizes at which opening and getting are measured. */
  readonly growth: readonly number[];
  /** The product alone at a million. */
  readonly million: boolean;
  /** Single inserts. */
  readonly singles: number;
  readonly gets: number;
  /** Documents of one getMany and one update. */
  readonly many: number;
  /** From engine to engine. */
  readonly synced: number;
  /** Concurrent edits in all. */
  readonly edits: number;
  readonly seed: number;
  /** Names. */
  readonly participants: readonly string[];
  readonly workloads: readonly WorkloadName[];
}

export const usage = `npm run bench -- [options]
  --quick               10,000 documents, one round: minutes
  --only <names>        participants, comma-separated: ${allNames().join(", ")}
  --workloads <names>   ${workloads.map(({ name }) => name).join(", ")}
  --documents <n>       how many are stored (default 100,000)
  --rounds <n>          of which medians are told (default 5)
  --million             NebulusDB at 1,000,000 documents too
  --seed <n>            of the documents (default 1)`;

export const planOf = (words: readonly string[]): Plan => {
  const given = readWords(words, {
    flags: ["quick", "million"],
    valued: ["only", "workloads", "documents", "rounds", "seed"],
    usage,
  });
  const isQuick = given.has("quick");
  const documents = given.whole("documents", isQuick ? 10_000 : 100_000);
  const names = given.listed("only", allNames());
  const growth = isQuick ? [] : [1_000, 10_000, 100_000];
  return {
    isQuick,
    documents,
    rounds: given.whole("rounds", isQuick ? 1 : 5),
    growth: growth.filter((size) => size < documents),
    million: given.has("million"),
    ...{ singles: isQuick ? 500 : 2_000, gets: 2_000 },
    ...{ many: 10_000, synced: 10_000, edits: isQuick ? 10_000 : 50_000 },
    seed: given.whole("seed", 1),
    participants: names,
    workloads: given
      .listed(
        "workloads",
        workloads.map(({ name }) => name),
      )
      .filter(isWorkload),
  };
};

/** Stores and engines; some are both. */
function allNames(): readonly string[] {
  return [...new Set([...participants, ...engines].map(({ name }) => name))];
}
