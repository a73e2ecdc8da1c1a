/** What two say to each other in a repair, and its bytes. */
import { expect, test } from "vitest";
import { bytesToHex, hexToBytes } from "../../../../src/core/base/bytes.ts";
import { questionPartsMax, rangePartsMax } from "../../../../src/core/base/limits.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { shortHash, deriveKey } from "../../../../src/core/crypto/hash.ts";
import { headsHashOf } from "../../../../src/core/sync/heads.ts";
import { createRangeKeys, rangeKeyOf } from "../../../../src/core/sync/rangeItems.ts";
import {
  decodeRangesMessage,
  encodeRangesMessage,
  type RangesStep,
} from "../../../../src/core/sync/rangesMessage.ts";
import { createRandom } from "../../../support/random.ts";
import { anyRangesStep } from "../../../support/rangesSteps.ts";
import { headerNamed, scope } from "./sessionDriver.ts";

const headsHash = headsHashOf([]);
const low = rangeKeyOf(new Uint8Array(16).fill(1));
const high = rangeKeyOf(new Uint8Array(16).fill(200));
const runs = [
  { from: low, parts: [{ to: high, count: 300, print: high }] },
  { from: high, parts: [{ to: null, count: 0, print: low }] },
];
const segments = [new Uint8Array(3), new Uint8Array(0)];
const steps: readonly RangesStep[] = [
  { kind: "ask", runs },
  { kind: "answer", runs: [] },
  { kind: "found", keys: [low, high] },
  { kind: "found", keys: null },
  { kind: "want", headers: [headerNamed("a-9")] },
  { kind: "give", segments },
];
const encode = (step: RangesStep): Uint8Array =>
  encodeRangesMessage({ scope, headsHash, round: 4, step });

test("every step is read as it was written, with the bytes of the format", () => {
  for (const step of steps) {
    const value = { scope, headsHash, round: 4, step };
    expect(decodeRangesMessage(encode(step))).toEqual({ ok: true, value });
  }
  const head = [hexToBytes(scope), hexToBytes(headsHash), 4];
  const [a, b] = [hexToBytes(low), hexToBytes(high)];
  const items = [
    [a, [[b, 300, b]]],
    [b, [[null, 0, a]]],
  ];
  const contents = [
    [0, items],
    [1, []],
    [2, [a, b]],
    [2, null],
  ];
  const bodies = contents.map(([number = null, content = null]) =>
    encodeCbor([...head, number, content]),
  );
  expect(steps.slice(0, 4).map(encode)).toEqual(bodies);
  const rest = [
    [3, [hexToBytes(headerNamed("a-9"))]],
    [4, segments],
  ].map(([number = null, content = null]) => encodeCbor([...head, number, content]));
  expect(steps.slice(4).map(encode)).toEqual(rest);
});

test("keys and prints are those of the format", () => {
  const [key, transcript, state] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  if (key === undefined || transcript === undefined || state === undefined) throw new Error();
  const secret = deriveKey(key, "ranges", [transcript]);
  const { keyOf, printOf } = createRangeKeys({ key, transcript });
  expect(keyOf("id")).toBe(bytesToHex(shortHash("range-id", secret, "id")));
  const print = bytesToHex(shortHash("range-state", secret, state));
  expect(printOf(state)).toBe(BigInt(`0x${print}`));
});

test("what no sender of ours writes is refused", () => {
  const isRefused = (step: RangesStep): boolean => !decodeRangesMessage(encode(step)).ok;
  expect(isRefused({ kind: "found", keys: [high, low] })).toBe(true);
  expect(isRefused({ kind: "found", keys: [low, low] })).toBe(true);
  const end = { to: null, count: 0, print: low };
  const backward = { ...end, to: low };
  const many = Array.from({ length: rangePartsMax + 2 }, (_, n) => ({
    ...end,
    to: rangeKeyOf(new Uint8Array(16).fill(n + 2)),
  }));
  for (const parts of [[end, end], [end, backward], [backward], many]) {
    expect(isRefused({ kind: "ask", runs: [{ from: low, parts }] })).toBe(true);
  }
  expect(isRefused({ kind: "ask", runs: [{ from: low, parts: many.slice(1) }] })).toBe(false);
  const run = { from: low, parts: [end] };
  const long = Array.from({ length: questionPartsMax + 1 }, () => run);
  expect(isRefused({ kind: "answer", runs: long })).toBe(true);
  expect(isRefused({ kind: "answer", runs: long.slice(1) })).toBe(false);
  const noSuchStep = encodeCbor([hexToBytes(scope), hexToBytes(headsHash), 4, 5, []]);
  expect(decodeRangesMessage(noSuchStep)).toMatchObject({ ok: false });
});

test("20,000 spoilt messages end in a result, and what is read is written alike", () => {
  const random = createRandom(3);
  let read = 0;
  for (let count = 0; count < 20_000; count++) {
    const bytes = encode(anyRangesStep(random)).slice();
    for (let changes = random.integer(3); changes >= 0; changes--) {
      const at = random.integer(bytes.length);
      bytes[at] = random.chance(0.5) ? random.integer(256) : (bytes[at] ?? 0) ^ 1;
    }
    const cut = random.chance(0.2) ? bytes.subarray(0, random.integer(bytes.length)) : bytes;
    const message = decodeRangesMessage(cut);
    if (!message.ok) continue;
    read += 1;
    expect(bytesToHex(encodeRangesMessage(message.value))).toBe(bytesToHex(cut));
  }
  expect(read).toBeGreaterThan(1_000);
});
