/**
 * What the package's types say, read by the compiler from a composition root: every export with its
 * members, as text, and every place where `any` shows. For the API report and for the rule that
 * there is none.
 */
import { resolve } from "node:path";
import ts from "typescript";

export interface PublicTypes {
  /** One line an export or member, in the order of names. */
  readonly report: string;
  /** Where the public types say `any`: "type DistributedCollection.find". */
  readonly anys: readonly string[];
}

const root = resolve(import.meta.dirname, "../..");

/** As `src/tsconfig.json` says them. */
export const compilerOptions = (): ts.CompilerOptions => {
  const config = ts.getParsedCommandLineOfConfigFile(
    resolve(root, "src/tsconfig.json"),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
      },
    },
  );
  if (config === undefined) throw new Error("src/tsconfig.json cannot be read");
  return config.options;
};

/** `entries`: composition roots, from the project's root. Takes some seconds. */
export const readPublicTypes = (entries: readonly string[]): readonly PublicTypes[] => {
  const paths = entries.map((entry) => resolve(root, entry));
  const program = ts.createProgram(paths, { ...compilerOptions(), noEmit: true });
  const checker = program.getTypeChecker();
  return paths.map((path) => {
    const source = program.getSourceFile(path);
    const symbol = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    if (symbol === undefined) throw new Error(`${path} exports nothing`);
    const exported = checker
      .getExportsOfModule(symbol)
      .map((each): Exported => ({ name: each.name, symbol: resolved(checker, each) }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    const lines = exported.flatMap((each) => linesOf(checker, each));
    return {
      report: `${lines.map(({ place, type }) => `${place}: ${type}`).join("\n")}\n`,
      anys: lines.filter(({ type }) => saysAny(type)).map(({ place }) => place),
    };
  });
};

const resolved = (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);

interface Exported {
  readonly name: string;
  readonly symbol: ts.Symbol;
}

interface Line {
  readonly place: string;
  readonly type: string;
}

/** A name may be a value and a type at once. */
const linesOf = (checker: ts.TypeChecker, { name, symbol }: Exported): readonly Line[] => {
  const isType = (symbol.flags & ts.SymbolFlags.Type) !== 0;
  const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0;
  return [
    ...(isValue ? [lineOf(checker, name, checker.getTypeOfSymbol(symbol))] : []),
    ...(isType ? typeLines(checker, name, symbol) : []),
  ];
};

const typeLines = (checker: ts.TypeChecker, name: string, symbol: ts.Symbol): readonly Line[] => {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const isObject = (type.flags & ts.TypeFlags.Object) !== 0;
  const members = isObject ? checker.getPropertiesOfType(type) : [];
  if (members.length === 0) return [lineOf(checker, `type ${name}`, type)];
  return members
    .filter(isOurs)
    .map((member) =>
      lineOf(checker, `type ${name}.${member.name}`, checker.getTypeOfSymbol(member)),
    )
    .sort((a, b) => (a.place < b.place ? -1 : 1));
};

/** Not what `Error` and its like bring along. */
const isOurs = (symbol: ts.Symbol): boolean =>
  (symbol.declarations ?? []).some(
    (each) => !each.getSourceFile().fileName.includes("node_modules") && !isPrivate(symbol),
  );

const isPrivate = (symbol: ts.Symbol): boolean => symbol.name.startsWith("__#");

const lineOf = (checker: ts.TypeChecker, place: string, type: ts.Type): Line => ({
  place,
  type: checker
    .typeToString(
      type,
      undefined,
      ts.TypeFormatFlags.NoTruncation |
        ts.TypeFormatFlags.InTypeAlias |
        ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope |
        ts.TypeFormatFlags.WriteArrowStyleSignature,
    )
    .replaceAll(/\s+/g, " ")
    .replaceAll(texts, (found) => found.split(" | ").sort().join(" | ")),
});

/** Texts of a union: the compiler names them in the order in which it met them anywhere. */
const texts = /"[^"]*"(?: \| "[^"]*")+/g;

/** As a type: it may stand in a text. */
const saysAny = (type: string): boolean => /\bany\b/.test(type.replace(/"[^"]*"/g, ""));
