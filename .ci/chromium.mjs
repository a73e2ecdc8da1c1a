/**
 * The one browser that the tests drive: Debian's Chromium, since nothing may be downloaded from outside the registry.
 */
export const chromiumPath = "/usr/bin/chromium";

/** Launch options for Playwright: no sandbox inside containers, and no traffic of the browser's own. */
export const chromiumLaunch = {
  executablePath: chromiumPath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};
