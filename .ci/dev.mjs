/**
 * `npm run dev`: the page from its sources at http://localhost:5173, reloading as they change, with
 * a relay behind it. Vite hands on to the relay what is meant for it (vite.config.ts).
 */
import { spawn } from "node:child_process";
import { environment, nodePath, ready, root } from "./ready.mjs";

const relayPort = 5174;

ready();

/** @param {readonly string[]} words */
const start = (words) =>
  spawn(nodePath, words, {
    cwd: root,
    env: { ...environment, NEBULUS_RELAY: `http://localhost:${relayPort}` },
    stdio: "inherit",
  });

const children = [
  start(["--watch", "relay/main.ts", "--port", String(relayPort)]),
  start(["node_modules/vite/bin/vite.js", "--port", "5173", "--strictPort"]),
];

/** @param {NodeJS.Signals} signal */
const stop = (signal) => {
  for (const child of children) child.kill(signal);
};
process.on("SIGINT", () => stop("SIGINT"));
process.on("SIGTERM", () => stop("SIGTERM"));
for (const child of children) {
  child.on("exit", (code) => {
    process.exitCode ||= code ?? 0;
    stop("SIGTERM");
  });
}
