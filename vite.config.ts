/**
 * How the app is built, served while working on it, and unit-tested: one file, so that the tests
 * see the sources as the build does.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { playwright } from "@vitest/browser-playwright";
import type { ProxyOptions, Rolldown } from "vite";
import { VitePWA, type VitePWAOptions } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";
import { chromiumLaunch } from "./.ci/chromium.mjs";

/** Where `npm run dev` runs the relay; what is meant for it goes there. */
const relay = process.env["NEBULUS_RELAY"];

/** libp2p's WebSockets come to the root path, where pages come too: those stay here. */
const relayProxy = (target: string): ProxyOptions => ({
  target,
  ws: true,
  // there is a response for a page, none for a WebSocket
  bypass: (request, response) => (response === undefined ? undefined : request.url),
});

/**
 * The app as it is installed, and the service worker that has all of it offline. A new version
 * waits until somebody reloads the page (`src/ui/update.svelte.ts` registers it).
 */
const installed: Partial<VitePWAOptions> = {
  injectRegister: false,
  registerType: "prompt",
  manifest: {
    name: "NebulusDB",
    short_name: "NebulusDB",
    description: "A private, local-first database: your documents are kept on your own devices.",
    id: "/",
    start_url: "/",
    display: "standalone",
    theme_color: "#4b36b8",
    background_color: "#ffffff",
    categories: ["productivity", "utilities"],
    icons: [
      { src: "/icon-192.png", sizes: "192x192", type: "image/png" },
      { src: "/icon-512.png", sizes: "512x512", type: "image/png" },
      { src: "/icon-maskable.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
      { src: "/favicon.svg", sizes: "any", type: "image/svg+xml" },
    ],
  },
  workbox: {
    globPatterns: ["**/*.{js,css,html,svg,png,wasm}"],
    // scripts that a script loads would need to be vouched for: so there is but one
    inlineWorkboxRuntime: true,
    cleanupOutdatedCaches: true,
    // the first page too has everything offline
    clientsClaim: true,
    navigateFallback: "/index.html",
    // what the relay answers by itself
    navigateFallbackDenylist: [/^\/(healthz|readyz|metrics)$/],
  },
};

/**
 * What the first page imports is one chunk: cut where parts that come later import some of it, it
 * is two kilobytes more.
 */
const firstPage: Rolldown.CodeSplittingGroup = {
  name: (id, context) => {
    const above = new Set([id]);
    for (const each of above) {
      const module = context.getModuleInfo(each);
      if (module?.isEntry === true) return "first";
      module?.importers.forEach((importer) => above.add(importer));
    }
    return null;
  },
};

/**
 * From these versions on a browser has all that the app needs (README.md, "Browsers"): light-dark()
 * came last to Chromium and Safari, AbortSignal.any to Firefox. Newer syntax is built down to them.
 */
const browsers = ["chrome123", "edge123", "firefox124", "safari17.5"];

export default defineConfig({
  plugins: [svelte(), VitePWA(installed)],
  // nothing inline: the content security policy allows no data: addresses
  build: {
    target: browsers,
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: [firstPage] } } },
  },
  worker: { format: "es" },
  // tabs of different builds meet: the later one leads
  define: { buildTime: String(Date.now()) },
  server: relay === undefined ? {} : { proxy: { "^/$": relayProxy(relay) } },
  optimizeDeps: {
    // a dependency found late reloads the page, which would end a running test
    entries: ["index.html", "src/worker/*.worker.ts", "tests/browser/**/*.test.ts"],
  },
  test: {
    passWithNoTests: true,
    // a machine that does other things too must not fail what is right
    testTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/browser/**", "tests/e2e/**"],
          environment: "node",
          // its own default leaves one core of two idle
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          globalSetup: ["tests/browser/relay.setup.ts"],
          browser: {
            enabled: true,
            headless: true,
            provider: playwright({ launchOptions: chromiumLaunch }),
            instances: [{ browser: "chromium" }],
            screenshotFailures: false,
          },
        },
      },
    ],
  },
});
