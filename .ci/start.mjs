/**
 * `npm start`: installs and builds what is missing, then serves page and relay on one port until it
 * is stopped.
 */
import { spawn } from "node:child_process";
import { build } from "./build.mjs";
import { environment, nodePath, ready, root } from "./ready.mjs";

ready();
build({ ifStale: true });

const options = process.argv.slice(2);
const server = spawn(nodePath, ["relay/main.ts", ...options], {
  cwd: root,
  env: environment,
  stdio: "inherit",
});
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => server.kill(signal));
}
server.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
