/**
 * The one browser that the tests drive: Debian's Chromium, since nothing may be downloaded from
 * outside the package registries. NEBULUS_CHROMIUM names another one where Debian's is not at hand.
 */
import { existsSync } from "node:fs";
import { install, mayInstall } from "./debian.mjs";

export const chromiumPath = process.env["NEBULUS_CHROMIUM"] ?? "/usr/bin/chromium";

/** For Playwright: no sandbox inside containers, and no traffic of the browser's own. */
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

/** Installs Chromium when it is missing and this process may; says what to do otherwise. */
export const ensureChromium = () => {
  if (existsSync(chromiumPath)) return;
  if (mayInstall()) {
    console.log("Installing Chromium (apt-get) …");
    install("chromium");
    if (existsSync(chromiumPath)) return;
  }
  console.error(
    `The browser tests need Chromium at ${chromiumPath}. On Debian, as root: ` +
      "apt-get install chromium. Elsewhere: set NEBULUS_CHROMIUM to the path of a Chromium or Chrome.",
  );
  process.exit(1);
};
