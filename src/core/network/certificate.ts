/**
 * Certificates: an account vouches for a device's keys in one network (FORMATS.md §1).
 *
 * certificate = CBOR [body bstr, signature 64]
 * body        = CBOR [1, account 32, signing key 32, X-Wing key or nil,
 *                     vault X-Wing key or nil, nil, nil, extensions]
 * signature   = sign("certificate", network hash, body bstr) by the account
 *
 * They are hashed and passed on as received. Whether the account is a member is for the control
 * chain to say.
 */
import type { Brand } from "../base/brand.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { readForm } from "../cbor/form.ts";
import { encodeCbor } from "../cbor/item.ts";
import { CborReader } from "../cbor/reader.ts";
import { labelled, sha256 } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import { extensionsToItem, readExtensions, type Extension } from "./extensions.ts";

/** The public keys of a device in a network, and the account whose device it is. */
export interface DeviceKeys {
  /** Ed25519, 32 bytes. */
  readonly account: Uint8Array;
  /** Ed25519, 32 bytes: signs segments and greetings. */
  readonly signingKey: Uint8Array;
  /** Receives epoch keys. Null in open networks, whose keys follow from the secret. */
  readonly xWingKey: Uint8Array | null;
  /** Receives keys of secrets; only the vault opens it. */
  readonly vaultXWingKey: Uint8Array | null;
  readonly extensions: readonly Extension[];
}

/** Well formed, and signed by the account that it names. */
export type CheckedCertificate = Brand<
  DeviceKeys & { readonly bytes: Uint8Array; readonly hash: Uint8Array },
  "CheckedCertificate"
>;

export type CertificateFault =
  /** Not canonical CBOR, or not the fields in their shapes. */
  "certificate-form" | "certificate-signature";

/** X25519 (32 bytes) and ML-KEM-768 (1,184 bytes). */
export const xWingKeyBytes = 1_216;
/** Two X-Wing keys, and room for extensions. */
export const certificateBytesMax = 3_584;

/**
 * Certifies a device by the account's seed (32 bytes), whose public key `device.account` must be.
 */
export const makeCertificate = async (
  device: DeviceKeys,
  networkHash: Uint8Array,
  accountSeed: Uint8Array,
  crypto: CryptoPort,
): Promise<Uint8Array> => {
  const body = encodeCbor([
    ...[1, device.account, device.signingKey, device.xWingKey, device.vaultXWingKey],
    ...[null, null, extensionsToItem(device.extensions)],
  ]);
  const signature = await crypto.sign(accountSeed, signedText(networkHash, body));
  return encodeCbor([body, signature]);
};

/** The same, for whoever holds the account and need not check it. */
export const certify = async (
  device: DeviceKeys,
  networkHash: Uint8Array,
  accountSeed: Uint8Array,
  crypto: CryptoPort,
): Promise<CheckedCertificate> =>
  checked(device, await makeCertificate(device, networkHash, accountSeed, crypto));

export const checkCertificate = async (
  bytes: Uint8Array,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "verify">,
): Promise<Result<CheckedCertificate, CertificateFault>> => {
  const parts = readParts(bytes);
  if (parts === null) return fail("certificate-form");
  const { device, body, signature } = parts;
  const isSigned = await crypto.verify(device.account, signature, signedText(networkHash, body));
  return isSigned ? ok(checked(device, bytes)) : fail("certificate-signature");
};

/**
 * For certificates from this device's own store, which were checked before they came there. Null:
 * not one.
 */
export const storedCertificate = (bytes: Uint8Array): CheckedCertificate | null => {
  const parts = readParts(bytes);
  return parts === null ? null : checked(parts.device, bytes);
};

const checked = (device: DeviceKeys, bytes: Uint8Array): CheckedCertificate =>
  // Made only for certificates whose signature holds, or held when they were stored.
  ({ ...device, bytes, hash: sha256(bytes) }) as CheckedCertificate;

const signedText = (networkHash: Uint8Array, body: Uint8Array): Uint8Array =>
  labelled("certificate", [networkHash, body]);

interface CertificateParts {
  readonly device: DeviceKeys;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

const readParts = (bytes: Uint8Array): CertificateParts | null => {
  if (bytes.length > certificateBytesMax) return null;
  const read = readForm(() => {
    const reader = new CborReader(bytes);
    if (reader.readArrayHead() !== 2) reader.fail("wrongShape", "a certificate has two parts");
    const body = reader.readBytes();
    const signature = readSized(reader, 64);
    reader.expectEnd();
    return { device: readDevice(new CborReader(body)), body, signature };
  });
  return read.ok ? read.value : null;
};

const readDevice = (reader: CborReader): DeviceKeys => {
  if (reader.readArrayHead() !== 8) reader.fail("wrongShape", "a certificate names eight things");
  if (reader.readUint() !== 1) reader.fail("unsupported", "a certificate of another version");
  const account = readSized(reader, 32);
  const signingKey = readSized(reader, 32);
  const xWingKey = readKeyOrNil(reader);
  const vaultXWingKey = readKeyOrNil(reader);
  reader.readNil();
  reader.readNil();
  const extensions = readExtensions(reader);
  reader.expectEnd();
  return { account, signingKey, xWingKey, vaultXWingKey, extensions };
};

const readKeyOrNil = (reader: CborReader): Uint8Array | null => {
  if (!reader.peekNil()) return readSized(reader, xWingKeyBytes);
  reader.readNil();
  return null;
};

const readSized = (reader: CborReader, size: number): Uint8Array => {
  const bytes = reader.readBytes();
  if (bytes.length !== size) reader.fail("wrongShape", `${String(size)} bytes are due`);
  return bytes;
};
