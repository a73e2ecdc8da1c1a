/**
 * Bytes that no honest program wrote, on the whole way that a peer's segment takes: parse, deliver,
 * open, decode. Half are noise, half are good segments with something changed, signed anew by a
 * lying member or not. Nothing may throw, take long or make more than the limits say, and what is
 * accepted must be canonical.
 */
import { expect, test } from "vitest";
import { deflateRaw } from "pako";
import { concatBytes } from "../../src/core/base/bytes.ts";
import { segmentBodyBytesMax, segmentOpsMax } from "../../src/core/base/limits.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../../src/core/cbor/item.ts";
import { sha256 } from "../../src/core/crypto/hash.ts";
import { decodeBody, failedBody } from "../../src/core/segment/body.ts";
import { compressBody } from "../../src/core/segment/compress.ts";
import { encodeHeader } from "../../src/core/segment/header.ts";
import { openSegment } from "../../src/core/segment/open.ts";
import {
  bodyBinding,
  bodyKeys,
  signedText,
  type SealedSegment,
} from "../../src/core/segment/seal.ts";
import {
  encodeSegment,
  parseSegment,
  type DeliveredSegment,
} from "../../src/core/segment/segment.ts";
import { createRandom, type Random } from "../support/random.ts";
import {
  createTestScope,
  networkOfTests,
  type TestReplica,
  type TestScope,
} from "../support/segments.ts";

const cases = Number(process.env["NEBULUS_HOSTILE_SEGMENTS"] ?? 10_000);
const firstSeed = Number(process.env["NEBULUS_HOSTILE_SEED"] ?? 1);
/** Cases that share a scope and its good segments. */
const casesPerSeed = 500;

interface Setting {
  readonly scope: TestScope;
  readonly signingSeed: Uint8Array;
  /** What is known when hostile bytes come. */
  readonly base: readonly DeliveredSegment[];
  readonly replica: TestReplica;
  /** The next good segment, which is spoilt in many ways, and its body before compression. */
  readonly next: SealedSegment;
  readonly plainBody: Uint8Array;
}

const createSetting = async (seed: number, suite: 0 | 1): Promise<Setting> => {
  const scope = createTestScope(seed, suite);
  const signingSeed = scope.random.bytes(32);
  const [device, other] = [await scope.deviceOf(signingSeed), await scope.device()];
  const replica = scope.replica();
  const { tree, deliver } = replica;
  const named = await other.write({ count: 5 });
  const base = [await deliver(named.bytes)];
  const row = { writer: other.writer, n: 4 };
  const first = await device.write({ count: 3, tree, named: [row] });
  base.push(await deliver(first.bytes));
  const next = await device.write({
    ...{ after: first, count: 4, tree, value: "some text ".repeat(30) },
    named: [
      { ...row, n: 2 },
      { writer: device.writer, n: 3 },
    ],
  });
  const verdict = await replica.check(next.bytes);
  if (verdict.kind !== "delivered") throw new Error(verdict.kind);
  const opened = await openSegment(verdict.segment, scope.keyring, scope.crypto);
  if (opened.kind !== "plain") throw new Error(opened.kind);
  return { scope, signingSeed, base, replica, next, plainBody: opened.body };
};

test.each([0, 1] as const)(
  `hostile segments in suite %i (${String(cases)} in all) end in a verdict`,
  async (suite) => {
    const reached = new Map<string, number>();
    for (let done = 0; done < cases / 2; done += casesPerSeed) {
      const seed = firstSeed + done / casesPerSeed;
      const setting = await createSetting(seed, suite);
      const random = createRandom(seed * 2 + suite);
      for (let index = 0; index < casesPerSeed; index++) {
        const bytes = await hostileBytes(setting, random);
        const verdict = await judge(setting, bytes, `suite ${String(suite)}, seed ${String(seed)}`);
        reached.set(verdict, (reached.get(verdict) ?? 0) + 1);
      }
    }
    // The test reaches every stage, or it shows nothing.
    const share = (prefix: string) =>
      [...reached].reduce(
        (sum, [verdict, count]) => sum + (verdict.startsWith(prefix) ? count : 0),
        0,
      );
    for (const stage of ["malformed", "refused", "waits", "fault", "read"]) {
      expect([stage, share(stage)]).toEqual([stage, expect.any(Number)]);
      expect(share(stage), stage).toBeGreaterThan(cases / 2_000);
    }
  },
  3_600_000,
);

