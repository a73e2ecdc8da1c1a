/**
 * Small functions over `Uint8Array`: joining, comparing, and the texts that stand for bytes
 * (hexadecimal for ids, base64url for links, latin1 for keys of a Map).
 */

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};

/** Byte by byte, a prefix first: negative, zero or positive. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

/** Not for secrets: it stops at the first difference. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && compareBytes(a, b) === 0;

/** Lower case, two digits a byte, so that text order is byte order. */
export const bytesToHex = (bytes: Uint8Array): string => {
  let hex = "";
  for (const byte of bytes) hex += hexByByte[byte] ?? "";
  return hex;
};

/** For ids that were checked before: throws on anything but pairs of lower-case digits. */
export const hexToBytes = (hex: string): Uint8Array => {
  const bytes = new Uint8Array(hex.length >> 1);
  let isPairs = hex.length % 2 === 0;
  for (let at = 0; at < bytes.length; at++) {
    const high = hexDigit(hex.charCodeAt(at * 2));
    const low = hexDigit(hex.charCodeAt(at * 2 + 1));
    isPairs &&= high >= 0 && low >= 0;
    bytes[at] = (high << 4) | low;
  }
  if (!isPairs) throw new RangeError(`not hexadecimal: ${hex.slice(0, 80)}`);
  return bytes;
};

/** Of a character's code; -1 for what is no lower-case digit. */
const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
};

/** Whether the text is exactly so many bytes in lower-case hexadecimal. */
export const isHex = (text: string, bytes: number): boolean =>
  text.length === bytes * 2 && /^[0-9a-f]*$/.test(text);

/** Without padding. */
export const bytesToBase64Url = (bytes: Uint8Array): string => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const bits = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += base64Digits.charAt(bits >> 18) + base64Digits.charAt((bits >> 12) & 63);
    if (left > 1) text += base64Digits.charAt((bits >> 6) & 63);
    if (left > 2) text += base64Digits.charAt(bits & 63);
  }
  return text;
};

/**
 * Null for foreign characters, padding, an impossible length, or leftover bits: one text for each
 * bytes.
 */
export const base64UrlToBytes = (text: string): Uint8Array | null => {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of text) {
    const value = base64Digits.indexOf(digit);
    if (value < 0) return null;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[at++] = (bits >> held) & 0xff;
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : null;
};

/** One character a byte (code units 0 to 255): bytes as a key of a Map, in the same order. */
export const bytesToLatin1 = (bytes: Uint8Array): string => {
  let text = "";
  // Spreading a whole large array would overflow the stack.
  for (let at = 0; at < bytes.length; at += 4_096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4_096));
  }
  return text;
};

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const hexByByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
