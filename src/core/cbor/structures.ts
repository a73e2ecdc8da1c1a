/**
 * What the records that this database writes for itself are made of, and how they are read again.
 */
import type { Time } from "../base/types.ts";
import type { Result } from "../base/result.ts";
import { readForm, type FormError } from "./form.ts";
import { CborReader } from "./reader.ts";
import type { CborWriter } from "./writer.ts";

export const writeList = <T>(
  writer: CborWriter,
  list: readonly T[],
  write: (item: T) => void,
): void => {
  writer.arrayHead(list.length);
  for (const item of list) write(item);
};

export const readList = <T>(
  reader: CborReader,
  read: () => T,
  countMax = Infinity,
): readonly T[] => {
  const count = reader.readArrayHead();
  if (count > countMax) reader.fail("tooManyItems", "a longer list than allowed");
  const list: T[] = [];
  for (let left = count; left > 0; left--) list.push(read());
  return list;
};

/** null where nil stands. */
export const readOptional = <T>(reader: CborReader, read: () => T): T | null => {
  if (!reader.peekNil()) return read();
  reader.readNil();
  return null;
};

/** The bytes are this and nothing more. */
export const readWhole = <T>(
  bytes: Uint8Array,
  read: (reader: CborReader) => T,
): Result<T, FormError> =>
  readForm(() => {
    const reader = new CborReader(bytes);
    const value = read(reader);
    reader.expectEnd();
    return value;
  });

/** `[ms, counter]` */
export const readTime = (reader: CborReader): Time => {
  expectCount(reader, 2);
  return { ms: reader.readUint(), counter: reader.readUint() };
};

/** Bytes of that length alone. */
export const readSized = (reader: CborReader, size: number): Uint8Array => {
  const bytes = reader.readBytes();
  if (bytes.length !== size) reader.fail("wrongShape", `${String(size)} bytes expected`);
  return bytes;
};

/** The head of an array of so many elements. */
export const expectCount = (reader: CborReader, count: number): void => {
  if (reader.readArrayHead() !== count) {
    reader.fail("wrongShape", `${String(count)} elements expected`);
  }
};
