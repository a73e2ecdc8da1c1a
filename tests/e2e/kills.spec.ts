/**
 * The whole browser is killed in the middle of writing, absorbing, checkpointing, closing and
 * opening; everything acknowledged is there afterwards. More of it: `npm run kills`.
 */
import { expect } from "@playwright/test";
import type { KillableBrowser } from "../kills/browser.ts";
import { runRounds } from "../kills/rounds.ts";
import { test as base } from "./storageSite.ts";

const test = base.extend<{ readonly launched: (browser: KillableBrowser) => void }>({
  // Also where the test is given up: nothing of it must stay
  launched: async ({}, use) => {
    const browsers: KillableBrowser[] = [];
    await use((browser) => browsers.push(browser));
    await Promise.all(browsers.map((browser) => browser.kill()));
  },
});

test("5 kills of the browser lose nothing that was acknowledged", async ({ site, launched }) => {
  test.setTimeout(8 * 60_000);
  const said: string[] = [];
  const result = await runRounds({
    ...{ url: site, seed: 20_261, launched },
    points: ["writing", "closing", "opening", "writing", "closing"],
    say: (line) => said.push(line),
  });
  expect(said).toHaveLength(5);
  expect(result.acknowledged).toBeGreaterThan(100);
  expect(result.documents).toBeGreaterThan(100);
});
