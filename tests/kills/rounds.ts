/**
 * Rounds on one profile: open, check everything that was ever acknowledged, write, kill the whole
 * browser. What is killed in the middle, and after which acknowledgement, comes from the seed; how
 * long after it, from a count of round trips to the page, so that nothing sleeps.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Checked, LaneExpected, Told, WorkerKind } from "../support/storagePage/protocol.ts";
import { createRandom, type Random } from "../support/random.ts";
import { launchKillable, type KillableBrowser, type KillablePage } from "./browser.ts";

/** In the middle of what the browser is killed. */
export type KillPoint =
  /** Writes, with absorption and checkpoints all the while, over small bounds. */
  | "writing"
  /** Absorption and checkpoint behind an insert that is larger than the journal is to hold. */
  | "large"
  | "closing"
  | "opening";

export interface RoundsOptions {
  /** Of the page. */
  readonly url: string;
  readonly seed: number;
  readonly points: readonly KillPoint[];
  readonly say: (line: string) => void;
  /** Each browser, so that whoever runs this can end it whatever happens. */
  readonly launched?: (browser: KillableBrowser) => void;
}

export interface RoundsResult {
  readonly acknowledged: number;
  /** Commands that took effect, whose acknowledgement nobody heard. */
  readonly unheard: number;
  readonly documents: number;
}

/** Rejects at the first thing that is not as it must be. */
export const runRounds = async (options: RoundsOptions): Promise<RoundsResult> => {
  const profile = await mkdtemp(join(tmpdir(), "nebulus-kills-"));
  try {
    const result = await runOn(profile, options);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    return result;
  } catch (error) {
    // What it holds is the only trace of what went wrong
    options.say(`the profile stays in ${profile}`);
    throw error;
  }
};

const mixedLanes = [0, 1, 2, 3];
const largeLane = 9;

const runOn = async (profile: string, options: RoundsOptions): Promise<RoundsResult> => {
  const { seed, points, say } = options;
  const lanes: Lanes = new Map(
    [...mixedLanes, largeLane].map((lane) => {
      const kind = lane === largeLane ? "large" : "mixed";
      return [lane, { seed, lane, kind, acknowledged: 0 }] as const;
    }),
  );
  let unheard = 0;
  for (const [at, point] of points.entries()) {
    const random = createRandom(seed * 1_000 + at);
    const outcome = await runRound(profile, options, { point, random, lanes });
    unheard += outcome.unheard;
    say(`seed ${seed}, kill ${at + 1} of ${points.length}, ${point}: ${outcome.text}`);
  }
  const checked = await checkOnly(profile, options, lanes);
  const acknowledged = [...lanes.values()].reduce((sum, each) => sum + each.acknowledged, 0);
  return { acknowledged, unheard, documents: checked.documents };
};

type Lanes = Map<number, LaneExpected>;

interface Round {
  readonly point: KillPoint;
  readonly random: Random;
  readonly lanes: Lanes;
}

interface RoundOutcome {
  readonly unheard: number;
  readonly text: string;
}

const runRound = (profile: string, options: RoundsOptions, round: Round): Promise<RoundOutcome> =>
  withPage(profile, options, async (driven) => {
    const { point, random, lanes } = round;
    if (point === "opening") {
      const begun = driven.next("opening");
      // It is never answered: the browser is killed under it
      open(driven, "small", lanes).catch(() => undefined);
      await begun;
      return { unheard: 0, text: await killSoon(driven, random, openingTripsMax) };
    }
    const { checked, unheard } = await openAndCheck(driven, workerOf(point), lanes);
    const found = `${checked.documents} documents, ${unheard} unheard; `;
    const text = await writeAndKill(driven, round);
    return { unheard, text: found + text };
  });

const workerOf = (point: KillPoint): WorkerKind => (point === "large" ? "product" : "small");

const writeAndKill = async (driven: Driven, { point, random, lanes }: Round): Promise<string> => {
  const { page } = driven;
  const acknowledge = (told: Told & { readonly kind: "acknowledged" }): void => {
    const lane = lanes.get(told.lane);
    if (lane?.acknowledged !== told.done - 1) {
      throw new Error(`lane ${told.lane} acknowledged ${told.done}, out of order`);
    }
    lanes.set(told.lane, { ...lane, acknowledged: told.done });
  };
  const wanted = point === "large" ? random.integer(12) : 1 + random.integer(acknowledgementsMax);
  let heard = 0;
  const reached = new Promise<void>((resolve) => {
    driven.onAcknowledged((told) => {
      acknowledge(told);
      if (told.lane === largeLane) {
        if (wanted === 0) resolve();
        else void run(page, `startLanes(${JSON.stringify(mixedLanes)})`);
        return;
      }
      heard += 1;
      if (heard === wanted) resolve();
      void run(page, `goOn(${told.lane})`);
    });
  });
  await run(page, `startLanes(${JSON.stringify(point === "large" ? [largeLane] : mixedLanes)})`);
  await driven.unlessFailed(reached);
  // Never answered, unless it is quicker than the kill
  if (point === "closing") void run(page, "closeLanes()");
  const killed = await killSoon(driven, random, point === "closing" ? 200 : 20);
  return `${heard} acknowledged, ${killed}`;
};

