/**
 * Who stands under which tag: the rendezvous as plain data, without streams or time, so that it can
 * be tested as such. Kept in memory only; a page that goes is forgotten.
 */
import type { PeersOfTag, Registration } from "../src/net/rendezvousMessages.ts";

export interface Registry {
  /** Replaces what the peer registered before. Answers who is to be told, of which tags. */
  register(peer: string, registration: Registration): Changes;
  /** As if it had never been. */
  forget(peer: string): Changes;
  /** What `peer` is told of a tag: reachable peers under it without itself, at random if many. */
  peersOf(tag: string, peer: string): PeersOfTag;
  readonly peerCount: () => number;
}

/** By peer, the tags whose answer may differ now. */
export type Changes = ReadonlyMap<string, ReadonlySet<string>>;

export interface RegistryDeps {
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly peersPerTagMax: number;
}

const nothing: Registration = { tags: [], reachable: false };

export const createRegistry = ({ random, peersPerTagMax }: RegistryDeps): Registry => {
  const registrations = new Map<string, Registration>();
  const peersByTag = new Map<string, Set<string>>();

  const isReachable = (peer: string): boolean => registrations.get(peer)?.reachable ?? false;

  const move = (peer: string, before: readonly string[], after: readonly string[]): void => {
    for (const tag of before) {
      const peers = peersByTag.get(tag);
      peers?.delete(peer);
      if (peers?.size === 0) peersByTag.delete(tag);
    }
    for (const tag of after) {
      const peers = peersByTag.get(tag) ?? new Set();
      peersByTag.set(tag, peers.add(peer));
    }
  };

  /** Those who share one of the tags on which this peer appears or disappears. */
  const witnesses = (peer: string, tags: Iterable<string>): Map<string, Set<string>> => {
    const changes = new Map<string, Set<string>>();
    for (const tag of tags) {
      for (const other of peersByTag.get(tag) ?? []) {
        if (other !== peer) changes.set(other, (changes.get(other) ?? new Set()).add(tag));
      }
    }
    return changes;
  };

  const replace = (peer: string, next: Registration): Map<string, Set<string>> => {
    const before = registrations.get(peer) ?? nothing;
    const shownBefore = new Set(before.reachable ? before.tags : []);
    const shownAfter = new Set(next.reachable ? next.tags : []);
    move(peer, before.tags, next.tags);
    return witnesses(peer, [
      ...[...shownBefore].filter((tag) => !shownAfter.has(tag)),
      ...[...shownAfter].filter((tag) => !shownBefore.has(tag)),
    ]);
  };

  return {
    register: (peer, registration) => {
      const changes = replace(peer, registration);
      registrations.set(peer, registration);
      return changes.set(peer, new Set(registration.tags));
    },
    forget: (peer) => {
      const changes = replace(peer, nothing);
      registrations.delete(peer);
      return changes;
    },
    peersOf: (tag, peer) => {
      const others = [...(peersByTag.get(tag) ?? [])].filter(
        (other) => other !== peer && isReachable(other),
      );
      return { tag, peers: sample(others, peersPerTagMax, random) };
    },
    peerCount: () => registrations.size,
  };
};

/**
 * At most `count` of them, each as likely as any other (the beginning of a Fisher–Yates shuffle).
 */
const sample = (items: string[], count: number, random: () => number): readonly string[] => {
  if (items.length <= count) return items;
  for (let at = 0; at < count; at += 1) {
    const from = at + Math.floor(random() * (items.length - at));
    const [picked = "", displaced = ""] = [items[from], items[at]];
    items[at] = picked;
    items[from] = displaced;
  }
  return items.slice(0, count);
};
