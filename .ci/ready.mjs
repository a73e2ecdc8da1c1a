/**
 * What every script needs first: the installed packages and a way to run a command with them. Runs
 * on the Node that npm itself runs on, with nothing installed, so it may import only what Node 20
 * brings.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const bin = join(root, "node_modules", ".bin");

/** Node 24 of the project, whatever Node runs npm. */
export const nodePath = join(
  root,
  "node_modules/node/bin",
  process.platform === "win32" ? "node.exe" : "node",
);

/** For every child process: programs of the project come first, Node 24 among them. */
export const environment = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}`,
};

/**
 * Runs a command line in the project's folder and gives its exit code. Standard input is closed:
 * nothing here asks.
 * @param {string} command
 * @returns {number}
 */
export const run = (command) => {
  const result = spawnSync(command, {
    cwd: root,
    env: environment,
    shell: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return result.status ?? 1;
};

/**
 * The same beside others; what it writes is given at its end, so that it stands together.
 * @param {string} command
 * @returns {Promise<{ readonly code: number, readonly output: string }>}
 */
export const runAside = (command) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, {
      cwd: root,
      env: environment,
      shell: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (/** @type {string} */ text) => (output += text));
    }
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code: code ?? 1, output });
    });
  });

/** Installs what the lock file says, unless it is there. Ends the process when that fails. */
export const ready = () => {
  if (isInstalled()) return;
  console.log("Installing packages (npm ci) …");
  const code = run("npm ci --include=dev --no-audit --no-fund --loglevel=error");
  if (code !== 0 || !isInstalled()) {
    console.error("npm ci did not install everything; its messages stand above.");
    process.exit(code === 0 ? 1 : code);
  }
};

/** npm writes its hidden lock file last, so an interrupted installation is noticed too. */
const isInstalled = () => {
  const wanted = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  if (wanted === undefined || installed === undefined || !existsSync(nodePath)) return false;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      !path.startsWith("node_modules/") ||
      entry.optional === true ||
      entry.devOptional === true ||
      entry.link === true ||
      installed[path]?.version === entry.version,
  );
};

/**
 * @typedef {{ version?: string, optional?: true, devOptional?: true, link?: true }} LockEntry
 * @param {string} path
 * @returns {Record<string, LockEntry> | undefined}
 */
const packagesOf = (path) => {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : undefined;
};
