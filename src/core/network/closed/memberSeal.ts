/**
 * What members of a closed network say of something in its chain, sealed for each other
 * (FORMATS.md §6):
 *
 * sealed = CBOR [epoch id 16, salt 32, AES-256-GCM of the text under KDF(epoch key, salt, label,
 *          network hash, subject), nonce zero, associated data H(label, network hash, subject)]
 *
 * The subject stands beside it in the record, so that nobody can say of one what is meant for
 * another.
 */
import { hexToBytes } from "../../base/bytes.ts";
import { shortHashOf } from "../../base/ids.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { encodeCbor } from "../../cbor/item.ts";
import { expectCount, readSized, readWhole } from "../../cbor/structures.ts";
import { deriveKey, hash } from "../../crypto/hash.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import type { EpochKey, Epochs } from "../keys.ts";

/** What it is about. */
export interface SealedSubject {
  readonly label: "collection" | "name";
  readonly networkHash: Uint8Array;
  /** A scope's 16 bytes, an account's 32. */
  readonly subject: Uint8Array;
}

export type MemberSealFault =
  /** Its epoch's key is not here, or not yet. */
  "key" | "seal" | "form";

export const sealForMembers = async (
  plain: Uint8Array,
  epoch: EpochKey,
  about: SealedSubject,
  crypto: Pick<CryptoPort, "seal" | "randomBytes">,
): Promise<Uint8Array> => {
  const salt = crypto.randomBytes(32);
  const sealed = await crypto.seal(sealingKey(epoch.key, salt, about), binding(about), plain);
  return encodeCbor([hexToBytes(epoch.id), salt, sealed]);
};

/** Never throws. */
export const openForMembers = async (
  bytes: Uint8Array,
  epochs: Pick<Epochs, "key">,
  about: SealedSubject,
  crypto: Pick<CryptoPort, "open">,
): Promise<Result<Uint8Array, MemberSealFault>> => {
  const outer = readWhole(bytes, (reader) => {
    expectCount(reader, 3);
    const epoch = shortHashOf(readSized(reader, 16));
    return { epoch, salt: readSized(reader, 32), sealed: reader.readBytes() };
  });
  if (!outer.ok) return fail("form");
  const { epoch, salt, sealed } = outer.value;
  const key = epochs.key(epoch);
  if (key === null) return fail("key");
  const plain = await crypto.open(sealingKey(key, salt, about), binding(about), sealed);
  return plain === null ? fail("seal") : ok(plain);
};

const sealingKey = (
  key: Uint8Array,
  salt: Uint8Array,
  { label, networkHash, subject }: SealedSubject,
): Uint8Array => deriveKey(key, label, [networkHash, subject], { salt, bytes: 32 });

const binding = ({ label, networkHash, subject }: SealedSubject): Uint8Array =>
  hash(label, networkHash, subject);
