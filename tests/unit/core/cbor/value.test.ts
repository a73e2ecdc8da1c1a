/** Users' values: pinned bytes, refusals, keys, and what `skip` judges. */
import { expect, test } from "vitest";
import { bytesToHex, hexToBytes } from "../../../../src/core/base/bytes.ts";
import type { Value } from "../../../../src/core/base/types.ts";
import { readForm, type FormCode } from "../../../../src/core/cbor/form.ts";
import { CborReader } from "../../../../src/core/cbor/reader.ts";
import {
  copyValue,
  decodeValue,
  encodedLength,
  encodeValue,
  equalValues,
  nestingOf,
  valueKey,
} from "../../../../src/core/cbor/value.ts";

const nested = (levels: number): Value => (levels === 0 ? 0 : [nested(levels - 1)]);
const textHex = (text: string): string => bytesToHex(encodeValue(text));

const golden: readonly (readonly [hex: string, value: Value])[] = [
  ["a0", {}],
  ["a26161016162820203", { b: [2, 3], a: 1 }],
  // Byte order, not shortest first, and not code units: U+FFFD stands before U+1F600.
  ["a362616101616202616303", { c: 3, b: 2, aa: 1 }],
  ["a263efbfbd0164f09f988002", { "😀": 2, "\ufffd": 1 }],
  ["c1fb0000000000000000", new Date(0)],
  ["c1fb41d452d9ec200000", new Date("2013-03-21T20:04:00.500Z")],
  ["c1fbbff0000000000000", new Date(-1_000)],
  ["d85540", new Float32Array()],
  ["d855480000803f000020c0", Float32Array.of(1, -2.5)],
  ["d8554400000080", Float32Array.of(-0)],
  [`a1${textHex("_ours")}01`, { _ours: 1 }],
  [`a1${textHex("toString")}01`, { toString: 1 }],
];

test.each(golden)("%s", (hex, value) => {
  expect(bytesToHex(encodeValue(value))).toBe(hex);
  expect(encodedLength(value)).toBe(hex.length / 2);
  expect(decodeValue(hexToBytes(hex))).toEqual({ ok: true, value });
});

const refused: readonly (readonly [what: string, hex: string, code: FormCode])[] = [
  ["keys out of order", "a2616201616102", "badKeys"],
  ["a key twice", "a2616101616102", "badKeys"],
  ["keys in the order of code units", "a264f09f98800163efbfbd02", "badKeys"],
  ["a key that is no text", "a10102", "badKeys"],
  ["a map cut short", "a26161", "truncated"],
  ["a map that claims 2^32 pairs", "baffffffff", "truncated"],
  ["an empty name", "a16001", "wrongShape"],
  ["__proto__", `a1${textHex("__proto__")}01`, "wrongShape"],
  ["constructor", `a1${textHex("constructor")}01`, "wrongShape"],
  ["prototype", `a1${textHex("prototype")}01`, "wrongShape"],
  ["a name with a dot", `a1${textHex("a.b")}01`, "wrongShape"],
  ["a name with a leading $", `a1${textHex("$set")}01`, "wrongShape"],
  ["a name of 257 bytes", `a1${textHex("x".repeat(257))}01`, "wrongShape"],
  ["a date as an integer", "c100", "wrongShape"],
  ["a date between milliseconds", "c1fb3f40624dd2f1a9fd", "wrongShape"],
  ["a date that is NaN", "c1fb7ff8000000000000", "badNumber"],
  ["a date of -0", "c1fb8000000000000000", "notCanonical"],
  ["a date out of range", "c1fb42b0000000000000", "wrongShape"],
  ["a date as text", "c06161", "unsupported"],
  ["a big integer", "c24101", "unsupported"],
  ["a decimal", "c4820101", "unsupported"],
  ["tag 85 in a long head", "d9005540", "notCanonical"],
  ["a vector of three bytes", "d85543000000", "wrongShape"],
  ["a vector of a list", "d85580", "wrongShape"],
  ["a vector with NaN", "d855440000c07f", "badNumber"],
  ["a vector with Infinity", "d855440000807f", "badNumber"],
  ["undefined", "81f7", "unsupported"],
  ["trailing bytes", "f6f6", "trailing"],
  ["sixteen arrays", "81".repeat(16) + "00", "tooDeep"],
];

test.each(refused)("%s is refused", (_what, hex, code) => {
  expect(decodeValue(hexToBytes(hex))).toMatchObject({ ok: false, error: { code } });
});

