/**
 * The `CryptoPort` over Node's synchronous functions: every promise is settled when it is returned,
 * so a simulation runs in the same order whenever it is run, and its keys come from the seed. Real
 * cryptography otherwise.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, concatBytes, hexToBytes } from "../../src/core/base/bytes.ts";
import { sha256 } from "../../src/core/crypto/hash.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import {
  xWingDecapsulate,
  xWingEncapsulate,
  xWingPublicKey,
  xWingRandomBytes,
} from "../../src/engine/crypto/xWing.ts";
import { pairSecretOf } from "../../src/engine/crypto/pair.ts";
import type { Random } from "./random.ts";

export const createNodeCrypto = (random: Pick<Random, "bytes">): CryptoPort => {
  const privateKeys = new Map<string, KeyObject>();
  const privateKey = (seed: Uint8Array): KeyObject =>
    remembered(privateKeys, seed, () => {
      const key = Buffer.from(concatBytes(pkcs8Head, seed));
      return createPrivateKey({ key, format: "der", type: "pkcs8" });
    });
  const publicKeys = new Map<string, KeyObject>();
  const publicKeyObject = (bytes: Uint8Array): KeyObject =>
    remembered(publicKeys, bytes, () => {
      const key = Buffer.from(concatBytes(spkiHead, bytes));
      return createPublicKey({ key, format: "der", type: "spki" });
    });
  return {
    randomBytes: random.bytes,
    publicKey: (seed) => {
      const spki = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
      return Promise.resolve(new Uint8Array(spki.subarray(spkiHead.length)));
    },
    sign: (seed, message) => Promise.resolve(new Uint8Array(sign(null, message, privateKey(seed)))),
    verify: (publicKey, signature, message) => {
      if (publicKey.length !== 32 || signature.length !== 64) return Promise.resolve(false);
      const isValid =
        verify(null, message, publicKeyObject(publicKey), signature) ||
        ed25519.verify(signature, message, publicKey, { zip215: true });
      return Promise.resolve(isValid);
    },
    seal: (key, associatedData, plaintext) => Promise.resolve(seal(key, associatedData, plaintext)),
    open: (key, associatedData, sealed) => Promise.resolve(open(key, associatedData, sealed)),
    sha256: (bytes) => Promise.resolve(sha256(bytes)),
    pairSecret: (seed, publicKey) => Promise.resolve(pairSecretOf(seed, publicKey)),
    xWing: {
      publicKey: (seed) => Promise.resolve(xWingPublicKey(seed)),
      encapsulate: (publicKey) =>
        Promise.resolve(xWingEncapsulate(publicKey, random.bytes(xWingRandomBytes))),
      decapsulate: (seed, cipherText) => Promise.resolve(xWingDecapsulate(seed, cipherText)),
    },
  };
};

/** RFC 8410: an Ed25519 seed, and a public key, in DER are these and 32 bytes. */
const pkcs8Head = hexToBytes("302e020100300506032b657004220420");
const spkiHead = hexToBytes("302a300506032b6570032100");
const nonce = new Uint8Array(12);
const tagBytes = 16;

const remembered = <T>(held: Map<string, T>, bytes: Uint8Array, make: () => T): T => {
  const name = bytesToHex(bytes);
  const known = held.get(name);
  if (known !== undefined) return known;
  const made = make();
  held.set(name, made);
  return made;
};

const seal = (key: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array => {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(associatedData);
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
};

const open = (
  key: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null => {
  if (sealed.length < tagBytes) return null;
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return new Uint8Array(plaintext);
};
