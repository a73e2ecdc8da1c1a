/**
 * What every `CryptoPort` must do, run on each adapter: WebCrypto, WebCrypto of a browser without
 * Ed25519, and Node's for the simulator. Verdicts on signatures must be the same everywhere, or
 * replicas split.
 */
import { webcrypto } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bytesToHex, concatBytes, hexToBytes } from "../../src/core/base/bytes.ts";
import { nativeHashBytesMin } from "../../src/core/base/limits.ts";
import { utf8Encode } from "../../src/core/base/utf8.ts";
import { sha256 } from "../../src/core/crypto/hash.ts";
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
  return platformWith({ subtle });
};

/** The platform, but for some members. */
const platformWith = (members: Readonly<Record<string, unknown>>): Crypto =>
  new Proxy(platform, {
    get: (target, name) => {
      if (typeof name === "string" && name in members) return members[name];
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      const bound: unknown = member.bind(target);
      return bound;
    },
  });

interface Adapter {
  readonly name: string;
  readonly make: () => CryptoPort;
  /** With dice that throw these bytes. */
  readonly throwing: (bytes: Uint8Array) => CryptoPort;
}

const webThrowing = (bytes: Uint8Array): CryptoPort =>
  createWebCrypto(
    platformWith({
      getRandomValues: (target: Uint8Array) => {
        target.set(bytes);
        return target;
      },
    }),
  );

const adapters: readonly Adapter[] = [
  { name: "WebCrypto", make: () => createWebCrypto(platform), throwing: webThrowing },
  {
    name: "WebCrypto without Ed25519",
    make: () => createWebCrypto(withoutEd25519()),
    throwing: webThrowing,
  },
  {
    name: "Node, seeded",
    make: () => createNodeCrypto(createRandom(1)),
    throwing: (bytes) => createNodeCrypto({ bytes: () => bytes }),
  },
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

/** X25519's points of low order: 0, 1, two of order 8, p - 1, and 0 and 1 with p added. */
const smallOrder25519 = [
  "00".repeat(32),
  "01" + "00".repeat(31),
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ec" + "ff".repeat(30) + "7f",
  "ed" + "ff".repeat(30) + "7f",
  "ee" + "ff".repeat(30) + "7f",
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

/**
 * draft-connolly-cfrg-xwing-kem-10, appendix C; public key and cipher text by their SHA-256, since
 * they are long.
 */
const capsules = [
  {
    seed: "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
    randomness:
      "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2" +
      "35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
    sharedSecret: "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
    publicKeyHash: "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
    cipherTextHash: "17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33",
  },
  {
    seed: "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
    randomness:
      "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdef" +
      "aee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
    sharedSecret: "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150",
    publicKeyHash: "c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916",
    cipherTextHash: "1661ea86d608a1924ba30840cb0a65f13ae051e3aec9cf0f064efc0bc92f2154",
  },
  {
    seed: "ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
    randomness:
      "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619" +
      "f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b",
    sharedSecret: "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f",
    publicKeyHash: "6b080d6b84f095342092fa7a22423e58bd681397ad0ef00eac92bd254db4fa95",
    cipherTextHash: "d3ca5578500344b5896cffc4fd740c9311946b82951df155e6fd86a7966b43c6",
  },
];

describe.each(adapters)("$name", ({ make, throwing }) => {
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

  test.each(capsules)("X-Wing of its draft: $seed", async (vector) => {
    const { xWing } = throwing(hexToBytes(vector.randomness));
    const seed = hexToBytes(vector.seed);
    const publicKey = await xWing.publicKey(seed);
    expect(publicKey).toHaveLength(1_216);
    expect(bytesToHex(sha256(publicKey))).toBe(vector.publicKeyHash);
    const capsule = await xWing.encapsulate(publicKey);
    expect(capsule?.cipherText).toHaveLength(1_120);
    const cipherText = capsule?.cipherText ?? new Uint8Array();
    expect(bytesToHex(sha256(cipherText))).toBe(vector.cipherTextHash);
    expect(capsule?.sharedSecret).toEqual(hexToBytes(vector.sharedSecret));
    expect(await xWing.decapsulate(seed, cipherText)).toEqual(hexToBytes(vector.sharedSecret));
  });

  test("X-Wing: a fresh secret each time, for its key alone", async () => {
    const { xWing } = crypto;
    const [seed, other] = [random.bytes(32), random.bytes(32)];
    const publicKey = await xWing.publicKey(seed);
    const [first, second] = [
      await xWing.encapsulate(publicKey),
      await xWing.encapsulate(publicKey),
    ];
    if (first === null || second === null) throw new Error("a sound key was refused");
    expect(first.sharedSecret).not.toEqual(second.sharedSecret);
    expect(await xWing.decapsulate(seed, first.cipherText)).toEqual(first.sharedSecret);
    expect(await xWing.decapsulate(seed, second.cipherText)).toEqual(second.sharedSecret);
    // Another's, or changed in either part: some other secret.
    expect(await xWing.decapsulate(other, first.cipherText)).not.toEqual(first.sharedSecret);
    for (const at of [0, 1_000, 1_087, 1_088, 1_118]) {
      const changed = first.cipherText.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const secret = await xWing.decapsulate(seed, changed);
      expect(secret).toHaveLength(32);
      expect(secret).not.toEqual(first.sharedSecret);
    }
  });

  test("X-Wing: what is no key or no cipher text gives null", async () => {
    const { xWing } = crypto;
    const seed = random.bytes(32);
    const publicKey = await xWing.publicKey(seed);
    const capsule = await xWing.encapsulate(publicKey);
    const cipherText = capsule?.cipherText ?? new Uint8Array();
    const sizes = [new Uint8Array(), publicKey.subarray(1), concatBytes(publicKey, seed)];
    for (const wrong of sizes) expect(await xWing.encapsulate(wrong)).toBeNull();
    // A number beyond ML-KEM's modulus.
    expect(await xWing.encapsulate(publicKey.slice().fill(0xff, 0, 3))).toBeNull();
    expect(await xWing.encapsulate(publicKey.slice().fill(0xff, 1_149, 1_152))).toBeNull();
    for (const point of smallOrder25519) {
      expect(await xWing.encapsulate(concatBytes(publicKey.slice(0, 1_184), point))).toBeNull();
      const low = concatBytes(cipherText.slice(0, 1_088), point);
      expect(await xWing.decapsulate(seed, low)).toBeNull();
    }
    for (const wrong of [new Uint8Array(), cipherText.subarray(1), concatBytes(cipherText, seed)]) {
      expect(await xWing.decapsulate(seed, wrong)).toBeNull();
    }
  });

  test("SHA-256 of its specification, and alike whatever the size", async () => {
    expect(bytesToHex(await crypto.sha256(utf8Encode("abc")))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    const around = new Uint8Array(new SharedArrayBuffer(nativeHashBytesMin + 9)).fill(7);
    for (const size of [0, nativeHashBytesMin - 1, nativeHashBytesMin, nativeHashBytesMin + 1]) {
      const bytes = around.subarray(8, 8 + size);
      expect(await crypto.sha256(bytes)).toEqual(sha256(bytes));
    }
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

test("and its X-Wing capsules", async () => {
  const publicKey = await createNodeCrypto(createRandom(1)).xWing.publicKey(new Uint8Array(32));
  const [first, again, other] = await Promise.all(
    [1, 1, 2].map((seed) => createNodeCrypto(createRandom(seed)).xWing.encapsulate(publicKey)),
  );
  expect(first).toEqual(again);
  expect(first).not.toEqual(other);
});
