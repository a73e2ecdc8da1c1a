/**
 * The mutants are run by themselves (`npm run mutants`); that each is still a change of the code,
 * and names a test that there is, is told here, as soon as the code has gone on without it.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { mutants } from "./mutants.ts";

const root = resolve(import.meta.dirname, "../..");

test("every mutant changes the code as it is, and is caught by a test that there is", () => {
  const stale = mutants.filter(
    ({ file, text, instead }) =>
      text === instead || readFileSync(join(root, file), "utf8").split(text).length !== 2,
  );
  expect(stale.map(({ name }) => name)).toEqual([]);
  const unguarded = mutants.filter(({ killedBy }) => !existsSync(join(root, killedBy)));
  expect(unguarded.map(({ name }) => name)).toEqual([]);
  const names = mutants.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
