/**
 * What members of a closed network say to each other about its control chain (FORMATS.md §6 and §7,
 * frame 3): where each stands, records, proposals on their way to the sequencer, and what a joiner
 * is handed.
 *
 * body = [0, control head, [H16 held, …]]  the last ones first, then ever wider, the genesis; and
 *                                         the last record of each branch beside the chain
 *      | [1, [record bstr, …]]             parents first
 *      | [2, proposal with its signatures bstr]
 *      | [3, nonce 16, fault text or nil]  the sequencer's answer to a proposal
 *      | [4, sealed bstr]                  for the joiner alone, behind the records
 *      | [5, public key 32, signature 64] of the invite by which one came that waits to be let in:
 *                                         its seed signed the certificate, as for the record of it
 *      | [6, reason text]                 to who waits: why it will not be let in
 */
import { hexToBytes } from "../base/bytes.ts";
import { shortHashOf } from "../base/ids.ts";
import { controlLocatorMax, controlRecordsPerMessageMax } from "../base/limits.ts";
import { unreachable, type Result } from "../base/result.ts";
import type { ShortHash } from "../base/types.ts";
import type { FormError } from "../cbor/form.ts";
import { encodeCbor, type CborItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import { readList, readOptional, readSized, readWhole } from "../cbor/structures.ts";
import { controlHeadToItem, readControlHead, type ControlHead } from "../network/control.ts";

export type ControlMessage =
  | { readonly kind: "head"; readonly head: ControlHead; readonly have: readonly ShortHash[] }
  | { readonly kind: "records"; readonly records: readonly Uint8Array[] }
  | { readonly kind: "proposal"; readonly signed: Uint8Array }
  | { readonly kind: "answer"; readonly nonce: Uint8Array; readonly fault: string | null }
  | { readonly kind: "handover"; readonly sealed: Uint8Array }
  | { readonly kind: "admission"; readonly invite: Uint8Array; readonly signature: Uint8Array }
  | { readonly kind: "refusal"; readonly reason: string };

export const encodeControlMessage = (message: ControlMessage): Uint8Array =>
  encodeCbor(itemOf(message));

const itemOf = (message: ControlMessage): CborItem => {
  switch (message.kind) {
    case "head":
      return [0, controlHeadToItem(message.head), message.have.map(hexToBytes)];
    case "records":
      return [1, [...message.records]];
    case "proposal":
      return [2, message.signed];
    case "answer":
      return [3, message.nonce, message.fault];
    case "handover":
      return [4, message.sealed];
    case "admission":
      return [5, message.invite, message.signature];
    case "refusal":
      return [6, message.reason];
    default:
      return unreachable(message);
  }
};

/** Never throws. */
export const decodeControlMessage = (bytes: Uint8Array): Result<ControlMessage, FormError> =>
  readWhole(bytes, (reader): ControlMessage => {
    const count = reader.readArrayHead();
    const kind = reader.readUint();
    const read = readers[kind];
    if (read === undefined) return reader.fail("unsupported", "no such message");
    return read(reader, count - 1);
  });

const expectParts = (reader: CborReader, count: number, wanted: number): void => {
  if (count !== wanted) reader.fail("wrongShape", "another count of parts");
};

const readHead = (reader: CborReader, count: number): ControlMessage => {
  expectParts(reader, count, 2);
  const head = readControlHead(reader);
  const have = readList(reader, () => shortHashOf(readSized(reader, 16)), controlLocatorMax);
  return { kind: "head", head, have };
};

const readRecords = (reader: CborReader, count: number): ControlMessage => {
  expectParts(reader, count, 1);
  const records = readList(reader, () => reader.readBytes(), controlRecordsPerMessageMax);
  return { kind: "records", records };
};

const readProposal = (reader: CborReader, count: number): ControlMessage => {
  expectParts(reader, count, 1);
  return { kind: "proposal", signed: reader.readBytes() };
};

const readAnswer = (reader: CborReader, count: number): ControlMessage => {
  expectParts(reader, count, 2);
  const nonce = readSized(reader, 16);
  return { kind: "answer", nonce, fault: readOptional(reader, () => reader.readText()) };
};

const readHandover = (reader: CborReader, count: number): ControlMessage => {
  expectParts(reader, count, 1);
  return { kind: "handover", sealed: reader.readBytes() };
};

const readAdmission = (reader: CborReader, count: number): ControlMessage => {
  expectParts(reader, count, 2);
  const invite = readSized(reader, 32);
  return { kind: "admission", invite, signature: readSized(reader, 64) };
};

const readRefusal = (reader: CborReader, count: number): ControlMessage => {
  expectParts(reader, count, 1);
  return { kind: "refusal", reason: reader.readText() };
};

const readers = [
  ...[readHead, readRecords, readProposal, readAnswer, readHandover],
  ...[readAdmission, readRefusal],
];
