/** What a body says as a whole: form, times, names, paths. Single ops are tested elsewhere. */
import { expect, test } from "vitest";
import { shortHashOf, writerIdOf } from "../../../../src/core/base/ids.ts";
import { bodyDepthMax } from "../../../../src/core/base/limits.ts";
import { encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import { bodyByteCount, decodeBody, encodeBody } from "../../../../src/core/segment/body.ts";
import type { SegmentHeader } from "../../../../src/core/segment/header.ts";
import type { SegmentNames } from "../../../../src/core/segment/tree.ts";
import { createTestScope, timeAt } from "../../../support/segments.ts";

const own = writerIdOf(new Uint8Array(16).fill(1));
const other = writerIdOf(new Uint8Array(16).fill(2));
const names: SegmentNames = { own: () => own, row: () => other };

const row = { writer: other, n: 4, header: shortHashOf(new Uint8Array(16)) };

const headerOf = async (count: number, change: Partial<SegmentHeader> = {}) => {
  const device = await createTestScope(1, 0).device();
  const { header } = await device.write({});
  return { ...header, first: 10, count, rows: [row], ...change };
};

const encoded = (items: readonly CborItem[]) => items.map((item) => encodeCbor(item));

const decode = async (
  paths: readonly CborItem[],
  ops: readonly CborItem[],
  change: Partial<SegmentHeader> = {},
) =>
  decodeBody(encodeBody(encoded(paths), encoded(ops)), await headerOf(ops.length, change), names);

const write = (id: string, dt: CborItem, births: CborItem = null, path = 0): CborItem => [
  ...[0, id, dt, true, births],
  [[path, null, 0, "value"]],
];

test("times add up from the header's, the first op's own dt counting nothing", async () => {
  const time = { ms: 1_000, counter: 65_535 };
  const ops = [write("a", 7), write("b", 0), write("c", 1), write("d", 65_536 * 5 + 2)];
  const decoded = await decode([["x"]], ops, { time });
  expect(decoded.map((op) => (op.kind === "write" ? op.time : op))).toEqual([
    time,
    time,
    { ms: 1_001, counter: 0 },
    { ms: 1_006, counter: 2 },
  ]);
});

test("a dt that is no integer counts as 0, and what follows keeps its time", async () => {
  const odd: readonly CborItem[] = [
    "text",
    [],
    [0, "short"],
    write("a", -1),
    write("a", 0.5),
    write("a", "1"),
    write("a", null),
  ];
  const start = write("s", 0);
  const decoded = await decode([["x"]], [start, ...odd, write("z", 3)], { time: timeAt(0) });
  expect(decoded.slice(1, -1).map(({ kind }) => kind)).toEqual(odd.map(() => "no-op"));
  const last = decoded.at(-1);
  expect(last?.kind === "write" ? last.time : last).toEqual({ ...timeAt(0), counter: 3 });
});

test("an op without meaning still passes the time on", async () => {
  const unknown: CborItem = [7, "a", 65_536, "of a later version"];
  const decoded = await decode([], [unknown, unknown, [1, "a", 65_536, null]], {
    time: timeAt(0),
  });
  expect(decoded.map((op) => (op.kind === "no-op" ? null : op.time.ms - timeAt(0).ms))).toEqual([
    0, 1, 2,
  ]);
});

test("names reach as far as their rows, own ones up to the op before", async () => {
  const births: readonly (readonly [number, number])[] = [
    ...([
      [0, 10],
      [0, 9],
      [0, 1],
      [0, 11],
      [0, 0],
    ] as const),
    ...([
      [1, 4],
      [1, 1],
      [1, 5],
      [1, 0],
      [2, 1],
    ] as const),
  ];
  const decoded = await decode(
    [["x"]],
    births.map((birth) => [1, "a", 0, [...birth]]),
  );
  const named = decoded.map((op) => (op.kind === "delete" ? op.births[0] : op.kind));
  expect(named).toEqual([
    // The first op is n = 10, each later one may name one more.
    "no-op",
    { writer: own, n: 9 },
    { writer: own, n: 1 },
    { writer: own, n: 11 },
    "no-op",
    { writer: other, n: 4 },
    { writer: other, n: 1 },
    "no-op",
    "no-op",
    "no-op",
  ]);
});

test("a bad path spoils the ops that use it and no other", async () => {
  const paths: readonly CborItem[] = [
    ["x"],
    ...["x", [], [1], ["$set"], ["a.b"], ["__proto__"], [""], ["x".repeat(257)]],
    Array<string>(17).fill("deep"),
    Array<string>(16).fill("deep"),
    ["_ours"],
  ];
  const decoded = await decode(
    paths,
    paths.map((_, path) => write("a", 0, null, path)),
  );
  expect(decoded.map(({ kind }) => kind)).toEqual([
    "write",
    ...Array<string>(9).fill("no-op"),
    "write",
    "write",
  ]);
});

test("a body fails as a whole only for its form", async () => {
  const header = await headerOf(2);
  const sound = encodeBody(encoded([["x"]]), encoded([write("a", 0), write("b", 0)]));
  const kinds = (plain: Uint8Array) =>
    decodeBody(plain, header, names).map((op) => (op.kind === "no-op" ? op.reason : op.kind));
  expect(kinds(sound)).toEqual(["write", "write"]);
  const form = ["body-form", "body-form"];
  expect(kinds(new Uint8Array())).toEqual(form);
  expect(kinds(sound.subarray(0, -1))).toEqual(form);
  expect(kinds(new Uint8Array([...sound, 0]))).toEqual(form);
  expect(kinds(encodeBody([], encoded([write("a", 0)])))).toEqual(form);
  expect(kinds(encodeBody([], encoded([1, 2, 3])))).toEqual(form);
  expect(kinds(encodeCbor([[], [1, 2], []]))).toEqual(form);
  expect(kinds(encodeCbor([null, [1, 2]]))).toEqual(form);
  expect(kinds(encodeCbor("body"))).toEqual(form);
  // Ops of any shape are a body, as long as they are canonical CBOR.
  expect(kinds(encodeCbor([[], [1, null]]))).not.toContain("body-form");
  // An integer beyond 2^53 - 1, a float that is an integer, undefined, a text that is no UTF-8.
  for (const bad of ["1b0020000000000000", "fb4000000000000000", "f7", "61ff", "1801", "9fff"]) {
    const item = Uint8Array.from(bad.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    expect(kinds(encodeBody([], [item, encodeCbor(1)]))).toEqual(form);
  }
});

test("a body nests so deep and no deeper", async () => {
  const header = await headerOf(1);
  const nested = (levels: number): CborItem => (levels === 0 ? 1 : [nested(levels - 1)]);
  const reason = (levels: number) => {
    const [op] = decodeBody(encodeBody([], encoded([nested(levels)])), header, names);
    return op?.kind === "no-op" ? op.reason : op?.kind;
  };
  expect(reason(bodyDepthMax - 2)).not.toMatch(/^body/);
  expect(reason(bodyDepthMax - 1)).toBe("body-depth");
});

test("the length of a body is known without making it", () => {
  for (const [paths, ops] of [
    [0, 1],
    [1, 23],
    [23, 24],
    [24, 255],
    [300, 256],
    [70_000, 4_096],
  ]) {
    const pathItems = Array<Uint8Array>(paths ?? 0).fill(encodeCbor(["path"]));
    const opItems = Array<Uint8Array>(ops ?? 0).fill(encodeCbor([0, "id"]));
    const sum = (items: readonly Uint8Array[]) => ({
      count: items.length,
      byteCount: items.reduce((total, item) => total + item.length, 0),
    });
    expect(bodyByteCount(sum(pathItems), sum(opItems))).toBe(encodeBody(pathItems, opItems).length);
  }
});
