/**
 * Base32 (RFC 4648, lower case, without padding): for what people read aloud or type, and for
 * content identifiers.
 */

export const bytesToBase32 = (bytes: Uint8Array): string => {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    held += 8;
    for (; held >= 5; held -= 5) text += digits.charAt((bits >> (held - 5)) & 31);
  }
  return held === 0 ? text : text + digits.charAt((bits << (5 - held)) & 31);
};

/** null: a character that is no digit, or bits that make no byte. */
export const base32ToBytes = (text: string): Uint8Array | null => {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const character of text) {
    const digit = digits.indexOf(character);
    if (digit < 0) return null;
    bits = ((bits << 5) | digit) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes.push((bits >> held) & 255);
  }
  const isWhole = held < 5 && (bits & ((1 << held) - 1)) === 0;
  return isWhole ? Uint8Array.from(bytes) : null;
};

const digits = "abcdefghijklmnopqrstuvwxyz234567";
