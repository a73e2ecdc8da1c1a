/**
 * The bytes of the journal's files (FORMATS.md §4).
 *
 * File `journal-<epoch>-<k>`, both decimal, k from 1; integers little-endian:
 *
 *      0  "NBJ1"
 *  4,096  head slot: CRC-32C u32, counter u32, generation 16, first sequence u64
 *  8,192  a second one; the greater counter wins
 * 12,288  records, one behind the other:
 *         check u32, length of the payload u32, low 32 bits of the sequence u32,
 *         unflushed u32: how many records before it were not flushed when it was written, payload
 *
 * A slot's CRC-32C is that of "NBJ1" and the slot from its counter on, so that a slot says which
 * version it is of, and a damaged first byte of the file is no newer format. Counter 1: the file
 * was made; 2: the tables know of its epoch, so its records count.
 *
 * A record's check is CRC-32C(all that follows it in the record) XOR CRC-32C(generation). It covers
 * the record's head, so that zeros, as a file holds them whose end was never written, are no
 * record; and nobody who has bytes stored in a payload can make up a record there, to be found
 * behind damage, without knowing 16 random bytes. The sequence stands in each record so that damage
 * before it shifts no number.
 *
 * A disk that loses its power keeps any part of what was not flushed, the later one too. So whole
 * records behind a bad one make it damage only if one of them was written when the bad one had been
 * flushed; else all of them were never acknowledged as durable, and are a torn end.
 */
import { crc32c } from "../../core/base/crc32c.ts";
import { journalRecordBytesMax } from "../../core/base/limits.ts";
import type { JournalRecord } from "../store.ts";

export const recordsStart = 12_288;
export const recordHeadBytes = 16;
export const generationBytes = 16;

export interface JournalHead {
  readonly generation: Uint8Array;
  /** Of the first record; records of the file before that are not below it count no more. */
  readonly first: number;
  /** The tables know of the file's epoch. */
  readonly isConfirmed: boolean;
}

export interface JournalFileName {
  readonly epoch: number;
  /** k. */
  readonly number: number;
}

export const journalFileName = ({ epoch, number }: JournalFileName): string =>
  `journal-${epoch}-${number}`;

/** null: no file of the journal. */
export const parseJournalFileName = (name: string): JournalFileName | null => {
  const [, epochText, numberText] = namePattern.exec(name) ?? [];
  const [epoch, number] = [Number(epochText), Number(numberText)];
  return Number.isSafeInteger(epoch) && Number.isSafeInteger(number) ? { epoch, number } : null;
};

/** All that stands before the records, for a new file. */
export const encodeFileStart = (head: JournalHead): Uint8Array => {
  const start = new Uint8Array(recordsStart);
  start.set(magicOf(version));
  start.set(encodeSlot(head, 1), slotAt(0));
  if (head.isConfirmed) start.set(encodeSlot(head, 2), slotAt(1));
  return start;
};

/** What confirms a file that was made without it, and where it stands. */
export const encodeConfirmation = (head: JournalHead): { bytes: Uint8Array; at: number } => ({
  bytes: encodeSlot(head, 2),
  at: slotAt(1),
});

/** `newer`: another version wrote it. `damaged`: neither slot is whole. */
export const decodeFileStart = (start: Uint8Array): JournalHead | "newer" | "damaged" => {
  const slots = [0, 1].map((index) => start.subarray(slotAt(index), slotAt(index) + slotBytes));
  const heads = slots.flatMap((slot) => decodeSlot(slot, version) ?? []);
  const best = heads.sort((a, b) => b.counter - a.counter).at(0);
  if (best !== undefined) return best.head;
  const found = start[3] ?? 0;
  const isNewer = slots.some((slot) => found > version && decodeSlot(slot, found) !== null);
  return isNewer ? "newer" : "damaged";
};

/** What a generation's records are checked with besides their own bytes. */
export const saltOf = (generation: Uint8Array): number => crc32c(generation);

