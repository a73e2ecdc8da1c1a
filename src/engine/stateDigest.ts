/**
 * The digest of a scope's living documents (FORMATS.md §8), kept lazily: changes are noted when
 * they happen and hashed when somebody asks, each document once however often it changed.
 */
import { createDigest, plainHash, stateHash } from "../core/doc/digest.ts";
import type { HeldDocument } from "../core/doc/insert.ts";

export interface StateDigest {
  readonly replace: (id: string, before: HeldDocument | null, after: HeldDocument | null) => void;
  /** 32 bytes. */
  readonly value: () => Uint8Array;
}

/** For `local`, whose digest nobody compares. */
export const noDigest: StateDigest = {
  replace: () => undefined,
  value: () => new Uint8Array(32),
};

/** `start`: as a checkpoint kept it. */
export const createStateDigest = (start?: Uint8Array): StateDigest => {
  const digest = createDigest(start);
  /** By id: as it stands in the digest, and as it is now. */
  const changed = new Map<string, { counted: HeldDocument | null; now: HeldDocument | null }>();
  return {
    replace(id, before, after) {
      const noted = changed.get(id);
      if (noted === undefined) changed.set(id, { counted: before, now: after });
      else noted.now = after;
    },
    value() {
      for (const { counted, now } of changed.values()) {
        if (counted === now) continue;
        const had = hashOf(counted);
        const has = hashOf(now);
        if (had !== null) digest.subtract(had);
        if (has !== null) digest.add(has);
      }
      changed.clear();
      return digest.bytes();
    },
  };
};

/** An insert is hashed as it came: to decode its values would cost and hold what no hash needs. */
const hashOf = (held: HeldDocument | null): Uint8Array | null => {
  if (held?.kind !== "insert") return stateHash(held);
  const { id, shape, dot, time } = held;
  return plainHash({ id, shape, birth: { dot, time }, stamps: null });
};
