/**
 * A record of the control chain of a closed network (FORMATS.md §6), as it is stored and sent:
 *
 * stored   = CBOR [record bstr, signature 64]
 * record   = CBOR [1, term, height, previous hash 32 or nil, [ms, counter],
 *                  [proposal bstr, [[signing key 32, signature 64], …] rising by key], extensions]
 * proposal = CBOR [network hash, base head, nonce 16, expiry ms or nil, kind, content bstr,
 *                  extensions]
 *
 * The sequencer signs ("control", network hash, record bstr), the proposers ("proposal", network
 * hash, proposal bstr). In the genesis the network hash is 32 zero bytes, since it is the hash of
 * that record.
 */
import { bytesToHex, compareBytes } from "../../base/bytes.ts";
import { shortHashOf } from "../../base/ids.ts";
import { controlRecordBytesMax, controlSignersMax } from "../../base/limits.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { ShortHash, Time } from "../../base/types.ts";
import { readForm } from "../../cbor/form.ts";
import { encodeCbor } from "../../cbor/item.ts";
import { CborReader } from "../../cbor/reader.ts";
import { expectCount, readOptional, readSized, readTime } from "../../cbor/structures.ts";
import { hash, labelled, shortHash } from "../../crypto/hash.ts";
import { controlHeadToItem, readControlHead, type ControlHead } from "../control.ts";
import {
  extensionsToItem,
  hasUnknownCritical,
  readExtensions,
  type Extension,
} from "../extensions.ts";
import { contentNumber, encodeContent, readContent, type ControlContent } from "./content.ts";

export interface Proposal {
  readonly networkHash: Uint8Array;
  /** What its signers saw last. */
  readonly base: ControlHead;
  /** 16 bytes: it counts once. */
  readonly nonce: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiry: number | null;
  readonly content: ControlContent;
  readonly extensions: readonly Extension[];
}

export interface ProposalSignature {
  readonly signer: Uint8Array;
  readonly signature: Uint8Array;
}

/** A proposal on its way to the sequencer. */
export interface SignedProposal {
  readonly bytes: Uint8Array;
  /** Rising by key. */
  readonly signatures: readonly ProposalSignature[];
}

export interface ControlRecord {
  readonly term: number;
  readonly height: number;
  /** Hash of the record before, null in the genesis. */
  readonly previous: string | null;
  readonly time: Time;
  readonly proposal: Proposal;
  readonly signed: SignedProposal;
  /** Somebody's newer program marked it: this one must write no more. */
  readonly isCritical: boolean;
  readonly recordBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** 32 bytes in hexadecimal. */
  readonly hash: string;
  /** As stored and sent. */
  readonly bytes: Uint8Array;
}

export type RecordFault = "record-too-long" | "record-form" | "record-version";

export const zeroHash = new Uint8Array(32);

export const encodeProposal = (proposal: Proposal): Uint8Array => {
  const { networkHash, base, nonce, expiry, content, extensions } = proposal;
  return encodeCbor([
    ...[networkHash, controlHeadToItem(base), nonce, expiry],
    ...[contentNumber(content), encodeContent(content), extensionsToItem(extensions)],
  ]);
};

export const proposalText = (networkHash: Uint8Array, proposal: Uint8Array): Uint8Array =>
  labelled("proposal", [networkHash, proposal]);

export const recordText = (networkHash: Uint8Array, record: Uint8Array): Uint8Array =>
  labelled("control", [networkHash, record]);

/** `[proposal bstr, [[signing key, signature], …]]` */
export const encodeSignedProposal = ({ bytes, signatures }: SignedProposal): Uint8Array =>
  encodeCbor(signedItem({ bytes, signatures }));

const signedItem = ({ bytes, signatures }: SignedProposal) =>
  [
    bytes,
    signatures
      .toSorted((a, b) => compareBytes(a.signer, b.signer))
      .map(({ signer, signature }) => [signer, signature] as const),
  ] as const;

/** What the sequencer signs. */
export const encodeRecord = (
  record: Pick<ControlRecord, "term" | "height" | "time" | "signed"> & {
    readonly previous: Uint8Array | null;
  },
): Uint8Array => {
  const { term, height, previous, time, signed } = record;
  return encodeCbor([
    ...[1, term, height, previous, [time.ms, time.counter] as const],
    ...[signedItem(signed), [] as const],
  ]);
};

export const encodeStoredRecord = (record: Uint8Array, signature: Uint8Array): Uint8Array =>
  encodeCbor([record, signature]);

/** The genesis gives the network its hash. */
export const networkHashOf = (recordBytes: Uint8Array): Uint8Array => hash("genesis", recordBytes);

/** 32 bytes in hexadecimal; that of the genesis is the network hash. */
const recordHashOf = (recordBytes: Uint8Array, isGenesis: boolean): string =>
  bytesToHex(isGenesis ? networkHashOf(recordBytes) : hash("record", recordBytes));

