/**
 * Content identifiers of blobs (FORMATS.md §10), as the multiformats CID specification has them:
 * CIDv1, raw bytes, SHA-256, in base32.
 */
import { concatBytes } from "./bytes.ts";

/** `hash`: SHA-256 of the bytes. */
export const cidOf = (hash: Uint8Array): string =>
  `b${bytesToBase32(concatBytes(Uint8Array.of(1, raw, sha256, hash.length), hash))}`;

const raw = 0x55;
const sha256 = 0x12;
const digits = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648, lower case, without padding. */
const bytesToBase32 = (bytes: Uint8Array): string => {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    held += 8;
    for (; held >= 5; held -= 5) text += digits.charAt((bits >> (held - 5)) & 31);
  }
  return held === 0 ? text : text + digits.charAt((bits << (5 - held)) & 31);
};
