/**
 * What is sealed to one device's X-Wing key: cipher text (1,120 bytes) ‖ AES-256-GCM under a key
 * that follows from the shared secret. Nonces are zero: each capsule seals one message.
 */
import { concatBytes } from "../../base/bytes.ts";
import type { CryptoPort } from "../../crypto/port.ts";

/** To what a box is bound, so that it counts at no other place. */
export interface BoxBinding {
  readonly keyOf: (sharedSecret: Uint8Array) => Uint8Array;
  readonly associatedData: Uint8Array;
}

export const xWingCipherTextBytes = 1_120;

/** Null: what should be an X-Wing key is none. */
export const sealBox = async (
  plain: Uint8Array,
  xWingKey: Uint8Array,
  { keyOf, associatedData }: BoxBinding,
  crypto: CryptoPort,
): Promise<Uint8Array | null> => {
  const capsule = await crypto.xWing.encapsulate(xWingKey);
  if (capsule === null) return null;
  const { cipherText, sharedSecret } = capsule;
  return concatBytes(cipherText, await crypto.seal(keyOf(sharedSecret), associatedData, plain));
};

/** Null: it is not for this key, or for another place. */
export const openBox = async (
  box: Uint8Array,
  xWingSeed: Uint8Array,
  { keyOf, associatedData }: BoxBinding,
  crypto: CryptoPort,
): Promise<Uint8Array | null> => {
  const cipherText = box.subarray(0, xWingCipherTextBytes);
  const secret = await crypto.xWing.decapsulate(xWingSeed, cipherText);
  if (secret === null) return null;
  return crypto.open(keyOf(secret), associatedData, box.subarray(xWingCipherTextBytes));
};
