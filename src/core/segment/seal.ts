/**
 * Makes segments (FORMATS.md §3). Suite 0 stores the compressed body with its checksum. Suite 1
 * seals it under a key of its own and signs the header:
 *
 * AES-256-GCM key (32 bytes), commitment (32) =
 *              KDF(epoch key, salt: 32 random bytes, "segment", network hash, scope)
 * body       = AES-256-GCM of the compressed body, nonce zero, with associated data
 *              H("body", network hash, scope, field 0, …, field 11)
 * signature  = sign("segment", network hash, scope, header bstr)
 *
 * The commitment shows which key a body was sealed under, which AES-GCM by itself does not.
 */
import { hexToBytes } from "../base/bytes.ts";
import { headerHashOf } from "../base/ids.ts";
import type { HeaderHash, ScopeId, Time, WriterId } from "../base/types.ts";
import { deriveKey, hash, labelled, sha256 } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import type { ControlHead } from "../network/control.ts";
import type { EpochKey } from "../network/keys.ts";
import { compressBody } from "./compress.ts";
import {
  boundFieldCount,
  encodeHeader,
  headerToItems,
  type Opening,
  type Row,
  type SegmentHeader,
} from "./header.ts";
import { encodeSegment } from "./segment.ts";

/** What is cut from a run, before its body is compressed and sealed. */
export interface SegmentDraft {
  readonly writer: WriterId;
  readonly first: number;
  readonly count: number;
  readonly previous: HeaderHash | null;
  readonly opening: Opening | null;
  readonly rows: readonly Row[];
  readonly controlHead: ControlHead | null;
  readonly time: Time;
  /** CBOR [paths, ops]. */
  readonly body: Uint8Array;
}

/** Where a segment belongs: part of everything that is sealed or signed. */
export interface ScopeContext {
  readonly networkHash: Uint8Array;
  readonly scope: ScopeId;
}

export type SealingKeys = ScopeContext & {
  /** False in AUTH scopes: the length of a compressed secret tells of it. */
  readonly mayCompress: boolean;
} & (
    | { readonly suite: 0 }
    | { readonly suite: 1; readonly epoch: EpochKey; readonly signingSeed: Uint8Array }
  );

export interface SealedSegment {
  readonly bytes: Uint8Array;
  readonly header: SegmentHeader;
  readonly headerHash: HeaderHash;
}

export const sealSegment = async (
  draft: SegmentDraft,
  keys: SealingKeys,
  crypto: CryptoPort,
): Promise<SealedSegment> => {
  const stored = keys.mayCompress
    ? compressBody(draft.body)
    : ({ form: 0, bytes: draft.body } as const);
  const { body: plain, ...fields } = draft;
  const form = { bodyLength: plain.length, bodyForm: stored.form, extensions: [] };
  if (keys.suite === 0) {
    const bodyHash = await crypto.sha256(stored.bytes);
    return finished({ ...fields, ...form, suite: 0, key: null, bodyHash }, null, stored.bytes);
  }
  const salt = crypto.randomBytes(32);
  const { sealingKey, commitment } = bodyKeys(keys.epoch.key, salt, keys);
  const key = { epoch: keys.epoch.id, salt, commitment };
  const unhashed = { ...fields, ...form, suite: 1, key, bodyHash: new Uint8Array(32) } as const;
  const body = await crypto.seal(sealingKey, bodyBinding(unhashed, keys), stored.bytes);
  const header = { ...unhashed, bodyHash: await crypto.sha256(body) };
  const signature = await crypto.sign(keys.signingSeed, signedText(encodeHeader(header), keys));
  return finished(header, signature, body);
};

/** The AES key of one body, and the commitment to it that stands in the header. */
export const bodyKeys = (
  epochKey: Uint8Array,
  salt: Uint8Array,
  { networkHash, scope }: ScopeContext,
): { readonly sealingKey: Uint8Array; readonly commitment: Uint8Array } => {
  const parts = [networkHash, hexToBytes(scope)];
  const derived = deriveKey(epochKey, "segment", parts, { salt, bytes: 64 });
  return { sealingKey: derived.slice(0, 32), commitment: derived.slice(32) };
};

/** The associated data of a sealed body: the header's fields up to the body form. */
export const bodyBinding = (
  header: SegmentHeader,
  { networkHash, scope }: ScopeContext,
): Uint8Array =>
  hash("body", networkHash, hexToBytes(scope), ...headerToItems(header).slice(0, boundFieldCount));

export const signedText = (
  headerBytes: Uint8Array,
  { networkHash, scope }: ScopeContext,
): Uint8Array => labelled("segment", [networkHash, hexToBytes(scope), headerBytes]);

const finished = (
  header: SegmentHeader,
  signature: Uint8Array | null,
  body: Uint8Array,
): SealedSegment => {
  const headerBytes = encodeHeader(header);
  return {
    bytes: encodeSegment(headerBytes, signature, body),
    header,
    headerHash: headerHashOf(sha256(headerBytes)),
  };
};
