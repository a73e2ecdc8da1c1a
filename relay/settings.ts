/**
 * The one table of everything that can be set on a relay: its default, its kind, what it is for.
 * Flag (`--relayed-minutes`), environment variable (`NEBULUS_RELAY_RELAYED_MINUTES`) and key in the
 * YAML file (`relayedMinutes`) follow from its name here; help and README follow from the table.
 */
import { limits } from "./limits.ts";
import { logLevels, type LogLevel } from "./log.ts";
import {
  addresses,
  choice,
  ownAddresses,
  text,
  trueOrFalse,
  wholeNumber,
  type Kind,
} from "./settingKinds.ts";

/** All that can be set on a relay, checked. The README's table says what each is for. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly static: string;
  readonly data: string;
  /** Empty: derived from `host` and `port`. */
  readonly announce: readonly string[];
  readonly bootstrap: readonly string[];
  readonly mdns: boolean;
  readonly mdnsSeconds: number;
  readonly connectionsMax: number;
  readonly reservationsMax: number;
  readonly reservationMinutes: number;
  readonly relayedMebibytes: number;
  readonly relayedMinutes: number;
  readonly rendezvous: boolean;
  readonly dht: boolean;
  readonly metrics: boolean;
  readonly logLevel: LogLevel;
}

export type SettingName = keyof Settings;

export interface Setting<T> {
  readonly fallback: T;
  /** For help and README. */
  readonly shownFallback: string;
  readonly kind: Kind<T>;
  /** One line, for whoever runs a relay. */
  readonly help: string;
}

const countOfBrowsers = wholeNumber(1, limits.connectionsCeiling);

const setting = <T>(fallback: T, kind: Kind<T>, help: string): Setting<T> => ({
  fallback,
  shownFallback: kind.show(fallback) || "none",
  kind,
  help,
});

export const settings: { readonly [K in SettingName]: Setting<Settings[K]> } = {
  port: setting(
    5_173,
    wholeNumber(0, 65_535),
    "the one port of page and relay; 0 takes a free one",
  ),
  host: setting(
    "127.0.0.1",
    text("ADDRESS", "an address of this machine"),
    "where to listen: 127.0.0.1 for this machine only, 0.0.0.0 for the local network too",
  ),
  static: setting("dist", text("DIR", "a directory"), "the built page that it serves"),
  data: setting(
    ".nebulus-relay",
    text("DIR", "a directory"),
    "where the relay's key is kept, and nothing else",
  ),
  announce: setting(
    [],
    ownAddresses(limits.addressesMax),
    "how others reach it, if not at host and port: behind a proxy, or by a name",
  ),
  bootstrap: setting(
    [],
    addresses(limits.addressesMax),
    "other relays, to which it stays connected; each should name the others",
  ),
  mdns: setting(
    true,
    trueOrFalse,
    "finds other relays of the local network, if host is an address there",
  ),
  mdnsSeconds: setting(5, wholeNumber(1, 3_600), "how often it asks for them"),
  connectionsMax: setting(1_024, countOfBrowsers, "browsers connected at once"),
  reservationsMax: setting(
    1_024,
    countOfBrowsers,
    "browsers that others can reach through it at once",
  ),
  reservationMinutes: setting(
    120,
    wholeNumber(2, limits.reservationMinutesCeiling),
    "how long one stays reachable without asking again; pages ask long before",
  ),
  relayedMebibytes: setting(
    16_384,
    wholeNumber(1, limits.relayedMebibytesCeiling),
    "what one relayed connection carries, both ways together; then pages make a new one",
  ),
  relayedMinutes: setting(
    1_440,
    wholeNumber(1, limits.relayedMinutesCeiling),
    "how long one relayed connection stays",
  ),
  rendezvous: setting(true, trueOrFalse, "tells pages who else is there"),
  dht: setting(true, trueOrFalse, "answers as server of a DHT that relays share"),
  metrics: setting(
    true,
    trueOrFalse,
    "answers /metrics, to whoever asks, with counts of all pages",
  ),
  logLevel: setting(
    "info",
    choice(logLevels),
    "what is logged: everything, only what went wrong, or nothing",
  ),
};

/** Says where the YAML file is: no setting, since it cannot stand in that file. */
export const configurationName = "config";

// every key of the table is one of Settings: its type says so, only `keys` forgets it
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** `relayedMinutes` → `--relayed-minutes`. */
export const flagOf = (name: string): string => `--${words(name).join("-")}`;

/** `relayedMinutes` → `NEBULUS_RELAY_RELAYED_MINUTES`. */
export const variableOf = (name: string): string =>
  `${variablePrefix}${words(name).join("_").toUpperCase()}`;

export const variablePrefix = "NEBULUS_RELAY_";

/** Asks for each setting once. */
export const settingsOf = (read: <K extends SettingName>(name: K) => Settings[K]): Settings => ({
  port: read("port"),
  host: read("host"),
  static: read("static"),
  data: read("data"),
  announce: read("announce"),
  bootstrap: read("bootstrap"),
  mdns: read("mdns"),
  mdnsSeconds: read("mdnsSeconds"),
  connectionsMax: read("connectionsMax"),
  reservationsMax: read("reservationsMax"),
  reservationMinutes: read("reservationMinutes"),
  relayedMebibytes: read("relayedMebibytes"),
  relayedMinutes: read("relayedMinutes"),
  rendezvous: read("rendezvous"),
  dht: read("dht"),
  metrics: read("metrics"),
  logLevel: read("logLevel"),
});

/** As if nothing else was said. */
export const settingsWith = (changes: Partial<Settings>): Settings => ({
  ...settingsOf((name) => settings[name].fallback),
  ...changes,
});

/** What `--help` prints. */
export const usage = (): string =>
  [
    "usage: node relay/main.ts [options]",
    "",
    ...helpOf(configurationName, "FILE", "the settings as YAML, under the names that flags have"),
    ...settingNames.flatMap(helpOfSetting),
    "",
    `Each flag is also a variable of the environment (${variableOf("relayedMinutes")}) and a key`,
    "of the YAML file (relayedMinutes). A flag wins over a variable, a variable over the file.",
  ].join("\n");

const helpOfSetting = (name: SettingName): readonly string[] => {
  const { kind, help, shownFallback } = settings[name];
  return helpOf(name, kind.placeholder, `${help} (${shownFallback})`);
};

const helpOf = (name: string, placeholder: string, help: string): readonly string[] => [
  `  ${flagOf(name)} ${placeholder}`,
  `        ${help}`,
];

const words = (name: string): readonly string[] =>
  name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
