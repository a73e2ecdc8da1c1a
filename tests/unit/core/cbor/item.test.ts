/** Structures: vectors of RFC 8949, and every way in which bytes can be wrong. */
import { expect, test } from "vitest";
import { bytesToHex, hexToBytes } from "../../../../src/core/base/bytes.ts";
import type { FormCode } from "../../../../src/core/cbor/form.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";

const caps = { bytesMax: 4_096, depthMax: 8, itemsMax: 512 };

/**
 * RFC 8949 Appendix A, as far as structures go (floats always take 64 bits here), and edges of our
 * own.
 */
const golden: readonly (readonly [hex: string, item: CborItem])[] = [
  ["00", 0],
  ["01", 1],
  ["0a", 10],
  ["17", 23],
  ["1818", 24],
  ["1819", 25],
  ["1864", 100],
  ["18ff", 255],
  ["190100", 256],
  ["1903e8", 1_000],
  ["19ffff", 65_535],
  ["1a00010000", 65_536],
  ["1a000f4240", 1_000_000],
  ["1affffffff", 4_294_967_295],
  ["1b0000000100000000", 4_294_967_296],
  ["1b000000e8d4a51000", 1_000_000_000_000],
  ["1b001fffffffffffff", 9_007_199_254_740_991],
  ["20", -1],
  ["29", -10],
  ["3863", -100],
  ["3903e7", -1_000],
  ["3b001ffffffffffffe", -9_007_199_254_740_991],
  ["fb3ff199999999999a", 1.1],
  ["fb3ff8000000000000", 1.5],
  ["fb7e37e43c8800759c", 1.0e300],
  ["fbc010666666666666", -4.1],
  ["fb0000000000000001", Number.MIN_VALUE],
  ["fb4340000000000000", 9_007_199_254_740_992],
  ["fbc340000000000000", -9_007_199_254_740_992],
  ["f4", false],
  ["f5", true],
  ["f6", null],
  ["40", new Uint8Array()],
  ["4401020304", Uint8Array.of(1, 2, 3, 4)],
  ["60", ""],
  ["6161", "a"],
  ["6449455446", "IETF"],
  ["62225c", '"\\'],
  ["62c3bc", "ü"],
  ["63e6b0b4", "水"],
  ["64f0908591", "𐅑"],
  ["64efbbbf61", "\ufeffa"],
  ["80", []],
  ["83010203", [1, 2, 3]],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  [
    "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    Array.from({ length: 25 }, (_, at) => at + 1),
  ],
];

test.each(golden)("%s", (hex, item) => {
  expect(bytesToHex(encodeCbor(item))).toBe(hex);
  expect(decodeCbor(hexToBytes(hex), caps)).toEqual({ ok: true, value: item });
});

test("-0 is 0", () => {
  expect(bytesToHex(encodeCbor(-0))).toBe("00");
});

test.each([Number.NaN, Infinity, -Infinity, "\ud800", "x".repeat(200) + "\udc00", "ü\ud800"])(
  "what has no canonical form throws: %j",
  (item) => {
    expect(() => encodeCbor([item])).toThrow(RangeError);
  },
);

