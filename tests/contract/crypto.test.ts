/**
 * What every `CryptoPort` must do, run on each adapter: WebCrypto, WebCrypto of a browser without
 * Ed25519, and Node's for the simulator. Verdicts on signatures must be the same everywhere, or
 * replicas split.
 */
import { webcrypto } from "node:crypto";
import { describe, expect, test } from "vitest";
import { concatBytes, hexToBytes } from "../../src/core/base/bytes.ts";
import { utf8Encode } from "../../src/core/base/utf8.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import { createWebCrypto } from "../../src/engine/crypto/webcrypto.ts";
import { createNodeCrypto } from "../support/nodeCrypto.ts";
import { createRandom } from "../support/random.ts";

// Node's and the DOM's types of one and the same interface differ in details that no call here
// touches.
const platform = webcrypto as Crypto;

/** A platform as browsers were until 2024: everything but Ed25519. */
const withoutEd25519 = (): Crypto => {
  const refuse = (): never => {
    throw new DOMException("unrecognized name", "NotSupportedError");
  };
  const subtle = new Proxy(platform.subtle, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...given: readonly unknown[]): Promise<unknown> => {
        if (given.includes("Ed25519")) refuse();
        const answer: unknown = await Reflect.apply(member, target, given);
        return answer;
      };
    },
  });
  return new Proxy(platform, {
    get: (target, name) => {
      if (name === "subtle") return subtle;
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      const bound: unknown = member.bind(target);
      return bound;
    },
  });
};

const adapters: readonly (readonly [name: string, make: () => CryptoPort])[] = [
  ["WebCrypto", () => createWebCrypto(platform)],
  ["WebCrypto without Ed25519", () => createWebCrypto(withoutEd25519())],
  ["Node, seeded", () => createNodeCrypto(createRandom(1))],
];

/**
 * The fourteen encodings of the eight points of small order, six of them not canonical (ZIP215).
 */
const smallOrder = [
  "01" + "00".repeat(31),
  "01" + "00".repeat(30) + "80",
  "ec" + "ff".repeat(30) + "7f",
  "ec" + "ff".repeat(31),
  "00".repeat(32),
  "00".repeat(31) + "80",
  "ed" + "ff".repeat(30) + "7f",
  "ed" + "ff".repeat(31),
  "ee" + "ff".repeat(30) + "7f",
  "ee" + "ff".repeat(31),
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
].map(hexToBytes);

/** RFC 8032 §7.1, tests 1 and 2. */
const signatures = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
];

