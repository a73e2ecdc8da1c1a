/**
 * Long lists in several messages: what peers send each other beside the session is gathered up to
 * so many bytes a message, and so many items.
 */
import { controlMessageBytesTarget } from "../base/limits.ts";

/** One that is longer by itself stands alone. */
export const inParts = <T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  countMax: number,
): readonly (readonly T[])[] => {
  const parts: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const last = parts.at(-1);
    bytes += bytesOf(item);
    if (last === undefined || bytes > controlMessageBytesTarget || last.length >= countMax) {
      parts.push([item]);
      bytes = bytesOf(item);
    } else last.push(item);
  }
  return parts;
};
