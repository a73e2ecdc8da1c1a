/**
 * An open network at once, for tests that need one before anything waits.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { openNetworkSecrets, type OpenNetwork } from "../../src/core/network/open.ts";

export const openNetwork = (name: string, secret: string | Uint8Array): OpenNetwork => {
  const { accountSeed: seed, ...network } = openNetworkSecrets(name, secret);
  return { ...network, account: { seed, publicKey: ed25519.getPublicKey(seed) } };
};

/** Of an Ed25519 seed. */
export const publicKeyOf = (seed: Uint8Array): Uint8Array => ed25519.getPublicKey(seed);
