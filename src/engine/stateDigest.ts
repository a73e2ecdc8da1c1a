/**
 * The digest of a scope's living documents (FORMATS.md §8), kept lazily: changes are noted when
 * they happen and hashed when somebody asks or there is time, each document once however often it
 * changed.
 */
import { createDigest, plainHash, stateHash } from "../core/doc/digest.ts";
import type { HeldDocument } from "../core/doc/insert.ts";

export interface StateDigest {
  readonly replace: (id: string, before: HeldDocument | null, after: HeldDocument | null) => void;
  /** Hashes at most so many of the documents that changed; false: none is left. */
  readonly hashSome: (documents: number) => boolean;
  /** 32 bytes. */
  readonly value: () => Uint8Array;
}

/** For `local`, whose digest nobody compares. */
export const noDigest: StateDigest = {
  replace: () => undefined,
  hashSome: () => false,
  value: () => new Uint8Array(32),
};

/** `start`: as a checkpoint kept it. */
export const createStateDigest = (start?: Uint8Array): StateDigest => {
  const digest = createDigest(start);
  /** By id: as it stands in the digest, and as it is now. */
  const changed = new Map<string, { counted: HeldDocument | null; now: HeldDocument | null }>();
  const hashSome = (documents: number): boolean => {
    let left = documents;
    for (const [id, { counted, now }] of changed) {
      if (left-- === 0) return true;
      changed.delete(id);
      if (counted === now) continue;
      const had = hashOf(counted);
      const has = hashOf(now);
      if (had !== null) digest.subtract(had);
      if (has !== null) digest.add(has);
    }
    return false;
  };
  return {
    replace(id, before, after) {
      const noted = changed.get(id);
      if (noted === undefined) changed.set(id, { counted: before, now: after });
      else noted.now = after;
    },
    hashSome,
    value() {
      hashSome(Infinity);
      return digest.bytes();
    },
  };
};

/** An insert is hashed as it came: to decode its values would cost and hold what no hash needs. */
const hashOf = (held: HeldDocument | null): Uint8Array | null => {
  if (held === null) return null;
  if (held.kind === "insert") {
    const { id, shape, dot, time } = held;
    return plainHash({ id, shape, birth: { dot, time }, stamps: null });
  }
  const known = hashes.get(held);
  if (known !== undefined) return known;
  const hash = stateHash(held);
  hashes.set(held, hash);
  return hash;
};

/** What changed once changes again: of states that are still in memory. */
const hashes = new WeakMap<HeldDocument, Uint8Array | null>();
