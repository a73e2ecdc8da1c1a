/**
 * Rows about the documentation: K-035 and P-137. That nothing exported is without its words says
 * `npm run docs:check`, a stage of `npm test`; here is that it looks at all that the package
 * exports, and that the README's example compiles and runs.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { expect, test } from "vitest";
import { z } from "zod";
import { compilerOptions } from "../../support/publicTypes.ts";

const root = resolve(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const readExample = (): string => {
  const [, section = ""] = read("README.md").split("\n## Use it as a library\n");
  const code = /^\n```ts\n([^]*?)\n```\n/.exec(section)?.[1];
  if (code === undefined) throw new Error("README.md: no example stands first in its section");
  return code;
};

test("K-035 the README's example compiles", () => {
  const path = join(root, "example.ts");
  const render = "const render = (rows: readonly unknown[]): void => console.log(rows);";
  const text = `${readExample()}\n${render}\n`;
  // What it makes for its reader, the example itself does not use.
  const options = { ...compilerOptions(), noEmit: true, noUnusedLocals: false };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    getSourceFile: (name, ...rest) =>
      name === path ? ts.createSourceFile(name, text, rest[0]) : disk.getSourceFile(name, ...rest),
  };
  const program = ts.createProgram([path], options, host);
  const faults = ts.getPreEmitDiagnostics(program, program.getSourceFile(path));
  expect(
    faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
  ).toEqual([]);
}, 120_000);

test("K-035 the README's example runs in Node, as it says", async () => {
  const example = readExample();
  const render = "const render = (rows) => console.log(JSON.stringify(rows));";
  const program = `${render}\n${example.replace("./src/index.ts", "./src/index.node.ts")}`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", program],
    { cwd: root },
  );
  const shown = stdout.trim().split("\n");
  const rows = z.array(z.array(z.unknown())).parse(shown.map((line): unknown => JSON.parse(line)));
  const ada: unknown = expect.objectContaining({ name: "Ada", tags: ["maths", "engines"] });
  expect(rows).toContainEqual([ada]);
}, 60_000);

test("K-035 P-137 all exports are looked at, and none may be without words", () => {
  const { exports, typedocOptions } = z
    .object({
      exports: z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())])),
      typedocOptions: z.object({
        entryPoints: z.array(z.string()),
        treatWarningsAsErrors: z.boolean(),
        requiredToBeDocumented: z.array(z.string()),
        validation: z.record(z.string(), z.boolean()),
      }),
    })
    .parse(JSON.parse(read("package.json")));
  const targets = Object.values(exports).flatMap((each) =>
    typeof each === "string" ? each : Object.values(each),
  );
  const wanted = new Set(targets.map((target) => target.replace(/^\.\//, "")));
  expect(new Set(typedocOptions.entryPoints)).toEqual(wanted);
  expect(typedocOptions).toMatchObject({
    treatWarningsAsErrors: true,
    validation: { notDocumented: true, notExported: true, invalidLink: true },
  });
  const kinds = ["Variable", "Function", "Class", "Interface", "TypeAlias", "Method", "Accessor"];
  expect(typedocOptions.requiredToBeDocumented).toEqual(expect.arrayContaining(kinds));
  expect(read(".ci/test.mjs")).toMatch(/^const readingStages = \[.*"docs:check".*\];$/m);
});
