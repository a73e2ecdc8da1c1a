/**
 * Content identifiers of blobs (FORMATS.md §10), as the multiformats CID specification has them:
 * CIDv1, raw bytes, SHA-256, in base32.
 */
import { bytesToBase32 } from "./base32.ts";
import { concatBytes } from "./bytes.ts";

/** `hash`: SHA-256 of the bytes. */
export const cidOf = (hash: Uint8Array): string =>
  `b${bytesToBase32(concatBytes(Uint8Array.of(1, raw, sha256, hash.length), hash))}`;

const raw = 0x55;
const sha256 = 0x12;
