/**
 * A segment's place as one key: scope 16 bytes ‖ writer 16 ‖ first n as u64 big-endian ‖ header
 * hash 32; a page's: scope 16 ‖ kind u8 ‖ number u32 big-endian. Adapters hold them as bytes or as
 * their hexadecimal text; both sort alike, which is the order of `Store.segments` and `pagesOf`.
 */
import { hexToBytes } from "../core/base/bytes.ts";
import { assert } from "../core/base/result.ts";
import type { HeaderHash, ScopeId, WriterId } from "../core/base/types.ts";
import type { PageKey, SegmentKey } from "./store.ts";

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

/** 42 hexadecimal digits. A key that is none is this program's mistake, and thrown. */
export const pageKeyToText = ({ scope, kind, number }: PageKey): string => {
  assert(isWhole(kind, 0xff) && isWhole(number, 0xffff_ffff), `page ${kind}/${number}`);
  const text = pagePrefix(scope, kind) + number.toString(16).padStart(8, "0");
  return text;
};

/** How the keys of a scope's pages begin, or those of one kind: 32 or 34 hexadecimal digits. */
export const pagePrefix = (scope: ScopeId, kind?: number): string => {
  const prefix = kind === undefined ? scope : scope + kind.toString(16).padStart(2, "0");
  assert(wellFormedPrefix.test(prefix), `pages of ${prefix}`);
  return prefix;
};

/** 21 bytes, in a buffer of their own as IndexedDB demands. */
export const pageKeyToBytes = (key: PageKey): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hexToBytes(pageKeyToText(key)));

/** null: no key of ours, as with segments. */
export const textToPageKey = (text: string): PageKey | null => {
  if (!wellFormedPage.test(text)) return null;
  return {
    // The shape was just checked: 16 bytes of lower-case hexadecimal
    scope: text.slice(0, 32) as ScopeId,
    kind: Number(`0x${text.slice(32, 34)}`),
    number: Number(`0x${text.slice(34)}`),
  };
};

/** How a page is named to people and in reports. */
export const pageKeyLabel = ({ scope, kind, number }: PageKey): string =>
  `${scope}/${String(kind)}/${String(number)}`;

const isWhole = (value: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value <= max;

const wellFormedPrefix = /^[0-9a-f]{32}([0-9a-f]{2})?$/;
const wellFormedPage = /^[0-9a-f]{42}$/;
const wellFormed = /^[0-9a-f]{144}$/;
