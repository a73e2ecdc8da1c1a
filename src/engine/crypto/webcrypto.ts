/**
 * The `CryptoPort` over WebCrypto, in pages, workers and Node. It is native and fast where it
 * exists; `@noble/curves` stands in for Ed25519 where a browser lacks it, and has the last word on
 * every signature that WebCrypto refuses. X-Wing is all of `@noble/post-quantum`.
 */
import type { ed25519 } from "@noble/curves/ed25519.js";
import { base64UrlToBytes, bytesToHex, concatBytes, hexToBytes } from "../../core/base/bytes.ts";
import { nativeHashBytesMin } from "../../core/base/limits.ts";
import { loadPart } from "../../core/base/parts.ts";
import { assert } from "../../core/base/result.ts";
import { sha256 } from "../../core/crypto/hash.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";

export const createWebCrypto = (crypto: Crypto): CryptoPort => {
  const { subtle } = crypto;
  // Seeds are kept by hash, so that no secret lies about as the key of a map.
  const signingKeys = createKeyCache(
    (seed) => bytesToHex(sha256(seed)),
    (seed) => importSeed(subtle, seed),
  );
  const publicKeys = createKeyCache(bytesToHex, (key) => importPublicKey(subtle, key));
  return {
    randomBytes: (count) => randomBytes(crypto, count),
    publicKey: async (seed) =>
      (await nativePublicKey(subtle, seed)) ?? (await noble()).getPublicKey(seed),
    sign: async (seed, message) => {
      assert(seed.length === 32, "an Ed25519 seed has 32 bytes");
      const key = await signingKeys(seed);
      if (key === null) return (await noble()).sign(message, seed);
      return new Uint8Array(await subtle.sign(algorithm, key, source(message)));
    },
    verify: async (publicKey, signature, message) => {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      const key = await publicKeys(publicKey);
      const isValid =
        key !== null && (await subtle.verify(algorithm, key, source(signature), source(message)));
      return isValid || (await noble()).verify(signature, message, publicKey, { zip215: true });
    },
    seal: async (key, associatedData, plaintext) => {
      const sealing = await importSealingKey(subtle, key, "encrypt");
      const how = sealingWith(associatedData);
      return new Uint8Array(await subtle.encrypt(how, sealing, source(plaintext)));
    },
    open: async (key, associatedData, sealed) => {
      const opening = await importSealingKey(subtle, key, "decrypt");
      try {
        const how = sealingWith(associatedData);
        return new Uint8Array(await subtle.decrypt(how, opening, source(sealed)));
      } catch (error) {
        if (isNamed(error, "OperationError")) return null;
        throw error;
      }
    },
    sha256: async (bytes) =>
      bytes.length < nativeHashBytesMin
        ? sha256(bytes)
        : new Uint8Array(await subtle.digest("SHA-256", source(bytes))),
    pairSecret: async (seed, publicKey) =>
      (await loadPart(() => import("./pair.ts"))).pairSecretOf(seed, publicKey),
    xWing: {
      publicKey: async (seed) => (await xWing()).xWingPublicKey(seed),
      encapsulate: async (publicKey) => {
        const { xWingEncapsulate, xWingRandomBytes } = await xWing();
        return xWingEncapsulate(publicKey, randomBytes(crypto, xWingRandomBytes));
      },
      decapsulate: async (seed, cipherText) => (await xWing()).xWingDecapsulate(seed, cipherText),
    },
  };
};

/** Loaded when it is needed: most browsers never need it, and it is large. */
const noble = async (): Promise<typeof ed25519> =>
  (await loadPart(() => import("@noble/curves/ed25519.js"))).ed25519;

/** Only closed networks need it. */
const xWing = async (): Promise<typeof import("./xWing.ts")> =>
  await loadPart(() => import("./xWing.ts"));

type OwnBytes = Uint8Array<ArrayBuffer>;

const algorithm = "Ed25519";
/** RFC 8410: an Ed25519 seed as PKCS #8 is this and the seed. */
const pkcs8Head = hexToBytes("302e020100300506032b657004220420");
const cachedKeysMax = 256;
/** WebCrypto gives at most so much at once. */
const randomBytesAtOnceMax = 65_536;

const randomBytes = (crypto: Crypto, count: number): Uint8Array => {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += randomBytesAtOnceMax) {
    crypto.getRandomValues(bytes.subarray(at, at + randomBytesAtOnceMax));
  }
  return bytes;
};

/**
 * Importing costs as much as signing; the keys in use are few. The longest held goes first. Null:
 * no native key.
 */
const createKeyCache = (
  nameOf: (key: Uint8Array) => string,
  load: (key: Uint8Array) => Promise<CryptoKey | null>,
): ((key: Uint8Array) => Promise<CryptoKey | null>) => {
  const held = new Map<string, Promise<CryptoKey | null>>();
  return (key) => {
    const name = nameOf(key);
    const known = held.get(name);
    if (known !== undefined) return known;
    const oldest = held.keys().next();
    if (held.size >= cachedKeysMax && oldest.done !== true) held.delete(oldest.value);
    const loading = load(key);
    held.set(name, loading);
    return loading;
  };
};

const importSeed = async (subtle: SubtleCrypto, seed: Uint8Array): Promise<CryptoKey | null> => {
  try {
    const pkcs8 = source(concatBytes(pkcs8Head, seed));
    return await subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  } catch (error) {
    if (isNamed(error, "NotSupportedError")) return null;
    throw error;
  }
};

/** null: no native key. The platform tells a public key in its JSON form alone. */
const nativePublicKey = async (
  subtle: SubtleCrypto,
  seed: Uint8Array,
): Promise<Uint8Array | null> => {
  assert(seed.length === 32, "an Ed25519 seed has 32 bytes");
  try {
    const pkcs8 = source(concatBytes(pkcs8Head, seed));
    const key = await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
    const { x } = await subtle.exportKey("jwk", key);
    return x === undefined ? null : base64UrlToBytes(x);
  } catch (error) {
    if (isNamed(error, "NotSupportedError")) return null;
    throw error;
  }
};

const importPublicKey = async (
  subtle: SubtleCrypto,
  key: Uint8Array,
): Promise<CryptoKey | null> => {
  try {
    return await subtle.importKey("raw", source(key), algorithm, false, ["verify"]);
  } catch {
    // Not supported, or bytes that this platform takes for no point: ZIP215 decides.
    return null;
  }
};

const importSealingKey = (
  subtle: SubtleCrypto,
  key: Uint8Array,
  use: "encrypt" | "decrypt",
): Promise<CryptoKey> => {
  assert(key.length === 32, "an AES-256 key has 32 bytes");
  return subtle.importKey("raw", source(key), "AES-GCM", false, [use]);
};

const sealingWith = (associatedData: Uint8Array): AesGcmParams => ({
  name: "AES-GCM",
  iv: new Uint8Array(12),
  additionalData: source(associatedData),
});

/** WebCrypto refuses shared memory; bytes over it are copied. */
const source = (bytes: Uint8Array): OwnBytes =>
  isOverArrayBuffer(bytes) ? bytes : new Uint8Array(bytes);

const isOverArrayBuffer = (bytes: Uint8Array): bytes is OwnBytes =>
  bytes.buffer instanceof ArrayBuffer;

const isNamed = (error: unknown, name: string): boolean =>
  error instanceof Error && error.name === name;
