/**
 * Writes deterministic CBOR (FORMATS.md, Encoding) into one growing buffer. A class, and apart from
 * what is written, because it is the hottest code there is: every op, header and hash goes through
 * it.
 */
import { isWellFormed, utf8EncodeInto } from "../base/utf8.ts";

/** Up to this many code units a loop over the characters beats `TextEncoder` (measured). */
const loopedTextUnitsMax = 200;

const copiedOneByOneMax = 64;

export const lengthInWord = 255;

export class CborWriter {
  private buffer: Uint8Array<ArrayBuffer>;
  private view: DataView;
  private at = 0;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity);
    this.view = new DataView(this.buffer.buffer);
  }

  /** Bytes written so far. */
  get position(): number {
    return this.at;
  }

  /** Bytes held, written or not: what a writer that is kept for reuse costs. */
  get capacity(): number {
    return this.buffer.length;
  }

  /** Takes back everything from `position` on. */
  truncate(position: number): void {
    if (position < 0 || position > this.at) throw new RangeError("truncate beyond what is written");
    this.at = position;
  }

  /** A copy of everything written; the writer stays as it is. */
  take(): Uint8Array {
    return this.buffer.slice(0, this.at);
  }

  /** Everything written, not copied: good until the writer is used again. */
  written(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.at);
  }

  /** A copy of the bytes from one position up to another. */
  range(from: number, to: number): Uint8Array {
    if (from < 0 || to > this.at || from > to) throw new RangeError("range beyond what is written");
    return this.buffer.slice(from, to);
  }

  /** 0 to 2^53 - 1. */
  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw notWritable(value, "an unsigned integer");
    this.head(0, value);
  }

  /** Between -(2^53 - 1) and 2^53 - 1. */
  int(value: number): void {
    if (!Number.isSafeInteger(value)) throw notWritable(value, "an integer");
    if (value < 0) this.head(1, -1 - value);
    else this.head(0, value);
  }

  /**
   * Eight bytes whatever the value: canonical for safe integers only where the schema says so
   * (dates).
   */
  float(value: number): void {
    if (!Number.isFinite(value)) throw notWritable(value, "a finite number");
    this.need(9);
    this.buffer[this.at] = 0xfb;
    this.view.setFloat64(this.at + 1, value);
    this.at += 9;
  }

  /**
   * The canonical form of any finite number: an integer where it is a safe one (-0 is 0), else a
   * float.
   */
  number(value: number): void {
    if (Number.isSafeInteger(value)) this.int(value);
    else this.float(value);
  }

  /** Throws on lone surrogates. */
  text(text: string): void {
    const units = text.length;
    this.need(units * 3 + 9);
    if (units <= loopedTextUnitsMax && this.asciiText(text)) return;
    // The head's size depends on the bytes, which are known only after writing them: guess, and
    // move if wrong.
    const start = this.at;
    const guessed = start + headSize(units);
    const written = utf8EncodeInto(text, this.buffer.subarray(guessed));
    if (written !== units && !isWellFormed(text)) throw notWritable(text, "well-formed text");
    const actual = start + headSize(written);
    if (actual !== guessed) this.buffer.copyWithin(actual, guessed, guessed + written);
    this.head(3, written);
    this.at = actual + written;
  }

  /** Writes text if it is short and ASCII, and tells whether it did. */
  shortAscii(text: string): boolean {
    const units = text.length;
    if (units > loopedTextUnitsMax) return false;
    this.need(units + 9);
    return this.asciiText(text);
  }

  bytes(bytes: Uint8Array): void {
    this.head(2, bytes.length);
    this.raw(bytes);
  }

  /** `count` items must follow. */
  arrayHead(count: number): void {
    this.head(4, count);
  }

  /** `count` pairs must follow, keys in the order of their UTF-8 bytes. */
  mapHead(count: number): void {
    this.head(5, count);
  }

  /** The tagged item must follow. */
  tag(tag: number): void {
    this.head(6, tag);
  }

  nil(): void {
    this.byte(0xf6);
  }

  bool(value: boolean): void {
    this.byte(value ? 0xf5 : 0xf4);
  }

  /** A part of bytes that are CBOR already. */
  copy(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    this.need(length);
    // A view costs more than a few dozen bytes
    if (length > copiedOneByOneMax) this.buffer.set(bytes.subarray(from, to), this.at);
    else for (let at = 0; at < length; at++) this.buffer[this.at + at] = bytes[from + at] ?? 0;
    this.at += length;
  }

  /** Bytes that are CBOR already. */
  raw(bytes: Uint8Array): void {
    this.need(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Room for so many bytes more, so that writing them moves nothing. */
  reserve(bytes: number): void {
    this.need(bytes);
  }

  /**
   * A length to be read from behind it (rows.ts): one byte, or a word, the lowest byte first, and
   * then the byte `lengthInWord`. This alone is no CBOR.
   */
  backwardLength(length: number): void {
    this.need(5);
    if (length < lengthInWord) {
      this.buffer[this.at++] = length;
      return;
    }
    this.view.setUint32(this.at, length, true);
    this.buffer[this.at + 4] = lengthInWord;
    this.at += 5;
  }

  private byte(byte: number): void {
    this.need(1);
    this.buffer[this.at++] = byte;
  }

  /** The shortest head of a major type with its argument. */
  private head(major: number, argument: number): void {
    this.need(9);
    const type = major << 5;
    const { buffer, view } = this;
    if (argument < 24) {
      buffer[this.at++] = type | argument;
    } else if (argument < 0x100) {
      buffer[this.at++] = type | 24;
      buffer[this.at++] = argument;
    } else if (argument < 0x10000) {
      buffer[this.at++] = type | 25;
      view.setUint16(this.at, argument);
      this.at += 2;
    } else if (argument < 0x100000000) {
      buffer[this.at++] = type | 26;
      view.setUint32(this.at, argument);
      this.at += 4;
    } else {
      buffer[this.at++] = type | 27;
      view.setUint32(this.at, Math.floor(argument / 0x100000000));
      view.setUint32(this.at + 4, argument >>> 0);
      this.at += 8;
    }
  }

  /**
   * Writes short text if it is ASCII; otherwise writes nothing that counts. Room must have been
   * made.
   */
  private asciiText(text: string): boolean {
    const { buffer } = this;
    const units = text.length;
    const start = this.at;
    let to = start + headSize(units);
    for (let from = 0; from < units; from++) {
      const unit = text.charCodeAt(from);
      if (unit > 0x7f) return false;
      buffer[to++] = unit;
    }
    this.head(3, units);
    this.at = to;
    return true;
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.buffer.length) this.grow(this.at + bytes);
  }

  private grow(atLeast: number): void {
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, atLeast));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** What a head with this argument takes. */
export const headSize = (argument: number): number => {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x10000) return 3;
  return argument < 0x100000000 ? 5 : 9;
};

const notWritable = (value: number | string, wanted: string): RangeError =>
  new RangeError(`${wanted} is needed here, not ${String(value).slice(0, 80)}`);
