/** The order of reading: causal whatever the order of arrival, and always the same. */
import { expect, test } from "vitest";
import { shortHashOf } from "../../../../src/core/base/ids.ts";
import { createReadingQueue } from "../../../../src/core/segment/reading.ts";
import type { SealedSegment } from "../../../../src/core/segment/seal.ts";
import { createTestScope, networkOfTests } from "../../../support/segments.ts";

/**
 * Three writers; whose second segments name the others' first, and one whose third names all.
 */
const makeLogs = async (seed: number) => {
  const scope = createTestScope(seed);
  const { tree, deliver } = scope.replica();
  const devices = [await scope.device(), await scope.device(), await scope.device()];
  const logs: SealedSegment[][] = devices.map(() => []);
  for (let round = 0; round < 4; round++) {
    for (const [index, device] of devices.entries()) {
      const log = logs[index] ?? [];
      const named = logs
        .filter((each) => each !== log && scope.random.chance(0.6))
        .flatMap((each) => each.slice(-1))
        .map(({ header }) => ({ writer: header.writer, n: header.first }));
      const segment = await device.write({ after: log.at(-1) ?? null, named, tree });
      log.push(segment);
      await deliver(segment.bytes);
    }
  }
  return { scope, segments: logs.flat() };
};

/** Everything that the segment builds on, as hashes. */
const needsOf = ({ header }: SealedSegment, all: readonly SealedSegment[]) =>
  all
    .filter(({ header: before, headerHash }) => {
      const isRow = header.rows.some(
        ({ writer, n }) =>
          writer === before.writer && n >= before.first && n < before.first + before.count,
      );
      return header.previous === headerHash || isRow;
    })
    .map(({ headerHash }) => headerHash);

test("a segment is read after its predecessor and all its rows, whenever it came", async () => {
  const { scope, segments } = await makeLogs(1);
  const orders = new Set<string>();
  for (let round = 0; round < 30; round++) {
    const replica = scope.replica();
    const queue = createReadingQueue(replica.tree);
    const read: string[] = [];
    const left = scope.random.shuffle(segments);
    const readSome = (): void => {
      const next = queue.next();
      if (next === null) return;
      queue.markRead(next);
      read.push(next);
    };
    while (left.length > 0) {
      const at = left.findIndex((segment) =>
        needsOf(segment, segments).every((hash) => replica.tree.get(hash) !== null),
      );
      for (const segment of left.splice(at, 1)) {
        await replica.deliver(segment.bytes);
        queue.add(segment.headerHash, segment.header);
      }
      if (round > 0 && scope.random.chance(0.3)) readSome();
    }
    while (queue.next() !== null) readSome();
    expect(read).toHaveLength(segments.length);
    expect(queue.unreadCount()).toBe(0);
    for (const segment of segments) {
      for (const before of needsOf(segment, segments)) {
        expect(read.indexOf(before)).toBeLessThan(read.indexOf(segment.headerHash));
      }
    }
    if (round === 0) orders.add(read.join());
  }
  // Delivered in another order, but read only when all is there: the same order.
  const replica = scope.replica();
  const queue = createReadingQueue(replica.tree);
  for (const segment of segments.toSorted((a, b) => a.header.first - b.header.first)) {
    await replica.deliver(segment.bytes);
    queue.add(segment.headerHash, segment.header);
  }
  const read: string[] = [];
  for (let next = queue.next(); next !== null; next = queue.next()) {
    queue.markRead(next);
    read.push(next);
  }
  orders.add(read.join());
  expect(orders.size).toBe(1);
});

test("a missing key holds up the segment and all that builds on it, nothing else", async () => {
  const scope = createTestScope(2);
  const { tree, deliver } = scope.replica();
  const [one, two] = [await scope.device(), await scope.device()];
  const first = await one.write({});
  await deliver(first.bytes);
  const named = [{ writer: one.writer, n: 1 }];
  const onIt = await two.write({ named, tree });
  const second = await one.write({ after: first });
  const independent = await (await scope.device()).write({});
  for (const { bytes } of [onIt, second, independent]) await deliver(bytes);

  const queue = createReadingQueue(tree);
  for (const { headerHash, header } of [first, onIt, second, independent]) {
    queue.add(headerHash, header);
  }
  const epoch = networkOfTests.epoch.id;
  queue.block(first.headerHash, { kind: "missing-key", epoch });
  expect(queue.next()).toBe(independent.headerHash);
  queue.markRead(independent.headerHash);
  expect(queue.next()).toBeNull();
  expect(queue.waiting()).toEqual({ "missing-key": 1, "needs-newer": 0, lost: 0, earlier: 2 });
  expect(queue.isRead(first.headerHash)).toBe(false);
  expect(queue.isRead(independent.headerHash)).toBe(true);
  queue.unblock(shortHashOf(scope.random.bytes(16)));
  expect(queue.next()).toBeNull();
  queue.unblock(epoch);
  expect(queue.next()).toBe(first.headerHash);
  queue.markRead(first.headerHash);
  queue.block(onIt.headerHash, { kind: "needs-newer" });
  queue.unblock(epoch);
  expect(queue.next()).toBe(second.headerHash);
  queue.markRead(second.headerHash);
  expect(queue.waiting()).toEqual({ "missing-key": 0, "needs-newer": 1, lost: 0, earlier: 0 });
});

test("a row beyond the end of a log stands for all that is of it", async () => {
  const scope = createTestScope(4);
  const whole = scope.replica();
  const [one, two] = [await scope.device(), await scope.device()];
  const first = await one.write({});
  const beyond = await one.write({ after: first });
  for (const { bytes } of [first, beyond]) await whole.deliver(bytes);
  const named = [{ writer: beyond.header.writer, n: beyond.header.first }];
  const onTop = await two.write({ named, tree: whole.tree });
  const { tree, deliver } = scope.replica();
  await deliver(first.bytes);
  const queue = createReadingQueue(tree);
  for (const { headerHash, header } of [first, onTop]) queue.add(headerHash, header);
  queue.block(first.headerHash, { kind: "missing-key", epoch: networkOfTests.epoch.id });
  expect(queue.next()).toBeNull();
  queue.unblock(networkOfTests.epoch.id);
  expect(queue.next()).toBe(first.headerHash);
  queue.markRead(first.headerHash);
  expect(queue.next()).toBe(onTop.headerHash);
});

test("only what is ready can be read, and once", async () => {
  const scope = createTestScope(3);
  const { tree, deliver } = scope.replica();
  const device = await scope.device();
  const first = await device.write({});
  const second = await device.write({ after: first });
  for (const { bytes } of [first, second]) await deliver(bytes);
  const queue = createReadingQueue(tree);
  queue.add(first.headerHash, first.header);
  queue.add(second.headerHash, second.header);
  expect(() => {
    queue.markRead(second.headerHash);
  }).toThrow("only what is ready");
  expect(() => {
    queue.add(second.headerHash, second.header);
  }).toThrow("queued once");
  queue.markRead(first.headerHash);
  expect(() => {
    queue.markRead(first.headerHash);
  }).toThrow("only what is ready");
});
