/** Keys and names of open and local networks, against the formulas of FORMATS.md §1. */
import { expect, test } from "vitest";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, hexToBytes } from "../../../../src/core/base/bytes.ts";
import { NebulusError } from "../../../../src/core/base/errors.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { deriveKey, hash } from "../../../../src/core/crypto/hash.ts";
import { rendezvousTags, scopeOf, writerOf } from "../../../../src/core/network/keys.ts";
import { localNetwork } from "../../../../src/core/network/local.ts";
import { openSecretFromName } from "../../../../src/core/network/open.ts";
import { openNetwork } from "../../../support/openNetwork.ts";
import { utf8Encode } from "../../../../src/core/base/utf8.ts";

const secret = "correct horse battery staple, twice over";

const refusal = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    if (error instanceof NebulusError) return { code: error.code, path: error.path };
    throw error;
  }
  return "accepted";
};

test("everything of an open network follows from its name and secret, as the format says", () => {
  const network = openNetwork("team", secret);
  const shared = utf8Encode(secret);
  const genesis = encodeCbor([1, "open", "team", deriveKey(shared, "commit", ["team"])]);
  expect(network.genesis).toEqual(genesis);
  expect(network.networkHash).toEqual(hash("genesis", genesis));
  const id = bytesToHex(network.networkHash.slice(0, 16));
  expect(network.epoch).toEqual({ id, key: deriveKey(shared, "epoch", ["team"]) });
  expect(network.controlHead).toEqual({ term: 0, height: 0, hash: id });
  const certify = deriveKey(shared, "certify", ["team"]);
  expect(network.account).toEqual({ seed: certify, publicKey: ed25519.getPublicKey(certify) });
  const networkSecret = deriveKey(shared, "secret", ["team"]);
  for (const [key, label] of [
    [network.scopeKey, "scope"],
    [network.authIndexKey, "auth-index"],
    [network.blobKey, "blob"],
    [network.greetingKey, "greeting"],
  ] as const) {
    expect(key).toEqual(deriveKey(networkSecret, label, []));
  }
});

test("another name or another secret is another network", () => {
  const networks = [
    openNetwork("team", secret),
    openNetwork("teams", secret),
    openNetwork("team", `${secret}!`),
    openNetwork("team", openSecretFromName("team")),
  ];
  expect(new Set(networks.map((network) => bytesToHex(network.networkHash))).size).toBe(4);
  expect(new Set(networks.map((network) => bytesToHex(network.scopeKey))).size).toBe(4);
  expect(openNetwork("team", utf8Encode(secret))).toEqual(networks[0]);
});

test("names and secrets are taken in NFC", () => {
  const composed = "caf\u00e9 of at least thirty-two bytes";
  const decomposed = "cafe\u0301 of at least thirty-two bytes";
  expect(openNetwork(decomposed, decomposed)).toEqual(openNetwork(composed, composed));
  expect(openNetwork(decomposed, secret).name).toBe(composed);
  expect(openSecretFromName(decomposed)).toEqual(openSecretFromName(composed));
});

test("names of 1 to 128 bytes, secrets of 32 and more", () => {
  const badName = { code: "InvalidArgument", path: "networkId" };
  const badSecret = { code: "InvalidArgument", path: "sharedSecret" };
  expect(refusal(() => openNetwork("é".repeat(64), secret))).toBe("accepted");
  expect(refusal(() => openNetwork("é".repeat(64) + "e", secret))).toEqual(badName);
  expect(refusal(() => openNetwork("", secret))).toEqual(badName);
  expect(refusal(() => openNetwork("a\ud800", secret))).toEqual(badName);
  expect(refusal(() => openSecretFromName("x".repeat(129)))).toEqual(badName);
  expect(refusal(() => openNetwork("team", "x".repeat(31)))).toEqual(badSecret);
  expect(refusal(() => openNetwork("team", "é".repeat(16)))).toBe("accepted");
  // 32 bytes as typed, fewer in NFC.
  expect(refusal(() => openNetwork("team", "e\u0301".repeat(11)))).toEqual(badSecret);
  expect(refusal(() => openNetwork("team", new Uint8Array(31)))).toEqual(badSecret);
  expect(refusal(() => openNetwork("team", "\udc00".repeat(32)))).toEqual(badSecret);
});

test("local networks are random, never signed", () => {
  const bytes = (byte: number, size: number) => new Uint8Array(size).fill(byte);
  const network = localNetwork(bytes(1, 32), bytes(2, 16));
  expect(network.suite).toBe(0);
  expect(network.networkHash).toEqual(hash("local", bytes(2, 16)));
  expect(network.scopeKey).toEqual(deriveKey(bytes(1, 32), "scope", []));
  expect(() => localNetwork(bytes(1, 31), bytes(2, 16))).toThrow("32 and 16 random bytes");
});

test("scopes differ by collection, kind and shard; writers by everything in them", () => {
  const network = openNetwork("team", secret);
  const scopes = [
    scopeOf(network, "notes", "documents"),
    scopeOf(network, "notes", "auth"),
    scopeOf(network, "Notes", "documents"),
    scopeOf(network, "notes", "documents", 1),
    scopeOf(openNetwork("other", secret), "notes", "documents"),
  ];
  expect(new Set(scopes).size).toBe(5);
  const [scope = scopeOf(network, "", "auth"), other = scope] = scopes;
  const key = hexToBytes("01".repeat(32));
  const incarnation = hexToBytes("02".repeat(16));
  const writers = [
    writerOf(network.networkHash, scope, key, incarnation),
    writerOf(network.networkHash, other, key, incarnation),
    writerOf(network.networkHash, scope, hexToBytes("03".repeat(32)), incarnation),
    writerOf(network.networkHash, scope, key, hexToBytes("03".repeat(16))),
    writerOf(hash("local", key), scope, key, incarnation),
  ];
  expect(new Set(writers).size).toBe(5);
});

test("neighbouring days share two of three rendezvous tags", () => {
  const { epoch } = openNetwork("team", secret);
  const noon = 1_750_000_000_000;
  const today = rendezvousTags(epoch, noon);
  const tomorrow = rendezvousTags(epoch, noon + 86_400_000);
  expect(new Set(today).size).toBe(3);
  expect(tomorrow.slice(0, 2)).toEqual(today.slice(1));
  expect(today[1]).toBe(bytesToHex(deriveKey(epoch.key, "tag", [20_254]).slice(0, 16)));
});
