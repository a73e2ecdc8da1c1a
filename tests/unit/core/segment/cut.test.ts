/** Open runs: tables, limits, what goes to the journal and comes back from it. */
import { expect, test } from "vitest";
import { shortened, writerIdOf } from "../../../../src/core/base/ids.ts";
import {
  opBytesMax,
  segmentBodyBytesMax,
  segmentBytesTarget,
  segmentOpsMax,
  segmentOpsTarget,
  segmentRowsMax,
} from "../../../../src/core/base/limits.ts";
import type { Dot, Time, WriterId } from "../../../../src/core/base/types.ts";
import type { WriteOp } from "../../../../src/core/op/types.ts";
import { decodeBody } from "../../../../src/core/segment/body.ts";
import { OpenRun, type AppendOutcome, type RunPart } from "../../../../src/core/segment/cut.ts";
import type { Place, SegmentNames } from "../../../../src/core/segment/tree.ts";
import { createRandom } from "../../../support/random.ts";
import { createTestScope, setOp, timeAt } from "../../../support/segments.ts";

const writerOf = (byte: number): WriterId => writerIdOf(new Uint8Array(16).fill(byte));
const own = writerOf(1);
const other = writerOf(2);
const random = createRandom(1);
const headerHash = (await (await createTestScope(1).device()).write({})).headerHash;

/** Segments of ten ops each; a header's hash tells writer and first n. */
const locate = ({ writer, n }: Dot): Place => {
  const tens = Math.floor((n - 1) / 10).toString(16);
  return { writer, header: hashLike(writer, tens) };
};
const hashLike = (writer: WriterId, tens: string): Place["header"] => {
  const text = writer.slice(0, 8) + tens.padStart(24, "0") + headerHash.slice(32);
  // As long as a hash; only equality counts here.
  return text as Place["header"];
};

const runAt = (first = 1, baseTime: Time = timeAt(first)): OpenRun =>
  new OpenRun({ writer: own, first, baseTime, locate });
const op = (n: number, replaces: readonly Dot[] = [], value: WriteOp["id"] = "v"): WriteOp =>
  setOp({ writer: own, n }, { replaces, value });
const partOf = (outcome: AppendOutcome): RunPart => {
  if (outcome.kind !== "appended") throw new Error(outcome.kind);
  return outcome.part;
};
const end = { previous: headerHash, opening: null, controlHead: null };
const opening = {
  ...{ signingKey: random.bytes(32), incarnation: random.bytes(16) },
  ...{ certificate: null, extensions: [] },
};
const draftOf = (run: OpenRun) =>
  run.toDraft(run.first === 1 ? { previous: null, opening, controlHead: null } : end);

test("a run tells the journal what its ops use, and ops share its tables", () => {
  const run = runAt(5);
  const [first, second] = [op(5), op(6, [{ writer: other, n: 3 }])];
  const part = partOf(run.append([first, second]));
  const title = { index: 0, path: ["title"] };
  expect(part.paths).toEqual([title]);
  const row = { writer: other, n: 3, header: shortened(hashLike(other, "0")) };
  expect(part.rows).toEqual([{ index: 1, ...row }]);
  expect(part.ops).toHaveLength(2);
  expect([run.count, run.nextN]).toEqual([2, 7]);

  const later = partOf(run.append([op(7, [{ writer: other, n: 2 }])]));
  expect([later.paths, later.rows]).toEqual([[title], [{ index: 1, ...row }]]);
  const further = partOf(run.append([op(8, [{ writer: other, n: 25 }])]));
  const stretched = { writer: other, n: 25, header: shortened(hashLike(other, "2")) };
  expect(further.rows).toEqual([{ index: 1, ...stretched }]);
  const third = writerOf(3);
  expect(partOf(run.append([op(9, [{ writer: third, n: 1 }])])).rows).toMatchObject([
    { index: 2, writer: third, n: 1 },
  ]);
  expect(draftOf(run)).toMatchObject({
    ...{ writer: own, first: 5, count: 5, time: timeAt(5), previous: headerHash },
    rows: [stretched, { writer: third }],
  });
});

