/**
 * Structures: the positional arrays of which ops, headers, frames and hashes are made. No maps and
 * no tags; those occur only inside a user's values (value.ts).
 */
import { readForm, type FormError } from "./form.ts";
import { CborReader, type CborItem } from "./reader.ts";
import { CborWriter } from "./writer.ts";
import { fail, type Result } from "../base/result.ts";

export type { CborItem } from "./reader.ts";

/** What a reader of peers' bytes is ready to take. */
export interface CborCaps {
  readonly bytesMax: number;
  /** Arrays around the deepest item. */
  readonly depthMax: number;
  /** Items of all depths together. */
  readonly itemsMax: number;
}

/**
 * Throws a RangeError for what has no canonical form (NaN, infinities, lone surrogates): a bug of
 * the caller.
 */
export const encodeCbor = (item: CborItem): Uint8Array => {
  const writer = new CborWriter();
  writeItem(writer, item);
  return writer.take();
};

export const writeItem = (writer: CborWriter, item: CborItem): void => {
  if (item === null) writer.nil();
  else if (typeof item === "number") writer.number(item);
  else if (typeof item === "string") writer.text(item);
  else if (typeof item === "boolean") writer.bool(item);
  else if (item instanceof Uint8Array) writer.bytes(item);
  else {
    writer.arrayHead(item.length);
    for (const element of item) writeItem(writer, element);
  }
};

/** Exactly one item in canonical form, or what is wrong with it. */
export const decodeCbor = (bytes: Uint8Array, caps: CborCaps): Result<CborItem, FormError> => {
  if (bytes.length > caps.bytesMax) {
    return fail({ code: "tooLong", offset: caps.bytesMax, what: "more bytes than allowed" });
  }
  return readForm(() => {
    const reader = new CborReader(bytes, 0, bytes.length, caps.itemsMax);
    const item = reader.readItem(caps.depthMax);
    reader.expectEnd();
    return item;
  });
};
