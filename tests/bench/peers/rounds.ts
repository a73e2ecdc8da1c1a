/**
 * One round: every participant on every workload once. A participant has a profile of its own, and
 * the browser is started again wherever something is measured cold.
 */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright";
import { launchOn } from "../support/site.ts";
import type { Plan } from "./options.ts";
import { engines, ours, participants, type Durability, type Participant } from "./participants.ts";
import type { Sample, Step } from "./protocol.ts";
import type { Outcome } from "./results.ts";
import type { WorkloadName } from "./workloads.ts";

export interface RoundDeps {
  readonly url: string;
  /** Where profiles go. */
  readonly directory: string;
  readonly plan: Plan;
  readonly emit: (outcome: Outcome) => void;
}

/** From 1. Each round begins with another participant. */
export const runRound = async (deps: RoundDeps, round: number): Promise<void> => {
  const { plan } = deps;
  const chosen = rotated(
    participants.filter(({ name }) => plan.participants.includes(name)),
    round - 1,
  );
  for (const participant of chosen) {
    await runStore({ ...deps, participant, round, documents: plan.documents }, "all");
    for (const documents of plan.growth) {
      await runStore({ ...deps, participant, round, documents }, "growth");
    }
    if (plan.million && participant.name === ours) {
      await runStore({ ...deps, participant, round, documents: 1_000_000 }, "stored");
    }
  }
  const chosenEngines = rotated(
    engines.filter(({ name }) => plan.participants.includes(name)),
    round - 1,
  );
  for (const { name, merges } of chosenEngines) await runEngine({ ...deps, round }, name, merges);
};

const rotated = <T>(list: readonly T[], by: number): readonly T[] =>
  list.map((_, at) => list[(at + by) % list.length]).filter((each) => each !== undefined);

interface StoreDeps extends RoundDeps {
  readonly participant: Participant;
  readonly round: number;
  readonly documents: number;
}

/** `stored`: what is measured on the stored documents; `growth`: of that only opening and gets. */
type Extent = "all" | "stored" | "growth";

const growthWorkloads: readonly WorkloadName[] = ["open-get", "get"];
const storedWorkloads: readonly WorkloadName[] = [
  ...(["bulk", "load-answer", "disk", "open-get", "memory-open", "worker-open"] as const),
  ...(["get", "get-many", "scan-first", "scan-warm", "worker-scan", "update"] as const),
];

const runStore = async (deps: StoreDeps, extent: Extent): Promise<void> => {
  const measured = extent === "growth" ? growthWorkloads : storedWorkloads;
  const wanted = measured.filter((name) => deps.plan.workloads.includes(name));
  if (wanted.length > 0) await withProfile(deps, (profile) => runStored(deps, profile, wanted));
  if (extent === "all") await withProfile(deps, (profile) => runSingles(deps, profile));
};

const runStored = async (
  deps: StoreDeps,
  profile: string,
  wanted: readonly WorkloadName[],
): Promise<void> => {
  const { documents, participant } = deps;
  const durability = durabilityOf(participant);
  const reporter = createReporter(deps, participant.name, wanted, documents);
  const isFilled = await withPage(deps, profile, (page) =>
    reporter.step(page, { kind: "fill", documents, durability }, ["bulk"]),
  );
  if (!isFilled) {
    reporter.fail(wanted, "it could not be filled");
    return;
  }
  if (wanted.includes("load-answer") || wanted.includes("disk")) {
    await answerFirst(deps, profile, reporter);
    await reporter.measure(["disk"], async () => [await sampleDisk(profile, documents)]);
  }
  if (!wanted.some((name) => !["bulk", "load-answer", "disk"].includes(name))) return;
  await withPage(deps, profile, async (page) => {
    if (!(await reporter.step(page, { kind: "open", documents, durability }, ["open-get"]))) {
      reporter.fail(wanted, "it could not be opened");
      return;
    }
    const { gets, many } = deps.plan;
    await reporter.step(page, { kind: "memory-open" }, ["memory-open", "worker-open"]);
    await reporter.step(page, { kind: "get", count: gets }, ["get"]);
    await reporter.step(page, { kind: "get-many", count: many }, ["get-many"]);
    await reporter.step(page, { kind: "scan" }, ["scan-first", "scan-warm"]);
    await reporter.step(page, { kind: "worker-scan" }, ["worker-scan"]);
    await reporter.step(page, { kind: "update", count: many }, ["update"]);
    await reporter.step(page, { kind: "close" }, null);
  });
};

const durabilityOf = ({ durabilities }: Participant): Durability =>
  durabilities.includes("strict") ? "strict" : "relaxed";

const runSingles = async (deps: StoreDeps, profile: string): Promise<void> => {
  const { participant, plan, documents } = deps;
  const singles = (["single-strict", "single-relaxed", "at-once"] as const).filter((name) =>
    participant.durabilities.includes(name === "single-relaxed" ? "relaxed" : "strict"),
  );
  const network = participant.name === ours && plan.workloads.includes("bulk-network");
  if (!network && !singles.some((name) => plan.workloads.includes(name))) return;
  const reporter = createReporter(deps, participant.name, plan.workloads, documents);
  await withPage(deps, profile, async (page) => {
    for (const kind of singles) await reporter.step(page, { kind, count: plan.singles }, [kind]);
    if (network) await reporter.step(page, { kind: "fill-network", documents }, ["bulk-network"]);
  });
};

