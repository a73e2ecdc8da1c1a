/**
 * Pieces of which the bodies of frames.ts are made: lists, ids, numbers. Readers throw what
 * `readForm` turns into a result.
 */
import { hexToBytes } from "../base/bytes.ts";
import { headerHashOf, scopeIdOf } from "../base/ids.ts";
import type { HeaderHash, ScopeId } from "../base/types.ts";
import type { CborReader } from "../cbor/reader.ts";
import type { CborWriter } from "../cbor/writer.ts";

export const writeList = <T>(
  writer: CborWriter,
  list: readonly T[],
  write: (writer: CborWriter, item: T) => void,
): void => {
  writer.arrayHead(list.length);
  for (const item of list) write(writer, item);
};

export const writeBytes = (writer: CborWriter, bytes: Uint8Array): void => {
  writer.bytes(bytes);
};

export const writeBytesOrNil = (writer: CborWriter, bytes: Uint8Array | null): void => {
  if (bytes === null) writer.nil();
  else writer.bytes(bytes);
};

export const writeHash = (writer: CborWriter, hash: HeaderHash | ScopeId): void => {
  writer.bytes(hexToBytes(hash));
};

export const writeRequest = (writer: CborWriter, request: number | null): void => {
  if (request === null) writer.nil();
  else writer.uint(request);
};

export const expectParts = (reader: CborReader, parts: number, wanted: number): void => {
  if (parts !== wanted) reader.fail("wrongShape", "another count of parts");
};

export const readSized = (reader: CborReader, size: number): Uint8Array => {
  const bytes = reader.readBytes();
  if (bytes.length !== size) reader.fail("wrongShape", `${String(size)} bytes are due`);
  return bytes;
};

export const readScope = (reader: CborReader): ScopeId => scopeIdOf(readSized(reader, 16));

export const readHash = (reader: CborReader): HeaderHash => headerHashOf(readSized(reader, 32));

export const readNull = (reader: CborReader): null => {
  reader.readNil();
  return null;
};

export const readRequest = (reader: CborReader): number | null =>
  reader.peekNil() ? readNull(reader) : readPositive(reader);

export const readPositive = (reader: CborReader): number => {
  const value = reader.readUint();
  return value > 0 ? value : reader.fail("wrongShape", "numbers begin at 1");
};

/** Bytes of a session: far below 2^53, so that sums of them stay exact. */
export const readPosition = (reader: CborReader): number => {
  const value = reader.readUint();
  return value <= 2 ** 52 ? value : reader.fail("badNumber", "a position beyond 2^52");
};
