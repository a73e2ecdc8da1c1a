/**
 * `npm run million [-- --documents 1000000 --seed 1]`: so many documents of about 300 bytes in
 * headless Chromium on disk, inserted, closed, opened in a browser started anew, read, updated and
 * scanned. Prints what each step took beside the goals and writes bench-results/million.json;
 * judges nothing, but ends with an error where an answer is wrong or a step fails.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright";
import { ensureChromium } from "../../../.ci/chromium.mjs";
import { writeResult } from "../support/resultFiles.ts";
import { launchOn, serveSite } from "../support/site.ts";
import type { Sizes } from "./protocol.ts";

interface Line {
  readonly what: string;
  readonly value: string;
  readonly goal: string;
}

const gets = 2_000;
const updates = 10_000;

const { values } = parseArgs({
  options: {
    documents: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
  },
});
const sizes: Sizes = { documents: Number(values.documents), seed: Number(values.seed) };
if (!Object.values(sizes).every((each) => Number.isSafeInteger(each) && each > 0)) {
  throw new Error("--documents and --seed take whole numbers from 1");
}

const lines: Line[] = [];
const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const tell = (what: string, value: string, goal = ""): void => {
  lines.push({ what, value, goal });
  print(`${what}: ${value}`);
};

const milliseconds = (value: number): string => `${value.toFixed(value < 100 ? 2 : 0)} ms`;
const perSecond = (count: number, time: number): string =>
  `${Math.round((count / time) * 1_000).toLocaleString("en")}/s`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const atMillion = sizes.documents > 100_000;

const fill = async (page: Page): Promise<void> => {
  const filled = await page.evaluate((given) => window.millionPage.fill(given), sizes);
  tell("insert, 10,000 a call", perSecond(sizes.documents, filled.milliseconds), "≥ 200,000/s");
  const tenths = filled.tenths.map((each) => milliseconds(each)).join(", ");
  tell("its tenths, one after the other", tenths, "alike");
  tell("worker after the inserts", megabytes(filled.memory.workers));
  tell("closing", milliseconds(filled.closing));
};

const use = async (page: Page): Promise<void> => {
  const memory = async (): Promise<string> =>
    megabytes((await page.evaluate(() => window.millionPage.memory())).workers);
  const opened = await page.evaluate((given) => window.millionPage.open(given), sizes);
  tell("open call to first get", milliseconds(opened), "flat from 10,000 to 1,000,000");
  tell("worker after open", await memory(), atMillion ? "≤ 200 MB at 1,000,000" : "≤ 40 MB");
  const { p50, p95 } = await page.evaluate(
    ([given, count]) => window.millionPage.get(given, count),
    [sizes, gets] as const,
  );
  const spread = `p50 ${milliseconds(p50)}, p95 ${milliseconds(p95)}`;
  tell(`get of ${gets} random ids`, spread, "p95 < 10 ms");
  const updated = await page.evaluate(([given, count]) => window.millionPage.update(given, count), [
    sizes,
    updates,
  ] as const);
  tell(`update of ${updates} random documents`, perSecond(updates, updated));
  const [first, second] = await page.evaluate((given) => window.millionPage.scan(given), sizes);
  const warm = `${milliseconds(first)}, then ${milliseconds(second)}`;
  const goal = atMillion ? "" : "≤ 150 ms, then ≤ 25 ms";
  tell("count by a field without index", warm, goal);
  tell("worker after the scan", await memory(), atMillion ? "≤ 600 MB at 1,000,000" : "");
  tell("closing after it", milliseconds(await page.evaluate(() => window.millionPage.close())));
};

const withPage = async (
  url: string,
  profile: string,
  run: (page: Page) => Promise<void>,
): Promise<void> => {
  // Memory is to be measured when it is asked for, not at the next collection of garbage.
  const browser = await launchOn(profile, ["--enable-blink-features=ForceEagerMeasureMemory"]);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.exposeFunction("tellProgress", (line: string) => {
      print(`  ${line}`);
    });
    const crashed = new Promise<never>((_, reject) => {
      page.once("crash", () => {
        reject(new Error("the page crashed"));
      });
    });
    await page.goto(url);
    await Promise.race([run(page), crashed]);
  } finally {
    await browser.close();
  }
};

ensureChromium();
print(`${sizes.documents.toLocaleString("en")} documents; load average ${loadNow()}`);
const directory = await mkdtemp(join(tmpdir(), "nebulus-million-"));
const root = import.meta.dirname;
const site = await serveSite({ root, outDir: join(directory, "site"), port: 4_712 });
try {
  const profile = join(directory, "profile");
  await withPage(site.url, profile, fill);
  await withPage(site.url, profile, use);
} finally {
  await site.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

const widths = [
  Math.max(...lines.map(({ what }) => what.length)),
  Math.max(...lines.map(({ value }) => value.length)),
] as const;
print("");
for (const { what, value, goal } of lines) {
  print(`| ${what.padEnd(widths[0])} | ${value.padEnd(widths[1])} | ${goal} |`);
}
print(`\n${cpus().length} processors, load average ${loadNow()}: a busy machine misleads.`);
await writeResult("million.json", `${JSON.stringify({ sizes, lines }, null, 2)}\n`);

function loadNow(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
