/** Envelopes: bytes that come back, and every damage that is noticed. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openEnvelope, sealEnvelope } from "../../../src/storage/envelope.ts";

test("an envelope is version, checksum and bytes, in a buffer of its own", () => {
  // CRC-32C of "123456789" is e3069283
  const view = new TextEncoder().encode("0123456789").subarray(1);
  const envelope = sealEnvelope(view);
  expect([...envelope.subarray(0, 5)]).toEqual([1, 0x83, 0x92, 0x06, 0xe3]);
  expect(envelope.subarray(5)).toEqual(view);
  expect(envelope.buffer.byteLength).toBe(14);
});

test("what was sealed opens, also as a view of something larger", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(9), (bytes, before) => {
      const larger = new Uint8Array(before + 5 + bytes.length + 3);
      larger.set(sealEnvelope(bytes), before);
      const view = larger.subarray(before, before + 5 + bytes.length);
      expect(openEnvelope(view)).toEqual({ ok: true, value: bytes });
    }),
  );
});

test("any single changed bit is damage", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), (bytes, bit) => {
      const envelope = sealEnvelope(bytes);
      const at = (bit >> 3) % envelope.length;
      envelope[at] = (envelope[at] ?? 0) ^ (1 << (bit & 7));
      expect(openEnvelope(envelope).ok).toBe(false);
    }),
  );
});

test.each([
  ["nothing", undefined, "no bytes"],
  ["another type", "text", "no bytes"],
  ["a cut head", Uint8Array.of(1, 0, 0, 0), "shorter than its envelope"],
  ["a version to come", Uint8Array.of(2, 0, 0, 0, 0), "format version 2 is not known"],
  ["a wrong checksum", Uint8Array.of(1, 1, 0, 0, 0), "checksum does not match"],
])("%s is damage that says what it is", (_title, value, error) => {
  expect(openEnvelope(value)).toEqual({ ok: false, error });
});
