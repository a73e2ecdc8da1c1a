/**
 * The labelled hashes and keys of FORMATS.md: every hash and derived key says what it is for, so
 * that bytes made for one purpose can never pass for another. Pure JavaScript, since the core waits
 * for nothing and its inputs are small; bodies and signatures go through the `CryptoPort`.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac as nobleHmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { encodeCbor, type CborItem } from "../cbor/item.ts";

export const sha256 = (bytes: Uint8Array): Uint8Array => nobleSha256(bytes);

/** HMAC-SHA256, 32 bytes. */
export const hmac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  nobleHmac(nobleSha256, key, bytes);

/**
 * CBOR `["nebulusdb/1/" + label, …parts]`: what is hashed, signed, or given as the purpose of a
 * key.
 */
export const labelled = (label: string, parts: readonly CborItem[]): Uint8Array =>
  encodeCbor([`nebulusdb/1/${label}`, ...parts]);

/** H of FORMATS.md, 32 bytes. */
export const hash = (label: string, ...parts: readonly CborItem[]): Uint8Array =>
  sha256(labelled(label, parts));

/** H16 of FORMATS.md: the first 16 bytes of `hash`. */
export const shortHash = (label: string, ...parts: readonly CborItem[]): Uint8Array =>
  hash(label, ...parts).slice(0, 16);

/** KDF of FORMATS.md: HKDF-SHA256 (RFC 5869); without options an empty salt and 32 bytes. */
export const deriveKey = (
  key: Uint8Array,
  label: string,
  parts: readonly CborItem[],
  options: { readonly salt?: Uint8Array; readonly bytes?: number } = {},
): Uint8Array => hkdf(nobleSha256, key, options.salt, labelled(label, parts), options.bytes ?? 32);
