/**
 * The codec against an oracle (cborg) on random values, and against hostile bytes: what a reader
 * accepts is what the writer writes, and everything else ends in a typed error.
 */
import { encode, Token, Type, type EncodeOptions } from "cborg";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Value } from "../../src/core/base/types.ts";
import { checkValue } from "../../src/core/cbor/check.ts";
import { buildDocument, checkDocument } from "../../src/core/cbor/document.ts";
import { readForm } from "../../src/core/cbor/form.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../../src/core/cbor/item.ts";
import { nameFault } from "../../src/core/cbor/names.ts";
import { CborReader } from "../../src/core/cbor/reader.ts";
import {
  decodeValue,
  encodedLength,
  encodeValue,
  nestingOf,
  valueKey,
} from "../../src/core/cbor/value.ts";
import { createRandom, type Random } from "../support/random.ts";

const caps = { bytesMax: 100_000, depthMax: 16, itemsMax: 100_000 };

/** The oracle of FORMATS.md, Encoding: cborg with a sorter by bytes, and the two tags. */
const oracle: EncodeOptions = {
  float64: true,
  mapSorter: ([a], [b]) => {
    // Keys are single tokens here; cborg's type allows lists of them.
    const [left, right] = [a, b] as [Token, Token];
    return Buffer.compare(Buffer.from(String(left.value)), Buffer.from(String(right.value)));
  },
  typeEncoders: {
    Date: (date: Date) => [new Token(Type.tag, 1), new Token(Type.float, date.getTime() / 1_000)],
    Float32Array: (vector: Float32Array) => [
      new Token(Type.tag, 85),
      new Token(Type.bytes, new Uint8Array(vector.slice().buffer)),
    ],
  },
};

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }).filter((made) => made.isWellFormed()),
  fc.string({ maxLength: 300 }),
  fc.constantFrom("", "\ufeff", "\u0000", "😀\uffff"),
);
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((made) => (made === 0 ? 0 : made)),
  fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -(2 ** 53)),
);
const scalar = fc.oneof(fc.constant(null), fc.boolean(), number, text);
const bytes = fc.uint8Array({ maxLength: 40 }).map((made) => new Uint8Array(made));
const vector = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 9 })
  .map((made) => Float32Array.from(made));
const date = fc.date({ noInvalidDate: true });
const name = text.filter((made) => nameFault(made) === null && !made.startsWith("_"));

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    scalar,
    bytes,
    vector,
    date,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(name, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

const { item } = fc.letrec<{ item: CborItem }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    scalar,
    bytes,
    fc.array(tie("item"), { maxLength: 6 }),
  ),
}));

test("structures: the bytes are cborg's, and come back", () => {
  fc.assert(
    fc.property(item, (made) => {
      const encoded = encodeCbor(made);
      expect(Buffer.from(encoded)).toEqual(Buffer.from(encode(made, oracle)));
      expect(decodeCbor(encoded, caps)).toEqual({ ok: true, value: made });
    }),
    { numRuns: 1_500 },
  );
});

test("values: the bytes are cborg's, and come back", () => {
  fc.assert(
    fc.property(value, (made) => {
      const checked = checkValue(made, "");
      expect(checked).toEqual(made);
      const encoded = encodeValue(checked);
      expect(Buffer.from(encoded)).toEqual(Buffer.from(encode(made, oracle)));
      expect(encodedLength(checked)).toBe(encoded.length);
      expect(decodeValue(encoded)).toEqual({ ok: true, value: made });
      expect(decodeValue(encoded, nestingOf(made)).ok).toBe(true);
      if (nestingOf(made) > 0) expect(decodeValue(encoded, nestingOf(made) - 1).ok).toBe(false);
      expect(Buffer.from(valueKey(made), "latin1")).toEqual(Buffer.from(encoded));
    }),
    { numRuns: 1_500 },
  );
});

