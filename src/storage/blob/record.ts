/**
 * What is kept about a blob beside its bytes, so that any part of it can be checked without the
 * rest: bytes are cut into chunks of 1 MiB, and each chunk's SHA-256 is kept.
 *
 * head = ["NBB1", size u64 LE, SHA-256 of the bytes, root 32, CRC-32C of all before u32 LE]
 * hashes = the chunks' SHA-256 one behind the other
 * root = H("blob", hashes), which proves the list; the head's first hash is the blob's name.
 */
import { bytesToHex, concatBytes, equalBytes } from "../../core/base/bytes.ts";
import { cidOf } from "../../core/base/cid.ts";
import { crc32c } from "../../core/base/crc32c.ts";
import { blobChunkBytes } from "../../core/base/limits.ts";
import { fail, ok, type Result } from "../../core/base/result.ts";
import { hash as labelledHash } from "../../core/crypto/hash.ts";
import type { BlobHash, BlobStat } from "../blobs.ts";

/** As a driver stores it. */
export interface StoredRecord {
  readonly head: Uint8Array;
  readonly hashes: Uint8Array;
}

export interface BlobRecord extends BlobStat {
  readonly chunkHash: (index: number) => Uint8Array;
}

export const headBytes = 80;
export const hashBytes = 32;

export const chunkCount = (size: number): number => Math.ceil(size / blobChunkBytes);

export const encodeRecord = (
  size: number,
  hash: Uint8Array,
  chunkHashes: readonly Uint8Array[],
): StoredRecord => {
  const hashes = concatBytes(...chunkHashes);
  const numbers = new Uint8Array(8);
  new DataView(numbers.buffer).setBigUint64(0, BigInt(size), true);
  const covered = concatBytes(magic, numbers, hash, labelledHash("blob", hashes));
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, crc32c(covered), true);
  return { head: concatBytes(covered, checksum), hashes };
};

/** How long the head says that the blob is; null: the head is damaged. */
export const sizeInHead = (head: Uint8Array): number | null => {
  if (head.length !== headBytes || !equalBytes(head.subarray(0, 4), magic)) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (crc32c(head.subarray(0, headBytes - 4)) !== view.getUint32(headBytes - 4, true)) return null;
  return Number(view.getBigUint64(4, true));
};

/** The record of the blob of that name, or what is damaged in it. */
export const decodeRecord = (
  hash: BlobHash,
  { head, hashes }: StoredRecord,
): Result<BlobRecord, string> => {
  const size = sizeInHead(head);
  if (size === null) return fail("its head is damaged");
  const own = head.subarray(12, 12 + hashBytes);
  if (bytesToHex(own) !== hash) return fail("it is another blob");
  const root = head.subarray(12 + hashBytes, 12 + 2 * hashBytes);
  const isProven = equalBytes(labelledHash("blob", hashes), root);
  if (!isProven || hashes.length !== chunkCount(size) * hashBytes) {
    return fail("the list of its chunks is damaged");
  }
  const chunkHash = (index: number): Uint8Array =>
    hashes.subarray(index * hashBytes, (index + 1) * hashBytes);
  return ok({ hash, cid: cidOf(own), size, chunkHash });
};

const magic = Uint8Array.of(0x4e, 0x42, 0x42, 0x31);
