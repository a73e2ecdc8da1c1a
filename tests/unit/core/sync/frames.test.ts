/** Messages and their bytes; messages in pieces. */
import { expect, test } from "vitest";
import { bytesToHex, concatBytes } from "../../../../src/core/base/bytes.ts";
import {
  frameBytesMax,
  messageBytesMax,
  summariesPerMessageMax,
  wantRangesMax,
} from "../../../../src/core/base/limits.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { hash, hmac } from "../../../../src/core/crypto/hash.ts";
import {
  decodeMessage,
  encodeMessage,
  messageTypes,
  type Message,
} from "../../../../src/core/sync/frames.ts";
import { compareTips, digestProof, headsHashOf } from "../../../../src/core/sync/heads.ts";
import { createAssembler, splitMessage } from "../../../../src/core/sync/pieces.ts";
import { createReceiver } from "../../../../src/core/sync/receive.ts";
import { createRandom } from "../../../support/random.ts";
import { headerNamed, scope, tipNamed, writerNamed } from "./sessionDriver.ts";

const tips = [tipNamed("a-1"), tipNamed("b-2"), tipNamed("b-7")].toSorted(compareTips);
const summary = {
  ...{ scope, revision: 3, headsHash: headsHashOf(tips), proof: new Uint8Array(32) },
  ...{ unread: 1, parked: 2, seen: 4, seenTips: 5, reply: true },
};
const range = { scope, writer: writerNamed("a"), tip: headerNamed("a-9"), have: [] };
const segments = [new Uint8Array(3), new Uint8Array(0)];
const messages: readonly Message[] = [
  { kind: "sync-request", pushTotal: 7, summaries: [summary, { ...summary, proof: null }] },
  { kind: "sync-response", scope, revision: 1, tips },
  { kind: "operation", request: 5, position: 100, scope, segments, end: true },
  { kind: "operation", request: null, position: 0, scope, segments: [], end: false },
  { kind: "want", request: 1, total: 9, ranges: [{ ...range, have: [headerNamed("a-1")] }] },
  { kind: "credit", request: 1, total: 2 ** 40 },
  { kind: "credit", request: null, total: 0 },
  { kind: "fork", scope, header: new Uint8Array(9), signature: new Uint8Array(64) },
  { kind: "fork", scope, header: new Uint8Array(9), signature: null },
  { kind: "control", body: new Uint8Array([1, 2, 3]) },
  { kind: "acknowledge", body: new Uint8Array([4]) },
  { kind: "ranges", body: new Uint8Array([5]) },
  { kind: "message", body: new Uint8Array([4]) },
  { kind: "heartbeat", number: 5, isAnswer: true },
  { kind: "collection-announce", revision: 1, scopes: [scope] },
  { kind: "collection-announce", revision: 2, scopes: [] },
  { kind: "bye", code: "version" },
];

test("every message is read as it was written", () => {
  for (const message of messages) {
    expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message });
  }
});

test("types and bodies are those of the format", () => {
  const typeOf = (message: Message): number | undefined => encodeMessage(message)[0];
  expect(messages.map(typeOf)).toEqual([
    ...[5, 7, 9, 9, 11, 13, 13, 12, 12, 3, 4, 15],
    ...[10, 2, 6, 6, 25],
  ]);
  const credit = encodeMessage({ kind: "credit", request: 1, total: 500 });
  expect(bytesToHex(credit)).toBe("0d83011901f480");
  const heartbeat = encodeMessage({ kind: "heartbeat", number: 300, isAnswer: false });
  expect(bytesToHex(heartbeat)).toBe("028319012cf480");
  const announcement = encodeMessage({ kind: "collection-announce", revision: 3, scopes: [scope] });
  expect(announcement).toEqual(
    concatBytes(Uint8Array.of(6), encodeCbor([3, [bytesOf(scope)], []])),
  );
  const want = encodeMessage({ kind: "want", request: 2, total: 9, ranges: [range] });
  const item = encodeCbor([
    ...[2, 9],
    [[bytesOf(scope), bytesOf(range.writer), bytesOf(range.tip), []]],
    [],
  ]);
  expect(want).toEqual(concatBytes(Uint8Array.of(11), item));
});

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

