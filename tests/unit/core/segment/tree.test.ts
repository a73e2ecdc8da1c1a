/** Trees of headers by hand: splits at the root, in a branch, in a branch of a branch. */
import { expect, test } from "vitest";
import { hexToBytes } from "../../../../src/core/base/bytes.ts";
import { shortened, writerIdOf } from "../../../../src/core/base/ids.ts";
import { shortHash } from "../../../../src/core/crypto/hash.ts";
import type { SealedSegment } from "../../../../src/core/segment/seal.ts";
import { headsHashOf } from "../../../../src/core/sync/heads.ts";
import { createTestScope, headsText, type TestReplica } from "../../../support/segments.ts";

const branchOf = (segment: SealedSegment) =>
  writerIdOf(
    shortHash("branch", hexToBytes(segment.header.writer), hexToBytes(segment.headerHash)),
  );

/** The name of a segment's first op. */
const nameIn = (replica: TestReplica, { header, headerHash }: SealedSegment) =>
  replica.tree.namesFor(headerHash, header.rows).own(header.first);

test("an honest writer is one branch with the writer's own name", async () => {
  const scope = createTestScope(1);
  const device = await scope.device();
  const replica = scope.replica();
  const first = await device.write({ count: 3 });
  const second = await device.write({ after: first, count: 2 });
  for (const { bytes } of [first, second]) await replica.deliver(bytes);

  const { tree } = replica;
  expect(tree.heads()).toEqual([{ writer: device.writer, n: 5, hash: second.headerHash }]);
  const names = tree.namesFor(second.headerHash, []);
  expect([1, 3, 4, 5].map((n) => names.own(n))).toEqual(Array(4).fill(device.writer));
  expect(tree.locate({ writer: device.writer, n: 3 })?.header).toBe(first.headerHash);
  expect(tree.locate({ writer: device.writer, n: 4 })?.header).toBe(second.headerHash);
  expect(tree.locate({ writer: device.writer, n: 6 })).toBeNull();
  expect(tree.locate({ writer: branchOf(first), n: 1 })).toBeNull();
  expect(tree.find(device.writer, shortened(first.headerHash))?.hash).toBe(first.headerHash);
  expect(tree.forks()).toEqual([]);
  expect(tree.beyond(device.writer, [first.headerHash])).toEqual([second.headerHash]);
  expect(tree.beyond(device.writer, [])).toEqual([first.headerHash, second.headerHash]);
});

test("a fork names what follows the split, and tells which headers are renamed", async () => {
  const scope = createTestScope(2);
  const device = await scope.device();
  const { tree, deliver } = scope.replica();
  const root = await device.write({ count: 4 });
  const left = await device.write({ after: root, value: "left", count: 2 });
  const leftOn = await device.write({ after: left, value: "left" });
  const right = await device.write({ after: root, value: "right", count: 5 });

  await deliver(root.bytes);
  await deliver(left.bytes);
  await deliver(leftOn.bytes);
  expect(tree.forks()).toEqual([]);
  await deliver(right.bytes);
  expect(tree.forks()).toEqual([
    {
      writer: device.writer,
      proof: [left.headerHash, right.headerHash],
      renamed: [left.headerHash, leftOn.headerHash],
    },
  ]);

  const names = tree.namesFor(leftOn.headerHash, []);
  expect(names.own(4)).toBe(device.writer);
  expect(names.own(5)).toBe(branchOf(left));
  expect(names.own(7)).toBe(branchOf(left));
  expect(tree.namesFor(right.headerHash, []).own(9)).toBe(branchOf(right));
  expect(tree.locate({ writer: device.writer, n: 5 })).toBeNull();
  expect(tree.locate({ writer: branchOf(left), n: 7 })?.header).toBe(leftOn.headerHash);
  expect(tree.headsOf(device.writer).map(({ n }) => n)).toEqual([7, 9]);
});

test("two first segments of one writer leave nothing under the writer's own name", async () => {
  const scope = createTestScope(3);
  const device = await scope.device();
  const replica = scope.replica();
  const a = await device.write({ value: "a" });
  const b = await device.write({ value: "b" });
  await replica.deliver(a.bytes);
  await replica.deliver(b.bytes);
  expect(nameIn(replica, a)).toBe(branchOf(a));
  expect(nameIn(replica, b)).toBe(branchOf(b));
  expect(replica.tree.locate({ writer: device.writer, n: 1 })).toBeNull();
});