export const headOf = ({
  term,
  height,
  hash: text,
}: Pick<ControlRecord, "term" | "height" | "hash">): ControlHead => ({
  term,
  height,
  // Half of 32 bytes in hexadecimal
  hash: text.slice(0, 32) as ControlHead["hash"],
});

/** Form alone: who may decide what is for the chain. Never throws. */
export const parseRecord = (bytes: Uint8Array): Result<ControlRecord, RecordFault> => {
  if (bytes.length > controlRecordBytesMax) return fail("record-too-long");
  const read = readForm(() => readStored(bytes));
  if (!read.ok) return fail("record-form");
  return read.value === null ? fail("record-version") : ok(read.value);
};

/** A proposal by itself, on its way to the sequencer. */
export interface ParsedProposal {
  readonly proposal: Proposal;
  readonly signed: SignedProposal;
  /** Nonce in hexadecimal: names it. */
  readonly name: string;
  /** As stored and sent. */
  readonly bytes: Uint8Array;
}

/** A proposal as a peer sends it. Never throws. */
export const parseSignedProposal = (bytes: Uint8Array): Result<ParsedProposal, RecordFault> => {
  if (bytes.length > controlRecordBytesMax) return fail("record-too-long");
  const read = readForm((): ParsedProposal => {
    const reader = readerOf(bytes);
    const signed = readSigned(reader);
    reader.expectEnd();
    const proposal = readProposal(signed.bytes);
    return { signed, proposal, name: bytesToHex(proposal.nonce), bytes };
  });
  return read.ok ? ok(read.value) : fail("record-form");
};

const readStored = (bytes: Uint8Array): ControlRecord | null => {
  const outer = readerOf(bytes);
  expectCount(outer, 2);
  const recordBytes = outer.readBytes();
  const signature = readSized(outer, 64);
  outer.expectEnd();
  const reader = readerOf(recordBytes);
  const count = reader.readArrayHead();
  if (reader.readUint() !== 1) return null;
  if (count !== 7) reader.fail("wrongShape", "a record has seven parts");
  const [term, height] = [reader.readUint(), reader.readUint()];
  const previous = readOptional(reader, () => readSized(reader, 32));
  if ((previous === null) !== (height === 0)) reader.fail("wrongShape", "one genesis");
  const time = readTime(reader);
  const signed = readSigned(reader);
  const extensions = readExtensions(reader);
  reader.expectEnd();
  const proposal = readProposal(signed.bytes);
  if ((proposal.content.kind === "genesis") !== (height === 0)) {
    reader.fail("wrongShape", "a genesis stands first");
  }
  return {
    ...{ term, height, time, proposal, signed, recordBytes, signature, bytes },
    previous: previous === null ? null : bytesToHex(previous),
    isCritical: hasUnknownCritical([...extensions, ...proposal.extensions]),
    hash: recordHashOf(recordBytes, height === 0),
  };
};

const readSigned = (reader: CborReader): SignedProposal => {
  expectCount(reader, 2);
  const bytes = reader.readBytes();
  const count = reader.readArrayHead();
  if (count === 0 || count > controlSignersMax) reader.fail("wrongShape", "nobody, or too many");
  const signatures: ProposalSignature[] = [];
  for (let left = count; left > 0; left--) {
    expectCount(reader, 2);
    const signer = readSized(reader, 32);
    const before = signatures.at(-1);
    if (before !== undefined && compareBytes(before.signer, signer) >= 0) {
      reader.fail("wrongShape", "signers rise");
    }
    signatures.push({ signer, signature: readSized(reader, 64) });
  }
  return { bytes, signatures };
};

const readProposal = (bytes: Uint8Array): Proposal => {
  const reader = readerOf(bytes);
  expectCount(reader, 7);
  const networkHash = readSized(reader, 32);
  const base = readControlHead(reader);
  const nonce = readSized(reader, 16);
  const expiry = readOptional(reader, () => reader.readUint());
  const number = reader.readUint();
  const content = readContent(number, reader.readBytes(), readerOf);
  const extensions = readExtensions(reader);
  reader.expectEnd();
  return { networkHash, base, nonce, expiry, content, extensions };
};

const readerOf = (bytes: Uint8Array): CborReader =>
  new CborReader(bytes, 0, bytes.length, controlItemsMax);

/** Of the longest frontier or list of keys, with room. */
const controlItemsMax = 262_144;

/** The first head of a network. */
export const genesisHead = (networkHash: Uint8Array): ControlHead => ({
  term: 0,
  height: 0,
  hash: shortHashOf(networkHash.slice(0, 16)),
});

/** Of the epoch that a record brings. */
export const epochIdOf = ({ signed }: Pick<ControlRecord, "signed">): ShortHash =>
  shortHashOf(shortHash("epoch", signed.bytes));
