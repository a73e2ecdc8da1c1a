/**
 * From where the address of a relay can be dialled, as far as its text says, and so which relays an
 * invite may name and which of them a joiner may use.
 *
 * An address at home, or of one machine, means another thing to whoever reads it elsewhere: it
 * leads nowhere, or to a stranger's device, and says what a person's own network looks like. So an
 * invite names no address that is narrower than the app's own, and a page dials none: what came
 * over the internet cannot make it knock at the router.
 */
import { connectionTextBytesMax } from "../base/limits.ts";
import { utf8Length } from "../base/utf8.ts";

/** This machine alone, a local network or a VPN, or everywhere. */
export type Reach = "machine" | "site" | "world";

/** Why a relay that others name is not used. */
export type RelayRefusal =
  /** A page cannot dial that. */
  | "undialable"
  /** It leads to a network, or a machine, that whoever named it cannot mean. */
  | "narrower"
  /** The page came over TLS, from where browsers reach relays over TLS alone. */
  | "plain";

/** Host, port, WebSocket, and the relay's id where it is known. */
export const isRelayAddress = (address: string): boolean =>
  utf8Length(address) <= connectionTextBytesMax && relayForm.test(address);

/** A page that came over TLS is kept from everything else, this machine excepted. */
export const isKeptFrom = (address: string, pageProtocol: string): boolean =>
  pageProtocol === "https:" &&
  !/\/(tls\/|wss(\/|$))/.test(address) &&
  reachOf(hostOf(address)) !== "machine";

/**
 * `pageUrl`: of the app, null outside of pages, where a relay on the same machine is nobody else's
 * either. The answer is null for one that may be named, and used.
 */
export const refusalOf = (address: string, pageUrl: string | null): RelayRefusal | null => {
  const host = hostOf(address);
  if (!isRelayAddress(address) || !isHost(host, address)) return "undialable";
  const [, protocol = "", pageHost] = originForm.exec(pageUrl ?? "") ?? [];
  const least = pageHost === undefined ? "site" : reachOf(pageHost.replace(/^\[|\]$/g, ""));
  if (reaches.indexOf(reachOf(host)) < reaches.indexOf(least)) return "narrower";
  return isKeptFrom(address, protocol) ? "plain" : null;
};

/** `host`: a name or an address, without brackets. */
export const reachOf = (host: string): Reach => {
  const name = host.toLowerCase().replace(/\.$/, "");
  const numbers = numbersOf(name);
  if (numbers !== null) return reachOfNumbers(numbers);
  if (name.includes(":")) return reachOfLong(name);
  if (name === "localhost" || name.endsWith(".localhost")) return "machine";
  return !name.includes(".") || siteNames.test(name) ? "site" : "world";
};

const relayForm =
  /^\/(dns[46]?|ip[46])\/[^/\s]+\/tcp\/\d{1,5}(\/tls(\/sni\/[^/\s]+)?)?\/wss?(\/p2p\/\w+)?$/;

/** As browsers write it. */
const originForm = /^(\w+:)\/\/(\[[^\]]+\]|[^/:]+)/;

const reaches: readonly Reach[] = ["machine", "site", "world"];

/** RFC 6762, RFC 8375, and what routers and companies use. */
const siteNames = /\.(local|lan|home|internal|intranet|corp|private|home\.arpa)$/;

const hostOf = (address: string): string => address.split("/")[2] ?? "";

/** What a URL would read as something else is no host. */
const isHost = (host: string, address: string): boolean => {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1] ?? 0);
  if (port < 1 || port > 65_535) return false;
  if (address.startsWith("/ip4/")) return isUsable(numbersOf(host));
  if (address.startsWith("/ip6/")) return /^[0-9a-f:.]+$/i.test(host) && host.includes(":");
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(host) && !endsInNumber.test(host);
};

/** Browsers read such names as IPv4 addresses, written shorter or in another base. */
const endsInNumber = /(^|\.)(\d+|0x[0-9a-f]*)\.?$/i;

const isUsable = (numbers: readonly number[] | null): boolean => {
  const [first = 0] = numbers ?? [];
  return numbers !== null && first > 0 && first < 224;
};

/** The four of an IPv4 address; null: it is none. */
const numbersOf = (host: string): readonly number[] | null => {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return null;
  const numbers = host.split(".").map(Number);
  return numbers.every((number) => number <= 255) ? numbers : null;
};

/** RFC 1122, 1918, 3927 and 6598, whose addresses VPNs use. */
const reachOfNumbers = ([first = 0, second = 0]: readonly number[]): Reach => {
  if (first === 127 || first === 0) return "machine";
  const isSite =
    first === 10 ||
    (first === 172 && second >= 16 && second <= 31) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 100 && second >= 64 && second <= 127);
  return isSite ? "site" : "world";
};

/** Of IPv6. Addresses that hold one of IPv4 reach as far as that, whoever routes them. */
const reachOfLong = (host: string): Reach => {
  const groups = groupsOf(host);
  const [first = 0] = groups;
  const [high = 0, low = 0] = groups.slice(6);
  const numbers = [high >> 8, high & 255, low >> 8, low & 255];
  if (groups.slice(0, 5).every((group) => group === 0)) {
    if (groups[5] === 0 && high === 0 && low <= 1) return "machine";
    if (groups[5] === 0xffff || groups[5] === 0) return reachOfNumbers(numbers);
  }
  if (first === 0x64 && groups[1] === 0xff9b) return reachOfNumbers(numbers);
  // Unique local, link local
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 ? "site" : "world";
};

/** Eight numbers of 16 bits; what is none is taken for 0, which reaches no further than here. */
const groupsOf = (host: string): readonly number[] => {
  const dotted = numbersOf(host.slice(host.lastIndexOf(":") + 1));
  const [a = 0, b = 0, c = 0, d = 0] = dotted ?? [];
  const tail = dotted === null ? "" : `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  const text = dotted === null ? host : host.slice(0, host.lastIndexOf(":") + 1) + tail;
  const [before = "", after] = text.split("::", 2);
  const [left, right] = [wordsOf(before), wordsOf(after ?? "")];
  const gap = Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array.from({ length: after === undefined ? 0 : gap }, () => 0), ...right];
};

const wordsOf = (text: string): readonly number[] =>
  text === "" ? [] : text.split(":").map((word) => parseInt(word, 16) || 0);
