/**
 * Keys of maps as they were read before. The same few come with every document, and a string that
 * is made anew has to be looked up by its characters whenever it names a field.
 */
import { keptKeyBytesMax, keptKeysMax } from "../base/limits.ts";

/** The key that these bytes are; null where it is not among those that are kept. */
export const keptKey = (bytes: Uint8Array, from: number, to: number): string | null => {
  const length = to - from;
  if (length < 1 || length > keptKeyBytesMax) return null;
  const key = keys[slotOf(length, bytes[from] ?? 0, bytes[to - 1] ?? 0)] ?? "";
  if (key.length !== length) return null;
  for (let at = 0; at < length; at++) if (key.charCodeAt(at) !== bytes[from + at]) return null;
  return key;
};

/** Keeps an ASCII key in the place of one that it meets there; others are not worth it. */
export const keepKey = (key: string, bytes: number): void => {
  if (key.length !== bytes || bytes < 1 || bytes > keptKeyBytesMax) return;
  keys[slotOf(bytes, key.charCodeAt(0), key.charCodeAt(bytes - 1))] = key;
};

const slotOf = (length: number, first: number, last: number): number =>
  (length * 31 + first * 7 + last) % keptKeysMax;

const keys = Array.from({ length: keptKeysMax }, () => "");
