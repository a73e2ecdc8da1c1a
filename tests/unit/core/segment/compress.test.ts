/**
 * Deflating, and the verdict on what others deflated. tests/golden has bodies of other compressors.
 */
import { expect, test } from "vitest";
import { compressBody, inflateBody } from "../../../../src/core/segment/compress.ts";
import { createRandom } from "../../../support/random.ts";

test("a body is stored in the smaller form", () => {
  const plain = new Uint8Array(10_000).fill(65);
  const { form, bytes } = compressBody(plain);
  expect(form).toBe(1);
  expect(bytes.length).toBeLessThan(100);
  expect(inflateBody(bytes, plain.length)).toEqual({ ok: true, value: plain });
  const noise = createRandom(1).bytes(1_000);
  expect(compressBody(noise)).toEqual({ form: 0, bytes: noise });
});

test("a stream counts only if it ends with its last byte at the announced length", () => {
  const plain = new Uint8Array(70_000).map((_, at) => (at * at) % 251);
  const { bytes } = compressBody(plain);
  const verdict = (stored: Uint8Array, announced = plain.length) => {
    const result = inflateBody(stored, announced);
    return result.ok ? "sound" : result.error;
  };
  expect(verdict(bytes)).toBe("sound");
  expect(verdict(bytes, plain.length - 1)).toBe("inflate-length");
  expect(verdict(bytes, plain.length + 1)).toBe("inflate-length");
  expect(verdict(bytes, 0)).toBe("inflate-length");
  expect(verdict(new Uint8Array([...bytes, 0]))).toBe("inflate-trailing");
  expect(verdict(new Uint8Array([...bytes, ...bytes]))).toBe("inflate-trailing");
  expect(verdict(bytes.subarray(0, bytes.length - 1))).toBe("inflate-stream");
  expect(verdict(new Uint8Array())).toBe("inflate-stream");
  // The last block's mark is the lowest bit: without it another block must follow.
  expect(verdict(bytes.map((byte, at) => (at === 0 ? byte & ~1 : byte)))).toBe("inflate-stream");
});

test("a bomb makes no more than was announced", () => {
  const bomb = compressBody(new Uint8Array(50_000_000)).bytes;
  const result = inflateBody(bomb, 1_000);
  expect(result).toEqual({ ok: false, error: "inflate-length" });
});
