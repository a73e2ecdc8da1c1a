/**
 * X-Wing (draft-connolly-cfrg-xwing-kem-10): X25519 and ML-KEM-768 at once, so that a key sent
 * today stays sealed while either of them holds. Apart from webcrypto.ts, which loads it when a
 * closed network needs it: it is large. Without dice of its own, for the simulator.
 */
import { ml_kem768_x25519 as kem } from "@noble/post-quantum/hybrid.js";
import { assert } from "../../core/base/result.ts";
import type { XWingCapsule } from "../../core/crypto/port.ts";

/** How much randomness a capsule takes: 32 bytes for each of the two. */
export const xWingRandomBytes = 64;

/** The public key (1,216 bytes) of a seed. */
export const xWingPublicKey = (seed: Uint8Array): Uint8Array => {
  assert(seed.length === kem.lengths.seed, "an X-Wing seed has 32 bytes");
  return kem.getPublicKey(seed);
};

/** Null for what is no public key. */
export const xWingEncapsulate = (
  publicKey: Uint8Array,
  randomness: Uint8Array,
): XWingCapsule | null => {
  assert(randomness.length === xWingRandomBytes, "an X-Wing capsule takes 64 random bytes");
  if (publicKey.length !== kem.lengths.publicKey) return null;
  return unlessRefused(() => kem.encapsulate(publicKey, randomness));
};

/** Null for what is no cipher text. Another's gives a secret that nobody else has. */
export const xWingDecapsulate = (seed: Uint8Array, cipherText: Uint8Array): Uint8Array | null => {
  assert(seed.length === kem.lengths.seed, "an X-Wing seed has 32 bytes");
  if (cipherText.length !== kem.lengths.cipherText) return null;
  return unlessRefused(() => kem.decapsulate(cipherText, seed));
};

/**
 * The library throws at what a peer may have made wrong. All sizes are right here, so it can only
 * mean numbers beyond ML-KEM's modulus, or a point of low order, which would make X25519's part of
 * the secret known to all.
 */
const unlessRefused = <T>(run: () => T): T | null => {
  try {
    return run();
  } catch {
    return null;
  }
};
