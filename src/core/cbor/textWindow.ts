/**
 * Many short texts of one buffer, made by cutting them from few long ones: a call of `TextDecoder`
 * costs as much as reading a whole document. For texts that are used and let go together: each
 * keeps the window in memory that it was cut from.
 */
import { textWindowBytes } from "../base/limits.ts";
import { utf8Decode } from "../base/utf8.ts";

export class TextWindow {
  private readonly bytes: Uint8Array;
  /** The bytes from here on as text, each without its highest bit, so that all are ASCII. */
  private from = 0;
  private text = "";

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Null where the text is not ASCII, or too long to be worth it. */
  ascii(from: number, to: number): string | null {
    const { bytes } = this;
    if (to - from > textWindowBytes) return null;
    let bits = 0;
    for (let at = from; at < to; at++) bits |= bytes[at] ?? 0;
    if (bits > 0x7f) return null;
    if (from < this.from || to > this.from + this.text.length) this.moveTo(from);
    return this.text.substring(from - this.from, to - this.from);
  }

  private moveTo(from: number): void {
    const window = this.bytes.subarray(from, from + textWindowBytes);
    scratch.set(window);
    for (let at = 0; at < scratchWords.length; at++) {
      scratchWords[at] = (scratchWords[at] ?? 0) & 0x7f7f7f7f;
    }
    this.text = utf8Decode(scratch.subarray(0, window.length)) ?? "";
    this.from = from;
  }
}

const scratch = new Uint8Array(textWindowBytes);
const scratchWords = new Int32Array(scratch.buffer);
