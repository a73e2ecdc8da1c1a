/** P-098: the browsers that README.md names are those that the page is built for. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const read = (path: string): string =>
  readFileSync(resolve(import.meta.dirname, "../../..", path), "utf8");

test("P-098 the table of browsers has the versions that the page is built for", () => {
  const [, list = ""] = /^const browsers = \[(.*)\];$/m.exec(read("vite.config.ts")) ?? [];
  const built = [...list.matchAll(/"([a-z]+)([\d.]+)"/g)].map(([, name, version]) => [
    name,
    version,
  ]);
  const rows = [...read("README.md").matchAll(/^\| (\S.*?) +\| from ([\d.]+) on +\|/gm)];
  const told = rows.flatMap(([, names = "", version]) =>
    (names.toLowerCase().match(/\b(chrome|edge|firefox|safari)\b/g) ?? []).map((name) => [
      name,
      version,
    ]),
  );
  expect(told).toHaveLength(4);
  expect(told).toEqual(built);
});
