/** Sealing and opening, and what every change of a sealed segment leads to. */
import { expect, test } from "vitest";
import { encodeBody } from "../../../../src/core/segment/body.ts";
import { encodeHeader, type SegmentHeader } from "../../../../src/core/segment/header.ts";
import { openSegment, type OpenedSegment } from "../../../../src/core/segment/open.ts";
import { sealSegment, signedText, type SegmentDraft } from "../../../../src/core/segment/seal.ts";
import { encodeSegment, parseSegment } from "../../../../src/core/segment/segment.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { scopeOf } from "../../../../src/core/network/keys.ts";
import { sha256 } from "../../../../src/core/crypto/hash.ts";
import { createTestScope, networkOfTests, timeAt } from "../../../support/segments.ts";

const body = encodeBody([encodeCbor(["x"])], [encodeCbor([0, "a", 0, true, null, []])]);

const setUp = async (seed: number, suite: 0 | 1 = 1) => {
  const scope = createTestScope(seed, suite);
  const signingSeed = scope.random.bytes(32);
  const device = await scope.deviceOf(signingSeed);
  const draft = (plain: Uint8Array): SegmentDraft => ({
    ...{ writer: device.writer, first: 1, count: 1, previous: null, opening: device.opening },
    ...{ rows: [], time: timeAt(1), body: plain },
    controlHead: suite === 1 ? networkOfTests.controlHead : null,
  });
  const open = async (bytes: Uint8Array, keyring = scope.keyring): Promise<OpenedSegment> =>
    openSegment(await scope.replica().deliver(bytes), keyring, scope.crypto);
  return { scope, signingSeed, device, draft, open };
};

const parsed = (bytes: Uint8Array) => {
  const result = parseSegment(bytes);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

test.each([0, 1] as const)("what is sealed in suite %i opens to the same body", async (suite) => {
  const { device, draft, open } = await setUp(1, suite);
  for (const plain of [body, new Uint8Array(40_000).fill(0x81)]) {
    const sealed = await device.seal(draft(plain));
    expect(sealed.header.bodyForm).toBe(plain === body ? 0 : 1);
    expect(parsed(sealed.bytes)).toMatchObject({
      header: sealed.header,
      headerHash: sealed.headerHash,
    });
    expect(await open(sealed.bytes)).toEqual({ kind: "plain", body: plain });
  }
});

test("every segment is sealed under a key of its own, so equal bodies look different", async () => {
  const { device, draft } = await setUp(2);
  const bodies = [await device.seal(draft(body)), await device.seal(draft(body))].map(
    ({ bytes }) => parsed(bytes).body,
  );
  expect(bodies[0]).not.toEqual(bodies[1]);
});

test("secrets are not compressed, since the length would tell of them", async () => {
  const { scope, draft, signingSeed } = await setUp(3);
  const keys = { ...scope.keys, mayCompress: false };
  const withSeed = keys.suite === 1 ? { ...keys, signingSeed } : keys;
  const plain = new Uint8Array(4_096).fill(0x80);
  const { header, bytes } = await sealSegment(draft(plain), withSeed, scope.crypto);
  expect(header).toMatchObject({ bodyForm: 0, bodyLength: 4_096 });
  expect(parsed(bytes).body.length).toBe(4_096 + 16);
});

/** The segment with another header or body, signed anew by its writer. */
const resigned = async (
  { scope, signingSeed }: Awaited<ReturnType<typeof setUp>>,
  bytes: Uint8Array,
  change: Partial<SegmentHeader>,
  otherBody?: Uint8Array,
): Promise<Uint8Array> => {
  const segment = parsed(bytes);
  const stored = otherBody ?? segment.body;
  const header = encodeHeader({ ...segment.header, bodyHash: sha256(stored), ...change });
  const signature = await scope.crypto.sign(signingSeed, signedText(header, scope.keys));
  return encodeSegment(header, signature, stored);
};

test("a missing key only delays, a wrong commitment or seal means nothing", async () => {
  const context = await setUp(4);
  const { scope, device, draft, open } = context;
  const { bytes, header } = await device.seal(draft(body));
  const without = { ...scope.keyring, epochKey: () => null };
  const { id } = networkOfTests.epoch;
  expect(await open(bytes, without)).toEqual({ kind: "missing-key", epoch: id });
  const wrong = { ...scope.keyring, epochKey: () => scope.random.bytes(32) };
  expect(await open(bytes, wrong)).toEqual({ kind: "fault", reason: "body-commitment" });

  if (header.key === null) throw new Error("sealed");
  const key = { ...header.key, commitment: scope.random.bytes(32) };
  const uncommitted = await resigned(context, bytes, { key });
  expect(await open(uncommitted)).toEqual({ kind: "fault", reason: "body-commitment" });

  const fault = { kind: "fault", reason: "body-seal" };
  const spoilt = parsed(bytes).body.map((byte, at) => (at === 2 ? byte ^ 1 : byte));
  expect(await open(await resigned(context, bytes, {}, spoilt))).toEqual(fault);
  // The seal binds the fields of the header before the body's hash.
  expect(await open(await resigned(context, bytes, { count: 2 }))).toEqual(fault);
  expect(await open(await resigned(context, bytes, { time: timeAt(2) }))).toEqual(fault);
});

test("a body does not open in another scope or network", async () => {
  const { scope, device, draft } = await setUp(5);
  const { bytes } = await device.seal(draft(body));
  const delivered = await scope.replica().deliver(bytes);
  const fault = { kind: "fault", reason: "body-commitment" };
  for (const elsewhere of [
    { scope: scopeOf(networkOfTests, "other notes", "documents") },
    { networkHash: sha256(scope.keyring.networkHash) },
  ]) {
    const keyring = { ...scope.keyring, ...elsewhere };
    expect(await openSegment(delivered, keyring, scope.crypto)).toEqual(fault);
  }
});

test("a body that does not inflate is a fault, whoever compressed it", async () => {
  const { device, draft, open } = await setUp(6, 0);
  const plain = new Uint8Array(1_000).fill(0x80);
  const { header, bytes } = await device.seal(draft(plain));
  const { body: stored } = parsed(bytes);
  const withBody = (other: Uint8Array, change: Partial<SegmentHeader> = {}) =>
    encodeSegment(encodeHeader({ ...header, bodyHash: sha256(other), ...change }), null, other);
  expect(await open(withBody(stored))).toEqual({ kind: "plain", body: plain });
  expect(await open(withBody(stored, { bodyLength: 999 }))).toEqual({
    kind: "fault",
    reason: "inflate-length",
  });
  expect(await open(withBody(new Uint8Array([...stored, 0])))).toEqual({
    kind: "fault",
    reason: "inflate-trailing",
  });
});

test("an unknown critical extension keeps a segment unread until a newer version", async () => {
  const context = await setUp(7);
  const { device, draft, open } = context;
  const { bytes } = await device.seal(draft(body));
  const critical = [{ id: 1, critical: true, bytes: new Uint8Array() }];
  const newer = { kind: "needs-newer" };
  expect(await open(await resigned(context, bytes, { extensions: critical }))).toEqual(newer);
  const opening = { ...device.opening, extensions: critical };
  expect(await open(await resigned(context, bytes, { opening }))).toEqual(newer);
  const optional = [{ id: 1, critical: false, bytes: new Uint8Array(3) }];
  expect(await open(await resigned(context, bytes, { extensions: optional }))).toEqual({
    kind: "plain",
    body,
  });
});
