/**
 * A benchmark's page, built as an application's would be and served on this machine, and the
 * browser that opens it on a profile of its own.
 */
import { chromium, type BrowserContext } from "playwright";
import { build, preview } from "vite";
import { chromiumLaunch } from "../../../.ci/chromium.mjs";

export interface Site {
  readonly url: string;
  readonly close: () => Promise<void>;
}

export interface SiteOptions {
  /** Holds the index.html. */
  readonly root: string;
  /** Where the build goes. */
  readonly outDir: string;
  readonly port: number;
}

export const serveSite = async ({ root, outDir, port }: SiteOptions): Promise<Site> => {
  const shared = { configFile: false, logLevel: "error", root } as const;
  const site = { outDir, target: "esnext", emptyOutDir: true, assetsInlineLimit: 0 };
  await build({ ...shared, worker: { format: "es" }, build: site });
  const headers = {
    // With these the clock of page and worker counts in 5 µs instead of 100, and a page may
    // measure the memory of its workers.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  };
  const server = await preview({
    ...{ ...shared, build: site },
    preview: { host: "localhost", port, headers },
  });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error(`nothing answers at port ${port}`);
  return { url, close: () => server.close() };
};

/** On disk: without a profile Chromium keeps IndexedDB in memory. */
export const launchOn = (profile: string, args: readonly string[] = []): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    ...chromiumLaunch,
    args: [...chromiumLaunch.args, ...args],
  });
