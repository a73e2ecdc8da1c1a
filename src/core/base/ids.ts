/**
 * Where bytes become ids: the only casts to the id types of types.ts. Each throws on a wrong
 * length, which is a bug of the caller: peers' bytes are measured where they are read.
 */
import { bytesToHex } from "./bytes.ts";
import type { HeaderHash, ScopeId, ShortHash, WriterId } from "./types.ts";

export const writerIdOf = (bytes: Uint8Array): WriterId =>
  // The one place that makes WriterIds.
  hexOf(bytes, 16) as WriterId;

export const scopeIdOf = (bytes: Uint8Array): ScopeId =>
  // The one place that makes ScopeIds.
  hexOf(bytes, 16) as ScopeId;

export const headerHashOf = (bytes: Uint8Array): HeaderHash =>
  // The one place that makes HeaderHashes.
  hexOf(bytes, 32) as HeaderHash;

export const shortHashOf = (bytes: Uint8Array): ShortHash =>
  // The one place that makes ShortHashes of bytes.
  hexOf(bytes, 16) as ShortHash;

/** H16 of a header: the first half of its hash. */
export const shortened = (hash: HeaderHash): ShortHash =>
  // Half of 32 bytes in hexadecimal is 16 bytes in hexadecimal.
  hash.slice(0, 32) as ShortHash;

const hexOf = (bytes: Uint8Array, size: number): string => {
  if (bytes.length !== size) throw new RangeError(`an id of ${String(size)} bytes is needed`);
  return bytesToHex(bytes);
};
