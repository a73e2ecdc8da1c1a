/**
 * Ops and their bytes: what is written is read again, whatever the values; and bytes that somebody
 * else made end in an op or a no-op, never in an exception, where an op written again gives the
 * very bytes it was read from.
 */
import { expect, test } from "vitest";
import { bytesToHex } from "../../src/core/base/bytes.ts";
import type { Dot, Value } from "../../src/core/base/types.ts";
import { readForm } from "../../src/core/cbor/form.ts";
import { CborReader } from "../../src/core/cbor/reader.ts";
import { valueKey } from "../../src/core/cbor/value.ts";
import { decodeOp } from "../../src/core/op/decode.ts";
import { sortDots } from "../../src/core/op/dots.ts";
import type { DeleteOp, Entry, WriteOp } from "../../src/core/op/types.ts";
import { dotOf, timeOf } from "../support/model.ts";
import { context, encodeOp, own, tablePaths, tables } from "../support/opBytes.ts";
import { createRandom, type Random } from "../support/random.ts";

const valueOf = (random: Random, depth: number): Value => {
  const kinds: readonly (() => Value)[] = [
    () => null,
    () => random.chance(0.5),
    () => random.integer(2 ** 40) - 2 ** 39,
    () => random.next() * 1e9,
    () => random.pick(["", "a", "grün", "日本", "x".repeat(random.integer(300))]),
    () => new Date(random.integer(4e12) - 2e12),
    () => random.bytes(random.integer(40)),
    () => Float32Array.from({ length: random.integer(6) }, () => Math.fround(random.next())),
  ];
  if (depth === 0 || random.chance(0.7)) return random.pick(kinds)();
  const inner = (): Value => valueOf(random, depth - 1);
  if (random.chance(0.5)) return Array.from({ length: random.integer(4) }, inner);
  const names = ["a", "b2", "é", "zzz"].filter(() => random.chance(0.5));
  return Object.fromEntries(names.map((name) => [name, inner()]));
};

const dotsOf = (random: Random): readonly Dot[] =>
  sortDots(
    Array.from({ length: random.integer(4) }, () =>
      dotOf(`${random.pick(["m", "p", "q"])}:${String(1 + random.integer(5))}`),
    ),
  );

const originOf = (random: Random): Entry["origin"] =>
  random.chance(0.3)
    ? {
        ...dotOf(`h:${String(1 + random.integer(9))}`),
        time: { ms: random.integer(2 ** 48), counter: random.integer(2 ** 16) },
      }
    : null;

const seenOf = (random: Random): (Entry & { readonly kind: "unset" })["seen"] =>
  dotsOf(random).map((run) => ({
    run,
    dot: random.pick([dotOf("p:1"), dotOf("m:9")]),
    total: random.integer(100) / 4,
    alsoSaw: [],
  }));

/** One entry in each of some registers. */
const entriesOf = (random: Random): readonly Entry[] => {
  const base = () => ({ replaces: dotsOf(random), origin: originOf(random) });
  const element = valueOf(random, 2);
  const value = valueOf(random, 3);
  const all: readonly Entry[] = [
    { kind: "set", path: ["x"], value, seen: seenOf(random), ...base() },
    { kind: "unset", path: ["a", "b"], seen: seenOf(random), ...base() },
    { kind: "set", path: ["t"], value: [element], seen: [], ...base() },
    { kind: "add", path: ["t"], element, ...base() },
    { kind: "remove", path: ["t"], element: [element], ...base() },
    { kind: "increment", path: ["n"], run: own, total: random.next(), ...base() },
    { kind: "increment", path: ["n"], run: dotOf("p:2"), total: random.integer(9), ...base() },
  ];
  return random.shuffle(all).filter(() => random.chance(0.5));
};

const opOf = (random: Random): WriteOp | DeleteOp => {
  const head = { id: random.pick(["d", "ü".repeat(128)]), dot: own, time: context.time };
  if (random.chance(0.1)) return { ...head, kind: "delete", births: dotsOf(random) };
  const birth = random.chance(0.5);
  const births = birth ? sortDots([...dotsOf(random), own]) : dotsOf(random);
  return { ...head, kind: "write", birth, births, entries: entriesOf(random) };
};

test("5,000 ops are read as they were written", () => {
  for (let seed = 1; seed <= 5_000; seed++) {
    const op = opOf(createRandom(seed));
    expect(decodeOp(encodeOp(op), context), `seed ${String(seed)}`).toEqual(op);
  }
});

test("20,000 ops with bytes changed: an op or a no-op, and one way to write each op", () => {
  const counts = { op: 0, noOp: 0, notCanonical: 0 };
  for (let seed = 1; seed <= 20_000; seed++) {
    const random = createRandom(seed);
    const bytes = changed(encodeOp(opOf(random), 0), random);
    if (!isCanonical(bytes)) {
      counts.notCanonical++;
      continue;
    }
    const op = decodeOp(bytes, context);
    if (op.kind === "no-op" || op.kind === "unknown") {
      counts.noOp++;
      continue;
    }
    counts.op++;
    const again = encodeOp(op, deltaIn(bytes), sameIndexes);
    expect(bytesToHex(again), `seed ${String(seed)}`).toBe(bytesToHex(bytes));
  }
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(500);
});

/** Two paths of the table are equal: the op tells by its path object which index it had. */
const sameIndexes = {
  ...tables,
  pathIndex: (path: readonly string[]) => tablePaths.findIndex((other) => other === path),
};

const changed = (bytes: Uint8Array, random: Random): Uint8Array => {
  const copy = bytes.slice();
  for (let turn = random.integer(3); turn >= 0; turn--) {
    const at = random.integer(Math.min(copy.length, 60));
    copy[at] = random.chance(0.5) ? random.integer(256) : (copy[at] ?? 0) + random.pick([-1, 1]);
  }
  return random.chance(0.05) ? copy.slice(0, random.integer(copy.length)) : copy;
};

const isCanonical = (bytes: Uint8Array): boolean =>
  readForm(() => {
    const reader = new CborReader(bytes);
    reader.skip(32);
    reader.expectEnd();
  }).ok;

const deltaIn = (bytes: Uint8Array): number => {
  const reader = new CborReader(bytes);
  reader.readArrayHead();
  reader.skip(0);
  reader.skip(0);
  return reader.readUint();
};

test("the element's bytes are its identity, whatever the value", () => {
  for (let seed = 1; seed <= 1_000; seed++) {
    const [one, other] = [valueOf(createRandom(seed), 3), valueOf(createRandom(seed + 1), 3)];
    const add = (element: Value): Entry => ({
      kind: "add",
      path: ["t"],
      element,
      replaces: [],
      origin: null,
    });
    const op = { ...opOf(createRandom(1)), kind: "write", birth: false, births: [] } as const;
    const pair = (second: Value): string =>
      decodeOp(encodeOp({ ...op, entries: [add(one), add(second)] }), context).kind;
    expect(pair(one), `seed ${String(seed)}`).toBe("no-op");
    const isSame = valueKey(one) === valueKey(other);
    expect(pair(other), `seed ${String(seed)}`).toBe(isSame ? "no-op" : "write");
  }
});

test("times are taken from the segment", () => {
  const op = { ...opOf(createRandom(3)), time: timeOf(5) };
  expect(decodeOp(encodeOp(op), context)).toMatchObject({ time: context.time });
});
