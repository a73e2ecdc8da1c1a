/**
 * The hash of a document against the formula of FORMATS.md §8, and the sum of hashes against big
 * integers.
 */
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import { createDigest, stateHash } from "../../../../src/core/doc/digest.ts";
import { hash } from "../../../../src/core/crypto/hash.ts";
import { createTestDocument } from "../../../support/documents.ts";
import { dotOf, timeOf } from "../../../support/model.ts";
import { createRandom } from "../../../support/random.ts";

const bytesOf = (writer: string): Uint8Array => new Uint8Array(16).fill(writer.charCodeAt(0));

const hashOf = (document: ReturnType<typeof createTestDocument>): string | null => {
  const bytes = stateHash(document.state());
  return bytes === null ? null : bytesToHex(bytes);
};

test("the hash of a plain document is that of FORMATS.md §8", () => {
  const document = createTestDocument();
  document.write(
    "a",
    [
      { path: ["name"], set: "Ada" },
      { path: ["address", "city"], set: "London" },
    ],
    { birth: true },
  );
  document.write("b", [{ path: ["name"], set: "Grace" }]);
  const [a, b] = [bytesOf("a"), bytesOf("b")];
  const entries = [
    // An array of one name sorts before one of two.
    [["name"], null, 0, b, 1],
    [["address", "city"], null, 0, a, 1],
  ];
  expect(hashOf(document)).toBe(bytesToHex(hash("document", "document", [[a, 1]], entries)));
});

test("elements, removes, runs and unsets go in with what they name", () => {
  const document = createTestDocument();
  document.write("a", [{ path: ["t"], set: [1] }], { birth: true });
  document.write("b", [
    { path: ["t"], add: 2 },
    { path: ["n"], increment: 1 },
  ]);
  document.write("b", [{ path: ["t"], remove: 1 }]);
  document.write("c", [{ path: ["n"], unset: true }]);
  const [a, b, c] = [bytesOf("a"), bytesOf("b"), bytesOf("c")];
  const entries = [
    [["n"], [b, 1], 4, b, 1],
    [["n"], null, 1, c, 1],
    [["t"], 1, 3, b, 2],
    [["t"], 2, 2, b, 1],
    [["t"], null, 0, a, 1],
  ];
  expect(hashOf(document)).toBe(bytesToHex(hash("document", "document", [[a, 1]], entries)));
});

test("equal sets of ops have equal hashes, and another entry another one", () => {
  const [one, other] = [createTestDocument(), createTestDocument()];
  for (const document of [one, other])
    document.write("a", [{ path: ["x"], set: 0 }], { birth: true });
  expect(hashOf(one)).toBe(hashOf(other));
  one.write("b", [{ path: ["x"], set: 1 }]);
  expect(hashOf(one)).not.toBe(hashOf(other));
});

test("documents that are deleted or parked have no hash", () => {
  const document = createTestDocument();
  expect(stateHash(document.state())).toBeNull();
  document.write("a", [], { birth: true });
  expect(hashOf(document)).not.toBeNull();
  document.apply({ kind: "unknown", id: "document", dot: dotOf("u:1"), time: timeOf(1) });
  expect(hashOf(document)).toBeNull();
  document.remove("a");
  expect(hashOf(document)).toBeNull();
});

const toNumber = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);

test("a digest is a sum modulo 2^256, little-endian", () => {
  const random = createRandom(7);
  const digest = createDigest();
  let sum = 0n;
  for (let turn = 0; turn < 2_000; turn++) {
    const bytes = random.chance(0.1) ? new Uint8Array(32).fill(255) : random.bytes(32);
    if (random.chance(0.4)) {
      digest.subtract(bytes);
      sum -= toNumber(bytes);
    } else {
      digest.add(bytes);
      sum += toNumber(bytes);
    }
    expect(toNumber(digest.bytes())).toBe(BigInt.asUintN(256, sum));
  }
});

test("a digest goes on from its bytes, and adding in any order is the same", () => {
  const random = createRandom(8);
  const hashes = Array.from({ length: 50 }, () => random.bytes(32));
  const straight = createDigest();
  for (const each of hashes) straight.add(each);
  const first = createDigest();
  for (const each of random.shuffle(hashes)) first.add(each);
  const resumed = createDigest(first.bytes());
  for (const each of hashes) resumed.subtract(each);
  expect(first.bytes()).toEqual(straight.bytes());
  expect(resumed.bytes()).toEqual(new Uint8Array(32));
});
