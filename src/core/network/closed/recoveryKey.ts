/**
 * The key that opens a new term of a network's control chain (FORMATS.md §6), as text that is kept
 * on paper: base32 of 32 bytes and the first 3 of H("recovery-key", them), in groups of four.
 */
import { base32ToBytes, bytesToBase32 } from "../../base/base32.ts";
import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { hash } from "../../crypto/hash.ts";

export type RecoveryKeyFault =
  /** A character too many or too few, or one that stands in no such key. */
  | "recovery-key-form"
  /** Some character is another than it was. */
  | "recovery-key-checksum";

export const recoveryKeyText = (seed: Uint8Array): string => {
  const text = bytesToBase32(concatBytes(seed, checksumOf(seed)));
  return (text.match(/.{4}/g) ?? []).join("-").toUpperCase();
};

/**
 * The seed. Spaces, hyphens and case do not matter, and digits that stand in no key are read as the
 * letters that they look like. Never throws.
 */
export const readRecoveryKey = (text: string): Result<Uint8Array, RecoveryKeyFault> => {
  // First by characters, so that nothing walks through a text of any length
  if (text.length > textCharactersMax) return fail("recovery-key-form");
  const plain = text.toLowerCase().replace(/[\s-]/g, "");
  const typed = plain.replace(/0/g, "o").replace(/1/g, "l").replace(/8/g, "b");
  const bytes = base32ToBytes(typed);
  if (bytes?.length !== seedBytes + checksumBytes) return fail("recovery-key-form");
  const seed = bytes.slice(0, seedBytes);
  const isRight = equalBytes(checksumOf(seed), bytes.subarray(seedBytes));
  return isRight ? ok(seed) : fail("recovery-key-checksum");
};

const checksumOf = (seed: Uint8Array): Uint8Array =>
  hash("recovery-key", seed).slice(0, checksumBytes);

const seedBytes = 32;
const checksumBytes = 3;
/** 56 digits, and whatever stands between them. */
const textCharactersMax = 256;
