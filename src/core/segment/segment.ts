/**
 * A segment as it is stored and sent: the CBOR array [header bstr, signature bstr or nil, body
 * bstr]. What is received is kept and passed on verbatim. The steps of its way in are types: bytes
 * → `ParsedSegment` (here) → `DeliveredSegment` (deliver.ts) → plain body (open.ts) → ops
 * (body.ts).
 */
import type { Brand } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { headerHashOf } from "../base/ids.ts";
import { segmentBodyBytesMax, segmentHeaderBytesMax } from "../base/limits.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { HeaderHash } from "../base/types.ts";
import { readForm } from "../cbor/form.ts";
import { encodeCbor } from "../cbor/item.ts";
import { CborReader } from "../cbor/reader.ts";
import { readOptional } from "../cbor/structures.ts";
import { sha256 } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import type { WriterOrigin } from "./branches.ts";
import { decodeHeader, type HeaderFault, type SegmentHeader } from "./header.ts";

/** Well formed, and nothing more: nobody has vouched for it. */
export interface ParsedSegment {
  readonly header: SegmentHeader;
  readonly headerBytes: Uint8Array;
  readonly headerHash: HeaderHash;
  /** 64 bytes in suite 1, null in suite 0. */
  readonly signature: Uint8Array | null;
  /** As stored: compressed, and sealed in suite 1. */
  readonly body: Uint8Array;
  /** The whole segment as received. */
  readonly bytes: Uint8Array;
}

/**
 * Everything that anyone can check holds: it counts in the vector and is passed on. Made by
 * deliver.ts alone.
 */
export type DeliveredSegment = Brand<
  ParsedSegment & { readonly origin: WriterOrigin },
  "DeliveredSegment"
>;

export type SegmentFault =
  | HeaderFault
  | "segment-too-long"
  /** Not canonical CBOR, or not three parts of their kinds. */
  | "segment-form"
  /** The signature does not go with the suite. */
  | "segment-signature-form"
  /** The body's size does not go with what the header announces. */
  | "segment-body-size";

/** The tag of AES-256-GCM, which follows what it seals. */
export const sealTagBytes = 16;

/** What a segment may take in all: header, signature, body and their heads. */
export const segmentBytesMax = segmentHeaderBytesMax + segmentBodyBytesMax + sealTagBytes + 96;

export const encodeSegment = (
  header: Uint8Array,
  signature: Uint8Array | null,
  body: Uint8Array,
): Uint8Array => encodeCbor([header, signature, body]);

/** Form and sizes. Whoever relays or stores a segment can check this much without any key. */
export const parseSegment = (bytes: Uint8Array): Result<ParsedSegment, SegmentFault> => {
  if (bytes.length > segmentBytesMax) return fail("segment-too-long");
  const read = readForm(() => readParts(new CborReader(bytes)));
  if (!read.ok) return fail("segment-form");
  const { headerBytes, signature, body } = read.value;
  const header = decodeHeader(headerBytes);
  if (!header.ok) return header;
  const { suite } = header.value;
  if (suite === 0 ? signature !== null : signature?.length !== 64) {
    return fail("segment-signature-form");
  }
  if (!isSizeSound(header.value, body.length)) return fail("segment-body-size");
  const headerHash = headerHashOf(sha256(headerBytes));
  return ok({ header: header.value, headerBytes, headerHash, signature, body, bytes });
};

/** Whether the body is the one that the header names; else it was damaged on its way or at rest. */
export const isBodyWhole = async (
  { body, header }: ParsedSegment,
  crypto: Pick<CryptoPort, "sha256">,
): Promise<boolean> => equalBytes(await crypto.sha256(body), header.bodyHash);

/**
 * What is left of a segment of `local` whose ops went behind the time of history: [header bstr,
 * signature bstr or nil, nil]. Those that follow hang on its header. It is never sent.
 */
export const encodeTrimmed = ({ headerBytes, signature }: ParsedSegment): Uint8Array =>
  encodeCbor([headerBytes, signature, null]);

/** With an empty body; null: it is no such thing. */
export const parseTrimmed = (bytes: Uint8Array): ParsedSegment | null => {
  if (bytes.length > segmentBytesMax) return null;
  const read = readForm(() => readTrimmed(new CborReader(bytes)));
  if (!read.ok) return null;
  const header = decodeHeader(read.value.headerBytes);
  if (!header.ok) return null;
  const headerHash = headerHashOf(sha256(read.value.headerBytes));
  return { ...read.value, header: header.value, headerHash, bytes };
};

const readTrimmed = (reader: CborReader): SegmentParts => {
  if (reader.readArrayHead() !== 3) reader.fail("wrongShape", "a segment has three parts");
  const headerBytes = reader.readBytes();
  const signature = readOptional(reader, () => reader.readBytes());
  reader.readNil();
  reader.expectEnd();
  return { headerBytes, signature, body: new Uint8Array() };
};

interface SegmentParts {
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array | null;
  readonly body: Uint8Array;
}

const readParts = (reader: CborReader): SegmentParts => {
  if (reader.readArrayHead() !== 3) reader.fail("wrongShape", "a segment has three parts");
  const headerBytes = reader.readBytes();
  const signature = readOptional(reader, () => reader.readBytes());
  const body = reader.readBytes();
  reader.expectEnd();
  return { headerBytes, signature, body };
};

/**
 * A plain body is as long as announced; a compressed one must not be longer than any plain one may
 * be.
 */
const isSizeSound = ({ suite, bodyForm, bodyLength }: SegmentHeader, stored: number): boolean => {
  const unsealed = stored - (suite === 1 ? sealTagBytes : 0);
  if (bodyForm === 0) return unsealed === bodyLength;
  return unsealed > 0 && unsealed <= segmentBodyBytesMax;
};
