/**
 * Heads of a scope: its tips, the hash that says whether two replicas hold the same, and the proof
 * that two have read the same without showing it (FORMATS.md §8).
 */
import type { Brand } from "../base/brand.ts";
import { bytesToHex, hexToBytes } from "../base/bytes.ts";
import type { HeaderHash, WriterId } from "../base/types.ts";
import { encodeCbor } from "../cbor/item.ts";
import { hmac, labelled, sha256 } from "../crypto/hash.ts";

/** The last header of a branch of a writer. A writer that never forked has one. */
export interface Tip {
  readonly writer: WriterId;
  /** n of the last op under this header. */
  readonly n: number;
  readonly hash: HeaderHash;
}

/** 32 bytes in hexadecimal: H("heads", [writer, n, header hash], …). */
export type HeadsHash = Brand<string, "HeadsHash">;

/** Who opened the connection, I, and who answered, R: proofs of one never pass for the other's. */
export type Role = "I" | "R";

/** By writer, then n, then hash: the order of tips in hashes and on the wire. */
export const compareTips = (a: Tip, b: Tip): number =>
  compareTexts(a.writer, b.writer) || a.n - b.n || compareTexts(a.hash, b.hash);

export const headsHashOf = (tips: readonly Tip[]): HeadsHash => {
  const items = tips
    .toSorted(compareTips)
    .map(({ writer, n, hash: header }) => [hexToBytes(writer), n, hexToBytes(header)]);
  // As H("heads", …items) is defined; there can be more of them than a call takes arguments.
  return headsHashFrom(sha256(labelled("heads", items)));
};

/** From 32 bytes, the only place that makes them. */
export const headsHashFrom = (bytes: Uint8Array): HeadsHash =>
  // The only cast to the brand.
  bytesToHex(bytes) as HeadsHash;

/**
 * What a peer shows of its state digest (32 bytes): only who has the same digest can tell. 32
 * bytes.
 */
export const digestProof = (
  key: Uint8Array,
  transcript: Uint8Array,
  role: Role,
  digest: Uint8Array,
): Uint8Array => hmac(key, encodeCbor([transcript, role, digest]));

/** Hexadecimal of one length: text order is byte order. */
const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
