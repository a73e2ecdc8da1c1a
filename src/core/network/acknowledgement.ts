/**
 * What a device says that it holds (FORMATS.md §6, Acknowledgement), signed, so that others can
 * pass it on and it counts when the device is gone. As it is stored and sent:
 *
 * stored = CBOR [body bstr, signature 64]
 * body   = CBOR [network hash 32, device's signing key 32, incarnation count, counter,
 *                control head, [[scope, [[writer, n, H16], …]], …], extensions]
 * signature = sign("acknowledge", body bstr) by the device
 *
 * Scopes that changed since the one before, each with all its heads: what is stored for good there,
 * read or not. A scope with no heads is held no more. The counter begins at 1 and rises with every
 * one; a lower number never takes back what a higher one says. A device that finds that it lost its
 * latest (a profile that was put back to an earlier state, `engine/sync/acknowledge.ts`) raises the
 * incarnation count and says anew all that it holds: what it said under a lower count counts no
 * more.
 */
import type { Brand } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { acknowledgementBytesMax, controlWritersMax } from "../base/limits.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { readForm } from "../cbor/form.ts";
import { encodeCbor } from "../cbor/item.ts";
import { CborReader } from "../cbor/reader.ts";
import { expectCount, readSized } from "../cbor/structures.ts";
import { labelled } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import { controlHeadToItem, readControlHead, type ControlHead } from "./control.ts";
import { hasUnknownCritical, readExtensions } from "./extensions.ts";
import { readScopeRows, scopeRowsToItem, type ScopeRows } from "./scopeRows.ts";

/** By incarnation count, then counter. */
export interface AcknowledgementNumber {
  readonly incarnation: number;
  /** 0: before the first. */
  readonly counter: number;
}

export interface Acknowledgement extends AcknowledgementNumber {
  readonly networkHash: Uint8Array;
  /** Its signing key. */
  readonly device: Uint8Array;
  /** The latest record of the network's chain that the device had. */
  readonly controlHead: ControlHead;
  readonly scopes: ScopeRows;
}

/** Well formed; who signed it is still to be checked. */
export interface ParsedAcknowledgement extends Acknowledgement {
  readonly signature: Uint8Array;
  readonly bodyBytes: Uint8Array;
  /** As stored and sent. */
  readonly bytes: Uint8Array;
}

/** Of this network, and signed by the device that it names. */
export type CheckedAcknowledgement = Brand<ParsedAcknowledgement, "CheckedAcknowledgement">;

export type AcknowledgementFault =
  | "acknowledgement-length"
  /** Not canonical CBOR, or not the fields in their shapes. */
  | "acknowledgement-form"
  /** With an extension that one must know to act on it. */
  | "acknowledgement-newer"
  | "other-network"
  | "signature";

export const beforeAll: AcknowledgementNumber = { incarnation: 0, counter: 0 };

export const compareNumbers = (a: AcknowledgementNumber, b: AcknowledgementNumber): number =>
  a.incarnation - b.incarnation || a.counter - b.counter;

/** Signed by the device's seed, whose public key `device` must be. */
export const makeAcknowledgement = async (
  said: Acknowledgement,
  seed: Uint8Array,
  crypto: Pick<CryptoPort, "sign">,
): Promise<CheckedAcknowledgement> => {
  const { networkHash, device, incarnation, counter, controlHead, scopes } = said;
  const bodyBytes = encodeCbor([
    ...[networkHash, device, incarnation, counter, controlHeadToItem(controlHead)],
    ...[scopeRowsToItem(scopes), []],
  ]);
  const signature = await crypto.sign(seed, signedText(bodyBytes));
  const bytes = encodeCbor([bodyBytes, signature]);
  return checked({ ...said, signature, bodyBytes, bytes });
};

/** Form alone. Never throws. */
export const parseAcknowledgement = (
  bytes: Uint8Array,
): Result<ParsedAcknowledgement, AcknowledgementFault> => {
  if (bytes.length > acknowledgementBytesMax) return fail("acknowledgement-length");
  const read = readForm(() => {
    const outer = new CborReader(bytes);
    expectCount(outer, 2);
    const bodyBytes = outer.readBytes();
    const signature = readSized(outer, 64);
    outer.expectEnd();
    return { ...readBody(bodyBytes), signature, bodyBytes, bytes };
  });
  if (!read.ok) return fail("acknowledgement-form");
  const { isReadable, ...parsed } = read.value;
  return isReadable ? ok(parsed) : fail("acknowledgement-newer");
};

/** Whether the device is a member is for whoever knows the network to say. Never throws. */
export const checkAcknowledgement = async (
  parsed: ParsedAcknowledgement,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "verify">,
): Promise<Result<CheckedAcknowledgement, AcknowledgementFault>> => {
  const { device, signature, bodyBytes } = parsed;
  if (!equalBytes(parsed.networkHash, networkHash)) return fail("other-network");
  const isSigned = await crypto.verify(device, signature, signedText(bodyBytes));
  return isSigned ? ok(checked(parsed)) : fail("signature");
};

/** From this device's own store, where only checked ones come; null: it is none. */
export const storedAcknowledgement = (bytes: Uint8Array): CheckedAcknowledgement | null => {
  const parsed = parseAcknowledgement(bytes);
  return parsed.ok ? checked(parsed.value) : null;
};

const checked = (parsed: ParsedAcknowledgement): CheckedAcknowledgement =>
  // Made only of those whose signature holds, or held when they were stored.
  parsed as CheckedAcknowledgement;

const signedText = (body: Uint8Array): Uint8Array => labelled("acknowledge", [body]);

const readBody = (bytes: Uint8Array): Acknowledgement & { readonly isReadable: boolean } => {
  const reader = new CborReader(bytes, 0, bytes.length, bodyItemsMax);
  expectCount(reader, 7);
  const [networkHash, device] = [readSized(reader, 32), readSized(reader, 32)];
  const [incarnation, counter] = [reader.readUint(), reader.readUint()];
  if (counter === 0) reader.fail("wrongShape", "counters begin at 1");
  const controlHead = readControlHead(reader);
  const scopes = readScopeRows(reader);
  const extensions = readExtensions(reader);
  reader.expectEnd();
  const isReadable = !hasUnknownCritical(extensions);
  return { networkHash, device, incarnation, counter, controlHead, scopes, isReadable };
};

/** Of the longest list of heads, three parts and an array each, with room. */
const bodyItemsMax = controlWritersMax * 4 + 16_384;
