/**
 * Checks on the code itself: which layer may import which, no cycles, no dead files, nothing over
 * length, nothing suppressed without a reason. Each failure names file and line, so that the fix
 * needs no search. The layers are those of the README; a change here is a change of the design.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

interface Source {
  readonly path: string;
  /** The whole file. */
  readonly text: string;
  /** What is TypeScript in it, at its own lines. */
  readonly script: ts.SourceFile;
  /** Files of the project that it imports, from the root. */
  readonly imports: readonly Import[];
  readonly packages: readonly string[];
}

interface Import {
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const root = resolve(import.meta.dirname, "..");
const fileLinesMax = 500;
const functionLinesMax = 70;
const lineColumnsMax = 100;

/** What each layer may import: the first row that a file's path matches counts. */
const layers: readonly (readonly [files: RegExp, mayImport: RegExp])[] = [
  // composition roots put the parts together; they may know everything, nothing knows them
  [/^src\/index(\.node)?\.ts$/, /^src\//],
  [/^src\/worker\/[^/]+\.worker\.ts$/, /^src\/(core|storage|engine|worker)\//],
  [/^src\/core\//, /^src\/core\//],
  [/^src\/storage\//, /^src\/(core|storage)\//],
  [/^src\/engine\//, /^src\/(core|engine)\/|^src\/storage\/(store|blobs)\.ts$/],
  [/^src\/worker\//, /^src\/(core|engine|worker)\/|^src\/storage\/(store|blobs)\.ts$/],
  [/^src\/net\//, /^src\/(core|net)\//],
  [/^src\/client\//, /^src\/(core|net|client)\/|^src\/worker\/api\.ts$/],
  [/^src\/ui\//, /^src\/(core|client|ui)\//],
  [/^relay\//, /^(src\/(core|storage|engine|net)|relay)\//],
];

/** Where a package is at home; roots may use all. What is not listed is free but in core. */
const packageHomes: readonly (readonly [packages: RegExp, files: RegExp])[] = [
  [/^svelte(\/|$)/, /^src\/ui\//],
  [/^(@?libp2p|@chainsafe|@multiformats)(\/|$)/, /^(src\/net|relay)\//],
  [/^comlink$/, /^src\/(worker|client)\//],
  [/^idb$/, /^src\/storage\//],
  // one file of the storage layer, which only the root for Node reaches: no page may carry it
  [/^node:/, /^relay\/|^src\/storage\/nodeFiles\.ts$/],
];
const corePackages = /^(@noble\/(hashes|curves|ciphers)\/|pako$|@standard-schema\/spec$)/;

const compositionRoots = /^src\/index(\.node)?\.ts$|^src\/worker\/[^/]+\.worker\.ts$/;
const entryPoints =
  /^src\/index(\.node)?\.ts$|\.worker\.ts$|^src\/ui\/main\.ts$|^relay\/(main|testing)\.ts$/;

/** Files that only tests reach, each with the reason. */
const unusedYet = new Set([
  // a fake ships beside the real ones (STYLE.md, habit 3)
  "src/storage/memoryFiles.ts",
  // blobs of documents come with the part "memories", which puts these together
  "src/storage/blob/fileBlobs.ts",
  "src/storage/blob/indexeddbBlobs.ts",
]);

/** In two halves, so that this file does not find itself. */
const postponed = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);
/** Comments that silence a tool. This line here is the reason that the next one asks for. */
const suppressing = /(\/\/|\/\*|<!--).*(eslint-disable|@ts-(expect|ignore|nocheck)|[a-z]+-ignore)/;

const walk = (folder: string): string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? walk(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
      )
    : [];

/** A Svelte file's scripts, everything else blanked so that line numbers still hold. */
const scriptOf = (path: string, text: string): string => {
  if (!path.endsWith(".svelte")) return text;
  let isInScript = false;
  return text
    .split("\n")
    .map((line) => {
      if (line.includes("</script>")) isInScript = false;
      const kept = isInScript ? line : "";
      if (line.includes("<script")) isInScript = true;
      return kept;
    })
    .join("\n");
};

const isTypeOnly = (statement: ts.Statement): boolean =>
  ts.isExportDeclaration(statement)
    ? statement.isTypeOnly
    : ts.isImportDeclaration(statement) &&
      statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;

/** The address of a worker, as in `new Worker(…)`: nothing of its code comes along. */
const isWorkerUrl = (fileName: string): boolean => fileName.endsWith("?worker&url");

const readSource = (path: string): Source => {
  const text = readFileSync(join(root, path), "utf8");
  const script = ts.createSourceFile(
    path,
    scriptOf(path, text),
    ts.ScriptTarget.Latest,
    true,
    ts.ScriptKind.TS,
  );
  const found = ts.preProcessFile(script.text).importedFiles.map(({ fileName, pos }) => {
    const statement = script.statements.find((each) => each.pos <= pos && pos < each.end);
    return { fileName, isTypeOnly: statement !== undefined && isTypeOnly(statement) };
  });
  const isRelative = ({ fileName }: { fileName: string }): boolean =>
    fileName.startsWith(".") && !isWorkerUrl(fileName);
  return {
    path,
    text,
    script,
    imports: found.filter(isRelative).map(({ fileName, isTypeOnly }) => ({
      to: relative(root, resolve(root, dirname(path), fileName.replace(/\?.*$/, ""))),
      isTypeOnly,
    })),
    packages: found.map(({ fileName }) => fileName).filter((name) => !name.startsWith(".")),
  };
};

const isCode = (path: string): boolean => /\.(ts|svelte)$/.test(path) && !path.endsWith(".d.ts");
const product = ["src", "relay"].flatMap(walk).filter(isCode).map(readSource);
const tests = walk("tests").filter(isCode).map(readSource);
const everything = [...product, ...tests];

test("every file belongs to a layer and imports only what its layer may", () => {
  const wrong = product.flatMap(({ path, imports }) => {
    const mayImport = layers.find(([files]) => files.test(path))?.[1];
    if (mayImport === undefined) return [`${path} is in no layer`];
    return imports.filter(({ to }) => !mayImport.test(to)).map(({ to }) => `${path} -> ${to}`);
  });
  expect(wrong).toEqual([]);
});

test("the client knows only the types of the worker", () => {
  const wrong = product.flatMap(({ path, imports }) =>
    path.startsWith("src/client/")
      ? imports
          .filter(({ to, isTypeOnly }) => to.startsWith("src/worker/") && !isTypeOnly)
          .map(({ to }) => `${path} -> ${to}: not "import type"`)
      : [],
  );
  expect(wrong).toEqual([]);
});

test("packages stay in the layer that they belong to", () => {
  const isAtHome = (path: string, name: string): boolean => {
    if (path.startsWith("src/core/")) return corePackages.test(name);
    return packageHomes.every(([packages, files]) => !packages.test(name) || files.test(path));
  };
  const wrong = product
    .filter(({ path }) => !compositionRoots.test(path))
    .flatMap(({ path, packages }) =>
      packages.filter((name) => !isAtHome(path, name)).map((name) => `${path} -> ${name}`),
    );
  expect(wrong).toEqual([]);
});

test("nothing of Node comes into a page or its workers", () => {
  const sources = new Map(product.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { to } of sources.get(path)?.imports ?? []) visit(to);
  };
  const ofPages = /^src\/index\.ts$|^src\/ui\/main\.ts$|\.worker\.ts$/;
  for (const { path } of product) if (ofPages.test(path)) visit(path);
  const needsNode = (path: string): boolean =>
    sources.get(path)?.packages.some((name) => name.startsWith("node:")) ?? false;
  expect([...reached].filter(needsNode)).toEqual([]);
  expect(reached.size).toBeGreaterThan(100);
});

test("no import cycles", () => {
  const importsByPath = new Map(product.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) cycles.push([...trail.slice(start), path].join(" -> "));
    if (start !== -1 || done.has(path)) return;
    for (const { to } of importsByPath.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const { path } of product) visit(path, []);
  expect(cycles).toEqual([]);
});

test("no file that the product does not use", () => {
  const used = new Set(product.flatMap(({ imports }) => imports.map(({ to }) => to)));
  const isNeeded = (path: string): boolean =>
    used.has(path) || entryPoints.test(path) || unusedYet.has(path);
  const dead = product.filter(({ path }) => !isNeeded(path));
  expect(dead.map(({ path }) => path)).toEqual([]);
});

/** What `import()` names in a file, from the root; types alone are none. */
const onDemand = ({ path, script }: Source): readonly string[] => {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [name] = node.arguments;
      if (name !== undefined && ts.isStringLiteral(name)) found.push(name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(script);
  return found
    .filter((name) => name.startsWith("."))
    .map((name) => relative(root, resolve(root, dirname(path), name)));
};

test("what is loaded on demand comes by loadPart, which says what is the matter", () => {
  const isLoading = (node: ts.Node): boolean =>
    ts.isCallExpression(node) && node.expression.getText() === "loadPart";
  const isInside = (node: ts.Node): boolean =>
    isLoading(node) || (!ts.isSourceFile(node) && isInside(node.parent));
  const bare = product
    .filter(({ path }) => /^src\/(client|engine|worker)\//.test(path))
    .flatMap(({ path, script }) =>
      nodesOf(script)
        .filter((node) => node.kind === ts.SyntaxKind.ImportKeyword)
        .filter(({ parent }) => ts.isCallExpression(parent) && !isInside(parent))
        .map((node) => `${path}:${String(lineOf(script, node.getStart()) + 1)}`),
    );
  expect(bare).toEqual([]);
});

test("what engine and worker load on demand is loaded before where time is virtual", () => {
  const loaded = product
    .filter(({ path }) => /^src\/(engine|worker)\//.test(path))
    .flatMap(onDemand);
  const before = tests.find(({ path }) => path === "tests/support/loadedOnDemand.ts");
  expect(before?.imports.map(({ to }) => to)).toEqual([...new Set(loaded)].sort());
});

test("no barrels", () => {
  const barrels = product.filter(({ path }) => /^src\/.+\/index\.ts$/.test(path));
  expect(barrels.map(({ path }) => path)).toEqual([]);
});

test("every file opens by saying what it holds", () => {
  const opens = ({ path, text, script }: Source): boolean =>
    script.text
      .replace(/^#!.*\n/, "")
      .trimStart()
      .startsWith("/**") ||
    (path.endsWith(".svelte") && text.startsWith("<!--"));
  expect(everything.filter((source) => !opens(source)).map(({ path }) => path)).toEqual([]);
});

test("no file and no line is over length", () => {
  const wrong = everything.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n");
    const long = lines.flatMap((line, index) =>
      line.length > lineColumnsMax ? [`${path}:${index + 1}: ${line.length} columns`] : [],
    );
    return lines.length > fileLinesMax ? [`${path}: ${lines.length} lines`, ...long] : long;
  });
  expect(wrong).toEqual([]);
});

test("no function of the product is over length", () => {
  const wrong = product.flatMap(({ path, script }) =>
    nodesOf(script).flatMap((node) => {
      if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return [];
      const start = lineOf(script, node.getStart(script));
      const length = lineOf(script, node.end) - start + 1;
      return length > functionLinesMax ? [`${path}:${start + 1}: ${length} lines`] : [];
    }),
  );
  expect(wrong).toEqual([]);
});

test("nothing is asserted or suppressed without its reason on the line above", () => {
  expect(everything.flatMap(unreasoned)).toEqual([]);
});

test("nothing is postponed in a comment", () => {
  const wrong = everything.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) => (postponed.test(line) ? [`${path}:${index + 1}: ${line}`] : [])),
  );
  expect(wrong).toEqual([]);
});

/** Lines of `any`, `as`, `!` and disabling comments that no comment explains. */
const unreasoned = (source: Source): string[] => {
  const { path, text, script } = source;
  const lines = text.split("\n");
  const isComment = (line: number, form: RegExp): boolean =>
    form.test(lines[line - 1] ?? "") && !suppressing.test(lines[line - 1] ?? "");
  const isExplained = (line: number): boolean => isComment(line, /^\s*(\/\/|\/\*|\*|<!--)/);
  const comments = lines.flatMap((line, index) =>
    suppressing.test(line) && !isExplained(index) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
  );
  const nodes = nodesOf(script).flatMap((node) => {
    const kind = uncheckedKind(node);
    if (kind === undefined) return [];
    const line = lineOf(script, endOf(node, script));
    const explained =
      isExplained(line) || isExplained(lineOf(script, statementStart(node, script)));
    return explained ? [] : [`${path}:${line + 1}: ${kind} without a reason`];
  });
  return [...comments, ...nodes];
};

/** What the compiler takes on trust in this node, if anything. */
const uncheckedKind = (node: ts.Node): string | undefined => {
  if (node.kind === ts.SyntaxKind.AnyKeyword) return "any";
  if (ts.isNonNullExpression(node)) return "!";
  if (ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node)) {
    return node.exclamationToken === undefined ? undefined : "!:";
  }
  if (!ts.isAsExpression(node) && !ts.isTypeAssertionExpression(node)) return undefined;
  return ts.isConstTypeReference(node.type) ? undefined : "as";
};

/** Where the unchecked part stands: `as` and `!` come at the end of what may be many lines. */
const endOf = (node: ts.Node, script: ts.SourceFile): number =>
  ts.isAsExpression(node) || ts.isNonNullExpression(node)
    ? node.expression.getEnd()
    : node.getStart(script);

/** Start of the statement or member around a node: its reason may stand above the whole. */
const statementStart = (node: ts.Node, script: ts.SourceFile): number => {
  let at = node;
  while (!ts.isStatement(at) && !ts.isClassElement(at) && !ts.isTypeElement(at)) {
    if (ts.isSourceFile(at.parent)) break;
    at = at.parent;
  }
  return at.getStart(script);
};

const nodesOf = (node: ts.Node): ts.Node[] => {
  const nodes: ts.Node[] = [];
  const visit = (each: ts.Node): void => {
    nodes.push(each);
    ts.forEachChild(each, visit);
  };
  visit(node);
  return nodes;
};

/** Counted from 0. */
const lineOf = (script: ts.SourceFile, at: number): number =>
  script.getLineAndCharacterOfPosition(at).line;
