/**
 * Reads canonical CBOR and nothing else (FORMATS.md, "Reading peers' bytes"): what it accepts,
 * `CborWriter` writes again byte for byte. Every method either moves past one item of the kind it
 * names or throws `FormFault`. Depth counts arrays, maps and tags that enclose an item; a scalar
 * has depth 0.
 */
import { compareUtf8, utf8Decode } from "../base/utf8.ts";
import { keepKey, keptKey } from "./keptKeys.ts";
import type { TextWindow } from "./textWindow.ts";
import { FormFault, type FormCode } from "./form.ts";

/** What structures are made of (item.ts). */
export type CborItem = null | boolean | number | string | Uint8Array | readonly CborItem[];

/** CBOR's eight kinds of items, as `peekMajor` gives them. */
export const major = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;

export const tagDate = 1;
export const tagFloat32Array = 85;

const byteFalse = 0xf4;
const byteTrue = 0xf5;
const byteNil = 0xf6;
const byteFloat64 = 0xfb;
/** Short ASCII text is put together by hand; above, `TextDecoder` is faster (measured). */
const loopedTextBytesMax = 40;
/** Where a float's bytes are put to be read: a view for each reader would cost more than one op. */
const floatView = new DataView(new ArrayBuffer(8));

export class CborReader {
  /** Where the next item begins. */
  offset: number;
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private itemsLeft: number;
  /** Where texts are cut from, if at all. */
  private readonly window: TextWindow | null;