const runEngine = async (
  deps: RoundDeps & { readonly round: number },
  name: string,
  merges: boolean,
): Promise<void> => {
  const { plan } = deps;
  const documents = plan.synced;
  const reporter = createReporter(deps, name, plan.workloads, documents);
  const steps: readonly (readonly [Step, readonly WorkloadName[]])[] = [
    [{ kind: "sync", documents }, ["sync-bytes", "sync-time"]],
    ...(merges ? [[{ kind: "merge", documents, edits: plan.edits }, ["merge"]] as const] : []),
  ];
  const wanted = steps.filter(([, reported]) =>
    reported.some((workload) => plan.workloads.includes(workload)),
  );
  if (wanted.length === 0) return;
  await withProfile(deps, (profile) =>
    withPage(deps, profile, async (page) => {
      for (const [step, reported] of wanted) await reporter.step(page, step, reported);
    }),
  );
};

interface Reporter {
  /** Runs it if any of what it reports is wanted, or it reports nothing; whether it succeeded. */
  readonly step: (
    page: Page,
    step: Step,
    reported: readonly WorkloadName[] | null,
  ) => Promise<boolean>;
  readonly measure: (
    reported: readonly WorkloadName[],
    run: () => Promise<readonly Sample[]>,
  ) => Promise<boolean>;
  /** Of those that are wanted, those that have neither number nor failure yet. */
  readonly fail: (reported: readonly WorkloadName[], error: string) => void;
}

/** Without these nothing else can be measured, whether anyone wants their number or not. */
const needed: readonly Step["kind"][] = ["fill", "open", "close"];

const createReporter = (
  deps: RoundDeps & { readonly round: number },
  participant: string,
  wanted: readonly WorkloadName[],
  documents: number,
): Reporter => {
  const { round, emit, plan } = deps;
  const told = new Set<WorkloadName>();
  const tell = (outcome: Outcome): void => {
    if (!wanted.includes(outcome.workload) || told.has(outcome.workload)) return;
    told.add(outcome.workload);
    emit(outcome);
  };
  const fail = (reported: readonly WorkloadName[], error: string): void => {
    for (const workload of reported) tell({ participant, round, workload, documents, error });
  };
  const measure: Reporter["measure"] = async (reported, run) => {
    try {
      for (const sample of await run())
        tell({ participant, round, ...sample, documents, error: null });
      return true;
    } catch (error) {
      fail(reported, firstLine(error));
      return false;
    }
  };
  return {
    fail,
    measure,
    step: async (page, step, reported) => {
      const isWanted = reported?.some((workload) => wanted.includes(workload)) ?? true;
      if (!isWanted && !needed.includes(step.kind)) return true;
      const task = { participant, seed: plan.seed, step };
      return measure(reported ?? [], () =>
        inTime(
          page.evaluate((given) => window.runStep(given), task),
          plan.isQuick ? quickStepMilliseconds : stepMilliseconds,
        ),
      );
    },
  };
};

const quickStepMilliseconds = 60_000;
const stepMilliseconds = 20 * 60_000;

const inTime = async <T>(running: Promise<T>, milliseconds: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not done after ${milliseconds / 1_000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
};

const firstLine = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace("page.evaluate: ", "").split("\n")[0] ?? "";
};

/** A page that opens the database while it loads; afterwards it is closed, and all is settled. */
const answerFirst = (deps: StoreDeps, profile: string, reporter: Reporter): Promise<boolean> => {
  const { documents, participant, plan } = deps;
  const query = new URLSearchParams({
    ...{ answer: participant.name, seed: String(plan.seed), documents: String(documents) },
    durability: durabilityOf(participant),
  });
  return withPage(
    deps,
    profile,
    async (page) => {
      const isAnswered = await reporter.measure(["load-answer"], async () => {
        const value = await inTime(
          page.evaluate(() => window.firstAnswer ?? Number.NaN),
          stepMilliseconds,
        );
        return [{ workload: "load-answer", documents, operations: 1, value, spread: null }];
      });
      return isAnswered && reporter.step(page, { kind: "close" }, null);
    },
    `?${query.toString()}`,
  );
};

const withProfile = async (
  { directory }: RoundDeps,
  run: (profile: string) => Promise<unknown>,
): Promise<void> => {
  const profile = await mkdtemp(join(directory, "profile-"));
  try {
    await run(profile);
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
};

/** In a browser that was started for it. */
const withPage = async <T>(
  { url }: RoundDeps,
  profile: string,
  run: (page: Page) => Promise<T>,
  query = "",
): Promise<T> => {
  // Memory is to be measured when it is asked for, not at the next collection of garbage.
  const browser = await launchOn(profile, ["--enable-blink-features=ForceEagerMeasureMemory"]);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`${url}${query}`);
    return await run(page);
  } finally {
    await browser.close();
  }
};

/** What the profile's folders of IndexedDB and OPFS take on the disk; the browser has closed. */
const sampleDisk = async (profile: string, documents: number): Promise<Sample> => {
  const folders = ["IndexedDB", "File System", "WebStorage"];
  const sizes = await Promise.all(
    folders.map((name) => folderBytes(join(profile, "Default", name))),
  );
  const value = sizes.reduce((sum, size) => sum + size, 0);
  return { workload: "disk", documents, operations: 1, value, spread: null };
};

const blockBytes = 512;

const folderBytes = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? folderBytes(path) : (await stat(path)).blocks * blockBytes;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};
