/** The key of a segment: its bytes, its text, their order, and what is no key. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareBytes } from "../../../src/core/base/bytes.ts";
import type { HeaderHash, ScopeId, WriterId } from "../../../src/core/base/types.ts";
import {
  segmentKeyToBytes,
  segmentKeyToText,
  textToSegmentKey,
} from "../../../src/storage/keys.ts";
import type { SegmentKey } from "../../../src/storage/store.ts";
import { place } from "../../contract/storeBench.ts";

const hexadecimal = (bytes: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.integer({ min: 0, max: 15 }).map((digit) => digit.toString(16)),
    minLength: bytes * 2,
    maxLength: bytes * 2,
  });

const anyKey: fc.Arbitrary<SegmentKey> = fc.record({
  // Right by their generator
  scope: hexadecimal(16) as fc.Arbitrary<ScopeId>,
  // as above
  writer: hexadecimal(16) as fc.Arbitrary<WriterId>,
  first: fc.oneof(fc.integer({ min: 1 }), fc.maxSafeNat()).filter((first) => first > 0),
  // as above
  header: hexadecimal(32) as fc.Arbitrary<HeaderHash>,
});

describe("a segment's key", () => {
  test("is 72 bytes: scope, writer, first n big-endian, header", () => {
    const key = place({ scope: 1, writer: 2, first: 2 ** 32 + 3, header: 4 });
    expect(segmentKeyToText(key)).toBe(
      "01".padStart(32, "0") + "02".padStart(32, "0") + "0000000100000003" + "04".padStart(64, "0"),
    );
    expect(segmentKeyToBytes(key).length).toBe(72);
    expect(segmentKeyToBytes(key).buffer.byteLength).toBe(72);
  });

  test("comes back from its text", () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(textToSegmentKey(segmentKeyToText(key))).toEqual(key);
      }),
    );
  });

  test("sorts as text as it does as bytes, and by first n as a number", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, other) => {
        const b = { ...other, scope: a.scope, writer: a.writer };
        const texts = segmentKeyToText(a) < segmentKeyToText(b);
        expect(texts).toBe(compareBytes(segmentKeyToBytes(a), segmentKeyToBytes(b)) < 0);
        if (a.first !== b.first) expect(texts).toBe(a.first < b.first);
      }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])("with first n %s is refused", (first) => {
    expect(() => segmentKeyToText(place({ first }))).toThrow("invariant broken");
  });

  test("with ids of other lengths is refused, even if they make up for each other", () => {
    const { scope, writer } = place({});
    // Not what the type says, which is the point
    const longer = (scope + "0") as ScopeId;
    // as above
    const shorter = writer.slice(1) as WriterId;
    const wrong = { ...place({}), scope: longer, writer: shorter };
    expect(() => segmentKeyToText(wrong)).toThrow("invariant broken");
  });

  test.each([
    ["empty", ""],
    ["too short", "0".repeat(142)],
    ["too long", "1".repeat(146)],
    ["of other letters", `${segmentKeyToText(place({})).slice(0, 143)}G`],
    ["of first n 0", "0".repeat(144)],
    ["of first n over 2^53", "f".repeat(144)],
  ])("is null for a text that is %s", (_title, text) => {
    expect(textToSegmentKey(text)).toBeNull();
  });
});
