/**
 * `npm run bench:page [-- --rounds n]`: what a page lets a person wait for, in headless Chromium:
 * the app's first load, its start offline, how soon another tab goes on when the leader leaves or
 * is closed, and how soon one tab shows what another one wrote. Prints a table and writes
 * bench-results/page.json; judges by GOALS.md and asserts no time.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BrowserContext, Page } from "playwright";
import { build } from "../../../.ci/build.mjs";
import { ensureChromium } from "../../../.ci/chromium.mjs";
import { startRelayProcess } from "../../support/relayProcess.ts";
import { writeResult } from "../support/resultFiles.ts";
import { launchOn, serveSite } from "../support/site.ts";
import { spreadOf, type Spread } from "../support/statistics.ts";
import { handOver, latency, type Leaving } from "./tabs.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "20" } } });
const rounds = Number(values.rounds);

interface Line {
  readonly what: string;
  readonly spread: Spread;
  readonly count: number;
  readonly goal: string;
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Milliseconds from the navigation until the open database is on the screen. */
const loaded = async (page: Page, url: string): Promise<number> => {
  await page.addInitScript(() => {
    const seen = new MutationObserver(() => {
      if (document.querySelector("#app header") === null) return;
      Object.assign(window, { shownAt: performance.now() });
      seen.disconnect();
    });
    seen.observe(document, { childList: true, subtree: true });
  });
  await page.goto(url);
  await page.waitForFunction(() => "shownAt" in window);
  // Put there above
  return page.evaluate(() => (window as unknown as { shownAt: number }).shownAt);
};

interface Loads {
  readonly first: number;
  readonly again: number;
  readonly offline: number;
}

const loads = async (profile: string, url: string): Promise<Loads> => {
  const context = await launchOn(profile);
  const page = await context.newPage();
  const first = await loaded(page, url);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  const again = await loaded(await context.newPage(), url);
  await context.close();
  // As when the computer was started anew, without a network
  const later = await launchOn(profile);
  await later.setOffline(true);
  const offline = await loaded(await later.newPage(), url);
  await later.close();
  return { first, again, offline };
};

const measureApp = async (directory: string): Promise<readonly Line[]> => {
  build({ ifStale: true });
  const data = join(directory, "relay");
  const flags = ["--port", "0", "--static", "dist", "--data", data];
  const relay = await startRelayProcess(flags);
  const all: Loads[] = [];
  for (let round = 0; round < Math.ceil(rounds / 4); round++) {
    all.push(await loads(join(directory, `profile-${round}`), relay.url));
  }
  await relay.stop();
  const line = (what: string, of: (each: Loads) => number): Line => ({
    ...{ what, spread: spreadOf(all.map(of)), count: all.length, goal: "" },
  });
  return [
    line("app, first load with an empty profile", ({ first }) => first),
    line("app, in another tab", ({ again }) => again),
    line("app, cold start offline", ({ offline }) => offline),
  ];
};

const measureTabs = async (directory: string): Promise<readonly Line[]> => {
  const root = resolve(import.meta.dirname, "../../support/storagePage");
  const site = await serveSite({ root, outDir: join(directory, "site"), port: 4_713 });
  const context = await launchOn(join(directory, "tabs"));
  const lines: Line[] = [];
  const goals: Readonly<Record<Leaving, string>> = { leaves: "p95 ≤ 500 ms", closes: "" };
  for (const how of ["leaves", "closes"] as const) {
    const measured = await handOver(context, site.url, how, rounds);
    const what = `hand-over where the leader ${how}`;
    lines.push({ what, spread: spreadOf(measured), count: rounds, goal: goals[how] });
  }
  lines.push(...(await measureLatency(context, site.url)));
  await context.close();
  await site.close();
  return lines;
};

const measureLatency = async (context: BrowserContext, url: string): Promise<readonly Line[]> => {
  const count = rounds * 10;
  const { toLeader, toFollower } = await latency(context, url, count);
  return [
    { what: "live update, follower to leader", spread: spreadOf(toLeader), count, goal: "" },
    { what: "live update, leader to follower", spread: spreadOf(toFollower), count, goal: "" },
  ];
};

ensureChromium();
const directory = await mkdtemp(join(tmpdir(), "nebulus-page-"));
try {
  const lines = [...(await measureTabs(directory)), ...(await measureApp(directory))];
  print("| what | p50 | p95 | of | goal |\n| --- | --- | --- | --- | --- |");
  for (const { what, spread, count, goal } of lines) {
    const { p50, p95 } = spread;
    print(`| ${what} | ${p50.toFixed(1)} ms | ${p95.toFixed(1)} ms | ${count} | ${goal} |`);
  }
  const loadNow = loadavg()[0] ?? 0;
  print(`\n${cpus().length} processors, load average ${loadNow.toFixed(1)}.`);
  const text = JSON.stringify({ schema: 1, load: loadNow, lines }, null, 2);
  print(`Written to ${await writeResult("page.json", `${text}\n`)}.`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
