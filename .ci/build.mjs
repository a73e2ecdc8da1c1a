/**
 * Builds the app into dist/. With --if-stale only when a source differs from the last build, so
 * that `npm start` and the end-to-end tests are quick the second time and never show an old app.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ready, root, run } from "./ready.mjs";

const inputs = [
  "src",
  "public",
  "index.html",
  "vite.config.ts",
  "tsconfig.json",
  "package-lock.json",
];

/** Where the fingerprint of the last build stands: not in dist/, which is served. */
const stamp = join(root, "node_modules/.cache/nebulusdb-build");

/**
 * Builds, and ends the process when that fails.
 * @param {{ ifStale: boolean }} options
 */
export const build = ({ ifStale }) => {
  const current = fingerprint();
  if (ifStale && existsSync(join(root, "dist/index.html")) && readStamp() === current) return;
  rmSync(stamp, { force: true });
  const code = run("vite build");
  if (code !== 0) process.exit(code);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, current);
};

const readStamp = () => (existsSync(stamp) ? readFileSync(stamp, "utf8") : "");

/** Content, not times: a checkout of an older commit must not look newer than its build. */
const fingerprint = () => {
  const hash = createHash("sha256");
  for (const input of inputs) addToHash(hash, input);
  return hash.digest("hex");
};

/**
 * @param {import("node:crypto").Hash} hash
 * @param {string} path
 */
const addToHash = (hash, path) => {
  const file = join(root, path);
  if (!existsSync(file)) return;
  if (statSync(file).isDirectory()) {
    for (const name of readdirSync(file).sort()) addToHash(hash, `${path}/${name}`);
    return;
  }
  hash.update(`${path}\0`).update(createHash("sha256").update(readFileSync(file)).digest());
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  ready();
  build({ ifStale: process.argv.includes("--if-stale") });
}