test("heads are hashed whole and in one order, proofs tell roles apart", () => {
  const items = tips.map((tip) => [bytesOf(tip.writer), tip.n, bytesOf(tip.hash)]);
  expect(headsHashOf(tips.toReversed())).toBe(bytesToHex(hash("heads", ...items)));
  expect(headsHashOf([])).toBe(bytesToHex(hash("heads")));
  const [key, transcript, digest] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  if (key === undefined || transcript === undefined || digest === undefined) throw new Error();
  const proof = hmac(key, encodeCbor([transcript, "I", digest]));
  expect(digestProof(key, transcript, "I", digest)).toEqual(proof);
});

test("types of no use or no name are told apart by what they ask of who does not know them", () => {
  const reasonOf = (type: number): unknown => {
    const read = decodeMessage(Uint8Array.of(type, 0xff));
    return read.ok && read.value.kind === "foreign" ? read.value.reason : read;
  };
  const used = new Set<number>([2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 25]);
  for (const type of Object.values(messageTypes)) {
    if (!used.has(type)) expect(reasonOf(type)).toBe("type-unused");
  }
  expect([reasonOf(14), reasonOf(126)]).toEqual(["type-unknown", "type-unknown"]);
  expect([reasonOf(27), reasonOf(127)]).toEqual(["version-newer", "version-newer"]);
});

test("a later version's additions are read if they may be ignored", () => {
  const body = (extensions: Uint8Array): Uint8Array =>
    concatBytes(Uint8Array.of(13, 0x83, 1, 2), extensions);
  const extended = (critical: boolean) =>
    decodeMessage(body(encodeCbor([[7, critical, segments[0] ?? null]])));
  expect(extended(false)).toMatchObject({ ok: true, value: { kind: "credit", total: 2 } });
  expect(extended(true)).toEqual({ ok: false, error: "frame-critical-extension" });
  const bye = decodeMessage(Uint8Array.of(25, 0x82, 0x18, 99, 0x80));
  expect(bye).toEqual({ ok: true, value: { kind: "bye", code: "unknown" } });
});

test("what no sender of ours writes is refused", () => {
  const refused = (message: Message) => decodeMessage(encodeMessage(message));
  const malformed = { ok: false, error: "frame-malformed" };
  expect(refused({ kind: "sync-response", scope, revision: 1, tips: tips.toReversed() })).toEqual(
    malformed,
  );
  const twice = [...tips.slice(0, 1), ...tips];
  expect(refused({ kind: "sync-response", scope, revision: 1, tips: twice })).toEqual(malformed);
  expect(refused({ kind: "sync-response", scope, revision: 0, tips })).toEqual(malformed);
  expect(refused({ kind: "credit", request: 0, total: 1 })).toEqual(malformed);
  expect(refused({ kind: "credit", request: 1, total: 2 ** 53 - 1 })).toEqual(malformed);
  const ranges = Array.from({ length: wantRangesMax + 1 }, () => range);
  expect(refused({ kind: "want", request: 1, total: 1, ranges })).toEqual(malformed);
  const summaries = Array.from({ length: summariesPerMessageMax + 1 }, () => summary);
  expect(refused({ kind: "sync-request", pushTotal: 1, summaries })).toEqual(malformed);
  for (const message of messages) {
    const bytes = encodeMessage(message);
    expect(decodeMessage(bytes.subarray(0, -1))).toEqual(malformed);
    expect(decodeMessage(concatBytes(bytes, Uint8Array.of(0)))).toEqual(malformed);
  }
  expect(decodeMessage(new Uint8Array(0))).toEqual({ ok: false, error: "frame-length" });
  const tooLong = new Uint8Array(messageBytesMax + 1);
  expect(decodeMessage(tooLong)).toEqual({ ok: false, error: "frame-length" });
});

const bigMessage = (bytes: number, fill = 1): Uint8Array => {
  const message = new Uint8Array(bytes).fill(fill);
  message[0] = messageTypes.operation;
  return message;
};

