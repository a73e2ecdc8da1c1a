/**
 * Settings of the connection as a caller gives them, checked before they reach the engine: every
 * refusal names its place and says what is wanted.
 */
import {
  connectionIceServersMax,
  connectionRelaysMax,
  connectionTextBytesMax,
  iceServerUrlsMax,
} from "../core/base/limits.ts";
import { utf8Length } from "../core/base/utf8.ts";
import { describe, isPlainObject } from "../core/cbor/check.ts";
import { isRelayAddress } from "../core/net/relayReach.ts";
import type { ConnectionChange, IceServer } from "../core/wire/connection.ts";
import { refusal } from "./answer.ts";

/** Throws `InvalidArgument`, or `UnsupportedAddress` for a relay that no page can dial. */
export const checkConnection = (input: unknown): ConnectionChange => {
  if (!isPlainObject(input)) {
    throw wrong("", `settings of the connection are an object, not ${describe(input)}`);
  }
  const unknown = Object.keys(input).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(unknown, `${unknown}: no such setting`);
  const { relays, iceServers, relayOnly, rendezvous } = input;
  return {
    ...(relays === undefined ? {} : { relays: relaysOf(relays) }),
    ...(iceServers === undefined ? {} : { iceServers: serversOf(iceServers) }),
    ...(relayOnly === undefined ? {} : { relayOnly: flagOf("relayOnly", relayOnly) }),
    ...(rendezvous === undefined ? {} : { rendezvous: flagOf("rendezvous", rendezvous) }),
  };
};

const known: readonly string[] = ["relays", "iceServers", "relayOnly", "rendezvous"];

const relaysOf = (input: unknown): readonly string[] => {
  const relays = listOf("relays", input, connectionRelaysMax).map((each, at) => {
    const path = `relays[${String(at)}]`;
    const address = textOf(path, each);
    if (isRelayAddress(address)) return address;
    throw refusal(
      "UnsupportedAddress",
      `${path}: a page cannot dial ${address}; a relay prints its address, such as ` +
        "/dns/relay.example/tcp/443/tls/ws or /ip4/192.168.1.5/tcp/5173/ws",
      path,
    );
  });
  return [...new Set(relays)];
};

const serversOf = (input: unknown): readonly IceServer[] =>
  listOf("iceServers", input, connectionIceServersMax).map((each, at) =>
    serverOf(`iceServers[${String(at)}]`, each),
  );

const serverOf = (path: string, input: unknown): IceServer => {
  if (!isPlainObject(input)) throw wrong(path, `${path}: { urls, username?, credential? }`);
  const { username, credential } = input;
  const urls = listOf(`${path}.urls`, input["urls"], iceServerUrlsMax).map((each, place) =>
    urlOf(`${path}.urls[${String(place)}]`, each),
  );
  if (urls.length === 0) throw wrong(`${path}.urls`, `${path}.urls: one at least`);
  for (const [name, given] of Object.entries({ username, credential })) {
    const isNeeded = urls.some((url) => /^turns?:/.test(url));
    if (isNeeded && (given === undefined || given === "")) {
      throw wrong(`${path}.${name}`, `${path}.${name}: a TURN server wants a ${words[name] ?? ""}`);
    }
  }
  return {
    urls,
    ...(username === undefined ? {} : { username: textOf(`${path}.username`, username) }),
    ...(credential === undefined ? {} : { credential: textOf(`${path}.credential`, credential) }),
  };
};

const words: Readonly<Record<string, string>> = {
  username: "user name",
  credential: "password",
};

const urlOf = (path: string, input: unknown): string => {
  const url = textOf(path, input);
  if (/^(stuns?:[^/?\s]+|turns?:[^/?\s]+(\?transport=(udp|tcp))?)$/.test(url)) return url;
  throw wrong(path, `${path}: such as stun:stun.example:3478 or turns:turn.example:5349`);
};

const flagOf = (path: string, input: unknown): boolean => {
  if (typeof input === "boolean") return input;
  throw wrong(path, `${path}: true or false, not ${describe(input)}`);
};

const textOf = (path: string, input: unknown): string => {
  if (typeof input !== "string") throw wrong(path, `${path}: text, not ${describe(input)}`);
  if (utf8Length(input) <= connectionTextBytesMax) return input;
  throw refusal("TooLarge", `${path}: at most ${String(connectionTextBytesMax)} bytes`, path);
};

const listOf = (path: string, input: unknown, countMax: number): readonly unknown[] => {
  if (!Array.isArray(input)) throw wrong(path, `${path}: a list, not ${describe(input)}`);
  if (input.length <= countMax) return Array.from<unknown>(input);
  throw refusal("TooLarge", `${path}: at most ${String(countMax)}`, path);
};

const wrong = (path: string, message: string): Error => refusal("InvalidArgument", message, path);
