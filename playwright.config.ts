/**
 * End-to-end tests: the built app in Debian's Chromium, served with the relay as `npm start` serves
 * it.
 */
import { defineConfig } from "@playwright/test";
import { chromiumLaunch } from "./.ci/chromium.mjs";

/** Not the port of `npm start`, which may be running. */
const port = Number(process.env["NEBULUS_TEST_PORT"] ?? 5190);

export default defineConfig({
  testDir: "tests/e2e",
  outputDir: "test-results",
  forbidOnly: process.env["CI"] !== undefined,
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 120_000,
  globalTimeout: 20 * 60_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    baseURL: `http://localhost:${port}`,
    launchOptions: chromiumLaunch,
    // recording costs a third of the time: NEBULUS_TRACE=1 where something failed
    trace: process.env["NEBULUS_TRACE"] === undefined ? "off" : "retain-on-failure",
  },
  webServer: {
    command: `node .ci/build.mjs --if-stale && node relay/main.ts --port ${port} --static dist`,
    url: `http://localhost:${port}/`,
    reuseExistingServer: false,
    timeout: 120_000,
    stdout: "pipe",
    gracefulShutdown: { signal: "SIGTERM", timeout: 5_000 },
  },
});
