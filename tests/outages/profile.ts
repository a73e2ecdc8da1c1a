/**
 * A browser profile on a host of its own: a real Chromium, whose tabs come and go, whose processes
 * can be stopped as a laptop's are when it sleeps.
 */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright";
import { chromiumLaunch, chromiumPath } from "../../.ci/chromium.mjs";
import { blockIce, removeWebrtc } from "../support/brokenWebrtc.ts";
import type { Host } from "./lan.ts";

/** What of WebRTC there is in this profile. */
export type Webrtc = "works" | "blocked" | "missing";

export interface ProfileOptions {
  readonly name: string;
  readonly directory: string;
  readonly host: Host;
  readonly webrtc: Webrtc;
  /** Of the page, which the relay serves. */
  readonly url: string;
  readonly onProblem: (problem: string) => void;
}

export interface Profile {
  readonly name: string;
  readonly directory: string;
  readonly webrtc: Webrtc;
  /** The tab that is worked in. */
  readonly page: () => Page;
  /** Once the page is loaded, which takes the network and the relay, and its database is open. */
  readonly openTab: () => Promise<void>;
  /** A second tab takes over from the first, which goes. */
  readonly handOver: () => Promise<void>;
  readonly reload: () => Promise<void>;
  /** In a new tab, whatever became of the first. */
  readonly startOver: () => Promise<void>;
  /** The tab's process dies without a word, and a new tab is opened. */
  readonly crash: () => Promise<void>;
  readonly goOffline: () => Promise<void>;
  readonly goOnline: () => Promise<void>;
  /** Has another address from now on; null: this host keeps its own. */
  readonly move: (() => void) | null;
  /** Stops every process of the browser, or lets them go on. */
  readonly sleep: () => void;
  readonly wake: () => void;
  readonly close: () => Promise<void>;
}

export const launchProfile = async (options: ProfileOptions): Promise<Profile> => {
  const { name, directory, host, webrtc, url, onProblem } = options;
  const pidFile = join(directory, "pid");
  const command = join(directory, "chromium.sh");
  const words = [...host.prefix, chromiumPath].join(" ");
  await writeFile(command, `#!/bin/sh\necho $$ > '${pidFile}'\nexec ${words} "$@"\n`);
  await chmod(command, 0o700);
  const context = await chromium.launchPersistentContext(join(directory, "profile"), {
    executablePath: command,
    args: [...chromiumLaunch.args, "--ignore-certificate-errors"],
    ignoreHTTPSErrors: true,
  });
  // The shell became the browser, which Playwright made the first of its group
  const group = -Number(await readFile(pidFile, "utf8"));
  if (webrtc !== "works")
    await context.addInitScript(webrtc === "blocked" ? blockIce : removeWebrtc);
  context.on("weberror", (error) => {
    onProblem(`${name}: ${error.error().message}`);
  });
  let tab = await context.newPage();
  const load = (page: Page): Promise<void> => loadUntilOpen(page, url);

  const replace = async (leave: (old: Page) => Promise<void>): Promise<void> => {
    const old = tab;
    const next = await context.newPage();
    await load(next);
    tab = next;
    await leave(old);
  };
  return {
    ...{ name, directory, webrtc },
    page: () => tab,
    openTab: () => load(tab),
    handOver: () => replace((old) => old.close()),
    reload: () => load(tab),
    startOver: async () => {
      const old = tab;
      tab = await context.newPage();
      await old.close();
      await load(tab);
    },
    crash: () => {
      // It never answers that it loaded
      const crashed = tab.goto("chrome://crash").catch(() => undefined);
      return replace(async (old) => {
        await crashed;
        await old.close();
      });
    },
    ...networkOf(context, host),
    move: host.cable?.move ?? null,
    sleep: () => process.kill(group, "SIGSTOP"),
    wake: () => process.kill(group, "SIGCONT"),
    close: () => context.close(),
  };
};

const networkOf = (
  context: BrowserContext,
  { cable }: Host,
): Pick<Profile, "goOffline" | "goOnline"> =>
  cable === null
    ? {
        goOffline: () => context.setOffline(true),
        goOnline: () => context.setOffline(false),
      }
    : {
        goOffline: () => {
          cable.pull();
          return Promise.resolve();
        },
        goOnline: () => {
          cable.plug();
          return Promise.resolve();
        },
      };

/** The relay may be gone when the page asks for it, or go before all of it is there. */
const loadUntilOpen = async (page: Page, url: string): Promise<void> => {
  for (;;) {
    try {
      await page.goto(url, { timeout: 20_000 });
      await page.waitForFunction(() => "sharePage" in window, undefined, { timeout: 20_000 });
      await page.evaluate(() => window.sharePage.ready());
      return;
    } catch (error) {
      if (!isOfLoading(error)) throw error;
      await new Promise((next) => setImmediate(next));
    }
  }
};

const isOfLoading = (error: unknown): boolean =>
  error instanceof Error &&
  /net::ERR_|Timeout|interrupted|chrome-error|could not be loaded/.test(error.message);
