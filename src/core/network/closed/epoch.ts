/**
 * What a new epoch hands out: its key, to each device that stays (FORMATS.md §6).
 *
 * epoch      = CBOR [scheme 1, commitment 32, [previous epoch's id 16, sealed key 48] or nil,
 *                    [[signing key 32, box 1168], …] rising by key, collection id 16 or nil]
 * commitment = KDF(key, "epoch-commitment", network hash)
 * sealed key = AES-256-GCM of the previous key under KDF(key, "epoch-previous", network hash, its
 *              id), associated data H("epoch-previous", network hash, its id)
 * box        = X-Wing cipher text 1120, AES-256-GCM of the key under KDF(shared secret,
 *              "epoch-box", network hash, sender, receiver), associated data
 *              H("epoch-box", network hash, height, sender, receiver)
 *
 * Nonces are zero: each sealing key seals one message. The commitment keeps a sender from handing
 * different keys to different devices, which boxes by themselves would let it. Whoever has an
 * epoch's key has those before it, one by one, and so can read what was written before it came.
 */
import { bytesToHex, compareBytes, equalBytes, hexToBytes } from "../../base/bytes.ts";
import { shortHashOf } from "../../base/ids.ts";
import { epochDevicesMax } from "../../base/limits.ts";
import { assert } from "../../base/result.ts";
import type { ShortHash } from "../../base/types.ts";
import type { CborItem } from "../../cbor/item.ts";
import type { CborReader } from "../../cbor/reader.ts";
import { expectCount, readOptional, readSized } from "../../cbor/structures.ts";
import { deriveKey, hash } from "../../crypto/hash.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import type { EpochKey } from "../keys.ts";
import { openBox, sealBox, xWingCipherTextBytes, type BoxBinding } from "./box.ts";

export interface EpochContent {
  /** 32 bytes that follow from the key. */
  readonly commitment: Uint8Array;
  /** Null in a network's first epoch. */
  readonly previous: SealedEpochKey | null;
  /** One a device, rising by its signing key. */
  readonly boxes: readonly EpochBox[];
  /** Of the one collection that this key is for. Null: the network's, as all are by now. */
  readonly collection: ShortHash | null;
}

/** Another epoch's key, sealed under the one that carries it. */
export interface SealedEpochKey {
  readonly id: ShortHash;
  readonly sealed: Uint8Array;
}

export interface EpochBox {
  /** Of the device that it is for. */
  readonly signingKey: Uint8Array;
  readonly box: Uint8Array;
}

/** What boxes are bound to, so that none counts at another place. */
export interface EpochPlace {
  readonly networkHash: Uint8Array;
  readonly height: number;
  /** Signing key of the device that made the epoch. */
  readonly sender: Uint8Array;
}

export interface EpochDraft extends EpochPlace {
  /** 32 random bytes. */
  readonly key: Uint8Array;
  readonly previous: EpochKey | null;
  /** In any order, none twice, at most `epochDevicesMax`. */
  readonly devices: readonly {
    readonly signingKey: Uint8Array;
    readonly xWingKey: Uint8Array;
  }[];
}

export interface EpochReceiver extends EpochPlace {
  /** This device's. */
  readonly signingKey: Uint8Array;
  readonly xWingSeed: Uint8Array;
}

/**
 * Takes milliseconds a device. One whose X-Wing key is none gets no box: only itself can have
 * certified such a key, and it must not be able to keep the others from a new epoch.
 */
export const makeEpoch = async (draft: EpochDraft, crypto: CryptoPort): Promise<EpochContent> => {
  const { key, previous, networkHash } = draft;
  assert(key.length === keyBytes, "an epoch key has 32 bytes");
  assert(draft.devices.length <= epochDevicesMax, "no more devices than an epoch may have");
  const names = new Set(draft.devices.map(({ signingKey }) => bytesToHex(signingKey)));
  assert(names.size === draft.devices.length, "no device twice");
  const devices = draft.devices.toSorted((a, b) => compareBytes(a.signingKey, b.signingKey));
  const boxes: EpochBox[] = [];
  for (const { signingKey, xWingKey } of devices) {
    const box = await sealBox(key, xWingKey, boxBinding({ ...draft, signingKey }), crypto);
    if (box !== null) boxes.push({ signingKey, box });
  }
  return {
    commitment: epochCommitment(key, networkHash),
    previous: previous === null ? null : await sealEpochKey(previous, key, networkHash, crypto),
    boxes,
    collection: null,
  };
};

/**
 * The key (32 bytes). Null: there is no box for this device, its box does not open, or it holds
 * another key than the one that was committed to.
 */
