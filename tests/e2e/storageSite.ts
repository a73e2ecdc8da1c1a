/**
 * The storage test page, built once for the tests that need it, and a page of it in a profile of
 * its own.
 */
import { test as base, type Page } from "@playwright/test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { serveSite } from "../bench/support/site.ts";

interface Fixtures {
  readonly storage: Page;
}
interface WorkerFixtures {
  /** Where it is served. */
  readonly site: string;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  site: [
    // Playwright reads from the pattern which fixtures this one uses: none.
    async ({}, use) => {
      const directory = await mkdtemp(join(tmpdir(), "nebulus-storage-"));
      const root = resolve(import.meta.dirname, "../support/storagePage");
      const site = await serveSite({ root, outDir: directory, port: 4_740 });
      await use(site.url);
      await site.close();
      await rm(directory, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 240_000 },
  ],
  storage: async ({ browser, site }, use) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await openStorage(page, site);
    await use(page);
    await context.close();
  },
});

export const openStorage = async (page: Page, site: string): Promise<void> => {
  await page.goto(site);
  await page.waitForFunction(() => "storagePage" in window);
};