/** The way in. Throws, naming the case, if anything but a verdict comes of it. */
const judge = async (setting: Setting, bytes: Uint8Array, where: string): Promise<string> => {
  try {
    return await verdictOn(setting, bytes);
  } catch (error) {
    const hex = Buffer.from(bytes.subarray(0, 4_096)).toString("hex");
    throw new Error(`${where}: ${String(error)}\n${hex}`, { cause: error });
  }
};

const verdictOn = async ({ scope, base, replica }: Setting, bytes: Uint8Array): Promise<string> => {
  const parsed = parseSegment(bytes);
  if (!parsed.ok) return `malformed: ${parsed.error}`;
  const { header, signature, body } = parsed.value;
  expect(encodeSegment(encodeHeader(header), signature, body)).toEqual(bytes);
  expect(header.count).toBeLessThanOrEqual(segmentOpsMax);
  const verdict = await replica.check(bytes);
  if (verdict.kind === "refused") return `refused: ${verdict.reason}`;
  if (verdict.kind !== "delivered") return verdict.kind;
  const { segment } = verdict;
  const { tree } = scope.replica();
  for (const delivered of [...base, segment]) tree.add(delivered);
  const opened = await openSegment(segment, scope.keyring, scope.crypto);
  const names = tree.namesFor(segment.headerHash, header.rows);
  if (opened.kind === "fault") {
    expect(failedBody(header, names, opened.reason)).toHaveLength(header.count);
    return `fault: ${opened.reason}`;
  }
  if (opened.kind !== "plain") return `unread: ${opened.kind}`;
  expect(opened.body.length).toBe(header.bodyLength);
  expect(opened.body.length).toBeLessThanOrEqual(segmentBodyBytesMax);
  const ops = decodeBody(opened.body, header, names);
  expect(ops.map(({ dot }) => dot.n)).toEqual(
    Array.from({ length: header.count }, (_, index) => header.first + index),
  );
  return `read: ${ops.map(({ kind }) => kind).join(" ")}`;
};

// ------------------------------------------------------------------------- what to throw at it

const hostileBytes = (setting: Setting, random: Random): Promise<Uint8Array> | Uint8Array => {
  if (random.chance(0.5)) return noise(setting, random);
  return random.chance(0.2) ? spoilt(setting.next.bytes, random) : forged(setting, random);
};

/** Noise, bare or in places where it gets further. */
const noise = ({ next }: Setting, random: Random): Uint8Array => {
  const bytes = random.bytes(random.integer(random.pick([4, 40, 400, 4_000])));
  switch (random.integer(4)) {
    case 1:
      return encodeSegment(bytes, random.bytes(64), random.bytes(30));
    case 2:
      return encodeCbor(randomItem(random, 4));
    case 3:
      return encodeSegment(encodeHeader(next.header), random.bytes(64), bytes);
    default:
      return bytes;
  }
};

/** One to three changes of bytes: flipped, cut out, doubled, inserted. */
const spoilt = (bytes: Uint8Array, random: Random): Uint8Array => {
  let result: Uint8Array = bytes.slice();
  for (let left = 1 + random.integer(3); left > 0; left--) {
    const at = random.integer(result.length + 1);
    const length = random.integer(8);
    const [before, after] = [result.subarray(0, at), result.subarray(at + length)];
    switch (random.integer(4)) {
      case 0:
        result[at] = (result[at] ?? 0) ^ (1 << random.integer(8));
        break;
      case 1:
        result = concatBytes(before, after);
        break;
      case 2:
        result = concatBytes(result.subarray(0, at + length), result.subarray(at));
        break;
      default:
        result = concatBytes(before, random.bytes(length), result.subarray(at));
    }
  }
  return result;
};

