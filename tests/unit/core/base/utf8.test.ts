/** Strict UTF-8: what comes back, what is refused, and the order of texts by their bytes. */
import { expect, test } from "vitest";
import {
  compareUtf8,
  isWellFormed,
  utf8Decode,
  utf8Encode,
  utf8EncodeInto,
  utf8Length,
} from "../../../../src/core/base/utf8.ts";

const texts = ["", "a", "é", "€", "😀", "a😀é€z", "\ufeffmarked", "\u0000", "x".repeat(1_000)];

test.each(texts)("%j comes back as it was", (text) => {
  const bytes = utf8Encode(text);
  expect(utf8Decode(bytes)).toBe(text);
  expect([...bytes]).toEqual([...Buffer.from(text, "utf8")]);
  expect(utf8Length(text)).toBe(bytes.length);
});

test("a byte order mark survives", () => {
  expect(utf8Decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
});

test.each([
  ["a lone continuation", [0x80]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["an overlong nul", [0xe0, 0x80, 0x80]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["a surrogate pair in six bytes", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["a character cut short", [0x61, 0xe2, 0x82]],
  ["0xff", [0xff]],
])("%s is refused", (_what, bytes) => {
  expect(utf8Decode(Uint8Array.from(bytes))).toBeNull();
});

test.each(["\ud800", "\udc00", "a\ud83d", "\ude00\ud83d"])("lone surrogates throw: %j", (text) => {
  expect(isWellFormed(text)).toBe(false);
  expect(() => utf8Encode(text)).toThrow(RangeError);
});

test("encoding into a buffer gives the bytes written", () => {
  const target = new Uint8Array(12);
  expect(utf8EncodeInto("é€", target)).toBe(5);
  expect(utf8Decode(target.subarray(0, 5))).toBe("é€");
});

test("texts stand in the order of their bytes, not of their code units", () => {
  const list = ["", "a", "ab", "b", "é", "\ud7ff", "\ue000", "\uffff", "😀", "😀a", "😁"];
  for (const a of list) {
    for (const b of list) {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
      expect(Math.sign(compareUtf8(a, b)), `${a} ${b}`).toBe(expected);
    }
  }
  expect(["😀", "\uffff"].sort(), "code units disagree").toEqual(["😀", "\uffff"]);
  expect(["😀", "\uffff"].sort(compareUtf8)).toEqual(["\uffff", "😀"]);
});