/** A tree with splits at the root, within a branch and within a branch of a branch. */
const forkedLog = async (seed: number) => {
  const scope = createTestScope(seed);
  const device = await scope.device();
  const write = (after: SealedSegment | null, value: string, count = 2) =>
    device.write({ after, value, count });
  const root = await write(null, "root");
  const trunk = await write(root, "trunk");
  const other = await write(null, "other");
  const a = await write(trunk, "a", 3);
  const aOn = await write(a, "a on");
  const aa = await write(aOn, "aa", 4);
  const ab = await write(aOn, "ab");
  const b = await write(trunk, "b");
  const bOn = await write(b, "b on", 7);
  const c = await write(trunk, "c");
  return { scope, segments: { root, trunk, other, a, aOn, aa, ab, b, bOn, c } };
};

test("names, heads and rows under forks do not depend on the order of arrival", async () => {
  const { scope, segments } = await forkedLog(4);
  const { root, trunk, other, a, aOn, aa, ab, b, bOn, c } = segments;
  const byName = new Map<SealedSegment, SealedSegment>([
    ...[root, trunk].map((segment) => [segment, root] as const),
    ...[other, aa, ab, c].map((segment) => [segment, segment] as const),
    ...[a, aOn].map((segment) => [segment, a] as const),
    ...[b, bOn].map((segment) => [segment, b] as const),
  ]);
  const all = Object.values(segments);
  const seen = new Set<string>();
  for (let round = 0; round < 40; round++) {
    const replica = scope.replica();
    const left = scope.random.shuffle(all);
    while (left.length > 0) {
      const at = left.findIndex(
        ({ header }) => header.previous === null || replica.tree.get(header.previous) !== null,
      );
      for (const { bytes } of left.splice(at, 1)) await replica.deliver(bytes);
    }
    for (const [segment, first] of byName) expect(nameIn(replica, segment)).toBe(branchOf(first));
    const rows = [aa, bOn].map(({ header, headerHash }) => ({
      writer: header.writer,
      n: header.first + header.count - 1,
      header: shortened(headerHash),
    }));
    const names = replica.tree.namesFor(root.headerHash, rows);
    const along = (row: number) => [1, 3, 5, 8, 10].map((n) => names.row(row, n));
    expect(along(1)).toEqual([root, root, a, aOn, aa].map((s) => branchOf(byName.get(s) ?? s)));
    expect(along(2)).toEqual([root, root, b, b, b].map(branchOf));
    seen.add(headsText(replica.tree.heads()).join() + headsHashOf(replica.tree.heads()));
    expect(replica.tree.heads()).toHaveLength(5);
    expect(replica.tree.forks().length).toBe(4);
  }
  expect(seen.size).toBe(1);
});

test("what a peer lacks is told branch by branch, each header after its predecessor", async () => {
  const { scope, segments } = await forkedLog(5);
  const { tree, deliver } = scope.replica();
  for (const { bytes } of Object.values(segments)) await deliver(bytes);
  const { root, trunk, other, a, aOn, aa, ab, b, bOn, c } = segments;
  const { writer } = root.header;
  const hashes = (...list: SealedSegment[]) => list.map(({ headerHash }) => headerHash);
  const beyond = (...known: SealedSegment[]) => tree.beyond(writer, hashes(...known));
  expect(new Set(beyond(aOn))).toEqual(new Set(hashes(other, aa, ab, b, bOn, c)));
  expect(new Set(beyond(aOn, a, root))).toEqual(new Set(beyond(aOn)));
  expect(new Set(beyond(aa, b))).toEqual(new Set(hashes(other, ab, bOn, c)));
  expect(beyond(aa, ab, bOn, c, other)).toEqual([]);
  expect(new Set(beyond())).toEqual(new Set(hashes(...Object.values(segments))));
  const order = beyond();
  for (const { header, headerHash } of [trunk, a, aOn, aa, ab, b, bOn, c]) {
    if (header.previous === null) throw new Error("not a first segment");
    expect(order.indexOf(header.previous)).toBeLessThan(order.indexOf(headerHash));
  }
});

test("the hash of heads tells different heads apart", async () => {
  const scope = createTestScope(6);
  const device = await scope.device();
  const { tree, deliver } = scope.replica();
  const hashes = new Set([headsHashOf(tree.heads())]);
  const first = await device.write({});
  await deliver(first.bytes);
  hashes.add(headsHashOf(tree.heads()));
  await deliver((await device.write({ after: first })).bytes);
  hashes.add(headsHashOf(tree.heads()));
  expect(hashes.size).toBe(3);
});
