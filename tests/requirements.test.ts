/**
 * Which test decides which row of the source designs: `requirements.json`. Each row of parts 1 to
 * 5 names tests as "file > title", or says what is open and which part decides it; `note` says
 * where DESIGN.md, FORMATS.md or API.md won against the row. `later` lists the rows of parts to
 * come, which move up when their part begins.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";

const rowsOfParts = { part1: 201, part2: 20, part3: 29, part4: 309, part5: 122 };
const rowsInAll = 1_042;
/** Rows that are decided as far as their part reaches, and no further. */
const openRows = 46;

const root = resolve(import.meta.dirname, "..");
const rowSchema = z.strictObject({
  test: z.array(z.string().regex(/^tests\/\S+\.ts > ./)),
  open: z.string().min(10).optional(),
  note: z.string().min(10).optional(),
});
const file = z
  .strictObject({
    part1: z.record(z.string(), rowSchema),
    part2: z.record(z.string(), rowSchema),
    part3: z.record(z.string(), rowSchema),
    part4: z.record(z.string(), rowSchema),
    part5: z.record(z.string(), rowSchema),
    later: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(root, "tests/requirements.json"), "utf8")));

const parts = [file.part1, file.part2, file.part3, file.part4, file.part5];
const rows = parts.flatMap((part) => Object.entries(part));
const laterRows = Object.values(file.later).flatMap((ids) => ids.split(" "));

test("every row stands once, in one part", () => {
  // A name given twice in JSON would hide the first: count names in the text instead.
  const text = readFileSync(join(root, "tests/requirements.json"), "utf8");
  const named = [...text.matchAll(/^ *"([TGKQPDCA]-[A-Z]?\d+)": \{/gm)].map(([, id]) => id);
  expect(named).toEqual(rows.map(([id]) => id));
  expect(parts.map((part) => Object.keys(part).length)).toEqual(Object.values(rowsOfParts));
  const all = [...named, ...laterRows];
  expect(all.filter((id, at) => all.indexOf(id) !== at)).toEqual([]);
  expect(all).toHaveLength(rowsInAll);
  expect(all.filter((id) => !/^([TGKQP]-\d{3}|[DC]-\d{2}|A-[KNQP]\d{2})$/.test(id ?? ""))).toEqual(
    [],
  );
});

test("every row names tests that exist, or says what is open", () => {
  const texts = new Map<string, string>();
  const textOf = (path: string): string => {
    const known = texts.get(path);
    if (known !== undefined) return known;
    const text = existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
    texts.set(path, text);
    return text;
  };
  const problems = rows.flatMap(([id, row]) => [
    ...row.test.filter((name, at) => row.test.indexOf(name) !== at).map((name) => `twice: ${name}`),
    ...row.test.filter((name) => !isThere(name, textOf)).map((name) => `${id}: no ${name}`),
    ...(row.test.length === 0 && row.open === undefined ? [`${id}: neither test nor open`] : []),
  ]);
  expect(problems).toEqual([]);
});

test("as many rows are open as was said", () => {
  const open = rows.filter(([, row]) => row.open !== undefined).map(([id]) => id);
  expect(open, `open: ${open.join(" ")}`).toHaveLength(openRows);
});

/** As a string of that file, between quotation marks of any kind. */
const isThere = (name: string, textOf: (path: string) => string): boolean => {
  const at = name.indexOf(" > ");
  const title = name.slice(at + 3);
  const text = textOf(name.slice(0, at));
  return ['"', "'", "`"].some((mark) => text.includes(`${mark}${title}${mark}`));
};