const acknowledgementsMax = 120;
const openingTripsMax = 150;

/** A call that the kill may cut off. */
const run = (page: KillablePage, call: string): Promise<unknown> =>
  page.evaluate(`storagePage.${call}`).catch((error: unknown) => {
    if (!String(error).includes("the browser is gone")) throw error;
  });

const killSoon = async (driven: Driven, random: Random, tripsMax: number): Promise<string> => {
  const trips = random.integer(tripsMax);
  for (let trip = 0; trip < trips; trip++) await driven.page.evaluate("1");
  await driven.browser.kill();
  driven.refuseFailed();
  return `killed ${trips} round trips later`;
};

/** Twice, since closing in order must keep it too. */
const checkOnly = (profile: string, options: RoundsOptions, lanes: Lanes): Promise<Checked> =>
  withPage(profile, options, async (driven) => {
    await openAndCheck(driven, "product", lanes);
    await driven.page.evaluate("storagePage.closeLanes()");
    const { checked } = await openAndCheck(driven, "product", lanes);
    await driven.page.evaluate("storagePage.closeLanes()");
    return checked;
  });

const open = async ({ page }: Driven, worker: WorkerKind, lanes: Lanes): Promise<Checked> => {
  await page.evaluate(`storagePage.useWorker(${JSON.stringify(worker)})`);
  const expected = JSON.stringify([...lanes.values()]);
  // What openLanes() answers
  return (await page.evaluate(`storagePage.openLanes(${expected})`)) as Checked;
};

/** Whoever was not heard is from now on. */
const openAndCheck = async (
  driven: Driven,
  worker: WorkerKind,
  lanes: Lanes,
): Promise<{ readonly checked: Checked; readonly unheard: number }> => {
  const checked = await driven.unlessFailed(open(driven, worker, lanes));
  const { damage, recovery, journal } = checked.health;
  const problems = [
    ...checked.lanes.flatMap((each) => each.problems.map((what) => `lane ${each.lane}: ${what}`)),
    ...damage.map((what) => `damage: ${JSON.stringify(what)}`),
    ...(recovery.rolledBack === null ? [] : [`rolled back: ${recovery.rolledBack}`]),
    ...(journal === "file" ? [] : [`the journal stands in ${journal}`]),
  ];
  const documents = checked.lanes.reduce((sum, each) => sum + each.documents, 0);
  if (documents !== checked.documents) {
    problems.push(`it counts ${checked.documents} documents, and finds ${documents}`);
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  let unheard = 0;
  for (const { lane, done } of checked.lanes) {
    const before = lanes.get(lane);
    if (before === undefined) throw new Error(`there is no lane ${lane}`);
    unheard += done - before.acknowledged;
    lanes.set(lane, { ...before, acknowledged: done });
  }
  return { checked, unheard };
};

/** A browser, its page, and what the page tells. */
interface Driven {
  readonly browser: KillableBrowser;
  readonly page: KillablePage;
  /** The next that it tells of this kind. */
  readonly next: (kind: Told["kind"]) => Promise<void>;
  readonly onAcknowledged: (
    handler: (told: Told & { readonly kind: "acknowledged" }) => void,
  ) => void;
  /** Rejects as soon as the page tells of a failure. */
  readonly unlessFailed: <T>(promise: Promise<T>) => Promise<T>;
  readonly refuseFailed: () => void;
}

const withPage = async <T>(
  profile: string,
  { url, launched }: RoundsOptions,
  use: (driven: Driven) => Promise<T>,
): Promise<T> => {
  const browser = launchKillable(profile);
  launched?.(browser);
  try {
    return await use(await drive(browser, url));
  } finally {
    await browser.kill();
  }
};

const drive = async (browser: KillableBrowser, url: string): Promise<Driven> => {
  const waiting: { kind: Told["kind"]; resolve: () => void }[] = [];
  let acknowledged: (told: Told & { readonly kind: "acknowledged" }) => void = () => undefined;
  let failure: Error | null = null;
  let failed: (error: Error) => void = () => undefined;
  const failing = new Promise<never>((_, reject) => {
    failed = (error) => {
      failure ??= error;
      reject(error);
    };
  });
  failing.catch(() => undefined);
  const next = (kind: Told["kind"]): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ kind, resolve });
    });
  const heard = (told: Told): void => {
    const at = waiting.findIndex(({ kind }) => kind === told.kind);
    if (at >= 0) waiting.splice(at, 1)[0]?.resolve();
    try {
      if (told.kind === "acknowledged") acknowledged(told);
      if (told.kind === "failed") failed(new Error(told.error));
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const loaded = next("loaded");
  const gone = browser.ended.then(() => Promise.reject(new Error("the browser ended by itself")));
  gone.catch(() => undefined);
  const page = await browser.open(url, heard);
  await Promise.race([loaded, gone, failing]);
  return {
    ...{ browser, page, next },
    onAcknowledged: (handler) => {
      acknowledged = handler;
    },
    unlessFailed: (promise) => Promise.race([promise, failing, gone]),
    refuseFailed: () => {
      if (failure !== null) throw failure;
    },
  };
};
