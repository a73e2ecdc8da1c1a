/**
 * This device as a network knows it: keys of its own for each network, so that what it writes in
 * two of them can not be linked.
 */
import { bytesToHex } from "../core/base/bytes.ts";
import { NebulusError } from "../core/base/errors.ts";
import { shortHash } from "../core/crypto/hash.ts";
import type { CryptoPort } from "../core/crypto/port.ts";

export interface Device {
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Names the device in `_peerId`: 32 hexadecimal digits. */
  readonly name: string;
}

/** One change of the store's meta data. */
export type MetaChange = readonly [key: string, value: Uint8Array | null];

/** What a database notes of a network, by its hash: of one that it is in, or on its way into. */
export const networkPrefix = "network/";
export const joiningPrefix = "joining/";
/** What a network's devices say that they hold, by their names. */
export const acknowledgedPrefixOf = (networkHash: Uint8Array): string =>
  `acknowledged/${bytesToHex(networkHash)}/`;

/** A record of the meta data that is needed. */
export const unreadable = (key: string): NebulusError =>
  new NebulusError({
    code: "StorageFailed",
    message: `The record "${key}" of this database can not be read.`,
    retryable: false,
    path: key,
  });

export const deviceNameOf = (signingKey: Uint8Array): string =>
  bytesToHex(shortHash("device", signingKey));

export const deviceOf = async (
  seed: Uint8Array,
  crypto: Pick<CryptoPort, "publicKey">,
): Promise<Device> => {
  const publicKey = await crypto.publicKey(seed);
  return { seed, publicKey, name: deviceNameOf(publicKey) };
};
