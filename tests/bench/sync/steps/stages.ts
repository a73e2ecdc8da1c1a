/**
 * Where the time of an initial sync goes: the run is watched by the engine's own profiler, and each
 * moment counts for the stage of the innermost function that belongs to one. Both devices run in
 * this process, so their stages add up to what `sync-time` measures, and a little for the watching.
 */
import { Session, type Profiler } from "node:inspector/promises";
import { makeDocuments } from "../../support/documents.ts";
import type { Engine } from "../../engines/engine.ts";
import { stages as allStages, type Stage } from "../workloads.ts";

/** Milliseconds by stage. */
export type Stages = ReadonlyMap<Stage, number>;

export const measureStages = async (
  engine: Engine,
  { documents, seed }: { readonly documents: number; readonly seed: number },
): Promise<Stages> => {
  for (let warmUp = 0; warmUp < warmUps; warmUp++) await exchange(engine, documents, seed);
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: sampleMicroseconds });
  const profiles: Profiler.Profile[] = [];
  for (let watched = 0; watched < watchedRuns; watched++) {
    await exchange(engine, documents, seed, async (run) => {
      await session.post("Profiler.start");
      await run();
      profiles.push((await session.post("Profiler.stop")).profile);
    });
  }
  session.disconnect();
  return meansOf(profiles);
};

const warmUps = 2;
const watchedRuns = 3;
const sampleMicroseconds = 200;

type Watch = (run: () => Promise<void>) => Promise<void>;

const exchange = async (
  engine: Engine,
  documents: number,
  seed: number,
  watch: Watch = (run) => run(),
): Promise<void> => {
  const pair = await engine.prepare(makeDocuments(documents, seed));
  await watch(async () => {
    await pair.seal?.();
    await pair.transfer();
  });
  await pair.close();
};

/**
 * Functions by their name and file; the first that fits counts. What several stages use, as hashing
 * or the codec, counts for the one that called it.
 */
const rules: readonly (readonly [RegExp, Stage])[] = [
  [/^inflateBody .*\/segment\/compress\.ts$/, "stage-opening"],
  [/\/engine\/(cut|writer)\.ts$|\/segment\/(cut|seal|tables|compress)\.ts$/, "stage-sealing"],
  [/\/sync\/(greet|greeting|greetingMessages)\.ts$|\/core\/network\//, "stage-greeting"],
  [/\/segment\/(deliver|segment|header|tree|inbox|branches|reading)\.ts$/, "stage-delivery"],
  [/\/segment\/open\.ts$/, "stage-opening"],
  [/\/segment\/body\.ts$|\/op\/decode\.ts$/, "stage-decoding"],
  [/\/doc\/digest\.ts$|\/stateDigest\.ts$/, "stage-digest"],
  [/\/core\/doc\/|\/engine\/(append|documents|unflushed)\.ts$/, "stage-merge"],
  [/\/src\/storage\/|\/engine\/(journal|pages\/)|\/core\/(page|journal)\//, "stage-storing"],
  [/\/src\/net\/|\/core\/sync\/|\/engine\/sync/, "stage-transfer"],
];

const meansOf = (profiles: readonly Profiler.Profile[]): Stages => {
  const sums = new Map(allStages.map((name) => [name, 0]));
  for (const profile of profiles) addStages(profile, sums);
  return new Map([...sums].map(([name, sum]) => [name, sum / profiles.length]));
};

const addStages = (
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  sums: Map<Stage, number>,
): void => {
  const stages = new Map<number, Stage | null>();
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((c) => [c, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stageOf = (id: number): Stage | null => {
    const known = stages.get(id);
    if (known !== undefined) return known;
    const own = ownStage(byId.get(id)?.callFrame);
    const parent = parents.get(id);
    const called = parent === undefined ? "stage-other" : stageOf(parent);
    const stage = own === undefined ? called : own;
    stages.set(id, stage);
    return stage;
  };
  for (const [at, id] of samples.entries()) {
    const stage = stageOf(id);
    const delta = (timeDeltas[at] ?? 0) / 1_000;
    if (stage === null) continue;
    sums.set(stage, (sums.get(stage) ?? 0) + delta);
  }
};

type CallFrame = Profiler.ProfileNode["callFrame"];

/** null: the profiler's own. */
const ownStage = (frame: CallFrame | undefined): Stage | null | undefined => {
  if (frame === undefined) return undefined;
  const { functionName, url } = frame;
  if (url === "node:inspector") return null;
  if (functionName === "(garbage collector)") return "stage-garbage";
  if (functionName === "(idle)" || functionName === "(program)") return "stage-waiting";
  return rules.find(([pattern]) => pattern.test(`${functionName} ${url}`))?.[1];
};
