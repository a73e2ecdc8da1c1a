/**
 * What the database asks of its platform's cryptography. Adapters: WebCrypto
 * (engine/crypto/webcrypto.ts), and Node's synchronous functions for the simulator
 * (tests/support/nodeCrypto.ts).
 */

export interface CryptoPort {
  /** From the platform's secure source. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Ed25519 (RFC 8032) by a seed of 32 bytes; gives 64 bytes. */
  readonly sign: (seed: Uint8Array, message: Uint8Array) => Promise<Uint8Array>;
  /**
   * Ed25519 by the rules of ZIP215, which all replicas must share: platforms disagree on odd
   * signatures, so an adapter whose platform says no asks a ZIP215 verifier before it says so too.
   * Keys or signatures of a wrong size are false.
   */
  readonly verify: (
    publicKey: Uint8Array,
    signature: Uint8Array,
    message: Uint8Array,
  ) => Promise<boolean>;
  /** The 32-byte Ed25519 public key of a seed. */
  readonly publicKey: (seed: Uint8Array) => Promise<Uint8Array>;
  /**
   * AES-256-GCM; gives the ciphertext and its 16-byte tag. The nonce is zero: a key seals ONE
   * message in its life, or both its messages and its authenticity are lost.
   */
  readonly seal: (
    key: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
  ) => Promise<Uint8Array>;
  /** Null when the key, the associated data or a single bit is not what was sealed. */
  readonly open: (
    key: Uint8Array,
    associatedData: Uint8Array,
    sealed: Uint8Array,
  ) => Promise<Uint8Array | null>;
  /** Of what is large: natively, where the platform has it. */
  readonly sha256: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly xWing: XWing;
  /**
   * What two holders of Ed25519 keys share: X25519 of both in Montgomery form, 32 bytes. Null for a
   * key that is no point, or of low order.
   */
  readonly pairSecret: (seed: Uint8Array, publicKey: Uint8Array) => Promise<Uint8Array | null>;
}

/**
 * X-Wing (draft-connolly-cfrg-xwing-kem-10), X25519 and ML-KEM-768 at once: gives a secret to the
 * holder of a key. A call takes milliseconds.
 */
export interface XWing {
  /** The public key (1,216 bytes) of a seed of 32 bytes. */
  readonly publicKey: (seed: Uint8Array) => Promise<Uint8Array>;
  /** A fresh secret, and what its receiver needs. Null for what is no public key. */
  readonly encapsulate: (publicKey: Uint8Array) => Promise<XWingCapsule | null>;
  /**
   * Null for a cipher text of a wrong size, or whose X25519 part is a point of low order. One that
   * was made for another key, or changed, gives some other secret: what was sealed tells.
   */
  readonly decapsulate: (seed: Uint8Array, cipherText: Uint8Array) => Promise<Uint8Array | null>;
}

export interface XWingCapsule {
  /** 1,120 bytes. */
  readonly cipherText: Uint8Array;
  /** 32 bytes. */
  readonly sharedSecret: Uint8Array;
}
