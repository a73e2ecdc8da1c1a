/**
 * How a value stands in a store: [format version u8, CRC-32C of the bytes u32 LE, bytes]
 * (FORMATS.md §5). A value that cannot be trusted is named as damage; it is never handed on.
 */
import { crc32c } from "../core/base/crc32c.ts";
import { fail, ok, type Result } from "../core/base/result.ts";

/** A new array of its own buffer, so that storing it stores nothing beside it. */
export const sealEnvelope = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const envelope = new Uint8Array(headBytes + bytes.length);
  const view = new DataView(envelope.buffer);
  view.setUint8(0, formatVersion);
  view.setUint32(1, crc32c(bytes), true);
  envelope.set(bytes, headBytes);
  return envelope;
};

/** The bytes (a view of the envelope), or why it is damaged. */
export const openEnvelope = (value: unknown): Result<Uint8Array, string> => {
  if (!(value instanceof Uint8Array)) return fail("no bytes");
  if (value.length < headBytes) return fail("shorter than its envelope");
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const version = view.getUint8(0);
  if (version !== formatVersion) return fail(`format version ${version} is not known`);
  const bytes = value.subarray(headBytes);
  return crc32c(bytes) === view.getUint32(1, true) ? ok(bytes) : fail("checksum does not match");
};

const formatVersion = 1;
const headBytes = 5;
