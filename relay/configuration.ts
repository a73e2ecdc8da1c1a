/**
 * Reads the settings: a YAML file, over it the environment, over that the flags. Whatever is wrong
 * in any of them is one error that names the setting and where it was said, and nothing starts.
 */
import { readFileSync } from "node:fs";
import { inspect, parseArgs } from "node:util";
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import { limits } from "./limits.ts";
import {
  configurationName,
  flagOf,
  settingNames,
  settings,
  settingsOf,
  variableOf,
  variablePrefix,
  type Setting,
  type SettingName,
  type Settings,
} from "./settings.ts";

/** What was said about a setting is wrong. The message says what, where and what to do. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  /** The setting's name, or as it was written if there is none of that name. */
  readonly setting: string;
  /** A flag, a variable, or a file and its line. */
  readonly where: string;

  constructor(setting: string, where: string, what: string) {
    super(`${where}: ${what}`);
    this.setting = setting;
    this.where = where;
  }
}

/** Where settings are said; a process has `process.argv.slice(2)` and `process.env`. */
export interface Sources {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Null when help was asked for. Throws ConfigurationError. */
export const readSettings = ({ words, environment }: Sources): Settings | null => {
  const flags = readFlags(words);
  if (flags === null) return null;
  const variables = readVariables(environment);
  const path = flags.get(configurationName) ?? variables.get(configurationName);
  const file = path === undefined ? new Map<string, Said>() : readFile(path);
  // what was said later in this list counts
  const said = new Map([...file, ...variables, ...flags]);
  return settingsOf((name) => valueOf(name, said.get(name)));
};

/** By setting, what one source says of it. */
type SaidByName = ReadonlyMap<string, Said>;

interface Said {
  readonly where: string;
  /** As it was written: a text, or what stands in the YAML file. */
  readonly value: unknown;
  readonly isText: boolean;
}

const valueOf = <K extends SettingName>(name: K, said: Said | undefined): Settings[K] => {
  const { kind, fallback }: Setting<Settings[K]> = settings[name];
  if (said === undefined) return fallback;
  const { where, value, isText } = said;
  const read = isText && typeof value === "string" ? kind.ofText(value) : kind.ofYaml(value);
  if (read !== null) return read;
  const what = `${name} takes ${kind.expects}, not ${shown(value)}`;
  throw new ConfigurationError(name, where, `${what}: correct it, or leave it out`);
};

const unknown = (name: string, where: string): ConfigurationError =>
  new ConfigurationError(
    name,
    where,
    `there is no setting ${shown(name)}: correct it, or leave it out (--help lists all)`,
  );

const readFlags = (words: readonly string[]): SaidByName | null => {
  const names = [...settingNames, configurationName];
  const nameByFlag = new Map(names.map((name) => [flagOf(name), name]));
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    tokens: true,
    options: Object.fromEntries([...nameByFlag.keys()].map((flag) => [flag.slice(2), textOption])),
  });
  const said = new Map<string, Said>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw unknown(token.value, token.value);
    if (token.name === "help") return null;
    const where = token.rawName;
    const name = nameByFlag.get(where);
    if (name === undefined) throw unknown(where, where);
    if (token.value === undefined) {
      throw new ConfigurationError(name, where, `${name} needs a value: ${where} VALUE`);
    }
    said.set(name, { where, value: token.value, isText: true });
  }
  return said;
};

const textOption = { type: "string" } as const;

/** Only variables with the relay's prefix are looked at; a name that is none is an error. */
const readVariables = (environment: Sources["environment"]): SaidByName => {
  const names = [...settingNames, configurationName];
  const nameByVariable = new Map(names.map((name) => [variableOf(name), name]));
  const said = new Map<string, Said>();
  for (const [where, value] of Object.entries(environment)) {
    if (!where.startsWith(variablePrefix) || value === undefined) continue;
    const name = nameByVariable.get(where);
    if (name === undefined) throw unknown(where, where);
    said.set(name, { where, value, isText: true });
  }
  return said;
};

/** A path in the file is taken from the working directory, as a path in a flag is. */
const readFile = ({ where, value }: Said): SaidByName => {
  const path = String(value);
  const lines = new LineCounter();
  const document = parseDocument(textOf(path, where), { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  const [damage] = document.errors;
  if (damage !== undefined) {
    throw new ConfigurationError(
      configurationName,
      at(damage.pos[0]),
      `no YAML: ${damage.message}`,
    );
  }
  const { contents } = document;
  if (contents === null) return new Map();
  if (!isMap(contents)) {
    throw new ConfigurationError(configurationName, path, "it takes lines such as port: 5173");
  }
  const said = new Map<string, Said>();
  for (const { key, value: node } of contents.items) {
    const name = isScalar(key) ? String(key.value) : "?";
    const line = at(isScalar(key) ? key.range[0] : 0);
    if (!settingNames.some((known) => known === name)) throw unknown(name, line);
    said.set(name, { where: line, value: plainOf(node, document), isText: false });
  }
  return said;
};

/** Undefined, which no kind takes, for what cannot be read: an alias of nothing, or of itself. */
const plainOf = (node: unknown, document: Document.Parsed): unknown => {
  try {
    return isNode(node) ? node.toJS(document) : node;
  } catch {
    return undefined;
  }
};

const textOf = (path: string, where: string): string => {
  const bytes = bytesOf(path, where);
  if (bytes.length <= limits.configurationBytesMax) return bytes.toString("utf8");
  const most = `at most ${limits.configurationBytesMax} bytes are read`;
  throw new ConfigurationError(configurationName, where, `${path} is too long: ${most}`);
};

const bytesOf = (path: string, where: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(configurationName, where, `${path} cannot be read: ${why}`);
  }
};

/** For a message: on one line, and not without end. */
const shown = (value: unknown): string => {
  const whole =
    typeof value === "string" ? JSON.stringify(value) : inspect(value, { breakLength: Infinity });
  return whole.length <= shownCharactersMax ? whole : `${whole.slice(0, shownCharactersMax)}…`;
};

const shownCharactersMax = 80;
