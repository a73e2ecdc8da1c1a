/**
 * Acknowledgements: their bytes, what is refused of them, and what several of one device come to.
 */
import { describe, expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import { scopeIdOf, shortHashOf, writerIdOf } from "../../../../src/core/base/ids.ts";
import {
  acknowledgementBytesMax,
  acknowledgementBytesPerDeviceMax,
  acknowledgementsPerDeviceMax,
} from "../../../../src/core/base/limits.ts";
import type { ScopeId } from "../../../../src/core/base/types.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import { hash } from "../../../../src/core/crypto/hash.ts";
import {
  areSameRows,
  coversRows,
  nothingAcknowledged,
  withAcknowledgement,
  type Acknowledged,
} from "../../../../src/core/network/acknowledged.ts";
import {
  checkAcknowledgement,
  makeAcknowledgement,
  parseAcknowledgement,
  storedAcknowledgement,
  type Acknowledgement,
  type CheckedAcknowledgement,
} from "../../../../src/core/network/acknowledgement.ts";
import type { Row } from "../../../../src/core/segment/header.ts";
import { mutate } from "../../../support/mutate.ts";
import { createNodeCrypto } from "../../../support/nodeCrypto.ts";
import { createRandom } from "../../../support/random.ts";

const crypto = createNodeCrypto(createRandom(1));
const seed = new Uint8Array(32).fill(7);
const device = await crypto.publicKey(seed);
const networkHash = hash("network", 1);
const controlHead = { term: 0, height: 3, hash: shortHashOf(hash("head", 1).slice(0, 16)) };
const scopeNamed = (name: string): ScopeId => scopeIdOf(hash("scope", name).slice(0, 16));
const rowOf = (name: string, n: number): Row => ({
  writer: writerIdOf(hash("writer", name).slice(0, 16)),
  ...{ n, header: shortHashOf(hash("header", name, n).slice(0, 16)) },
});
const scope = scopeNamed("notes");
const rows = [rowOf("a", 2), rowOf("b", 70_000)];

const saying = (what: Partial<Acknowledgement> = {}): Promise<CheckedAcknowledgement> =>
  makeAcknowledgement(
    {
      ...{ networkHash, device, incarnation: 1, counter: 4, controlHead },
      ...{ scopes: new Map([[scope, rows]]), ...what },
    },
    seed,
    crypto,
  );

const numbered = (
  incarnation: number,
  counter: number,
  scopes: Readonly<Record<string, readonly Row[]>>,
): Promise<CheckedAcknowledgement> =>
  saying({
    ...{ incarnation, counter },
    scopes: new Map(Object.entries(scopes).map(([name, held]) => [scopeNamed(name), held])),
  });

describe("bytes", () => {
  test("are those of the format, and read as they were written", async () => {
    const said = await saying();
    const parsed = parseAcknowledgement(said.bytes);
    expect(parsed).toEqual({ ok: true, value: said });
    expect(said).toMatchObject({ networkHash, device, incarnation: 1, counter: 4, controlHead });
    expect([...said.scopes]).toEqual([[scope, rows]]);
    expect(storedAcknowledgement(said.bytes)).toEqual(said);
    const item = decodeCbor(said.bodyBytes, { bytesMax: 1_000, depthMax: 5, itemsMax: 100 });
    expect(item.ok && item.value).toEqual([
      ...[networkHash, device, 1, 4, [0, 3, bytesOf(controlHead.hash)]],
      [
        [
          bytesOf(scope),
          rows.map(({ writer, n, header }) => [bytesOf(writer), n, bytesOf(header)]),
        ],
      ],
      [],
    ]);
    const text = encodeCbor(["nebulusdb/1/acknowledge", said.bodyBytes]);
    expect(await crypto.verify(device, said.signature, text)).toBe(true);
  });

  test("stay as they were pinned", async () => {
    const { bytes } = await saying({ scopes: new Map([[scope, rows.slice(0, 1)]]) });
    expect(bytesToHex(bytes)).toBe(pinned);
  });

  test("of another network, another device or another text are not taken", async () => {
    const said = await saying();
    const check = (bytes: Uint8Array, network = networkHash): Promise<unknown> => {
      const parsed = parseAcknowledgement(bytes);
      if (!parsed.ok) throw new Error(parsed.error);
      return checkAcknowledgement(parsed.value, network, crypto);
    };
    expect(await check(said.bytes)).toMatchObject({ ok: true });
    expect(await check(said.bytes, hash("network", 2))).toEqual({
      ...{ ok: false, error: "other-network" },
    });
    const refused = { ok: false, error: "signature" };
    const other = await saying({ counter: 5 });
    expect(await check(encodeCbor([said.bodyBytes, other.signature]))).toEqual(refused);
    const forged = await saying({ device: hash("another device") });
    expect(await check(forged.bytes)).toEqual(refused);
  });

  test("of another shape are refused, each with its word", async () => {
    const said = await saying();
    const errorOf = (bytes: Uint8Array): unknown => {
      const parsed = parseAcknowledgement(bytes);
      return parsed.ok ? null : parsed.error;
    };
    const body = (change: (items: CborItem[]) => void): Uint8Array => {
      const items: CborItem[] = [networkHash, device, 0, 1, [0, 0, bytesOf(controlHead.hash)]];
      items.push([[bytesOf(scope), []]], []);
      change(items);
      return encodeCbor([encodeCbor(items), said.signature]);
    };
    expect(errorOf(body(() => undefined))).toBeNull();
    const changes: readonly ((items: CborItem[]) => void)[] = [
      (items) => (items[0] = new Uint8Array(31)),
      (items) => (items[1] = new Uint8Array(33)),
      (items) => (items[2] = -1),
      // Counters begin at 1
      (items) => (items[3] = 0),
      (items) => (items[4] = [0, 0]),
      (items) => (items[5] = [[new Uint8Array(15), []]]),
      (items) => (items[5] = [[bytesOf(scope), [[new Uint8Array(16), 0, new Uint8Array(16)]]]]),
      // A scope twice
      (items) => (items[5] = [0, 1].map(() => [bytesOf(scope), []])),
      (items) => items.pop(),
      (items) => items.push(null),
    ];
    for (const change of changes) expect(errorOf(body(change))).toBe("acknowledgement-form");
    const extended = (isCritical: boolean): Uint8Array =>
      body((items) => (items[6] = [[9, isCritical, new Uint8Array(2)]]));
    expect(errorOf(extended(false))).toBeNull();
    expect(errorOf(extended(true))).toBe("acknowledgement-newer");
    const long = new Uint8Array(acknowledgementBytesMax + 1);
    expect(errorOf(long)).toBe("acknowledgement-length");
    expect(storedAcknowledgement(long)).toBeNull();
  });

  test("20,000 malformed ones: no error escapes, and none counts", async () => {
    const good = [await saying(), await saying({ scopes: new Map() })];
    const random = createRandom(23);
    let wellFormed = 0;
    for (let turn = 0; turn < 20_000; turn++) {
      const { bytes } = random.pick(good);
      const bad =
        turn % 2 === 0 ? mutate(bytes, random) : encodeCbor([random.bytes(turn % 300), bytes]);
      if (good.some((each) => Buffer.compare(each.bytes, bad) === 0)) continue;
      const parsed = parseAcknowledgement(bad);
      if (!parsed.ok) continue;
      wellFormed += 1;
      const checked = await checkAcknowledgement(parsed.value, networkHash, crypto);
      expect(checked.ok, `turn ${turn}`).toBe(false);
    }
    expect(wellFormed).toBeGreaterThan(100);
  });
});

describe("what several come to", () => {
  const held = (said: readonly CheckedAcknowledgement[]): Acknowledged =>
    said.reduce(withAcknowledgement, nothingAcknowledged);

  test("is the last word on each scope, whatever the order and however often", async () => {
    const said = [
      await numbered(0, 1, { a: [rowOf("x", 1)], b: [rowOf("y", 1)] }),
      await numbered(0, 2, { a: [rowOf("x", 5)] }),
      await numbered(0, 3, { c: [rowOf("z", 1)] }),
      await numbered(0, 4, { b: [] }),
    ];
    const random = createRandom(3);
    for (let turn = 0; turn < 50; turn++) {
      const { number, scopes, live } = held(random.shuffle([...said, ...said]));
      expect(number).toEqual({ incarnation: 0, counter: 4 });
      expect(Object.fromEntries(scopes)).toEqual({
        [scopeNamed("a")]: [rowOf("x", 5)],
        [scopeNamed("b")]: [],
        [scopeNamed("c")]: [rowOf("z", 1)],
      });
      // The first says nothing any more that others do not
      expect(live.map(({ counter }) => counter)).toEqual([2, 3, 4]);
    }
  });

  test("a lower one never takes back, and the same comes to the same", async () => {
    const before = held([await numbered(0, 7, { a: [rowOf("x", 5)] })]);
    for (const late of [
      await numbered(0, 6, { a: [rowOf("x", 9)] }),
      await numbered(0, 7, { a: [] }),
    ]) {
      expect(withAcknowledgement(before, late)).toBe(before);
    }
    const gap = withAcknowledgement(before, await numbered(0, 5, { b: [rowOf("y", 1)] }));
    expect(gap.number).toEqual({ incarnation: 0, counter: 7 });
    expect(gap.scopes.size).toBe(2);
  });

  test("a higher incarnation says all anew, and a lower one nothing more", async () => {
    const before = held([await numbered(0, 9, { a: [rowOf("x", 5)], b: [rowOf("y", 1)] })]);
    const anew = withAcknowledgement(before, await numbered(1, 1, { a: [rowOf("x", 2)] }));
    expect(anew.number).toEqual({ incarnation: 1, counter: 1 });
    expect([...anew.scopes.keys()]).toEqual([scopeNamed("a")]);
    expect(withAcknowledgement(anew, await numbered(0, 99, { b: [rowOf("y", 1)] }))).toBe(anew);
  });

  test("is bounded: the oldest go, and the latest number stays", async () => {
    let many = nothingAcknowledged;
    for (let counter = 1; counter <= acknowledgementsPerDeviceMax + 3; counter++) {
      many = withAcknowledgement(many, await numbered(0, counter, { [`${counter}`]: rows }));
    }
    expect(many.live).toHaveLength(acknowledgementsPerDeviceMax);
    expect(many.live[0]?.counter).toBe(4);
    expect(many.number.counter).toBe(acknowledgementsPerDeviceMax + 3);
    expect(many.scopes.has(scopeNamed("1"))).toBe(false);
    const long = Array.from({ length: 20_000 }, (_, n) => rowOf("x", n + 1));
    let heavy = nothingAcknowledged;
    for (let counter = 1; counter <= 4; counter++) {
      heavy = withAcknowledgement(heavy, await numbered(0, counter, { [`${counter}`]: long }));
    }
    const bytes = heavy.live.reduce((sum, each) => sum + each.bytes.length, 0);
    expect(bytes).toBeLessThanOrEqual(acknowledgementBytesPerDeviceMax);
    expect(heavy.number.counter).toBe(4);
  });

  test("heads are compared as sets, whole", () => {
    expect(areSameRows(rows, rows.toReversed())).toBe(true);
    expect(areSameRows(rows, rows.slice(1))).toBe(false);
    expect(areSameRows([], [])).toBe(true);
    expect(coversRows(rows.slice(1), rows)).toBe(true);
    expect(coversRows(rows, rows.slice(1))).toBe(false);
    // The same n under another header is another log
    const other = rows.map((row) => ({ ...row, header: shortHashOf(new Uint8Array(16)) }));
    expect(coversRows(rows, other)).toBe(false);
  });
});

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** One scope, one head, under the key of 32 sevens. */
const pinned =
  "82589487582037097758b6e598bf72360498c56709e957bb3a74f98c8d7af493ad65ad8c0d825820ea4a6c63" +
  "e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c010483000350af09816428b4b4f1c279" +
  "fd41f5864d2e8182500ae020dc349f3f0cf7a200d51e3d08df8183509da009bcbe27d650116c19e0ce936e5a" +
  "0250710fd39e264829909476334d10cca50080584014b5e903d86259f110758d8f8927c9992c5852c3f068aa" +
  "513965c99e7ec0e072cd316b4e77a9d4a65b8063ec5cc0b66c366b3e24441da095fb2870f95ada840e";