test("what is cut reads as what was written", () => {
  const run = runAt(1);
  const ops = Array.from({ length: 30 }, (_, index) => {
    const n = index + 1;
    const seen = [
      ...(n > 1 ? [{ writer: own, n: n - 1 }] : []),
      { writer: other, n: 40 - n },
      { writer: writerOf(3), n },
    ];
    return op(n, seen, `value ${String(n)}`);
  });
  for (const each of ops) partOf(run.append([each]));
  const { body, rows, ...draft } = draftOf(run);
  const names: SegmentNames = { own: () => own, row: (row) => rows[row - 1]?.writer ?? own };
  const header = {
    ...draft,
    ...{ suite: 0, rows, key: null, bodyLength: body.length, bodyForm: 0, extensions: [] },
    bodyHash: new Uint8Array(32),
  } as const;
  expect(decodeBody(body, header, names)).toEqual(ops);
  expect(rows.map(({ writer, n }) => [writer, n])).toEqual([
    [other, 39],
    [writerOf(3), 30],
  ]);
});

test("a run is due at 256 ops, and the next op goes to a new one", () => {
  const run = runAt();
  for (let n = 1; n <= segmentOpsTarget; n++) {
    partOf(run.append([op(n)]));
  }
  expect(run.append([op(segmentOpsTarget + 1)])).toEqual({ kind: "full" });
  expect(run.count).toBe(segmentOpsTarget);
});

test("a run is due at 256 KiB", () => {
  const run = runAt();
  const large = "x".repeat(segmentBytesTarget / 4);
  for (let n = 1; n <= 3; n++) partOf(run.append([op(n, [], large)]));
  expect(run.append([op(4, [], large)])).toEqual({ kind: "full" });
  const one = runAt();
  partOf(one.append([op(1, [], "x".repeat(segmentBytesTarget))]));
});

const group = (first: number, count: number, value = "v"): readonly WriteOp[] =>
  Array.from({ length: count }, (_, index) => op(first + index, [], value));

test("a transaction is never split: it moves to a new run, or is too large for any", () => {
  const run = runAt();
  partOf(run.append([op(1)]));
  expect(run.append(group(2, segmentOpsTarget))).toEqual({ kind: "full" });
  const fresh = runAt(2);
  expect(partOf(fresh.append(group(2, segmentOpsTarget + 1))).ops).toHaveLength(257);
  partOf(runAt(2).append(group(2, segmentOpsMax)));
  for (const [ops, what] of [
    [group(1, segmentOpsMax + 1), "4096 changes"],
    [group(1, 5, "x".repeat(segmentBodyBytesMax / 5)), `${String(segmentBodyBytesMax)} bytes`],
  ] as const) {
    const empty = runAt();
    const outcome = empty.append(ops);
    if (outcome.kind !== "too-large") throw new Error(outcome.kind);
    expect(outcome.error.code).toBe("TooLarge");
    expect(outcome.error.message).toContain(what);
    expect([empty.count, empty.nextN]).toEqual([0, 1]);
  }
});

test("an op over 1 MiB is too large, and named", () => {
  const run = runAt();
  partOf(run.append([op(1)]));
  const outcome = run.append([op(2), op(3, [{ writer: other, n: 1 }], "x".repeat(opBytesMax))]);
  if (outcome.kind !== "too-large") throw new Error(outcome.kind);
  expect(outcome.error).toMatchObject({ code: "TooLarge", path: "doc" });
  expect(run.nextN).toBe(2);
  // Nothing of it stayed in the tables.
  expect(partOf(run.append([op(2, [{ writer: writerOf(3), n: 1 }])])).rows).toMatchObject([
    { index: 1, writer: writerOf(3) },
  ]);
});