const refused: readonly (readonly [what: string, hex: string, code: FormCode, offset: number])[] = [
  ["nothing", "", "truncated", 0],
  ["a head without its argument", "19ff", "truncated", 0],
  ["text cut short", "6261", "truncated", 0],
  ["bytes cut short", "4201", "truncated", 0],
  ["a float cut short", "fb3ff80000000000", "truncated", 0],
  ["an array that lacks an element", "8201", "truncated", 0],
  ["an array that claims 2^32 elements", "9affffffff", "truncated", 0],
  ["an array that claims 2^53 - 1 elements", "9b001fffffffffffff", "truncated", 0],
  ["text that claims 2^53 - 1 bytes", "7b001fffffffffffff", "truncated", 0],
  ["a byte too many", "0000", "trailing", 1],
  ["0 in two bytes", "1800", "notCanonical", 0],
  ["23 in two bytes", "1817", "notCanonical", 0],
  ["255 in three bytes", "1900ff", "notCanonical", 0],
  ["65535 in five bytes", "1a0000ffff", "notCanonical", 0],
  ["2^32 - 1 in nine bytes", "1b00000000ffffffff", "notCanonical", 0],
  ["a long head of text", "780161", "notCanonical", 0],
  ["a long head of an array", "8198020102", "notCanonical", 1],
  ["2^53", "1b0020000000000000", "badNumber", 0],
  ["2^64 - 1", "1bffffffffffffffff", "badNumber", 0],
  ["-2^53", "3b001fffffffffffff", "badNumber", 0],
  ["-2^64", "3bffffffffffffffff", "badNumber", 0],
  ["an integer as a float", "fb3ff0000000000000", "notCanonical", 0],
  ["2^53 - 1 as a float", "fb433fffffffffffff", "notCanonical", 0],
  ["-0", "fb8000000000000000", "notCanonical", 0],
  ["NaN", "fb7ff8000000000000", "badNumber", 0],
  ["NaN with a payload", "fbfff800000000beef", "badNumber", 0],
  ["Infinity", "fb7ff0000000000000", "badNumber", 0],
  ["a float of 16 bits", "f93e00", "notCanonical", 0],
  ["a float of 32 bits", "fa3fc00000", "notCanonical", 0],
  ["undefined", "f7", "unsupported", 0],
  ["a simple value", "f0", "unsupported", 0],
  ["a simple value in two bytes", "f8ff", "unsupported", 0],
  ["a break", "ff", "unsupported", 0],
  ["an array of indefinite length", "9f01ff", "unsupported", 0],
  ["text of indefinite length", "7f6161ff", "unsupported", 0],
  ["bytes of indefinite length", "5f4101ff", "unsupported", 0],
  ["reserved length 28", "1c", "unsupported", 0],
  ["a map", "81a0", "unsupported", 1],
  ["a tag", "c100", "unsupported", 0],
  ["overlong UTF-8", "8262c0af00", "badText", 1],
  ["a surrogate in UTF-8", "63eda080", "badText", 0],
  ["long text that is not UTF-8", "781e" + "61".repeat(29) + "ff", "badText", 0],
  ["nine arrays around an item", "81".repeat(9) + "00", "tooDeep", 8],
];

test.each(refused)("%s is refused", (_what, hex, code, offset) => {
  expect(decodeCbor(hexToBytes(hex), caps)).toMatchObject({ ok: false, error: { code, offset } });
});

test("caps are exact", () => {
  const eight = hexToBytes("81".repeat(8) + "00");
  expect(decodeCbor(eight, caps).ok).toBe(true);
  const items = encodeCbor([1, 2, [3]]);
  expect(decodeCbor(items, { ...caps, itemsMax: 5 }).ok).toBe(true);
  expect(decodeCbor(items, { ...caps, itemsMax: 4 })).toMatchObject({
    error: { code: "tooManyItems" },
  });
  expect(decodeCbor(items, { ...caps, bytesMax: items.length }).ok).toBe(true);
  expect(decodeCbor(items, { ...caps, bytesMax: items.length - 1 })).toMatchObject({
    error: { code: "tooLong" },
  });
});

test("byte strings are copies", () => {
  const bytes = hexToBytes("420102");
  const result = decodeCbor(bytes, caps);
  bytes.fill(0);
  expect(result).toEqual({ ok: true, value: Uint8Array.of(1, 2) });
});

test("reading within a larger buffer counts offsets from the view's own start", () => {
  const around = hexToBytes("ffff8201fb3ff8000000000000ffff");
  expect(decodeCbor(around.subarray(2, 13), caps)).toEqual({ ok: true, value: [1, 1.5] });
});
