/**
 * What page and relay say on the rendezvous stream: small JSON texts, each in a frame (its length
 * before it as u32 LE, as on channels). One long-lived stream per page and relay:
 *
 *   page → relay   {"tags": [32 hex digits, …], "reachable": boolean}
 *                  replaces the registration before
 *   relay → page   {"tag": 32 hex digits, "peers": [peer id, …]}
 *                  for each tag at once, then whenever it changes
 *
 * Tags are opaque 16-byte values to the relay. Only reachable peers (those that hold a reservation,
 * so that a dial to them can succeed) are named to others; a page not yet reachable is told of
 * others all the same. Both sides end the stream on anything else.
 */
import { rendezvousPeersPerTagMax, rendezvousTagsMax } from "../core/base/limits.ts";

export const rendezvousProtocol = "/nebulusdb/rendezvous/1.0.0";

export interface Registration {
  readonly tags: readonly string[];
  readonly reachable: boolean;
}

export interface PeersOfTag {
  readonly tag: string;
  /** Peer ids as text, without the asker's own; a random choice of them where there are many. */
  readonly peers: readonly string[];
}

export const encodeRegistration = (message: Registration): Uint8Array => encode(message);

export const encodePeersOfTag = (message: PeersOfTag): Uint8Array => encode(message);

/**
 * Null for anything that is no registration: unknown form, too many tags, a tag of another shape.
 */
export const parseRegistration = (bytes: Uint8Array): Registration | null => {
  const message = decode(bytes);
  const tags = textsOf(message?.["tags"], rendezvousTagsMax);
  const reachable = message?.["reachable"];
  if (tags === null || !tags.every(isTag) || typeof reachable !== "boolean") return null;
  return { tags: [...new Set(tags)], reachable };
};

/** Null for anything that is no answer. Peer ids are only checked for length here. */
export const parsePeersOfTag = (bytes: Uint8Array): PeersOfTag | null => {
  const message = decode(bytes);
  const tag = message?.["tag"];
  const peers = textsOf(message?.["peers"], rendezvousPeersPerTagMax);
  if (typeof tag !== "string" || !isTag(tag) || peers === null) return null;
  return peers.every((peer) => peer.length <= peerIdCharactersMax) ? { tag, peers } : null;
};

/** Ed25519 ids have 52 characters. */
const peerIdCharactersMax = 100;

const isTag = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

const encode = (message: Registration | PeersOfTag): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(message));

const decode = (bytes: Uint8Array): Readonly<Record<string, unknown>> | null => {
  try {
    const message: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof message === "object" && message !== null ? { ...message } : null;
  } catch {
    return null;
  }
};

const textsOf = (value: unknown, countMax: number): readonly string[] | null =>
  Array.isArray(value) &&
  value.length <= countMax &&
  value.every((item) => typeof item === "string")
    ? value
    : null;