describe.each(adapters)("%s", (_name, make) => {
  const crypto = make();
  const random = createRandom(99);

  test.each(signatures)("signatures of RFC 8032: $message", async (vector) => {
    const seed = hexToBytes(vector.seed);
    const message = hexToBytes(vector.message);
    expect(await crypto.publicKey(seed)).toEqual(hexToBytes(vector.publicKey));
    const signature = await crypto.sign(seed, message);
    expect(signature).toEqual(hexToBytes(vector.signature));
    expect(await crypto.verify(await crypto.publicKey(seed), signature, message)).toBe(true);
  });

  test("a signature holds for its key and message alone", async () => {
    const [seed, other] = [random.bytes(32), random.bytes(32)];
    const message = random.bytes(1_000);
    const key = await crypto.publicKey(seed);
    const signature = await crypto.sign(seed, message);
    expect(await crypto.verify(key, signature, message)).toBe(true);
    expect(await crypto.verify(await crypto.publicKey(other), signature, message)).toBe(false);
    expect(await crypto.verify(key, signature, message.subarray(1))).toBe(false);
    for (let at = 0; at < 64; at += 7) {
      const changed = signature.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await crypto.verify(key, changed, message)).toBe(false);
    }
  });

  test("keys and signatures of wrong size or shape are false, not thrown", async () => {
    const seed = random.bytes(32);
    const message = random.bytes(10);
    const key = await crypto.publicKey(seed);
    const signature = await crypto.sign(seed, message);
    expect(await crypto.verify(key.subarray(1), signature, message)).toBe(false);
    expect(await crypto.verify(key, signature.subarray(1), message)).toBe(false);
    expect(await crypto.verify(new Uint8Array(), new Uint8Array(), message)).toBe(false);
    for (let run = 0; run < 20; run++) {
      expect(await crypto.verify(random.bytes(32), random.bytes(64), message)).toBe(false);
    }
    // s + L instead of s: the same signature in another spelling, which every rule refuses.
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const scalar = signature.slice(32).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    const larger = Uint8Array.from({ length: 32 }, (_, at) =>
      Number(((scalar + order) >> BigInt(8 * at)) & 255n),
    );
    const respelt = concatBytes(signature.subarray(0, 32), larger);
    expect(await crypto.verify(key, respelt, message)).toBe(false);
  });

  test("ZIP215: points of small order, on which platforms disagree, are valid", async () => {
    const message = utf8Encode("Zcash");
    for (const key of smallOrder) {
      for (const commitment of smallOrder) {
        const signature = concatBytes(commitment, new Uint8Array(32));
        expect(await crypto.verify(key, signature, message)).toBe(true);
      }
    }
  });

  test("sealing: AES-256-GCM of its specification (test case 14), nonce zero", async () => {
    const sealed = await crypto.seal(new Uint8Array(32), new Uint8Array(), new Uint8Array(16));
    expect(sealed).toEqual(
      hexToBytes("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    );
  });

  test("what is sealed opens with its key and associated data, and else is null", async () => {
    for (const size of [0, 1, 16, 5_000]) {
      const [key, data, plaintext] = [random.bytes(32), random.bytes(20), random.bytes(size)];
      const sealed = await crypto.seal(key, data, plaintext);
      expect(sealed).toHaveLength(size + 16);
      expect(await crypto.open(key, data, sealed)).toEqual(plaintext);
      expect(await crypto.open(random.bytes(32), data, sealed)).toBeNull();
      expect(await crypto.open(key, data.subarray(1), sealed)).toBeNull();
      expect(await crypto.open(key, data, sealed.subarray(1))).toBeNull();
      const changed = sealed.slice();
      changed[size] = (changed[size] ?? 0) ^ 1;
      expect(await crypto.open(key, data, changed)).toBeNull();
    }
    expect(await crypto.open(random.bytes(32), new Uint8Array(), new Uint8Array(15))).toBeNull();
    expect(await crypto.open(random.bytes(32), new Uint8Array(), new Uint8Array())).toBeNull();
  });

  test("bytes within a larger buffer, and over shared memory", async () => {
    const seed = random.bytes(32);
    const around = new Uint8Array(new SharedArrayBuffer(300)).fill(7);
    const message = around.subarray(100, 200);
    const signature = await crypto.sign(seed, message);
    expect(signature).toEqual(await crypto.sign(seed, new Uint8Array(100).fill(7)));
    const sealed = await crypto.seal(seed, around.subarray(0, 5), message);
    expect(await crypto.open(seed, around.subarray(0, 5), sealed)).toEqual(new Uint8Array(message));
  });

  test("more keys than are kept", async () => {
    const seeds = Array.from({ length: 300 }, () => random.bytes(32));
    const message = random.bytes(10);
    const signed = await Promise.all(seeds.map((seed) => crypto.sign(seed, message)));
    const again = await Promise.all(seeds.map((seed) => crypto.sign(seed, message)));
    expect(again).toEqual(signed);
  });

  test("random bytes: as many as asked, and not the same", () => {
    expect(crypto.randomBytes(0)).toHaveLength(0);
    const many = crypto.randomBytes(200_000);
    expect(many).toHaveLength(200_000);
    const byteCounts = many.reduce(
      (counts, byte) => counts.set(byte, (counts.get(byte) ?? 0) + 1),
      new Map<number, number>(),
    );
    expect(byteCounts.size).toBe(256);
    expect(crypto.randomBytes(32)).not.toEqual(crypto.randomBytes(32));
  });
});

test("the simulator's keys come from the seed", () => {
  const twice = [1, 1, 2].map((seed) => createNodeCrypto(createRandom(seed)).randomBytes(16));
  expect(twice[0]).toEqual(twice[1]);
  expect(twice[0]).not.toEqual(twice[2]);
});
