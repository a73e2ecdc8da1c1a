/**
 * What two sides with equal heads compare when their documents differ (FORMATS.md §8): the living
 * documents under keyed ids, in an order that only this session knows, and fingerprints of ranges
 * of them. Apart from the questions and answers of ranges.ts, which need no document.
 *
 * The key is of the session, so that who was not greeted, or listened to another session, can tell
 * nothing from ids, states or their order. What is known only to both ends nobody who writes
 * documents can aim at, hence a fingerprint may be as cheap as an XOR.
 */
import type { Brand } from "../base/brand.ts";
import { bytesToHex } from "../base/bytes.ts";
import { rangePartsMax } from "../base/limits.ts";
import { deriveKey, shortHash } from "../crypto/hash.ts";

/** 16 bytes in hexadecimal: a document's id under the session's key. */
export type RangeKey = Brand<string, "RangeKey">;

/** Documents from where the part before it ends, or the run begins, up to a key, itself not in. */
export interface Part {
  /** null: the end of all. */
  readonly to: RangeKey | null;
  readonly count: number;
  /** 16 bytes in hexadecimal: XOR of the documents' own. */
  readonly print: string;
}

/** Adjacent parts, in order. A part of one document begins at its key. */
export interface Run {
  readonly from: RangeKey;
  readonly parts: readonly Part[];
}

export interface KeyRange {
  readonly from: RangeKey;
  readonly to: RangeKey | null;
}

/** All living documents of a scope, sorted; about 200 bytes each while it is in use. */
export interface RangeItems {
  readonly keys: readonly RangeKey[];
  readonly ids: readonly string[];
  /** Of all documents before the one of that index; one more than there are documents. */
  readonly printsBefore: readonly bigint[];
}

export interface RangeKeys {
  readonly keyOf: (id: string) => RangeKey;
  readonly printOf: (stateHash: Uint8Array) => bigint;
}

/**
 * K = KDF(k, "ranges", t) with k and t of the greeting; key = H16("range-id", K, id), print =
 * H16("range-state", K, state hash), which the id is part of. Of a secret and cut in half, a hash
 * is as good as an HMAC here, and ten times as fast.
 */
export const createRangeKeys = ({
  key,
  transcript,
}: {
  readonly key: Uint8Array;
  readonly transcript: Uint8Array;
}): RangeKeys => {
  const secret = deriveKey(key, "ranges", [transcript]);
  return {
    keyOf: (id) => rangeKeyOf(shortHash("range-id", secret, id)),
    printOf: (stateHash) => BigInt(`0x${bytesToHex(shortHash("range-state", secret, stateHash))}`),
  };
};

/** Of 16 bytes, the only place that makes them. */
export const rangeKeyOf = (bytes: Uint8Array): RangeKey =>
  // The only cast to the brand.
  bytesToHex(bytes) as RangeKey;

export interface RangeItem {
  readonly key: RangeKey;
  readonly id: string;
  readonly print: bigint;
}

export const sortRangeItems = (items: RangeItem[]): RangeItems => {
  items.sort((a, b) => (a.key < b.key ? -1 : 1));
  const printsBefore = [0n];
  let sum = 0n;
  for (const { print } of items) {
    sum ^= print;
    printsBefore.push(sum);
  }
  return { keys: items.map(({ key }) => key), ids: items.map(({ id }) => id), printsBefore };
};

export const everything: KeyRange = { from: rangeKeyOf(new Uint8Array(16)), to: null };

/** What is here of a range, as one part. */
export const partOf = (items: RangeItems, { from, to }: KeyRange): Part => {
  const [first, end] = [indexOf(items, from), indexOf(items, to)];
  return partBetween(items, first, end, to);
};

export const keysIn = (items: RangeItems, { from, to }: KeyRange): readonly RangeKey[] =>
  items.keys.slice(indexOf(items, from), indexOf(items, to));

/** The range in parts of about equal size, of one document each where that is not too many. */
export const splitRange = (items: RangeItems, { from, to }: KeyRange): Run => {
  const [first, end] = [indexOf(items, from), indexOf(items, to)];
  const size = Math.ceil((end - first) / rangePartsMax);
  const starts: number[] = [];
  for (let at = first; at < end; at += size) starts.push(at);
  const firstKey = items.keys[first];
  const hasGap = first === end || (size === 1 && firstKey !== from);
  const bounds = hasGap ? [first, ...starts] : starts;
  const parts = bounds.map((start, index): Part => {
    const next = bounds[index + 1];
    const keyAfter = next === undefined ? to : (items.keys[next] ?? to);
    return partBetween(items, start, next ?? end, keyAfter);
  });
  return { from, parts };
};

export const samePart = (a: Part, b: Part): boolean => a.count === b.count && a.print === b.print;

/** The first document at or behind a key. */
const indexOf = ({ keys }: RangeItems, key: RangeKey | null): number => {
  if (key === null) return keys.length;
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
};

const partBetween = (
  { printsBefore }: RangeItems,
  first: number,
  end: number,
  to: RangeKey | null,
): Part => {
  const print = (printsBefore[end] ?? 0n) ^ (printsBefore[first] ?? 0n);
  return { to, count: Math.max(0, end - first), print: print.toString(16).padStart(32, "0") };
};
