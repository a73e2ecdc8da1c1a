/**
 * X25519 between two signing keys, for the rendezvous of members that missed an epoch. Apart, since
 * it is loaded with the first closed network.
 */
import { ed25519, x25519 } from "@noble/curves/ed25519.js";

export const pairSecretOf = (seed: Uint8Array, publicKey: Uint8Array): Uint8Array | null => {
  try {
    const theirs = ed25519.utils.toMontgomery(publicKey);
    return x25519.getSharedSecret(ed25519.utils.toMontgomerySecret(seed), theirs);
  } catch {
    // The library throws for what is no point, and for a shared point of low order
    return null;
  }
};
