/**
 * A segment's place as one key: scope 16 bytes ‖ writer 16 ‖ first n as u64 big-endian ‖ header
 * hash 32. Adapters hold it as bytes or as their hexadecimal text; both sort alike, which is the
 * order of `Store.segments`.
 */
import { hexToBytes } from "../core/base/bytes.ts";
import { assert } from "../core/base/result.ts";
import type { HeaderHash, ScopeId, WriterId } from "../core/base/types.ts";
import type { SegmentKey } from "./store.ts";

/** 144 hexadecimal digits. A key that is none is this program's mistake, and thrown. */
export const segmentKeyToText = ({ scope, writer, first, header }: SegmentKey): string => {
  assert(Number.isSafeInteger(first) && first >= 1, `first n ${String(first)} of a segment`);
  const text = scope + writer + first.toString(16).padStart(16, "0") + header;
  assert(scope.length === 32 && writer.length === 32 && wellFormed.test(text), `key ${text}`);
  return text;
};

/** 72 bytes, in a buffer of their own as IndexedDB demands. */
export const segmentKeyToBytes = (key: SegmentKey): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hexToBytes(segmentKeyToText(key)));

/** null: no key of ours, which only damage or another program puts there. */
export const textToSegmentKey = (text: string): SegmentKey | null => {
  const first = Number(`0x${text.slice(64, 80)}`);
  if (!wellFormed.test(text) || !Number.isSafeInteger(first) || first < 1) return null;
  return {
    // The shape was just checked: 16, 16 and 32 bytes of lower-case hexadecimal
    scope: text.slice(0, 32) as ScopeId,
    // as above
    writer: text.slice(32, 64) as WriterId,
    first,
    // as above
    header: text.slice(80) as HeaderHash,
  };
};

/** How a segment is named to people and in reports. */
export const segmentKeyLabel = ({ scope, writer, first, header }: SegmentKey): string =>
  `${scope}/${writer}/${String(first)}/${header}`;

const wellFormed = /^[0-9a-f]{144}$/;
