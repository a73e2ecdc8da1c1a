/**
 * A message of the application's own and its bytes (FORMATS.md §8, frame 10). Who sent it stands
 * nowhere in it: that is whoever the session is with.
 *
 * body = [type text, milliseconds since 1970 by the sender's clock, payload value]
 */
import { applicationMessageBytesMax, nameBytesMax } from "../base/limits.ts";
import type { Result } from "../base/result.ts";
import type { Value } from "../base/types.ts";
import { utf8Length } from "../base/utf8.ts";
import { readForm, type FormError } from "../cbor/form.ts";
import { CborReader } from "../cbor/reader.ts";
import { nestingMax, readValue, writeValue } from "../cbor/value.ts";
import { CborWriter } from "../cbor/writer.ts";
import { expectParts } from "./frameParts.ts";

export interface ApplicationMessage {
  /** 1 to `nameBytesMax` bytes. */
  readonly type: string;
  readonly timestamp: number;
  readonly payload: Value;
}

export const encodeApplicationMessage = (message: ApplicationMessage): Uint8Array => {
  const writer = new CborWriter();
  writer.arrayHead(3);
  writer.text(message.type);
  writer.uint(message.timestamp);
  writeValue(writer, message.payload);
  return writer.take();
};

/** Of a peer's bytes. Never throws. */
export const decodeApplicationMessage = (
  bytes: Uint8Array,
): Result<ApplicationMessage, FormError> => {
  return readForm(() => {
    const reader = new CborReader(bytes);
    if (bytes.length > applicationMessageBytesMax)
      reader.fail("tooLong", "a message over its bound");
    expectParts(reader, reader.readArrayHead(), 3);
    const type = reader.readText();
    if (!isMessageType(type)) reader.fail("wrongShape", "a type that is empty or too long");
    const message = { type, timestamp: reader.readUint(), payload: readValue(reader, nestingMax) };
    reader.expectEnd();
    return message;
  });
};

export const isMessageType = (type: string): boolean =>
  type !== "" && utf8Length(type) <= nameBytesMax;