test("values: keys in any order give the same bytes", () => {
  fc.assert(
    fc.property(fc.dictionary(name, scalar, { noNullPrototype: true }), (made) => {
      const turned = Object.fromEntries(Object.entries(made).reverse());
      expect(valueKey(turned)).toBe(valueKey(made));
    }),
  );
});

test("documents: taken apart and put together they are as before", () => {
  const document = fc.dictionary(
    name.filter((made) => made !== "id"),
    value,
    { maxKeys: 6, noNullPrototype: true },
  );
  fc.assert(
    fc.property(document, (made) => {
      const { leaves } = checkDocument(made);
      expect(buildDocument(leaves)).toEqual(made);
    }),
    { numRuns: 1_000 },
  );
});

/** One of the ways in which bytes go wrong on their way, or are made to. */
const mutate = (good: Uint8Array, random: Random): Uint8Array => {
  const at = random.integer(good.length + 1);
  const head = good.subarray(0, at);
  const odd = random.pick([0x00, 0x17, 0x18, 0x1b, 0x7f, 0x9f, 0xbf, 0xc1, 0xd8, 0xf7, 0xfb, 0xff]);
  switch (random.integer(5)) {
    case 0:
      return head.slice();
    case 1:
      return Uint8Array.from([
        ...head,
        ...random.bytes(1 + random.integer(4)),
        ...good.subarray(at),
      ]);
    case 2:
      return Uint8Array.from([...head, ...good.subarray(at + 1)]);
    case 3:
      return Uint8Array.from([...head, odd, ...good.subarray(at + 1)]);
    default:
      return Uint8Array.from([
        ...head,
        (good[at] ?? 0) ^ (1 << random.integer(8)),
        ...good.subarray(at + 1),
      ]);
  }
};

/**
 * Reads bytes by every reader; whatever one accepts must be exactly what the writer writes. Gives
 * how many did.
 */
const readEveryWay = (hostile: Uint8Array): number => {
  const asItem = decodeCbor(hostile, caps);
  if (asItem.ok) expect(Buffer.from(encodeCbor(asItem.value))).toEqual(Buffer.from(hostile));
  const asValue = decodeValue(hostile);
  if (asValue.ok) expect(Buffer.from(encodeValue(asValue.value))).toEqual(Buffer.from(hostile));
  const skipped = readForm(() => {
    const reader = new CborReader(hostile);
    reader.skip(32);
    reader.expectEnd();
  });
  // Form is what all readers share: what one of them takes, `skip` takes.
  if (asItem.ok || asValue.ok) expect(skipped.ok).toBe(true);
  return Number(asItem.ok) + Number(asValue.ok) + Number(skipped.ok);
};

test("hostile bytes: random and mutated ones end in a value or a typed error, nothing else", () => {
  const seed = 77_001;
  const random = createRandom(seed);
  const good = fc.sample(value, { seed, numRuns: 400 }).map((made) => encodeValue(made));
  let accepted = 0;
  for (let run = 0; run < 20_000; run++) {
    const hostile = random.chance(0.3)
      ? random.bytes(random.integer(24))
      : mutate(random.pick(good), random);
    try {
      accepted += readEveryWay(hostile);
    } catch (error) {
      const shown = Buffer.from(hostile).toString("hex");
      throw new Error(`seed ${String(seed)} run ${String(run)} ${shown}`, { cause: error });
    }
  }
  expect(accepted, "some mutations are harmless, or the test reads nothing").toBeGreaterThan(1_000);
});

test("hostile bytes: deep and wide claims are refused without being followed", () => {
  for (const byte of [0x81, 0xc1, 0xd8, 0xa1, 0x9f]) {
    expect(readEveryWay(new Uint8Array(1_000_000).fill(byte))).toBe(0);
  }
  const wide = new Uint8Array(1_000_005).fill(0xf6);
  wide.set([0x9a, 0x00, 0x0f, 0x42, 0x40]);
  const result = decodeCbor(wide, { bytesMax: 2_000_000, depthMax: 4, itemsMax: 1_000 });
  expect(result).toMatchObject({ ok: false, error: { code: "tooManyItems" } });
});
