/** Messages of the application and their bytes. */
import { expect, test } from "vitest";
import { applicationMessageBytesMax } from "../../../../src/core/base/limits.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import {
  decodeApplicationMessage,
  encodeApplicationMessage,
} from "../../../../src/core/sync/applicationMessage.ts";

const message = { type: "cursor", timestamp: 1_700_000_000_000, payload: { x: 1, y: [true] } };

test("what is written is read, and its bytes are those of the format", () => {
  expect(decodeApplicationMessage(encodeApplicationMessage(message))).toEqual({
    ...{ ok: true, value: message },
  });
  const plain = encodeApplicationMessage({ type: "t", timestamp: 5, payload: [1, null, "a"] });
  expect(plain).toEqual(encodeCbor(["t", 5, [1, null, "a"]]));
});

test("other shapes, other spellings and what is too long are refused", () => {
  const codeOf = (bytes: Uint8Array): unknown => {
    const read = decodeApplicationMessage(bytes);
    return read.ok ? read.value : read.error.code;
  };
  expect(codeOf(encodeCbor(["t", 5]))).toBe("wrongShape");
  expect(codeOf(encodeCbor(["", 5, null]))).toBe("wrongShape");
  expect(codeOf(encodeCbor(["x".repeat(257), 5, null]))).toBe("wrongShape");
  expect(codeOf(encodeCbor([5, 5, null]))).toBe("wrongShape");
  expect(codeOf(Uint8Array.of(...encodeCbor(["t", 5, null]), 0))).toBe("trailing");
  expect(codeOf(Uint8Array.of(0x83, 0x78, 1, 0x74, 5, 0xf6))).toBe("notCanonical");
  const long = { ...message, payload: "x".repeat(applicationMessageBytesMax) };
  expect(codeOf(encodeApplicationMessage(long))).toBe("tooLong");
});
