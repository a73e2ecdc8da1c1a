/**
 * Base32 against the vectors of RFC 4648, section 10.
 */
import { expect, test } from "vitest";
import { base32ToBytes, bytesToBase32 } from "../../../../src/core/base/base32.ts";
import { createRandom } from "../../../support/random.ts";

test.each([
  ["", ""],
  ["f", "my"],
  ["fo", "mzxq"],
  ["foo", "mzxw6"],
  ["foob", "mzxw6yq"],
  ["fooba", "mzxw6ytb"],
  ["foobar", "mzxw6ytboi"],
])("%s is %s", (plain, text) => {
  const bytes = new TextEncoder().encode(plain);
  expect(bytesToBase32(bytes)).toBe(text);
  expect(base32ToBytes(text)).toEqual(bytes);
});

test("what is read is written again the same, and nothing else is read", () => {
  const random = createRandom(1);
  for (let length = 0; length < 100; length++) {
    const bytes = random.bytes(length);
    expect(base32ToBytes(bytesToBase32(bytes))).toEqual(bytes);
  }
  for (const text of ["a", "mzx", "mz", "mzxw6y", "MY", "m1", "my=", "m y"]) {
    expect(base32ToBytes(text)).toBeNull();
  }
});
