/**
 * Which trials there are, and running a share of them: every call of the disk in every way in which
 * it can fail, and pairs of failures by seeds.
 */
import { createRandom } from "../support/random.ts";
import { waysOf, type Failure, type Mode } from "./machine.ts";
import { attempt, beginningsOf, singleFailures, type Beginning, type Trial } from "./trial.ts";

/** One of `of` equal parts. */
export interface Share {
  readonly part: number;
  readonly of: number;
}

export interface Outcome {
  readonly trials: number;
  /** What was wrong, with what runs it again. */
  readonly problems: readonly string[];
}

/** Every failure that can come to the workload, one a trial. */
export const tryEach = async (mode: Mode, { part, of }: Share): Promise<Outcome> => {
  const beginnings = await beginningsOf(mode);
  const all = beginnings.flatMap((beginning, life) =>
    singleFailures(beginning).map((failure) => ({ beginning, life, failure })),
  );
  const problems: string[] = [];
  const chosen = all.map((each, index) => ({ ...each, index }));
  const mine = chosen.filter(({ index }) => index % of === part);
  for (const { beginning, life, failure, index } of mine) {
    const dice = Math.floor(index / of);
    const trial = { failures: [failure], dice, isLookedAtTwice: index % 5 === 0 };
    problems.push(...(await tryOne(beginning, life, trial)));
  }
  return { trials: mine.length, problems };
};

/** Two failures: the second may strike what follows on the first, and the next opening. */
export const tryPairs = async (mode: Mode, from: number, count: number): Promise<Outcome> => {
  const beginnings = await beginningsOf(mode);
  const problems: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const random = createRandom(seed);
    const life = random.integer(beginnings.length);
    const beginning = beginnings[life];
    if (beginning === undefined) continue;
    const trial = {
      failures: randomPair(beginning, random),
      ...{ dice: seed, isLookedAtTwice: seed % 5 === 0 },
    };
    problems.push(...(await tryOne(beginning, life, trial)));
  }
  return { trials: count, problems };
};

const randomPair = (
  { operations }: Beginning,
  random: ReturnType<typeof createRandom>,
): readonly Failure[] => {
  const first = random.integer(operations.length);
  const kind = operations[first] ?? "tables read";
  return [
    { operation: first + 1, way: random.pick(waysOf(kind)) },
    // Nobody knows what is called then: a read fails either way
    {
      operation: first + 2 + random.integer(random.pick([4, 30, 120])),
      way: random.pick(["before", "torn", "after"] as const),
    },
  ];
};

const tryOne = async (
  beginning: Beginning,
  life: number,
  trial: Trial,
): Promise<readonly string[]> => {
  const { problems, failed } = await attempt(beginning, trial);
  const missed = failed === 0 ? ["the failure never came"] : [];
  return [...missed, ...problems].map(
    (problem) => `${beginning.mode}, life ${life}, ${JSON.stringify(trial)}: ${problem}`,
  );
};
