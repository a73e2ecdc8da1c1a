/**
 * The kinds of values that a setting can have: what each expects, how it reads from a text (flags
 * and environment) and from a YAML value. Null means that it is no value of this kind; who asked
 * knows where it was said, and says so.
 */
import { multiaddr } from "@multiformats/multiaddr";

export interface Kind<T> {
  /** In the help, after the flag. */
  readonly placeholder: string;
  /** Completes "takes …". */
  readonly expects: string;
  readonly ofText: (text: string) => T | null;
  readonly ofYaml: (value: unknown) => T | null;
  /** As a person would write it. */
  readonly show: (value: T) => string;
}

export const wholeNumber = (min: number, max: number): Kind<number> => {
  const checked = (value: unknown): number | null =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : null;
  return {
    placeholder: "N",
    expects: `a whole number from ${min} to ${max}`,
    ofText: (text) => (/^\d{1,15}$/.test(text) ? checked(Number(text)) : null),
    ofYaml: checked,
    show: String,
  };
};

/** Longer than any path or name; what is beyond was not meant. */
const textCharactersMax = 4_096;

export const text = (placeholder: string, expects: string): Kind<string> => {
  const checked = (value: unknown): string | null =>
    typeof value === "string" && isPlainText(value) ? value : null;
  return { placeholder, expects, ofText: checked, ofYaml: checked, show: (value) => value };
};

const switches: Readonly<Record<string, boolean>> = { true: true, false: false };

export const trueOrFalse: Kind<boolean> = {
  placeholder: "true|false",
  expects: "true or false",
  ofText: (word) => switches[word] ?? null,
  ofYaml: (value) => (typeof value === "boolean" ? value : null),
  show: String,
};

export const choice = <T extends string>(choices: readonly T[]): Kind<T> => {
  const checked = (value: unknown): T | null => choices.find((one) => one === value) ?? null;
  return {
    placeholder: choices.join("|"),
    expects: `one of ${choices.join(", ")}`,
    ofText: checked,
    ofYaml: checked,
    show: (value) => value,
  };
};

/** Of other relays, with or without their peer ids. */
export const addresses = (countMax: number): Kind<readonly string[]> =>
  listOfAddresses(countMax, "", isWebSocketAddress);

/** Of this relay, which adds its peer id itself. */
export const ownAddresses = (countMax: number): Kind<readonly string[]> =>
  listOfAddresses(
    countMax,
    ", without peer id",
    (address) => isWebSocketAddress(address) && !address.includes("/p2p/"),
  );

/** In a text with commas between, in YAML a list. */
const listOfAddresses = (
  countMax: number,
  besides: string,
  isSound: (address: string) => boolean,
): Kind<readonly string[]> => {
  const checked = (values: readonly unknown[]): readonly string[] | null => {
    const sound = values.filter((value) => typeof value === "string").filter(isSound);
    return sound.length === values.length && sound.length <= countMax ? sound : null;
  };
  return {
    placeholder: "ADDRESS,…",
    expects:
      `at most ${countMax} multiaddresses of WebSockets, ` +
      `such as /dns/relay.example.org/tcp/443/tls/ws${besides}`,
    ofText: (words) => (words === "" ? [] : checked(words.split(","))),
    ofYaml: (value) => (Array.isArray(value) ? checked(value) : null),
    show: (value) => value.join(","),
  };
};

const isPlainText = (value: string): boolean =>
  value !== "" && value.length <= textCharactersMax && !value.includes("\0");

/** A relay is reached by WebSockets alone: another address would never be dialed. */
const isWebSocketAddress = (address: string): boolean => {
  try {
    const names = multiaddr(address)
      .getComponents()
      .map(({ name }) => name);
    return (names.includes("ws") || names.includes("wss")) && !names.includes("p2p-circuit");
  } catch {
    return false;
  }
};