test("a message that fits a frame is one, others come whole from their pieces in any order", () => {
  const random = createRandom(5);
  for (const bytes of [
    1,
    100,
    frameBytesMax,
    frameBytesMax + 1,
    3 * frameBytesMax,
    messageBytesMax,
  ]) {
    const message = bigMessage(bytes, bytes % 251);
    const frames = splitMessage(message, 9);
    expect(frames.every(({ length }) => length <= frameBytesMax)).toBe(true);
    if (bytes <= frameBytesMax) expect(frames).toEqual([message]);
    const assembler = createAssembler();
    const twice = random.shuffle([...frames, ...frames]);
    const given = (bytes <= frameBytesMax ? frames : twice).map((frame) => assembler.add(frame));
    const whole = given.flatMap((result) =>
      result.ok && result.value !== null ? [result.value] : [],
    );
    expect(whole.length).toBe(1);
    expect(Buffer.compare(whole[0] ?? new Uint8Array(), message)).toBe(0);
    expect(assembler.heldBytes()).toBe(0);
  }
});

test("messages in pieces may overlap; one that lacks a piece gives way, whole", () => {
  const assembler = createAssembler();
  const split = (number: number): readonly Uint8Array[] =>
    splitMessage(bigMessage(250, number), number, 109);
  const [lost, ...others] = [1, 2, 3, 4, 5, 6].map(split);
  for (const frames of [lost, ...others]) {
    for (const frame of frames?.slice(0, 2) ?? []) assembler.add(frame);
  }
  // Six began, four are kept: the first two gave way.
  expect(assembler.counters()).toEqual({ "message-incomplete": 2 });
  const last = others.map((frames) => assembler.add(frames[2] ?? new Uint8Array()));
  expect(last.map((result) => result.ok && result.value !== null)).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
});

test("what is held for messages that never become whole is bounded", () => {
  const assembler = createAssembler();
  for (let number = 0; number < 40; number++) {
    const frames = splitMessage(bigMessage(messageBytesMax), number);
    for (const frame of frames.slice(0, number % frames.length)) assembler.add(frame);
    expect(assembler.heldBytes()).toBeLessThanOrEqual(messageBytesMax);
  }
});

test("impossible pieces are refused, and harm no others", () => {
  const assembler = createAssembler();
  const [first, second, third] = splitMessage(bigMessage(250), 1, 109);
  if (first === undefined || second === undefined || third === undefined)
    throw new Error("three pieces");
  assembler.add(first);
  const changed = (at: number, byte: number): Uint8Array => {
    const piece = second.slice();
    piece[at] = byte;
    return piece;
  };
  const malformed = { ok: false, error: "piece-malformed" };
  const impossible = [
    changed(0, 0x80 | 7),
    changed(7, 2),
    changed(5, 3),
    changed(8, 0xff),
    second.subarray(0, 9),
  ];
  for (const piece of impossible) expect(assembler.add(piece)).toEqual(malformed);
  expect(assembler.add(new Uint8Array(0))).toEqual({ ok: false, error: "frame-length" });
  expect(assembler.add(new Uint8Array(frameBytesMax + 1))).toEqual({
    ok: false,
    error: "frame-length",
  });
  assembler.add(second);
  expect(assembler.add(third)).toEqual({ ok: true, value: bigMessage(250) });
  expect(assembler.add(third)).toEqual({ ok: true, value: null });
});

test("a message longer than any may be is refused before it is whole", () => {
  const assembler = createAssembler();
  const piece = new Uint8Array(frameBytesMax);
  const results = Array.from({ length: 17 }, (_, index) => {
    piece.set([0x89, 1, 0, 0, 0, index, 0, 20, 0]);
    return assembler.add(piece);
  });
  expect(results.at(-1)).toEqual({ ok: false, error: "message-too-long" });
  expect(results.slice(0, 15).every(({ ok }) => ok)).toBe(true);
});

test("a receiver gives messages with their length", () => {
  const message: Message = {
    kind: "operation",
    request: 1,
    position: 0,
    scope,
    end: false,
    segments: [new Uint8Array(500)],
  };
  const bytes = encodeMessage(message);
  const receiver = createReceiver();
  const given = splitMessage(bytes, 1, 100).map((frame) => receiver.take(frame));
  expect(given.at(-1)).toEqual({ ok: true, value: { message, bytes: bytes.length } });
  expect(given.slice(0, -1).every((result) => result.ok && result.value === null)).toBe(true);
  expect(receiver.take(Uint8Array.of(5))).toEqual({ ok: false, error: "frame-malformed" });
});
