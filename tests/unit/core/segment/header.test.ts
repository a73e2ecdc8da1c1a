/** The codec of headers: each of the 14 fields at its bounds and beyond. */
import { encode } from "cborg";
import { expect, test } from "vitest";
import { hexToBytes } from "../../../../src/core/base/bytes.ts";
import { segmentHeaderBytesMax, segmentRowsMax } from "../../../../src/core/base/limits.ts";
import { encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import {
  decodeHeader,
  encodeHeader,
  headerToItems,
  type HeaderFault,
} from "../../../../src/core/segment/header.ts";
import { createTestScope } from "../../../support/segments.ts";

const bytes = (size: number, byte = 7) => new Uint8Array(size).fill(byte);

/** A sound header of suite 1 at n = 1, as its 14 items. */
const soundItems = (): CborItem[] => [
  ...[1, 1, bytes(16), 1, 3, null],
  [bytes(32), bytes(16), bytes(200), [[9, true, bytes(3)]]],
  [
    [bytes(16, 1), 5, bytes(16, 2)],
    [bytes(16, 1), 5, bytes(16, 3)],
  ],
  [2, 7, bytes(16)],
  [[bytes(16), bytes(32), bytes(32)]],
  [1_750_000_000_000, 65_535],
  [1_052_672, 1],
  bytes(32),
  [[0, false, bytes(0)]],
];

const withItem = (index: number, item: CborItem): CborItem[] => soundItems().with(index, item);

const verdict = (items: readonly CborItem[]): HeaderFault | "sound" => {
  const decoded = decodeHeader(encodeCbor(items));
  return decoded.ok ? "sound" : decoded.error;
};

test("a header comes back as it was, and its bytes are CBOR that others write too", async () => {
  const items = soundItems();
  const encoded = encodeCbor(items);
  const decoded = decodeHeader(encoded);
  if (!decoded.ok) throw new Error(decoded.error);
  expect(encodeHeader(decoded.value)).toEqual(encoded);
  expect(headerToItems(decoded.value)).toEqual(items);
  expect(new Uint8Array(encode(items, { float64: true }))).toEqual(encoded);
  expect(decoded.value).toMatchObject({
    ...{ suite: 1, first: 1, count: 3, previous: null, bodyLength: 1_052_672, bodyForm: 1 },
    writer: "07".repeat(16),
    rows: [
      { n: 5, header: "02".repeat(16) },
      { n: 5, header: "03".repeat(16) },
    ],
    controlHead: { term: 2, height: 7, hash: "07".repeat(16) },
    time: { ms: 1_750_000_000_000, counter: 65_535 },
  });

  const device = await createTestScope(1).device();
  const first = await device.write({});
  const second = await device.write({ after: first });
  expect(second.header.previous).toBe(first.headerHash);
  for (const { header } of [first, second]) {
    const again = decodeHeader(encodeHeader(header));
    expect(again).toEqual({ ok: true, value: header });
  }
});

test("every field has its shape and its bounds", () => {
  expect(verdict(soundItems())).toBe("sound");
  const opening = soundItems()[6];
  const suite0: CborItem[] = [
    ...[1, 0, bytes(16), 1, 1, null],
    [bytes(32), bytes(16), null, []],
    ...[[], null, [], [0, 0], [0, 0], bytes(32), []],
  ];
  expect(verdict(suite0)).toBe("sound");
  const previous = withItem(3, 2).with(5, bytes(32)).with(6, null);
  expect(verdict(previous)).toBe("sound");
  const wrong: readonly (readonly [HeaderFault, readonly CborItem[]])[] = [
    ["header-version", withItem(0, 2)],
    ["header-version", [2]],
    ["header-version", withItem(1, 2)],
    ["header-form", []],
    ["header-form", soundItems().slice(0, 13)],
    ["header-form", [...soundItems(), null]],
    ["header-form", withItem(0, "1")],
    ["header-form", withItem(2, bytes(15))],
    ["header-numbers", withItem(3, 0).with(5, bytes(32)).with(6, null)],
    ["header-form", withItem(3, -1)],
    ["header-form", withItem(3, 1.5)],
    ["header-numbers", withItem(4, 0)],
    ["header-numbers", withItem(4, 4_097)],
    ["header-numbers", previous.with(3, Number.MAX_SAFE_INTEGER)],
    ["header-chain", withItem(3, 2)],
    ["header-chain", withItem(5, bytes(32))],
    ["header-chain", withItem(6, null)],
    ["header-chain", previous.with(6, opening ?? null)],
    ["header-chain", previous.with(5, null)],
    ["header-form", previous.with(5, bytes(16))],
    ["header-form", withItem(6, [bytes(32), bytes(16), bytes(1)])],
    ["header-form", withItem(6, [bytes(31), bytes(16), bytes(1), []])],
    ["header-suite", withItem(6, [bytes(32), bytes(16), null, []])],
    ["header-suite", suite0.with(6, [bytes(32), bytes(16), bytes(9), []])],
    ["header-form", withItem(7, null)],
    ["header-form", withItem(7, [[bytes(16), 0, bytes(16)]])],
    ["header-form", withItem(7, [[bytes(16), 1, bytes(32)]])],
    [
      "header-rows",
      withItem(7, [
        [bytes(16), 1, bytes(16)],
        [bytes(16), 2, bytes(16)],
      ]),
    ],
    ["header-suite", withItem(8, null)],
    ["header-suite", suite0.with(8, [0, 0, bytes(16)])],
    ["header-form", withItem(8, [0, 0])],
    ["header-form", withItem(8, [0, -1, bytes(16)])],
    ["header-form", withItem(9, [])],
    ["header-form", withItem(9, Array(2).fill([bytes(16), bytes(32), bytes(32)]))],
    ["header-form", suite0.with(9, [[bytes(16), bytes(32), bytes(32)]])],
    ["header-form", withItem(9, [[bytes(16), bytes(32), bytes(31)]])],
    ["header-time", withItem(10, [2 ** 48, 0])],
    ["header-time", withItem(10, [0, 65_536])],
    ["header-form", withItem(10, [0])],
    ["header-body", withItem(11, [1_052_673, 1])],
    ["header-body", withItem(11, [10, 2])],
    ["header-form", withItem(12, bytes(31))],
    ["header-form", withItem(13, null)],
    ["header-form", withItem(13, [[0, 0, bytes(1)]])],
    ["header-form", withItem(13, [[0, true]])],
  ];
  for (const [fault, items] of wrong) expect([fault, verdict(items)]).toEqual([fault, fault]);
});

test("only the canonical bytes of a header are one", () => {
  const encoded = encodeCbor(soundItems());
  const fault = (changed: Uint8Array) => decodeHeader(changed);
  expect(fault(encoded.subarray(0, encoded.length - 1))).toEqual({
    ok: false,
    error: "header-form",
  });
  expect(fault(new Uint8Array([...encoded, 0])).ok).toBe(false);
  // The version as an integer of two bytes.
  expect(fault(new Uint8Array([0x8e, 0x18, 0x01, ...encoded.subarray(2)])).ok).toBe(false);
  // The array of fields without a length.
  expect(fault(new Uint8Array([0x9f, ...encoded.subarray(1), 0xff])).ok).toBe(false);
  expect(fault(new Uint8Array(segmentHeaderBytesMax + 1))).toEqual({
    ok: false,
    error: "header-too-long",
  });
});

test("a full table fits, one row more does not", () => {
  const row = (index: number): CborItem => [
    bytes(16),
    2 ** 50,
    hexToBytes(index.toString(16).padStart(32, "0")),
  ];
  const rows = Array.from({ length: segmentRowsMax }, (_, index) => row(index));
  expect(verdict(withItem(7, rows))).toBe("sound");
  expect(encodeCbor(withItem(7, rows)).length).toBeLessThan(segmentHeaderBytesMax);
  expect(verdict(withItem(7, [...rows, row(segmentRowsMax)]))).toBe("header-rows");
});
