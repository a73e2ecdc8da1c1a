/**
 * Malformed greetings by the thousand, also from who holds the keys: none passes, none is an error
 * that nobody caught. The seed is in every failure's name; `HOSTILE_SEED` sets another.
 */
import { expect, test } from "vitest";
import { concatBytes, equalBytes } from "../../../../src/core/base/bytes.ts";
import { encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import { createRandom, type Random } from "../../../support/random.ts";
import {
  against,
  createClosed,
  deviceOf,
  helloBody,
  introductionParts,
  inviteKey,
  invitedBy,
  proofOf,
  sealFor,
  transcriptOf,
  type Played,
} from "./greetingClosed.ts";
import { faultOf } from "./greetingPair.ts";

const seed = Number(process.env["HOSTILE_SEED"] ?? 1);
const frames = 20_000;
/** Each of those costs a signature that two libraries refuse. */
const altered = 1_500;

const closed = createClosed();
const maker = await deviceOf(closed, "member");
const { open, held } = await invitedBy(maker);
const asR = { networks: [maker], invites: [open] };
const asI = { invite: held };
const k = inviteKey(held.publicKey);

/** Without booleans: so no list of these is a list of extensions, which may be there. */
const randomItem = (random: Random, depth = 3): CborItem => {
  switch (random.integer(depth > 0 ? 6 : 5)) {
    case 0:
      return null;
    case 1:
      return random.integer(2 ** 31) - 2 ** 30;
    case 2:
      return random.bytes(random.pick([0, 1, 16, 31, 32, 33, 63, 64, 65, 200]));
    case 3:
      return random.pick([1.5, Number.MAX_SAFE_INTEGER, 1e300, 0, 1, 24, 256, 65_536]);
    case 4:
      return "x".repeat(random.integer(40));
    default:
      return Array.from({ length: random.integer(7) }, () => randomItem(random, depth - 1));
  }
};

/** Heads that promise more than there is, indefinite lengths, reserved and simple values. */
const nasty = [
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9f],
  [0x5f],
  [0xbf],
  [0xff],
  [0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
  [0xf7],
  [0x1c],
  [0xa0],
  [0xc1, 0x01],
  [0x98, 0x05],
  [0x18, 0x05],
].map((bytes) => Uint8Array.from(bytes));

/** Something near these bytes, or far from them. */
const malform = (bytes: Uint8Array, random: Random): Uint8Array => {
  const at = random.integer(bytes.length);
  const end = at + random.integer(20);
  switch (random.integer(7)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return concatBytes(bytes, random.bytes(1 + random.integer(8)));
    case 2:
      return concatBytes(bytes.subarray(0, at), random.pick(nasty), bytes.subarray(at + 1));
    case 3:
      return concatBytes(bytes.subarray(0, at), bytes.subarray(end + 1));
    case 4:
      return concatBytes(bytes.subarray(0, end), bytes.subarray(at));
    case 5:
      return random.bytes(random.integer(120));
    default:
      return encodeCbor(randomItem(random));
  }
};

const oneByteOff = (bytes: Uint8Array, random: Random): Uint8Array => {
  const wrong = random.integer(bytes.length);
  return bytes.map((byte, at) => (at === wrong ? byte ^ (1 + random.integer(255)) : byte));
};

const faultsOf = async (
  count: number,
  run: (random: Random) => Promise<Played | null>,
): Promise<ReadonlyMap<string, number>> => {
  const random = createRandom(seed);
  const faults = new Map<string, number>();
  for (let at = 0; at < count; at++) {
    const played = await run(random).catch((cause: unknown) => {
      throw new Error(`seed ${String(seed)}, run ${String(at)}`, { cause });
    });
    if (played === null) continue;
    const fault = faultOf(played.outcome);
    expect(fault, `seed ${String(seed)}, run ${String(at)}`).not.toBe("greeted");
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
  }
  return faults;
};

test(`${String(frames)} malformed first messages to either side`, async () => {
  const faults = await faultsOf(frames, (random) => {
    const body = random.chance(0.2)
      ? oneByteOff(helloBody(), random)
      : malform(helloBody(), random);
    return random.chance(0.5)
      ? against(asR, ({ say }) => say(body))
      : against(asI, async ({ say, hear }) => {
          await hear();
          await say(body);
        });
  });
  expect([...faults.keys()].toSorted()).toEqual(["closed", "malformed", "version"]);
  expect(faults.get("malformed")).toBeGreaterThan(frames / 2);
});

/** Joins by a link as it should be done, but for m5. */
const joinWith = (
  m5Of: (parts: readonly CborItem[], t: Uint8Array) => Promise<Uint8Array>,
): Promise<Played> =>
  against(asR, async ({ say, hear }) => {
    const m1 = helloBody();
    await say(m1);
    const t = transcriptOf(m1, await hear());
    await say(proofOf(k, "I", t));
    await hear();
    const shown = {
      ...{ networkHash: held.networkHash, certificate: held.certificate.bytes },
      ...{ head: held.controlHead, seeds: [held.signingSeed, held.seed] },
    };
    await say(await m5Of(await introductionParts("I", t, shown), t));
    await hear();
  });

/** The parts with one replaced, left out, doubled or elsewhere; or their bytes malformed. */
const malformParts = (parts: readonly CborItem[], random: Random): Uint8Array => {
  const at = random.integer(parts.length);
  const part = parts[at] ?? null;
  switch (random.integer(6)) {
    case 0:
      return encodeCbor(parts.with(at, randomItem(random)));
    case 1:
      return encodeCbor(parts.toSpliced(at, 1));
    case 2:
      return encodeCbor(parts.toSpliced(at, 0, part));
    case 3:
      return encodeCbor([...parts.toSpliced(at, 1), part]);
    case 4:
      return encodeCbor(random.shuffle(parts));
    default:
      return malform(encodeCbor(parts), random);
  }
};

test(`${String(frames)} malformed fifth messages, sealed as they should be or not`, async () => {
  let same = 0;
  const faults = await faultsOf(frames, async (random) => {
    const isSealed = random.chance(0.9);
    const made = { isChanged: true };
    const played = await joinWith(async (parts, t) => {
      const whole = encodeCbor(parts);
      const plain = isSealed ? malformParts(parts, random).subarray(0, 4_000) : whole;
      const right = await sealFor(k, "I", t, plain);
      const m5 = isSealed ? right : malform(right, random).subarray(0, 4_095);
      made.isChanged = !equalBytes(isSealed ? plain : m5, isSealed ? whole : right);
      return m5;
    });
    if (made.isChanged) return played;
    // The last part left out and put at the end, and the like: nothing was malformed.
    same++;
    expect(faultOf(played.outcome)).toBe("greeted");
    return null;
  });
  expect(same).toBeLessThan(frames / 10);
  expect(faults.get("not-sealed")).toBeGreaterThan(frames / 20);
  expect(faults.get("malformed")).toBeGreaterThan(frames / 2);
  // Deeper in: certificates that are none, signatures of another thing.
  expect([...faults.keys()]).toEqual(expect.arrayContaining(["certificate-form", "signature"]));
});

test(`${String(altered)} introductions with one byte off, sealed as they should be`, async () => {
  const faults = await faultsOf(altered, (random) =>
    joinWith((parts, t) => {
      // Two of three changes hit what stands around the certificate, which fills most of it.
      const whole = encodeCbor(parts);
      const tail = whole.length - 170;
      const plain = random.chance(0.3)
        ? oneByteOff(whole, random)
        : concatBytes(whole.subarray(0, tail), oneByteOff(whole.subarray(tail), random));
      return sealFor(k, "I", t, plain);
    }),
  );
  expect([...faults.keys()].toSorted()).toEqual([
    ...["certificate-form", "certificate-signature", "control-head"].filter((f) => faults.has(f)),
    ...["invite-signature", "malformed", "signature"],
  ]);
});

test(`${String(altered)} malformed answers to a joiner`, async () => {
  await faultsOf(altered, (random) =>
    against(asI, async ({ say, hear }) => {
      const m2 = helloBody();
      const t = transcriptOf(await hear(), m2);
      await say(m2);
      await hear();
      await say(proofOf(k, "R", t));
      await hear();
      const shown = {
        ...{ networkHash: held.networkHash, certificate: maker.certificate.bytes },
        ...{ head: maker.controlHead, seeds: [maker.signingSeed] },
      };
      const parts = await introductionParts("R", t, shown);
      const whole = encodeCbor(parts);
      const malformed = malformParts(parts, random).subarray(0, 4_000);
      const plain = equalBytes(malformed, whole) ? oneByteOff(whole, random) : malformed;
      await say(await sealFor(k, "R", t, plain));
    }),
  );
});