/** Bytes that records take in a file. */
export const recordsBytes = (records: readonly JournalRecord[]): number =>
  records.reduce((bytes, { payload }) => bytes + recordHeadBytes + payload.length, 0);

/** The records as they will stand in a file, in one piece of memory; `sealRecords` ends them. */
export const layRecords = (records: readonly JournalRecord[]): Uint8Array => {
  const bytes = new Uint8Array(recordsBytes(records));
  const view = viewOf(bytes);
  let at = 0;
  for (const { sequence, payload } of records) {
    view.setUint32(at + 4, payload.length, true);
    view.setUint32(at + 8, sequence % 2 ** 32, true);
    bytes.set(payload, at + recordHeadBytes);
    at += recordHeadBytes + payload.length;
  }
  return bytes;
};

/** `unflushed`: records that stand before the first of these and are not flushed. */
export const sealRecords = (laid: Uint8Array, salt: number, unflushed: number): void => {
  const view = viewOf(laid);
  for (let at = 0, before = unflushed; at < laid.length; before++) {
    const end = at + recordHeadBytes + view.getUint32(at + 4, true);
    view.setUint32(at + 12, Math.min(before, 0xffff_ffff), true);
    view.setUint32(at, crc32c(laid.subarray(at + 4, end)) ^ salt, true);
    at = end;
  }
};

export interface RecordHead {
  readonly check: number;
  /** Of the payload. */
  readonly length: number;
  readonly low: number;
  readonly unflushed: number;
}

export const readRecordHead = (view: DataView, at: number): RecordHead => ({
  check: view.getUint32(at, true),
  length: view.getUint32(at + 4, true),
  low: view.getUint32(at + 8, true),
  unflushed: view.getUint32(at + 12, true),
});

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export const isPossibleLength = (length: number, bytesLeft: number): boolean =>
  length <= journalRecordBytesMax && recordHeadBytes + length <= bytesLeft;

/** `record`: from its check to the end of its payload. */
export const isWholeRecord = (record: Uint8Array, check: number, salt: number): boolean =>
  (crc32c(record.subarray(4)) ^ salt) >>> 0 === check;

/** The sequence with these low 32 bits that is nearest. */
export const sequenceNear = (near: number, low: number): number =>
  near + ((low - (near % 2 ** 32)) | 0);

const version = 0x31;
const slotBytes = 32;
const namePattern = /^journal-([1-9]\d{0,15})-([1-9]\d{0,15})$/;

const slotAt = (index: number): number => 4_096 * (1 + index);

const magicOf = (versionByte: number): Uint8Array => Uint8Array.of(0x4e, 0x42, 0x4a, versionByte);

const encodeSlot = ({ generation, first }: JournalHead, counter: number): Uint8Array => {
  const slot = new Uint8Array(slotBytes);
  const view = new DataView(slot.buffer);
  view.setUint32(4, counter, true);
  slot.set(generation, 8);
  view.setBigUint64(24, BigInt(first), true);
  view.setUint32(0, slotCheck(slot, version), true);
  return slot;
};

const decodeSlot = (
  slot: Uint8Array,
  versionByte: number,
): { readonly counter: number; readonly head: JournalHead } | null => {
  if (slot.length < slotBytes) return null;
  const view = new DataView(slot.buffer, slot.byteOffset, slot.length);
  if (view.getUint32(0, true) !== slotCheck(slot, versionByte)) return null;
  const counter = view.getUint32(4, true);
  const first = Number(view.getBigUint64(24, true));
  if (!Number.isSafeInteger(first) || first < 1) return null;
  const generation = slot.slice(8, 8 + generationBytes);
  return { counter, head: { generation, first, isConfirmed: counter > 1 } };
};

const slotCheck = (slot: Uint8Array, versionByte: number): number => {
  const checked = new Uint8Array(slotBytes);
  checked.set(magicOf(versionByte));
  checked.set(slot.subarray(4), 4);
  return crc32c(checked);
};
