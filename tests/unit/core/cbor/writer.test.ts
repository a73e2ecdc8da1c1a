/** The writer itself: positions, growth, and heads of every size. */
import { expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import { CborWriter } from "../../../../src/core/cbor/writer.ts";

test("taking, truncating and ranges", () => {
  const writer = new CborWriter(1);
  writer.arrayHead(2);
  writer.uint(1);
  const middle = writer.position;
  writer.text("two");
  const all = writer.take();
  expect(bytesToHex(all)).toBe("82016374776f");
  expect(bytesToHex(writer.range(middle, writer.position))).toBe("6374776f");
  writer.truncate(middle);
  writer.nil();
  expect(bytesToHex(writer.take())).toBe("8201f6");
  expect(bytesToHex(all), "what was taken is a copy").toBe("82016374776f");
  expect(() => {
    writer.truncate(4);
  }).toThrow(RangeError);
  expect(() => writer.range(0, 4)).toThrow(RangeError);
  expect(() => writer.range(2, 1)).toThrow(RangeError);
});

test("tags, maps, booleans, raw bytes, floats that are whole", () => {
  const writer = new CborWriter();
  writer.tag(85);
  writer.mapHead(1);
  writer.bool(true);
  writer.bool(false);
  writer.raw(Uint8Array.of(0xf6));
  writer.float(1);
  expect(bytesToHex(writer.take())).toBe("d855a1f5f4f6fb3ff0000000000000");
});

test("integers outside their range throw and write nothing", () => {
  const writer = new CborWriter();
  for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) {
    expect(() => {
      writer.uint(bad);
    }).toThrow(RangeError);
  }
  for (const bad of [0.5, 2 ** 53, -(2 ** 53)]) {
    expect(() => {
      writer.int(bad);
    }).toThrow(RangeError);
  }
  expect(writer.position).toBe(0);
});

test("text of lengths about the sizes of heads, ASCII and not, in a writer that grows", () => {
  const lengths = [
    0, 1, 22, 23, 24, 25, 84, 85, 86, 95, 96, 97, 127, 128, 255, 256, 21_845, 65_536,
  ];
  for (const length of lengths) {
    for (const unit of ["a", "é", "水", "😀"]) {
      for (const text of [unit.repeat(length), "a".repeat(length) + unit]) {
        const writer = new CborWriter(1);
        writer.nil();
        writer.text(text);
        const utf8 = Buffer.from(text);
        const head = new CborWriter();
        head.bytes(utf8);
        const expected = Buffer.concat([Buffer.of(0xf6), head.take()]);
        // A byte string of the same length differs from text in its major type alone.
        expected[1] = (expected[1] ?? 0) | 0x20;
        expect(Buffer.compare(writer.take(), expected), `${unit} ${String(length)}`).toBe(0);
      }
    }
  }
});