export const openEpoch = async (
  content: EpochContent,
  receiver: EpochReceiver,
  crypto: CryptoPort,
): Promise<Uint8Array | null> => {
  const mine = content.boxes.find(({ signingKey }) => equalBytes(signingKey, receiver.signingKey));
  if (mine === undefined) return null;
  const key = await openBox(mine.box, receiver.xWingSeed, boxBinding(receiver), crypto);
  if (key?.length !== keyBytes) return null;
  return equalBytes(epochCommitment(key, receiver.networkHash), content.commitment) ? key : null;
};

/**
 * The key of the epoch before. Null: there was none, or it does not open. Whether it is that
 * epoch's key its own commitment tells.
 */
export const openPrevious = async (
  { previous }: Pick<EpochContent, "previous">,
  key: Uint8Array,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "open">,
): Promise<EpochKey | null> =>
  previous === null ? null : await openEpochKey(previous, key, networkHash, crypto);

/** Seals an epoch's key under another's, for the record of an epoch, a term or keys. */
export const sealEpochKey = async (
  { id, key: inner }: EpochKey,
  key: Uint8Array,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "seal">,
): Promise<SealedEpochKey> => {
  assert(inner.length === keyBytes, "an epoch key has 32 bytes");
  const under = previousKey(key, networkHash, id);
  return { id, sealed: await crypto.seal(under, previousBinding(networkHash, id), inner) };
};

/** Null: it does not open. */
export const openEpochKey = async (
  { id, sealed }: SealedEpochKey,
  key: Uint8Array,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "open">,
): Promise<EpochKey | null> => {
  const under = previousKey(key, networkHash, id);
  const inner = await crypto.open(under, previousBinding(networkHash, id), sealed);
  return inner?.length === keyBytes ? { id, key: inner } : null;
};

/** What an epoch's record says of its key: 32 bytes. */
export const epochCommitment = (key: Uint8Array, networkHash: Uint8Array): Uint8Array =>
  deriveKey(key, "epoch-commitment", [networkHash]);

export const epochToItem = ({
  commitment,
  previous,
  boxes,
  collection,
}: EpochContent): CborItem => [
  scheme,
  commitment,
  previous === null ? null : [hexToBytes(previous.id), previous.sealed],
  boxes.map(({ signingKey, box }) => [signingKey, box]),
  collection === null ? null : hexToBytes(collection),
];

/** Throws FormFault for any other shape, with code `unsupported` for another scheme. */
export const readEpoch = (reader: CborReader): EpochContent => {
  const count = reader.readArrayHead();
  if (reader.readUint() !== scheme) reader.fail("unsupported", "an epoch of another scheme");
  if (count !== 5) reader.fail("wrongShape", "an epoch has five parts");
  const commitment = readSized(reader, 32);
  const previous = readOptional(reader, () => {
    expectCount(reader, 2);
    const id = shortHashOf(readSized(reader, 16));
    return { id, sealed: readSized(reader, sealedKeyBytes) };
  });
  const boxes = readBoxes(reader);
  const collection = readOptional(reader, () => shortHashOf(readSized(reader, 16)));
  return { commitment, previous, boxes, collection };
};

const readBoxes = (reader: CborReader): readonly EpochBox[] => {
  const count = reader.readArrayHead();
  if (count > epochDevicesMax) reader.fail("tooManyItems", "more devices than an epoch may have");
  const boxes: EpochBox[] = [];
  for (let left = count; left > 0; left--) {
    expectCount(reader, 2);
    const signingKey = readSized(reader, 32);
    const before = boxes.at(-1);
    if (before !== undefined && compareBytes(before.signingKey, signingKey) >= 0) {
      reader.fail("wrongShape", "devices rise by their keys");
    }
    boxes.push({ signingKey, box: readSized(reader, boxBytes) });
  }
  return boxes;
};

/** The list of boxes; a tree of keys (MLS) would be another. */
const scheme = 1;
const keyBytes = 32;
/** A key and the tag of AES-GCM. */
const sealedKeyBytes = keyBytes + 16;
const boxBytes = xWingCipherTextBytes + sealedKeyBytes;

/** Where a box is, and for whom. */
type BoxPlace = EpochPlace & { readonly signingKey: Uint8Array };

const boxBinding = ({ networkHash, height, sender, signingKey }: BoxPlace): BoxBinding => ({
  keyOf: (secret) => deriveKey(secret, "epoch-box", [networkHash, sender, signingKey]),
  associatedData: hash("epoch-box", networkHash, height, sender, signingKey),
});

const previousKey = (key: Uint8Array, networkHash: Uint8Array, id: ShortHash): Uint8Array =>
  deriveKey(key, "epoch-previous", [networkHash, hexToBytes(id)]);

const previousBinding = (networkHash: Uint8Array, id: ShortHash): Uint8Array =>
  hash("epoch-previous", networkHash, hexToBytes(id));
