/**
 * Bytes and the texts that stand for them, against Node's own; checksums against the definition.
 */
import { expect, test } from "vitest";
import {
  base64UrlToBytes,
  bytesToBase64Url,
  bytesToHex,
  bytesToLatin1,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  isHex,
} from "../../../../src/core/base/bytes.ts";
import { crc32c } from "../../../../src/core/base/crc32c.ts";
import { utf8Encode } from "../../../../src/core/base/utf8.ts";
import { createRandom } from "../../../support/random.ts";

const of = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const random = createRandom(20_261);
const samples = Array.from({ length: 40 }, (_, length) => random.bytes(length));

test("concatenation", () => {
  expect(concatBytes()).toEqual(of());
  expect(concatBytes(of(1), of(), of(2, 3))).toEqual(of(1, 2, 3));
});

test("order is that of Buffer.compare", () => {
  const list = [...samples, of(0), of(0, 0), of(255), of(1, 2), of(1, 3)];
  for (const a of list) {
    for (const b of list) {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
    }
  }
});

test("hexadecimal and base64url are Node's, and come back", () => {
  for (const bytes of samples) {
    expect(bytesToHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
    expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes);
    expect(bytesToBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
    expect(base64UrlToBytes(bytesToBase64Url(bytes))).toEqual(bytes);
    expect(bytesToLatin1(bytes)).toBe(Buffer.from(bytes).toString("latin1"));
  }
});

test.each(["0", "0g", "AB", "a ", "é0"])("no hexadecimal: %j", (text) => {
  expect(() => hexToBytes(text)).toThrow(RangeError);
});

test("isHex wants the exact size and lower case", () => {
  expect(isHex("00ff", 2)).toBe(true);
  expect(isHex("00ff", 1)).toBe(false);
  expect(isHex("00FF", 2)).toBe(false);
  expect(isHex("", 0)).toBe(true);
  expect(isHex("00ff\n", 2)).toBe(false);
});

test.each(["A", "AAAAA", "AA==", "A+", "A/", "AB", "AAB", "é", "A A"])(
  "no base64url, or not the one text for its bytes: %j",
  (text) => {
    expect(base64UrlToBytes(text)).toBeNull();
  },
);

test("latin1 of more than one stretch", () => {
  const bytes = createRandom(3).bytes(10_000);
  expect(bytesToLatin1(bytes)).toBe(Buffer.from(bytes).toString("latin1"));
});

test("CRC-32C: vectors of RFC 3720 B.4 and the catalogue's check value", () => {
  expect(crc32c(utf8Encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => 31 - at))).toBe(0x113fdb5c);
  expect(crc32c(of())).toBe(0);
});

test("CRC-32C by eights equals the definition bit by bit, at every length and offset", () => {
  const bitwise = (bytes: Uint8Array): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return (crc ^ 0xffffffff) >>> 0;
  };
  const bytes = createRandom(5).bytes(64);
  for (let from = 0; from < 9; from++) {
    for (let to = from; to <= bytes.length; to++) {
      expect(crc32c(bytes.subarray(from, to))).toBe(bitwise(bytes.slice(from, to)));
    }
  }
});
