/**
 * A short code of a device in a network, for two people to compare by reading it aloud: each sees
 * the other's device under the same one, or somebody stands between them. base32 of the first 10
 * bytes of H("device-code", network hash, account, signing key, X-Wing key), in groups of four: who
 * wants another device to have that code has 2^80 keys to try.
 */
import { bytesToBase32 } from "../base/base32.ts";
import { hash } from "../crypto/hash.ts";
import type { DeviceKeys } from "./certificate.ts";

/** As in `ABCD-EFGH-IJKL-MNOP`. */
export const deviceCode = (
  networkHash: Uint8Array,
  { account, signingKey, xWingKey }: Pick<DeviceKeys, "account" | "signingKey" | "xWingKey">,
): string => {
  const digest = hash("device-code", networkHash, account, signingKey, xWingKey);
  const groups = bytesToBase32(digest.subarray(0, codeBytes)).match(/.{4}/g) ?? [];
  return groups.join("-").toUpperCase();
};

const codeBytes = 10;
