/**
 * What the maker of an invite hands to a joiner behind the control chain (FORMATS.md §7), sealed to
 * the X-Wing key that the joiner showed: cipher text ‖ AES-256-GCM of
 *
 * [1, network secret 32, [[epoch id 16, key 32], …], certificate bstr or nil, account seed or nil]
 *
 * For a second device of the maker's own account the last two: the certificate that the account
 * made for it, and the account itself, so that it can add further ones.
 */
import { hexToBytes } from "../../core/base/bytes.ts";
import { shortHashOf } from "../../core/base/ids.ts";
import type { ShortHash } from "../../core/base/types.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import type { CborReader } from "../../core/cbor/reader.ts";
import {
  expectCount,
  readList,
  readOptional,
  readSized,
  readWhole,
} from "../../core/cbor/structures.ts";
import { deriveKey, hash } from "../../core/crypto/hash.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import { openBox, sealBox, type BoxBinding } from "../../core/network/closed/box.ts";

export interface Handover {
  readonly networkSecret: Uint8Array;
  readonly keys: ReadonlyMap<ShortHash, Uint8Array>;
  /** Of the same account as the maker's; null: the joiner is another person. */
  readonly account: { readonly certificate: Uint8Array; readonly seed: Uint8Array } | null;
}

/** Between these two devices, for this network. */
export interface HandoverPlace {
  readonly networkHash: Uint8Array;
  /** Signing keys. */
  readonly maker: Uint8Array;
  readonly joiner: Uint8Array;
}

/** null: the joiner's key is none. */
export const sealHandover = (
  { networkSecret, keys, account }: Handover,
  xWingKey: Uint8Array,
  place: HandoverPlace,
  crypto: CryptoPort,
): Promise<Uint8Array | null> => {
  const plain = encodeCbor([
    ...[1, networkSecret, Array.from(keys, ([id, key]) => [hexToBytes(id), key] as const)],
    ...[account?.certificate ?? null, account?.seed ?? null],
  ]);
  return sealBox(plain, xWingKey, bindingOf(place), crypto);
};

/** null: it is not for this device, or not of this form. */
export const openHandover = async (
  sealed: Uint8Array,
  xWingSeed: Uint8Array,
  place: HandoverPlace,
  crypto: CryptoPort,
): Promise<Handover | null> => {
  const plain = await openBox(sealed, xWingSeed, bindingOf(place), crypto);
  const read = plain === null ? null : readWhole(plain, readHandover);
  return read?.ok === true ? read.value : null;
};

const bindingOf = ({ networkHash, maker, joiner }: HandoverPlace): BoxBinding => ({
  keyOf: (secret) => deriveKey(secret, "handover", [networkHash, maker, joiner]),
  associatedData: hash("handover", networkHash, maker, joiner),
});

const readHandover = (reader: CborReader): Handover => {
  expectCount(reader, 5);
  if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
  const networkSecret = readSized(reader, 32);
  const keys = readList(reader, () => {
    expectCount(reader, 2);
    return [shortHashOf(readSized(reader, 16)), readSized(reader, 32)] as const;
  });
  const certificate = readOptional(reader, () => reader.readBytes());
  const seed = readOptional(reader, () => readSized(reader, 32));
  if ((certificate === null) !== (seed === null)) reader.fail("wrongShape", "both or neither");
  const account = certificate === null || seed === null ? null : { certificate, seed };
  return { networkSecret, keys: new Map(keys), account };
};
