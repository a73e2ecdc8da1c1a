/**
 * What a result file says of where and on what it was measured: alike in every benchmark.
 */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`;

/** The average of the last minute. */
export const loadNow = (): number => loadavg()[0] ?? 0;

export const commit = (): string | null => said("git", ["rev-parse", "--short", "HEAD"]);

/** What is installed, by its own words; null where there is none to ask. */
export const said = (command: string, words: readonly string[]): string | null => {
  try {
    return execFileSync(command, words, {
      ...{ cwd: root, encoding: "utf8" },
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
};

export const withVersions = <T extends { readonly package: string | null }>(
  list: readonly T[],
): Promise<(T & { readonly version: string | null })[]> =>
  Promise.all(list.map(async (each) => ({ ...each, version: await versionOf(each.package) })));

const versionOf = async (name: string | null): Promise<string | null> => {
  if (name === null) return null;
  const text = await readFile(join(root, "node_modules", name, "package.json"), "utf8");
  const stated: unknown = JSON.parse(text);
  const isObject = typeof stated === "object" && stated !== null;
  return isObject && "version" in stated ? String(stated.version) : null;
};
