/**
 * `npm run mutants [words]`: applies each mutant (whose name holds the words) to a copy of the
 * sources and runs the one test that must fail. Ends with 1 if a mutant survives, or is no change
 * of the code any more. The working tree is never touched.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Mutant } from "./mutant.ts";
import { mutants } from "./mutants.ts";

const root = resolve(import.meta.dirname, "../..");
const copied = [
  "src",
  "tests",
  "relay",
  ".ci",
  "README.md",
  "package.json",
  "svelte.config.js",
  "tsconfig.json",
  "vite.config.ts",
];

interface Outcome {
  readonly mutant: Mutant;
  readonly result: "killed" | "SURVIVED" | "NO SUCH TEXT";
  readonly seconds: number;
}

const copySources = (): string => {
  const copy = mkdtempSync(join(tmpdir(), "nebulus-mutants-"));
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
};

const passes = (copy: string, tests: readonly string[]): boolean => {
  const command = join(root, "node_modules/.bin/vitest");
  const options = ["run", "--project", "node", "--bail", "1", ...tests];
  return spawnSync(command, options, { cwd: copy, stdio: "ignore" }).status === 0;
};

const tryMutant = (copy: string, mutant: Mutant): Outcome => {
  const since = performance.now();
  const path = join(copy, mutant.file);
  const sound = readFileSync(path, "utf8");
  const seconds = (): number => (performance.now() - since) / 1000;
  if (sound.split(mutant.text).length !== 2) {
    return { mutant, result: "NO SUCH TEXT", seconds: seconds() };
  }
  writeFileSync(
    path,
    sound.replace(mutant.text, () => mutant.instead),
  );
  const isKilled = !passes(copy, [mutant.killedBy]);
  writeFileSync(path, sound);
  return { mutant, result: isKilled ? "killed" : "SURVIVED", seconds: seconds() };
};

const line = ({ mutant, result, seconds }: Outcome): string =>
  `${result.padEnd(12)} ${seconds.toFixed(1).padStart(5)} s  ${mutant.name}  (${mutant.killedBy})`;

const main = (): number => {
  const words = process.argv.slice(2).join(" ");
  const chosen = mutants.filter(({ name }) => name.includes(words));
  const copy = copySources();
  try {
    const tests = [...new Set(chosen.map(({ killedBy }) => killedBy))];
    if (!passes(copy, tests)) {
      process.stdout.write(`The unchanged code fails: ${tests.join(", ")}\n`);
      return 1;
    }
    let isSound = true;
    for (const mutant of chosen) {
      const outcome = tryMutant(copy, mutant);
      if (outcome.result !== "killed") isSound = false;
      process.stdout.write(`${line(outcome)}\n`);
    }
    process.stdout.write(`${String(chosen.length)} mutants${isSound ? ", all killed" : ""}\n`);
    return isSound ? 0 : 1;
  } finally {
    rmSync(copy, { recursive: true });
  }
};

process.exitCode = main();