/** What a member can make: another header or body, with hash, seal and signature to match. */
const forged = async (
  { scope, signingSeed, plainBody, next: { header } }: Setting,
  random: Random,
): Promise<Uint8Array> => {
  const plain = random.chance(0.6) ? otherBody(plainBody, random) : plainBody;
  const stored = random.pick([
    compressBody(plain),
    { form: 1, bytes: deflateRaw(plain, { level: 9 }) } as const,
    { form: 1, bytes: spoilt(compressBody(plain).bytes, random) } as const,
    { form: 0, bytes: plain } as const,
  ]);
  const items = { ...header, bodyLength: plain.length, bodyForm: stored.form };
  const sealed = await sealedAs(items, stored.bytes, scope, random);
  let headerBytes = encodeHeader({ ...sealed.header, bodyHash: sha256(sealed.body) });
  if (random.chance(0.4)) headerBytes = otherHeader(headerBytes, random);
  const signature =
    header.suite === 0
      ? null
      : await scope.crypto.sign(signingSeed, signedText(headerBytes, scope.keys));
  return encodeSegment(headerBytes, signature, sealed.body);
};

const sealedAs = async (
  header: SealedSegment["header"],
  stored: Uint8Array,
  scope: TestScope,
  random: Random,
): Promise<{ readonly header: SealedSegment["header"]; readonly body: Uint8Array }> => {
  if (header.key === null) return { header, body: stored };
  const salt = random.bytes(32);
  const { sealingKey, commitment } = bodyKeys(networkOfTests.epoch.key, salt, scope.keys);
  const keyed = { ...header, key: { ...header.key, salt, commitment } };
  const body = await scope.crypto.seal(sealingKey, bodyBinding(keyed, scope.keys), stored);
  return { header: keyed, body: random.chance(0.1) ? spoilt(body, random) : body };
};

const caps = { bytesMax: 2 ** 21, depthMax: 40, itemsMax: 100_000 };

const otherHeader = (bytes: Uint8Array, random: Random): Uint8Array =>
  random.chance(0.2) ? spoilt(bytes, random) : changedItems(bytes, random);

const otherBody = (plain: Uint8Array, random: Random): Uint8Array =>
  random.chance(0.3) ? spoilt(plain, random) : changedItems(plain, random);

/** The same CBOR with one to three items replaced, doubled or left out. */
const changedItems = (bytes: Uint8Array, random: Random): Uint8Array => {
  const decoded = decodeCbor(bytes, caps);
  if (!decoded.ok) return bytes;
  let item = decoded.value;
  for (let left = 1 + random.integer(3); left > 0; left--) item = changed(item, random);
  return encodeCbor(item);
};

const changed = (item: CborItem, random: Random): CborItem => {
  if (item instanceof Uint8Array && random.chance(0.7)) return spoilt(item, random);
  if (typeof item === "number" && random.chance(0.5)) return item + random.pick([-1, 1, 2 ** 32]);
  if (!Array.isArray(item) || item.length === 0) return randomItem(random, 2);
  const list: readonly CborItem[] = item;
  const at = random.integer(list.length);
  const inner = list[at] ?? null;
  // Mostly deeper: a list that is longer or shorter seldom gets far.
  switch (random.integer(20)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(at, 0, inner);
    default:
      return list.with(at, changed(inner, random));
  }
};

const randomItem = (random: Random, depth: number): CborItem => {
  switch (random.integer(depth > 0 ? 8 : 7)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.integer(30);
    case 3:
      return random.pick([-1, 2 ** 53 - 1, 65_536, 0.5, -1e300, 4_097]);
    case 4:
      return random.pick(["", "x", "a.b", "__proto__", "\u00e9", "$set", "id ".repeat(100)]);
    case 5:
      return random.bytes(random.pick([0, 15, 16, 32, 64]));
    case 6:
      return [];
    default:
      return Array.from({ length: random.integer(6) }, () => randomItem(random, depth - 1));
  }
};