  /** Reads `bytes` from `offset` up to `end`; items of all depths count against `itemsMax`. */
  constructor(
    bytes: Uint8Array,
    offset = 0,
    end = bytes.length,
    itemsMax = Infinity,
    window: TextWindow | null = null,
  ) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = Math.min(end, bytes.length);
    this.itemsLeft = itemsMax;
    this.window = window;
  }

  get isAtEnd(): boolean {
    return this.offset >= this.end;
  }

  /** The next item's kind, one of `major`; moves nowhere. */
  peekMajor(): number {
    return this.peekByte() >> 5;
  }

  /** Whether the next item is nil; moves nowhere. */
  peekNil(): boolean {
    return this.peekByte() === byteNil;
  }

  /** 0 to 2^53 - 1. */
  readUint(): number {
    return this.readHead(major.unsigned, "an unsigned integer");
  }

  /** Between -(2^53 - 1) and 2^53 - 1. */
  readInteger(): number {
    const start = this.offset;
    if (this.peekMajor() !== major.negative) return this.readHead(major.unsigned, "an integer");
    const value = -1 - this.readHead(major.negative, "an integer");
    if (!Number.isSafeInteger(value)) this.fail("badNumber", "an integer below -(2^53 - 1)", start);
    return value;
  }

  /** Any finite number in its canonical form. */
  readNumber(): number {
    if (this.peekMajor() !== major.simple) return this.readInteger();
    const start = this.offset;
    const value = this.readFloat();
    if (Number.isSafeInteger(value)) this.fail("notCanonical", "an integer as a float", start);
    return value;
  }

  /** A finite 64-bit float, be it an integer or not, but not -0. */
  readFloat(): number {
    const start = this.expectByte(byteFloat64, "a 64-bit float");
    if (this.end - this.offset < 8) this.fail("truncated", "a float", start);
    for (let at = 0; at < 8; at++) floatView.setUint8(at, this.bytes[this.offset++] ?? 0);
    const value = floatView.getFloat64(0);
    if (!Number.isFinite(value)) this.fail("badNumber", "NaN or an infinity", start);
    if (Object.is(value, -0)) this.fail("notCanonical", "-0", start);
    return value;
  }

  readBoolean(): boolean {
    const byte = this.peekByte();
    if (byte !== byteFalse && byte !== byteTrue) this.fail("wrongShape", "true or false is due");
    this.countItem();
    this.offset++;
    return byte === byteTrue;
  }

  readNil(): void {
    this.expectByte(byteNil, "nil");
  }

  readText(): string {
    const start = this.offset;
    const length = this.readLength(major.text, "text");
    this.offset += length;
    return this.textAt(start, this.offset - length);
  }

  /** A copy, so that what is kept does not hold the whole buffer. */
  readBytes(): Uint8Array {
    const length = this.skipBytes();
    return this.bytes.slice(this.offset - length, this.offset);
  }

  /** How many items follow as the array's elements. */
  readArrayHead(): number {
    return this.readCount(major.array, "an array", 1);
  }

  /** How many pairs follow; the caller checks that the keys are text and rise. */
  readMapHead(): number {
    return this.readCount(major.map, "a map", 2);
  }

  /** The tag's number; the tagged item follows. */
  readTag(): number {
    return this.readHead(major.tag, "a tag");
  }

  /**
   * A structure's item, with at most `depthMax` arrays around its deepest one: no maps, no tags.
   */
  readItem(depthMax: number): CborItem {
    switch (this.peekMajor()) {
      case major.bytes:
        return this.readBytes();
      case major.text:
        return this.readText();
      case major.array:
        return this.readItems(depthMax);
      case major.simple:
        return this.readSimple();
      case major.map:
      case major.tag:
        return this.fail("unsupported", "a map or tag in a structure");
      default:
        return this.readInteger();
    }
  }

  /** Null, a boolean, or a float in its canonical form. */
  readSimple(): null | boolean | number {
    switch (this.peekByte()) {
      case byteFalse:
      case byteTrue:
        return this.readBoolean();
      case byteNil:
        this.readNil();
        return null;
      case byteFloat64:
        return this.readNumber();
      case 0xf9:
      case 0xfa:
        return this.fail("notCanonical", "a float of less than 64 bits");
      default:
        return this.fail("unsupported", "undefined or another simple value");
    }
  }

  /**
   * Moves past one item of any kind, maps and tags included, after checking its form to the last
   * byte: it is canonical CBOR. What it means (known tags, names of keys) is for `readValue` to
   * say.
   */
  skip(depthMax: number): void {
    switch (this.peekMajor()) {
      case major.array: {
        const inner = this.enter(depthMax);
        for (let left = this.readArrayHead(); left > 0; left--) this.skip(inner);
        return;
      }
      case major.map: {
        const inner = this.enter(depthMax);
        let before: string | null = null;
        for (let left = this.readMapHead(); left > 0; left--) {
          before = this.readKey(before);
          this.skip(inner);
        }
        return;
      }
      case major.tag: {
        const inner = this.enter(depthMax);
        // A date's seconds are a float even where they are whole: the one exception to the rule for
        // numbers.
        const isDate = this.readTag() === tagDate;
        if (isDate && this.peekByte() === byteFloat64) this.readFloat();
        else this.skip(inner);
        return;
      }
      case major.text:
        this.skipText();
        return;
      case major.bytes:
        this.skipBytes();
        return;
      case major.simple:
        this.readSimple();
        return;
      default:
        this.readInteger();
    }
  }

  /** A map's next key, which must come after the one before in the order of UTF-8 bytes. */
  readKey(before: string | null): string {
    const start = this.offset;
    if (this.peekMajor() !== major.text) this.fail("badKeys", "a key that is no text");
    const key = this.readKeyText();
    if (before !== null && compareUtf8(before, key) >= 0) {
      this.fail("badKeys", "a key out of order or twice", start);
    }
    return key;
  }

  /** One level deeper: the depth that is left inside. */
  enter(depthMax: number): number {
    if (depthMax < 1) this.fail("tooDeep", "nested too deep");
    return depthMax - 1;
  }

  expectEnd(): void {
    if (!this.isAtEnd) this.fail("trailing", "bytes after the end");
  }

  /** Ends reading: for readers of what the items mean, too. */
  fail(code: FormCode, what: string, offset = this.offset): never {
    throw new FormFault({ code, offset, what });
  }

  private readKeyText(): string {
    const start = this.offset;
    const length = this.readLength(major.text, "text");
    const from = this.offset;
    this.offset += length;
    const kept = keptKey(this.bytes, from, this.offset);
    if (kept !== null) return kept;
    const key = this.textAt(start, from);
    keepKey(key, length);
    return key;
  }

  /** Of the text item that began at `start`: its bytes from `from` up to where reading stands. */
  private textAt(start: number, from: number): string {
    const { bytes, window, offset: to } = this;
    if (window !== null) {
      const cut = window.ascii(from, to);
      if (cut !== null) return cut;
    } else if (to - from <= loopedTextBytesMax) {
      const short = this.asciiText(from, to);
      if (short !== null) return short;
    }
    const text = utf8Decode(bytes.subarray(from, to));
    return text ?? this.fail("badText", "text that is not UTF-8", start);
  }

  private readItems(depthMax: number): readonly CborItem[] {
    const inner = this.enter(depthMax);
    const items: CborItem[] = [];
    for (let left = this.readArrayHead(); left > 0; left--) items.push(this.readItem(inner));
    return items;
  }

  /** Moves past text. Its form is checked, and no string is made of what is ASCII. */
  private skipText(): void {
    const start = this.offset;
    const length = this.readLength(major.text, "text");
    const from = this.offset;
    this.offset += length;
    if (this.isAscii(from, this.offset)) return;
    const text = utf8Decode(this.bytes.subarray(from, this.offset));
    if (text === null) this.fail("badText", "text that is not UTF-8", start);
  }

  private isAscii(from: number, to: number): boolean {
    const { bytes } = this;
    let bits = 0;
    for (let at = from; at < to; at++) bits |= bytes[at] ?? 0;
    return bits < 0x80;
  }

  /** Moves past a byte string; gives its length. */
  private skipBytes(): number {
    const length = this.readLength(major.bytes, "a byte string");
    this.offset += length;
    return length;
  }

  private peekByte(): number {
    if (this.offset >= this.end) this.fail("truncated", "an item is missing");
    return this.bytes[this.offset] ?? 0;
  }

  /** Moves past a byte that is a whole item or its head; gives where it stood. */
  private expectByte(byte: number, wanted: string): number {
    if (this.peekByte() !== byte) this.fail("wrongShape", `${wanted} is due`);
    this.countItem();
    return this.offset++;
  }

  private countItem(): void {
    if (--this.itemsLeft < 0) this.fail("tooManyItems", "more items than allowed");
  }

  private readLength(wanted: number, name: string): number {
    const start = this.offset;
    const length = this.readHead(wanted, name);
    if (length > this.end - this.offset) this.fail("truncated", name, start);
    return length;
  }

  /**
   * Each element takes a byte at least: a lying count is refused before anything is made for it.
   */
  private readCount(wanted: number, name: string, itemsEach: number): number {
    const start = this.offset;
    const count = this.readHead(wanted, name);
    if (count * itemsEach > this.end - this.offset) this.fail("truncated", name, start);
    return count;
  }

  /** The argument of a head of the wanted kind, shortest form only. */
  private readHead(wanted: number, name: string): number {
    const start = this.offset;
    const initial = this.peekByte();
    if (initial >> 5 !== wanted) this.fail("wrongShape", `${name} is due`);
    this.countItem();
    this.offset++;
    const info = initial & 31;
    if (info < 24) return info;
    if (info > 27) this.fail("unsupported", "an indefinite or reserved length", start);
    const size = 1 << (info - 24);
    if (this.end - this.offset < size) this.fail("truncated", name, start);
    const argument = this.readUintOf(size);
    if (argument < shortestAbove(size)) this.fail("notCanonical", "a head too long", start);
    if (!Number.isSafeInteger(argument)) this.fail("badNumber", "beyond 2^53 - 1", start);
    return argument;
  }

  /** Big-endian. Above 2^53 - 1 it is rounded, to what is no safe integer either. */
  private readUintOf(size: number): number {
    let value = 0;
    for (let left = size; left > 0; left--) value = value * 256 + (this.bytes[this.offset++] ?? 0);
    return value;
  }

  /** Null where it is not ASCII. Eight characters a step: joining single ones is what costs. */
  private asciiText(from: number, to: number): string | null {
    if (!this.isAscii(from, to)) return null;
    const { bytes } = this;
    let text = "";
    let at = from;
    for (; at + 8 <= to; at += 8) {
      text += String.fromCharCode(
        bytes[at] ?? 0,
        bytes[at + 1] ?? 0,
        bytes[at + 2] ?? 0,
        bytes[at + 3] ?? 0,
        bytes[at + 4] ?? 0,
        bytes[at + 5] ?? 0,
        bytes[at + 6] ?? 0,
        bytes[at + 7] ?? 0,
      );
    }
    for (; at < to; at++) text += String.fromCharCode(bytes[at] ?? 0);
    return text;
  }
}

/** The least argument that needs a head with so many bytes behind it. */
const shortestAbove = (size: number): number => {
  if (size === 1) return 24;
  if (size === 2) return 0x100;
  return size === 4 ? 0x10000 : 0x100000000;
};
