/** Every reason to deliver a segment, to let it wait, and to refuse it. */
import { expect, test } from "vitest";
import { shortHashOf, shortened, writerIdOf } from "../../../../src/core/base/ids.ts";
import { forkBranchesMax } from "../../../../src/core/base/limits.ts";
import type { ControlChain, ControlHead } from "../../../../src/core/network/control.ts";
import { checkDelivery, deliverOwn, deliverStored } from "../../../../src/core/segment/deliver.ts";
import {
  encodeHeader,
  type Opening,
  type SegmentHeader,
} from "../../../../src/core/segment/header.ts";
import { signedText, type SealedSegment } from "../../../../src/core/segment/seal.ts";
import { encodeSegment, parseSegment } from "../../../../src/core/segment/segment.ts";
import {
  certificateFor,
  createTestScope,
  networkOfTests,
  type TestReplica,
} from "../../../support/segments.ts";
import { openNetwork, publicKeyOf } from "../../../support/openNetwork.ts";

const parsed = (bytes: Uint8Array) => {
  const result = parseSegment(bytes);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

const refusal = async (replica: TestReplica, bytes: Uint8Array) => {
  const verdict = await replica.check(bytes);
  return verdict.kind === "refused" ? verdict : { ...verdict, reason: verdict.kind };
};

const setUp = async (seed: number, suite: 0 | 1 = 1) => {
  const scope = createTestScope(seed, suite);
  return { scope, device: await scope.device(), replica: scope.replica() };
};

test("a log is delivered in order, and a segment once", async () => {
  const { device, replica } = await setUp(1);
  const first = await device.write({ count: 2 });
  const second = await device.write({ after: first });
  expect((await replica.check(first.bytes)).kind).toBe("delivered");
  await replica.deliver(first.bytes);
  expect(await replica.check(first.bytes)).toEqual({ kind: "known" });
  const delivered = await replica.deliver(second.bytes);
  expect(delivered.origin.signingKey).toEqual(device.opening.signingKey);
  expect(delivered.origin.certificate?.account).toEqual(networkOfTests.account.publicKey);
});

test("suite 0 needs no signature, certificate, key or control head", async () => {
  const { device, replica } = await setUp(2, 0);
  const first = await device.write({});
  await replica.deliver(first.bytes);
  await replica.deliver((await device.write({ after: first })).bytes);
  expect(parsed(first.bytes).signature).toBeNull();
});

test("a segment waits for its predecessor and for every row", async () => {
  const { scope, device, replica } = await setUp(3);
  const other = await scope.device();
  const named = await other.write({ count: 3 });
  const first = await device.write({});
  const elsewhere = scope.replica();
  await elsewhere.deliver(named.bytes);
  const rows = [{ writer: other.writer, n: 2 }];
  const second = await device.write({ after: first, named: rows, tree: elsewhere.tree });
  expect(second.header.rows).toEqual([{ ...rows[0], header: shortened(named.headerHash) }]);

  const firstNeed = {
    kind: "header",
    writer: device.writer,
    n: 1,
    header: shortened(first.headerHash),
  };
  const rowNeed = { kind: "header", ...rows[0], header: shortened(named.headerHash) };
  expect(await replica.check(second.bytes)).toEqual({ kind: "waits", needs: [firstNeed, rowNeed] });
  await replica.deliver(first.bytes);
  expect(await replica.check(second.bytes)).toEqual({ kind: "waits", needs: [rowNeed] });
  await replica.deliver(named.bytes);
  expect((await replica.check(second.bytes)).kind).toBe("delivered");
});

/** A second segment whose header was changed, sealed and signed anew by its writer. */
const resigned = async (
  scope: ReturnType<typeof createTestScope>,
  segment: SealedSegment,
  seed: Uint8Array,
  change: Partial<SegmentHeader>,
): Promise<Uint8Array> => {
  const { body } = parsed(segment.bytes);
  const header = encodeHeader({ ...segment.header, ...change });
  const signature = await scope.crypto.sign(seed, signedText(header, scope.keys));
  return encodeSegment(header, signature, body);
};

test("what a writer signs against the rules is refused, and proves its guilt", async () => {
  const { scope, replica } = await setUp(4);
  const seed = scope.random.bytes(32);
  const device = await scope.deviceOf(seed);
  const first = await device.write({});
  const second = await device.write({ after: first });
  await replica.deliver(first.bytes);
  const refusalOf = async (change: Partial<SegmentHeader>) =>
    refusal(replica, await resigned(scope, second, seed, change));

  const head = networkOfTests.controlHead;
  const row = { writer: device.writer, header: shortened(first.headerHash) };
  const guilty = { kind: "refused", isProofOfGuilt: true };
  expect(await refusalOf({ rows: [{ ...row, n: 2 }] })).toEqual({
    ...guilty,
    reason: "row-outside",
  });
  expect(await refusalOf({ controlHead: { ...head, height: 1 } })).toEqual({
    ...guilty,
    reason: "control-head",
  });
  const { key } = second.header;
  if (key === null) throw new Error("sealed");
  const epoch = shortHashOf(scope.random.bytes(16));
  expect(await refusalOf({ key: { ...key, epoch } })).toEqual({ ...guilty, reason: "epoch" });
  expect(await refusal(replica, await resigned(scope, second, seed, {}))).toMatchObject({
    kind: "delivered",
  });
});

test("what anyone could have made or spoilt is refused without blame", async () => {
  const { scope, replica } = await setUp(5);
  const seed = scope.random.bytes(32);
  const device = await scope.deviceOf(seed);
  const first = await device.write({});
  const second = await device.write({ after: first });
  const innocent = { kind: "refused", isProofOfGuilt: false };

  const broken = second.bytes.slice();
  broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
  expect(await refusal(replica, broken)).toEqual({ ...innocent, reason: "body-hash" });
  await replica.deliver(first.bytes);
  expect(await refusal(replica, broken)).toEqual({ ...innocent, reason: "body-hash" });

  const { headerBytes, signature, body } = parsed(second.bytes);
  const forged = (signature ?? new Uint8Array()).map((byte, at) => (at === 3 ? byte ^ 1 : byte));
  expect(await refusal(replica, encodeSegment(headerBytes, forged, body))).toEqual({
    ...innocent,
    reason: "signature",
  });
  const stranger = await resigned(scope, second, scope.random.bytes(32), {});
  expect(await refusal(replica, stranger)).toEqual({ ...innocent, reason: "signature" });
  const gap = await resigned(scope, second, seed, { first: 3 });
  expect(await refusal(replica, gap)).toEqual({ ...innocent, reason: "not-continuing" });
  const writer = writerIdOf(scope.random.bytes(16));
  const other = await resigned(scope, second, seed, { writer });
  expect(await refusal(replica, other)).toEqual({ ...innocent, reason: "not-continuing" });
  const plain = createTestScope(5, 0);
  const unsigned = await (await plain.device()).write({});
  expect(await refusal(replica, unsigned.bytes)).toEqual({ ...innocent, reason: "suite" });
});

test("an opening must make the writer's name, and its certificate be of this network", async () => {
  const { scope, device, replica } = await setUp(6);
  const { opening } = device;
  const first = await device.write({});
  const seed = scope.random.bytes(32);
  const withOpening = async (change: Partial<Opening>) =>
    refusal(replica, await resigned(scope, first, seed, { opening: { ...opening, ...change } }));
  expect((await withOpening({ incarnation: scope.random.bytes(16) })).reason).toBe("writer");
  expect((await withOpening({ signingKey: scope.random.bytes(32) })).reason).toBe("writer");
  const bytes = opening.certificate ?? new Uint8Array();
  const spoilt = bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
  expect((await withOpening({ certificate: spoilt })).reason).toBe("certificate-signature");
  expect((await withOpening({ certificate: bytes.slice(1) })).reason).toBe("certificate-form");
  const foreign = await certificateFor(scope.random.bytes(32), scope.crypto);
  expect((await withOpening({ certificate: foreign })).reason).toBe("certificate-key");
});

test("a device that another account certified has no right", async () => {
  const { scope, replica } = await setUp(7);
  const stranger = openNetwork("tests", "another shared secret of more than 32 bytes").account;
  const seed = scope.random.bytes(32);
  const certificate = await certificateFor(publicKeyOf(seed), scope.crypto, stranger);
  const device = await scope.deviceOf(seed, certificate);
  expect(await refusal(replica, (await device.write({})).bytes)).toEqual({
    kind: "refused",
    reason: "no-right",
    isProofOfGuilt: true,
  });
});

test("of a forked writer so many branches are kept and no more", async () => {
  const { device, replica } = await setUp(8);
  const first = await device.write({});
  await replica.deliver(first.bytes);
  const branches: SealedSegment[] = [];
  for (let branch = 0; branch < forkBranchesMax; branch++) {
    const segment = await device.write({ after: first, value: branch });
    await replica.deliver(segment.bytes);
    branches.push(segment);
  }
  const more = await device.write({ after: first, value: "more" });
  expect(await refusal(replica, more.bytes)).toMatchObject({
    reason: "too-many-branches",
    isProofOfGuilt: true,
  });
  // Branches that are kept go on.
  await replica.deliver((await device.write({ after: branches[3] ?? null })).bytes);
});

test("rows may point into either branch of a fork", async () => {
  const { scope, device, replica } = await setUp(9);
  const first = await device.write({});
  const left = await device.write({ after: first, value: "left" });
  const right = await device.write({ after: first, value: "right", count: 2 });
  for (const { bytes } of [first, left, right]) await replica.deliver(bytes);
  const other = await scope.device();
  const { tree } = replica;
  const dots = [left, right].map(({ headerHash, header }) => {
    const n = header.first + header.count - 1;
    return { writer: tree.namesFor(headerHash, []).own(n), n };
  });
  const segment = await other.write({ named: dots, tree });
  expect(segment.header.rows).toEqual([
    { writer: device.writer, n: 2, header: shortened(left.headerHash) },
    { writer: device.writer, n: 3, header: shortened(right.headerHash) },
  ]);
  await replica.deliver(segment.bytes);
  const names = tree.namesFor(segment.headerHash, segment.header.rows);
  expect([names.row(1, 2), names.row(2, 3)]).toEqual(dots.map(({ writer }) => writer));
  expect([names.row(1, 1), names.row(2, 1)]).toEqual([device.writer, device.writer]);
});

// A chain of heads by height, as closed networks will have one.
const chain = (scope: ReturnType<typeof createTestScope>) => {
  const heads: ControlHead[] = [0, 1, 2, 3].map((height) => ({
    term: 0,
    height,
    hash: shortHashOf(scope.random.bytes(16)),
  }));
  let known = 2;
  let frontier: number | null = null;
  const voids = new Set<string>();
  const control: ControlChain = {
    head: () => heads[known - 1] ?? networkOfTests.controlHead,
    find: ({ height, hash }) =>
      heads.slice(0, known).some((head) => head.hash === hash)
        ? { kind: "known", position: height }
        : { kind: "unknown" },
    epochAt: () => networkOfTests.epoch.id,
    mayWrite: (_, { height }) => height < 3,
    frontierOf: () => frontier,
    isVoidRow: (_, writer) => voids.has(writer),
  };
  return {
    heads,
    control,
    learn: () => (known += 1),
    close: (n: number) => (frontier = n),
    voids,
  };
};

test("control heads must be known and rise, and carry rights and frontiers", async () => {
  const { scope, replica } = await setUp(10);
  const { heads, control, learn, close, voids } = chain(scope);
  const view = { ...replica.view, control };
  const seed = scope.random.bytes(32);
  const device = await scope.deviceOf(seed);
  const plain = await device.write({});
  const under = async (segment: SealedSegment, height: number, more: Partial<SegmentHeader> = {}) =>
    parsed(await resigned(scope, segment, seed, { controlHead: heads[height] ?? null, ...more }));

  const first = await under(plain, 1);
  const verdict = await checkDelivery(first, view);
  if (verdict.kind !== "delivered") throw new Error(JSON.stringify(verdict));
  replica.tree.add(verdict.segment);
  const next = await device.write({ after: { ...plain, headerHash: first.headerHash } });
  const reason = async (height: number, more: Partial<SegmentHeader> = {}) => {
    const result = await checkDelivery(await under(next, height, more), view);
    return result.kind === "refused" ? result.reason : result;
  };
  expect(await reason(0)).toBe("control-head-older");
  expect(await reason(1)).toMatchObject({ kind: "delivered" });
  expect(await reason(2)).toEqual({ kind: "waits", needs: [{ kind: "control", head: heads[2] }] });
  learn();
  expect(await reason(2)).toMatchObject({ kind: "delivered" });
  learn();
  expect(await reason(3)).toBe("no-right");
  close(1);
  expect(await reason(2)).toBe("beyond-frontier");
  close(2);
  expect(await reason(2)).toMatchObject({ kind: "delivered" });
  // A frontier inside a segment means before it.
  expect(await reason(2, { count: 2 })).toBe("beyond-frontier");

  const newer = await scope.deviceOf(seed);
  const named = await checkDelivery(await under(await newer.write({}), 2), view);
  if (named.kind !== "delivered") throw new Error(JSON.stringify(named));
  replica.tree.add(named.segment);
  const rowOf = { writer: newer.writer, n: 1, header: shortened(named.segment.headerHash) };
  expect(await reason(1, { rows: [rowOf] })).toBe("control-head-older");
  expect(await reason(2, { rows: [rowOf] })).toMatchObject({ kind: "delivered" });

  const removed = { writer: writerIdOf(scope.random.bytes(16)), n: 4, header: heads[0]?.hash };
  const rows = removed.header === undefined ? [] : [{ ...removed, header: removed.header }];
  expect(await reason(2, { rows })).toMatchObject({ kind: "waits" });
  voids.add(removed.writer);
  expect(await reason(2, { rows })).toMatchObject({ kind: "delivered" });
});

test("what was stored is delivered again without its signatures", async () => {
  const { scope, device, replica } = await setUp(11);
  const first = await device.write({});
  const second = await device.write({ after: first });
  const again = scope.replica();
  expect(deliverStored(parsed(second.bytes), again.tree)).toBeNull();
  for (const { bytes } of [first, second]) {
    const original = await replica.deliver(bytes);
    const segment = deliverStored(parsed(bytes), again.tree);
    if (segment === null) throw new Error("not delivered");
    expect(segment).toEqual(original);
    expect(deliverOwn(parsed(bytes), original.origin)).toEqual(original);
    again.tree.add(segment);
  }
  expect(again.tree.heads()).toEqual(replica.tree.heads());
});
