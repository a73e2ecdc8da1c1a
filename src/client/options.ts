/**
 * The options of a database, checked: what this version cannot keep is refused by name and never
 * ignored.
 */
import { describe, isPlainObject } from "../core/cbor/check.ts";
import { nameBytesMax } from "../core/base/limits.ts";
import { isWellFormed, utf8Length } from "../core/base/utf8.ts";
import type { Discovery } from "../core/wire/connection.ts";
import type { CollectionSchema, DistributedDbOptions, DistributedOptions, Plugin } from "./api.ts";
import { notSupported, refusal } from "./answer.ts";
import { checkDiscovery, type NetworkDiscovery } from "./discovery.ts";
import type { Document } from "./types.ts";

export interface Settings {
  readonly name: string;
  readonly durability: "strict" | "relaxed";
  readonly schemas: ReadonlyMap<string, CollectionSchema>;
  readonly initialDocs: ReadonlyMap<string, readonly Document[]>;
  readonly plugins: readonly Plugin[];
  readonly distributed: {
    readonly enabled: boolean;
    readonly networkId: string | null;
    readonly bootstrapPeers: readonly string[];
    readonly discovery: Discovery & NetworkDiscovery;
    /** What was asked for and cannot be had, by name. */
    readonly inert: readonly string[];
  };
}

/** Throws `InvalidArgument` or `NotSupported`; `path` is the option. */
export const readOptions = (options: DistributedDbOptions = {}): Settings => {
  checkSupported(options);
  const plugins = options.plugins ?? [];
  for (const [at, plugin] of plugins.entries()) checkPlugin(plugin, at);
  const { distributed } = options;
  return {
    name: readName(options.name),
    durability: readDurability(options.durability),
    schemas: new Map(Object.entries(options.schema ?? {})),
    initialDocs: new Map(Object.entries(options.initialDocs ?? {})),
    plugins,
    distributed: {
      enabled: distributed?.enabled === true,
      networkId: distributed?.networkId ?? null,
      bootstrapPeers: distributed?.bootstrapPeers ?? [],
      discovery: checkDiscovery(distributed?.discovery, distributed?.dialTimeout),
      inert: inertIn(distributed),
    },
  };
};

/** Where a page stands in the place of the designs' process. */
const inertIn = (distributed: DistributedOptions | undefined): readonly string[] => {
  const { quic, port, bindAddress, discovery, dialTimeout, network } = distributed ?? {};
  const asked = {
    ...{ quic, port, bindAddress, "discovery.mdns": discovery?.mdns },
    // A network that was made elsewhere has its own
    ...(network === undefined ? {} : { discovery, dialTimeout }),
  };
  return Object.entries(asked).flatMap(([name, value]) =>
    value === undefined || value === false ? [] : name,
  );
};

/** A collection's name: text of 1 to 256 bytes. Throws `InvalidArgument`. */
export const checkCollectionName = (name: unknown): string =>
  checkName(name, "a collection's name");

const knownOptions: readonly string[] = [
  "name",
  "adapter",
  "schema",
  "initialDocs",
  "plugins",
  "durability",
  "encryption",
  "auth",
  "distributed",
  "embedder",
];

const checkSupported = (options: unknown): void => {
  if (!isPlainObject(options)) {
    throw refusal("InvalidArgument", `options are an object, not ${describe(options)}`, "");
  }
  const unknown = Object.keys(options).find((name) => !knownOptions.includes(name));
  if (unknown !== undefined) {
    throw refusal("InvalidArgument", `${unknown}: no such option`, unknown);
  }
  if (options["embedder"] !== undefined) {
    throw notSupported("embedder", 'the part "memories" brings it.');
  }
  if (flagOf(options["encryption"], "atRest")) {
    throw notSupported("encryption.atRest", 'the part "secrets" brings it.');
  }
  if (flagOf(options["auth"], "required")) {
    throw notSupported("auth.required", 'the part "secrets" brings it.');
  }
};

const flagOf = (group: unknown, name: string): boolean =>
  isPlainObject(group) && group[name] !== undefined && group[name] !== false;

const checkPlugin = (plugin: Plugin, at: number): void => {
  const place = `plugins[${String(at)}]`;
  const name: unknown = plugin.name;
  if (typeof name !== "string" || name === "") {
    throw refusal("InvalidArgument", `${place}.name: a plugin has a name`, `${place}.name`);
  }
  if (plugin.onConflict !== undefined) {
    throw notSupported(`${place}.onConflict`, 'the part "strategies and posting" brings it.');
  }
};

const readName = (name: string | undefined): string =>
  name === undefined ? "nebulus" : checkName(name, "a database's name");

const readDurability = (durability: unknown): "strict" | "relaxed" => {
  if (durability === undefined || durability === "strict") return "strict";
  if (durability === "relaxed") return "relaxed";
  throw refusal("InvalidArgument", 'durability: "strict" or "relaxed"', "durability");
};

const checkName = (name: unknown, what: string): string => {
  const refuse = (fault: string): never => {
    throw refusal("InvalidArgument", `${what} ${fault}`, "name");
  };
  if (typeof name !== "string") return refuse(`is text, not ${describe(name)}`);
  if (name === "") return refuse("must not be empty");
  if (name.startsWith("$")) return refuse('must not begin with "$": such are the database\'s own');
  if (!isWellFormed(name)) return refuse("holds a lone surrogate");
  if (utf8Length(name) > nameBytesMax) return refuse(`takes at most ${String(nameBytesMax)} bytes`);
  return name;
};
