/** The three parts of a segment, and sizes that go together. */
import { expect, test } from "vitest";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { segmentBodyBytesMax } from "../../../../src/core/base/limits.ts";
import { encodeHeader, type SegmentHeader } from "../../../../src/core/segment/header.ts";
import {
  encodeSegment,
  encodeTrimmed,
  parseSegment,
  parseTrimmed,
  segmentBytesMax,
} from "../../../../src/core/segment/segment.ts";
import { createTestScope } from "../../../support/segments.ts";

const made = async (suite: 0 | 1) => {
  const device = await createTestScope(1, suite).device();
  const { bytes, header } = await device.write({ value: "text ".repeat(200) });
  const segment = parseSegment(bytes);
  if (!segment.ok) throw new Error(segment.error);
  return { bytes, header, segment: segment.value };
};

const fault = (bytes: Uint8Array): string => {
  const parsed = parseSegment(bytes);
  return parsed.ok ? "sound" : parsed.error;
};

test("a segment is three parts, kept verbatim", async () => {
  const { bytes, header, segment } = await made(1);
  expect(segment.bytes).toBe(bytes);
  expect(segment.headerBytes).toEqual(encodeHeader(header));
  expect(encodeSegment(segment.headerBytes, segment.signature, segment.body)).toEqual(bytes);
});

test("of one that was trimmed the header is left, no segment for anybody else", async () => {
  for (const suite of [0, 1] as const) {
    const { segment } = await made(suite);
    const { headerHash, headerBytes, signature } = segment;
    const trimmed = encodeTrimmed(segment);
    expect(parseTrimmed(trimmed)).toMatchObject({ headerHash, headerBytes, signature });
    expect(parseTrimmed(trimmed)?.body).toHaveLength(0);
    expect(fault(trimmed)).toBe("segment-form");
    expect(parseTrimmed(segment.bytes)).toBeNull();
    expect(parseTrimmed(new Uint8Array([...trimmed, 0]))).toBeNull();
    expect(parseTrimmed(encodeCbor([new Uint8Array(9), signature, null]))).toBeNull();
    expect(parseTrimmed(new Uint8Array(segmentBytesMax + 1))).toBeNull();
  }
});

test("form and sizes are checked before anything is believed", async () => {
  const { bytes, segment } = await made(1);
  const { headerBytes, signature, body } = segment;
  expect(fault(bytes)).toBe("sound");
  expect(fault(new Uint8Array())).toBe("segment-form");
  expect(fault(new Uint8Array([...bytes, 0]))).toBe("segment-form");
  expect(fault(bytes.subarray(0, -1))).toBe("segment-form");
  expect(fault(encodeCbor([headerBytes, signature]))).toBe("segment-form");
  expect(fault(encodeCbor([headerBytes, signature, body, null]))).toBe("segment-form");
  expect(fault(encodeCbor([headerBytes, "signature", body]))).toBe("segment-form");
  expect(fault(encodeCbor([headerBytes, signature, null]))).toBe("segment-form");
  expect(fault(encodeSegment(new Uint8Array(9), signature, body))).toBe("header-form");
  expect(fault(encodeSegment(headerBytes, null, body))).toBe("segment-signature-form");
  const short = (signature ?? body).subarray(0, 63);
  expect(fault(encodeSegment(headerBytes, short, body))).toBe("segment-signature-form");
  expect(fault(new Uint8Array(segmentBytesMax + 1))).toBe("segment-too-long");
});

test("nothing in suite 0 is signed", async () => {
  const { segment } = await made(0);
  const signed = encodeSegment(segment.headerBytes, new Uint8Array(64), segment.body);
  expect(fault(signed)).toBe("segment-signature-form");
});

test.each([0, 1] as const)("in suite %i the stored size goes with the announced", async (suite) => {
  const { header, segment } = await made(suite);
  const tag = suite === 1 ? 16 : 0;
  const of = (change: Partial<SegmentHeader>, size: number) =>
    fault(
      encodeSegment(
        encodeHeader({ ...header, ...change }),
        segment.signature,
        new Uint8Array(size),
      ),
    );
  const plain = { bodyForm: 0, bodyLength: 100 } as const;
  expect(of(plain, 100 + tag)).toBe("sound");
  expect(of(plain, 99 + tag)).toBe("segment-body-size");
  expect(of(plain, 101 + tag)).toBe("segment-body-size");
  const deflated = { bodyForm: 1, bodyLength: 100 } as const;
  expect(of(deflated, tag + 1)).toBe("sound");
  expect(of(deflated, tag)).toBe("segment-body-size");
  expect(of(deflated, segmentBodyBytesMax + tag)).toBe("sound");
  expect(of(deflated, segmentBodyBytesMax + tag + 1)).toBe("segment-body-size");
});
