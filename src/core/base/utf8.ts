/**
 * Text to UTF-8 and back, strictly: what cannot come back as it was is refused, never replaced. The
 * one place of the core that names `TextEncoder` and `TextDecoder`.
 */

// The core's lib is bare ECMAScript, so that I/O cannot slip in. These two are pure and exist on
// every platform we run on, and no library is as fast; they are declared for this file only.
declare class TextEncoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}
declare class TextDecoder {
  constructor(label: "utf-8", options: { readonly fatal: boolean; readonly ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}
declare global {
  interface String {
    /** ECMAScript 2024, in every browser since 2023; the lib of the core ends at 2023. */
    isWellFormed(): boolean;
  }
}

/** Whether the text has no lone surrogate, that is, whether UTF-8 can hold it. */
export const isWellFormed = (text: string): boolean => text.isWellFormed();

/** Throws a RangeError for lone surrogates. */
export const utf8Encode = (text: string): Uint8Array => {
  if (!text.isWellFormed()) throw new RangeError("text with a lone surrogate has no UTF-8 form");
  return encoder.encode(text);
};

/**
 * Writes to the start of `target`, which must hold 3 bytes a code unit; gives the bytes written.
 * Lone surrogates would become U+FFFD: the caller checks, since it often knows the text to be
 * ASCII.
 */
export const utf8EncodeInto = (text: string, target: Uint8Array): number =>
  encoder.encodeInto(text, target).written;

/**
 * Null for anything but strict UTF-8: overlong forms, surrogates, truncation. A byte order mark is
 * text.
 */
export const utf8Decode = (bytes: Uint8Array): string | null => {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
};

/** How many bytes well-formed text takes as UTF-8. */
export const utf8Length = (text: string): number => {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // A surrogate is half of a character of four bytes, hence two.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
};

/**
 * Order of two well-formed texts by their UTF-8 bytes, without making them. It is the order of code
 * points, which differs from `<` (code units) where a surrogate pair meets U+E000 to U+FFFF.
 */
export const compareUtf8 = (a: string, b: string): number => {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
};

/** Lifts surrogates above the rest of the basic plane. */
const rank = (unit: number): number => ((unit & 0xf800) === 0xd800 ? unit + 0x10000 : unit);

const encoder = new TextEncoder();
// ignoreBOM: true means "do not take a byte order mark away".
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