test("nesting: fifteen arrays may stand under one name", () => {
  expect(decodeValue(encodeValue(nested(15)))).toEqual({ ok: true, value: nested(15) });
  expect(decodeValue(encodeValue([[]]), 1)).toMatchObject({ error: { code: "tooDeep" } });
  expect([0, [], {}, [1], { a: [{}] }, new Date(0), Uint8Array.of(1)].map(nestingOf)).toEqual([
    0, 1, 1, 1, 3, 0, 0,
  ]);
});

test("dates keep every millisecond, to the ends of their range", () => {
  const edges = [8.64e15, 2 ** 52, 4.4e15, 1.7e12, 0].flatMap((edge) =>
    Array.from({ length: 2_000 }, (_, at) => edge - at),
  );
  for (const ms of edges.flatMap((edge) => [edge, -edge])) {
    const result = decodeValue(encodeValue(new Date(ms)));
    expect(result.ok && result.value instanceof Date && result.value.getTime() === ms).toBe(true);
  }
});

test("decoded objects are plain, and a name never meets what they inherit", () => {
  const result = decodeValue(hexToBytes(`a1${textHex("hasOwnProperty")}01`));
  if (!result.ok) throw new Error(result.error.what);
  expect(Object.getPrototypeOf(result.value)).toBe(Object.prototype);
  expect(Object.keys(result.value ?? {})).toEqual(["hasOwnProperty"]);
});

test("keys stand in the order of the canonical bytes, and equal values share one", () => {
  const values: Value[] = [0, 23, 24, 255, 256, -1, -300, 1.5, "", "b", "ü", true, null, [1], {}];
  const keys = values.map(valueKey);
  expect(new Set(keys).size).toBe(values.length);
  for (const a of values) {
    for (const b of values) {
      const bytes = Buffer.compare(encodeValue(a), encodeValue(b));
      const left = valueKey(a);
      const right = valueKey(b);
      expect(left < right ? -1 : Number(left > right)).toBe(bytes);
      expect(equalValues(a, b)).toBe(bytes === 0);
    }
  }
  expect(equalValues({ a: 1, b: [new Date(5)] }, { b: [new Date(5)], a: 1 })).toBe(true);
  expect(equalValues(Uint8Array.of(1), [1])).toBe(false);
  expect(equalValues(-0, 0)).toBe(true);
});

test("a copy shares nothing that can change", () => {
  const inner = { bytes: Uint8Array.of(1), at: new Date(5), vector: Float32Array.of(1), list: [1] };
  const copy = copyValue([inner]);
  expect(copy).toEqual([inner]);
  inner.bytes[0] = 9;
  inner.at.setTime(9);
  inner.vector[0] = 9;
  inner.list[0] = 9;
  expect(copy).toEqual([
    { bytes: Uint8Array.of(1), at: new Date(5), vector: Float32Array.of(1), list: [1] },
  ]);
});

test("a huge value leaves the next ones as they were", () => {
  expect(encodedLength("x".repeat(1_000_000))).toBe(1_000_005);
  expect(() => encodeValue([1, Number.NaN])).toThrow(RangeError);
  expect(bytesToHex(encodeValue(1))).toBe("01");
});

const skipped: readonly (readonly [what: string, hex: string, code: FormCode | null])[] = [
  ["a value of every kind", "860120616141fffb3ff8000000000000f6", null],
  ["a map in order", "a2616101616280", null],
  ["a map out of order", "a2616201616102", "badKeys"],
  ["a name that values refuse", `a1${textHex("__proto__")}01`, null],
  ["an unknown tag", "c24101", null],
  ["a date of whole seconds", "c1fb3ff0000000000000", null],
  ["whole seconds under another tag", "c2fb3ff0000000000000", "notCanonical"],
  ["a date of NaN", "c1fb7ff8000000000000", "badNumber"],
  ["a date whose float lies deeper", "c181fb3ff0000000000000", "notCanonical"],
  ["four levels", "81a16161c18100", null],
  ["five levels", "81a16161c1818100", "tooDeep"],
  ["tags without end", "c2".repeat(5) + "00", "tooDeep"],
  ["text that is not UTF-8", "8161ff", "badText"],
  ["bytes cut short", "8142ff", "truncated"],
  ["undefined", "81f7", "unsupported"],
];

test.each(skipped)("skip judges form alone: %s", (_what, hex, code) => {
  const bytes = hexToBytes(hex);
  const result = readForm(() => {
    const reader = new CborReader(bytes);
    reader.skip(4);
    reader.expectEnd();
    return reader.offset;
  });
  if (code === null) expect(result).toEqual({ ok: true, value: bytes.length });
  else expect(result).toMatchObject({ ok: false, error: { code } });
});
