/**
 * How the app is built, served while working on it, and unit-tested: one file, so that the tests
 * see the sources as the build does.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { playwright } from "@vitest/browser-playwright";
import type { ProxyOptions } from "vite";
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

export default defineConfig({
  plugins: [svelte()],
  // nothing inline: the content security policy allows no data: addresses
  build: { target: "esnext", assetsInlineLimit: 0 },
  worker: { format: "es" },
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
