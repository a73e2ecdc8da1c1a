/**
 * What the command line asks for, and the sizes that follow from it. Pure, so that a wrong word is
 * refused before anything runs.
 */
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
  const given = readOptions(words);
  const isQuick = given.has("quick");
  const documents = whole(given, "documents", isQuick ? 10_000 : 100_000);
  const names = listed(given, "only", allNames());
  const growth = isQuick ? [] : [1_000, 10_000, 100_000];
  return {
    isQuick,
    documents,
    rounds: whole(given, "rounds", isQuick ? 1 : 5),
    growth: growth.filter((size) => size < documents),
    million: given.has("million"),
    ...{ singles: isQuick ? 500 : 2_000, gets: 2_000 },
    ...{ many: 10_000, synced: 10_000, edits: isQuick ? 10_000 : 50_000 },
    seed: whole(given, "seed", 1),
    participants: names,
    workloads: listed(
      given,
      "workloads",
      workloads.map(({ name }) => name),
    ).filter(isWorkload),
  };
};

const flags: readonly string[] = ["quick", "million"];
const valued: readonly string[] = ["only", "workloads", "documents", "rounds", "seed"];

/** A flag has an empty value. */
const readOptions = (words: readonly string[]): ReadonlyMap<string, string> => {
  const given = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const name = word === "quick" ? word : word.replace(/^--/, "");
    if (flags.includes(name)) given.set(name, "");
    else if (word.startsWith("--") && valued.includes(name)) {
      at += 1;
      const value = words[at];
      if (value === undefined || value.startsWith("--")) refuse(`${word} takes a value`);
      else given.set(name, value);
    } else refuse(`${word} is no option`);
  }
  return given;
};

const whole = (given: ReadonlyMap<string, string>, name: string, otherwise: number): number => {
  const text = given.get(name);
  if (text === undefined) return otherwise;
  const value = Number(text.replaceAll("_", ""));
  if (!Number.isSafeInteger(value) || value < 1) refuse(`--${name} takes a whole number above 0`);
  return value;
};

const listed = (
  given: ReadonlyMap<string, string>,
  name: string,
  known: readonly string[],
): readonly string[] => {
  const text = given.get(name);
  if (text === undefined) return known;
  const wanted = text.split(",");
  for (const each of wanted) {
    if (!known.includes(each)) refuse(`--${name}: ${each} is none of ${known.join(", ")}`);
  }
  return known.filter((each) => wanted.includes(each));
};

const refuse = (reason: string): never => {
  throw new Error(`${reason}\n${usage}`);
};

/** Stores and engines; some are both. */
function allNames(): readonly string[] {
  return [...new Set([...participants, ...engines].map(({ name }) => name))];
}
