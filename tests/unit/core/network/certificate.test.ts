/** Certificates, and the control chain of open networks that judges them. */
import { expect, test } from "vitest";
import { encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import { labelled, sha256 } from "../../../../src/core/crypto/hash.ts";
import {
  certificateBytesMax,
  checkCertificate,
  makeCertificate,
  storedCertificate,
  xWingKeyBytes,
  type DeviceKeys,
} from "../../../../src/core/network/certificate.ts";
import { hasUnknownCritical } from "../../../../src/core/network/extensions.ts";
import { createOpenControl } from "../../../../src/core/network/openControl.ts";
import { createNodeCrypto } from "../../../support/nodeCrypto.ts";
import { createRandom } from "../../../support/random.ts";
import { networkOfTests } from "../../../support/segments.ts";
import { publicKeyOf } from "../../../support/openNetwork.ts";

const random = createRandom(1);
const crypto = createNodeCrypto(random);
const { networkHash } = networkOfTests;
const seed = random.bytes(32);
const device: DeviceKeys = {
  account: publicKeyOf(seed),
  signingKey: random.bytes(32),
  xWingKey: random.bytes(xWingKeyBytes),
  vaultXWingKey: null,
  extensions: [{ id: 3, critical: false, bytes: random.bytes(5) }],
};

test("a certificate says who vouches for which keys", async () => {
  const bytes = await makeCertificate(device, networkHash, seed, crypto);
  const checked = await checkCertificate(bytes, networkHash, crypto);
  if (!checked.ok) throw new Error(checked.error);
  expect(checked.value).toEqual({ ...device, bytes, hash: sha256(bytes) });
  expect(storedCertificate(bytes)).toEqual(checked.value);
  const whole = { ...device, vaultXWingKey: random.bytes(xWingKeyBytes) };
  const long = await makeCertificate(whole, networkHash, seed, crypto);
  expect(long.length).toBeLessThan(certificateBytesMax - 512);
  expect((await checkCertificate(long, networkHash, crypto)).ok).toBe(true);
});

test("it holds in its network alone, signed by the account it names", async () => {
  const bytes = await makeCertificate(device, networkHash, seed, crypto);
  const bad = { ok: false, error: "certificate-signature" };
  expect(await checkCertificate(bytes, sha256(networkHash), crypto)).toEqual(bad);
  const stranger = await makeCertificate(device, networkHash, random.bytes(32), crypto);
  expect(await checkCertificate(stranger, networkHash, crypto)).toEqual(bad);
  const segment = await crypto.sign(seed, labelled("segment", [networkHash, bodyOf({})]));
  expect(await checkCertificate(encodeCbor([bodyOf({}), segment]), networkHash, crypto)).toEqual(
    bad,
  );
});

const bodyOf = (changes: Readonly<Record<number, CborItem>>): Uint8Array => {
  const items: CborItem[] = [1, device.account, device.signingKey, null, null, null, null, []];
  for (const [index, item] of Object.entries(changes)) items[Number(index)] = item;
  return encodeCbor(items);
};

test("every field has its shape", async () => {
  const fault = async (body: Uint8Array, signature?: Uint8Array): Promise<string> => {
    const signed = await crypto.sign(seed, labelled("certificate", [networkHash, body]));
    const bytes = encodeCbor([body, signature ?? signed]);
    const checked = await checkCertificate(bytes, networkHash, crypto);
    return checked.ok ? "sound" : checked.error;
  };
  expect(await fault(bodyOf({}))).toBe("sound");
  const wrong: readonly Readonly<Record<number, CborItem>>[] = [
    { 0: 2 },
    { 1: random.bytes(31) },
    { 2: "key" },
    { 3: random.bytes(32) },
    { 4: random.bytes(xWingKeyBytes + 1) },
    { 5: 0 },
    { 6: random.bytes(1) },
    { 7: null },
    { 8: null },
  ];
  for (const changes of wrong) expect(await fault(bodyOf(changes))).toBe("certificate-form");
  expect(await fault(bodyOf({}), random.bytes(63))).toBe("certificate-form");
  const noise = random.bytes(certificateBytesMax + 1);
  expect(await checkCertificate(noise, networkHash, crypto)).toEqual({
    ok: false,
    error: "certificate-form",
  });
  expect(storedCertificate(noise)).toBeNull();
});

test("an open network knows one head, one epoch, and everyone it certified", async () => {
  const control = createOpenControl(networkOfTests);
  const head = control.head();
  expect(control.find(head)).toEqual({ kind: "known", position: 0 });
  for (const other of [
    { ...head, term: 1 },
    { ...head, height: 1 },
  ]) {
    expect(control.find(other)).toEqual({ kind: "impossible" });
  }
  expect(control.epochAt(head)).toBe(networkOfTests.epoch.id);
  const { seed: accountSeed, publicKey } = networkOfTests.account;
  const mayWrite = async (change: Partial<DeviceKeys>) => {
    const made = { ...device, account: publicKey, ...change };
    const bytes = await makeCertificate(made, networkHash, accountSeed, crypto);
    const checked = await checkCertificate(bytes, networkHash, crypto);
    return checked.ok && control.mayWrite(checked.value, head);
  };
  expect(await mayWrite({ xWingKey: null })).toBe(true);
  expect(await mayWrite({})).toBe(false);
  const stranger = await makeCertificate({ ...device, xWingKey: null }, networkHash, seed, crypto);
  const checked = await checkCertificate(stranger, networkHash, crypto);
  expect(checked.ok && control.mayWrite(checked.value, head)).toBe(false);
});

test("only critical extensions need a newer version", () => {
  const plain = { id: 1, critical: false, bytes: random.bytes(1) };
  expect(hasUnknownCritical([])).toBe(false);
  expect(hasUnknownCritical([plain])).toBe(false);
  expect(hasUnknownCritical([plain, { ...plain, critical: true }])).toBe(true);
});