test("a full table wants a new run, more writers than any table has are too many", () => {
  const many = (count: number, from = 0): readonly Dot[] =>
    Array.from({ length: count }, (_, index) => {
      const hex = (from + index + 16).toString(16).padStart(8, "0").padEnd(32, "0");
      return { writer: writerIdOf(Uint8Array.from(Buffer.from(hex, "hex"))), n: 1 };
    });
  const run = runAt();
  partOf(run.append([op(1, many(segmentRowsMax))]));
  partOf(run.append([op(2, many(10))]));
  expect(run.append([op(3, many(1, segmentRowsMax))])).toEqual({ kind: "full" });
  expect(draftOf(run).rows).toHaveLength(segmentRowsMax);
  const outcome = runAt().append([op(1, many(segmentRowsMax + 1))]);
  expect(outcome.kind).toBe("too-large");
});

test("a time that does not fit an op's dt wants a new run", () => {
  const run = runAt(1);
  partOf(run.append([op(1)]));
  const years = { ms: timeAt(1).ms + 2 ** 37, counter: 0 };
  const late = setOp({ writer: own, n: 2 }, { time: years });
  expect(run.append([late])).toEqual({ kind: "full" });
  expect(run.append([setOp({ writer: own, n: 2 }, { time: timeAt(0) })])).toEqual({ kind: "full" });
  partOf(runAt(2, years).append([late]));
  partOf(run.append([op(2)]));
});

test("what the journal kept brings a run back as it was", () => {
  const run = runAt();
  const again = runAt();
  for (let n = 1; n <= 60; n++) {
    const named = [other, writerOf(3), writerOf(4)]
      .filter(() => random.chance(0.5))
      .map((writer) => ({ writer, n: 1 + random.integer(90) }));
    const outcome = run.append([op(n, named)]);
    const part = partOf(outcome);
    if (n <= 40) again.restore(part, timeAt(n));
    else expect(partOf(again.append([op(n, named)]))).toEqual(part);
  }
  expect(draftOf(again)).toEqual(draftOf(run));
});

test("a group that does not fit leaves no trace in the tables", () => {
  const run = runAt();
  partOf(run.append([op(1, [{ writer: other, n: 3 }])]));
  const before = draftOf(run);
  const entry = {
    kind: "unset",
    path: ["elsewhere"],
    replaces: [],
    seen: [],
    origin: null,
  } as const;
  const big = group(2, segmentOpsTarget).map((each) => ({
    ...each,
    entries: [...each.entries, { ...entry, replaces: [{ writer: other, n: 33 }] }],
  }));
  expect(run.append(big).kind).toBe("full");
  expect(draftOf(run)).toEqual(before);
  const part = partOf(run.append([op(2, [{ writer: other, n: 33 }])]));
  expect([part.paths, part.rows.map(({ index, n }) => [index, n])]).toEqual([
    [{ index: 0, path: ["title"] }],
    [[1, 33]],
  ]);
});

test("after a fork one header keeps one row, whatever its ops are called", async () => {
  const scope = createTestScope(7);
  const { tree, deliver } = scope.replica();
  const forked = await scope.device();
  const root = await forked.write({ count: 10 });
  const left = await forked.write({ after: root, count: 5, value: "left" });
  const right = await forked.write({ after: root, value: "right" });
  await deliver(root.bytes);
  await deliver(left.bytes);
  const run = new OpenRun({ writer: own, first: 2, baseTime: timeAt(2), locate: tree.locate });
  partOf(run.append([op(2, [{ writer: forked.writer, n: 13 }])]));
  await deliver(right.bytes);
  const leftName = tree.namesFor(left.headerHash, []).own(11);
  const rightName = tree.namesFor(right.headerHash, []).own(11);
  const named = [
    { writer: forked.writer, n: 4 },
    { writer: leftName, n: 12 },
    { writer: rightName, n: 11 },
  ];
  const part = partOf(run.append([op(3, named)]));
  expect(part.rows.map(({ index, n, header }) => [index, n, header])).toEqual([
    [1, 13, shortened(left.headerHash)],
    [2, 11, shortened(right.headerHash)],
  ]);
  partOf(run.append([op(4, [{ writer: leftName, n: 15 }])]));
  const { rows } = draftOf(run);
  expect(rows.map(({ n, header }) => [n, header])).toEqual([
    [15, shortened(left.headerHash)],
    [11, shortened(right.headerHash)],
  ]);
});
