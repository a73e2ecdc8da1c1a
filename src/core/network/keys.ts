/**
 * What follows from a network's secret: names of scopes and writers, and the keys of its parts
 * (FORMATS.md §1). The same for every kind of network; how a network comes by its secret is told in
 * local.ts and open.ts.
 */
import { bytesToHex, hexToBytes } from "../base/bytes.ts";
import { scopeIdOf, writerIdOf } from "../base/ids.ts";
import { tagsKnownMax } from "../base/limits.ts";
import type { ScopeId, ShortHash, WriterId } from "../base/types.ts";
import { encodeCbor, type CborItem } from "../cbor/item.ts";
import { deriveKey, hmac, shortHash } from "../crypto/hash.ts";

/** Keys that last as long as the network. Each 32 bytes. */
export interface NetworkKeys {
  /** The network's identity. */
  readonly networkHash: Uint8Array;
  readonly scopeKey: Uint8Array;
  readonly authIndexKey: Uint8Array;
  readonly blobKey: Uint8Array;
  readonly greetingKey: Uint8Array;
}

/** An epoch's key seals segments, and names the day's rendezvous. */
export interface EpochKey {
  readonly id: ShortHash;
  readonly key: Uint8Array;
}

/** The epochs' keys that this device has. */
export interface Epochs {
  readonly key: (id: ShortHash) => Uint8Array | null;
  /** What new segments are sealed under; null while this device may not write, or lacks the key. */
  readonly writing: () => EpochKey | null;
  /** The latest whose key is here; null: none is. */
  readonly latest: () => EpochKey | null;
}

/** Of a network whose key never changes. */
export const oneEpoch = (epoch: EpochKey): Epochs => ({
  key: (id) => (id === epoch.id ? epoch.key : null),
  writing: () => epoch,
  latest: () => epoch,
});

export type ScopeKind = "documents" | "auth";

export const networkKeysOf = (networkHash: Uint8Array, secret: Uint8Array): NetworkKeys => ({
  networkHash,
  scopeKey: deriveKey(secret, "scope", []),
  authIndexKey: deriveKey(secret, "auth-index", []),
  blobKey: deriveKey(secret, "blob", []),
  greetingKey: deriveKey(secret, "greeting", []),
});

/** The scope of a collection. The shard is 0 until partial replication uses it. */
export const scopeOf = (
  keys: Pick<NetworkKeys, "scopeKey">,
  collection: string,
  kind: ScopeKind,
  shard = 0,
): ScopeId => {
  const name = encodeCbor([collection, kind === "documents" ? 0 : 1, shard]);
  return scopeIdOf(hmac(keys.scopeKey, name).slice(0, 16));
};

/** One incarnation (16 random bytes) of a device in a scope. */
export const writerOf = (
  networkHash: Uint8Array,
  scope: ScopeId,
  signingKey: Uint8Array,
  incarnation: Uint8Array,
): WriterId =>
  writerIdOf(shortHash("writer", networkHash, hexToBytes(scope), signingKey, incarnation));

/** Under which members find each other at the relay. */
export const rendezvousTags = (epoch: EpochKey, nowMs: number): readonly string[] =>
  dayTags(epoch.key, "tag", [], nowMs);

/** Under which the holder of an invite finds its maker: it has no key of an epoch yet. */
export const inviteTags = (publicKey: Uint8Array, nowMs: number): readonly string[] =>
  dayTags(publicKey, "invite-tag", [], nowMs);

/** Yesterday's, today's and tomorrow's, as clocks differ. */
export const dayTags = (
  key: Uint8Array,
  label: string,
  parts: readonly CborItem[],
  nowMs: number,
): readonly string[] => {
  const today = Math.floor(nowMs / dayMilliseconds);
  const name = bytesToHex(encodeCbor([label, ...parts, today]));
  let derived = derivedTags.get(key);
  if (derived === undefined || derived.size >= tagsKnownMax) {
    derived = new Map();
    derivedTags.set(key, derived);
  }
  const known = derived.get(name);
  if (known !== undefined) return known;
  const tags = [today - 1, today, today + 1].map((day) =>
    bytesToHex(deriveKey(key, label, [...parts, day]).slice(0, 16)),
  );
  derived.set(name, tags);
  return tags;
};

/** They are asked for every second, and change with the day. */
const derivedTags = new WeakMap<Uint8Array, Map<string, readonly string[]>>();

const dayMilliseconds = 86_400_000;
