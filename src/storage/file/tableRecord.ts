/**
 * One batch as it stands in a tables file: a head that says what is removed and stored, then the
 * values, so that opening a store reads the heads and passes over the values.
 *
 * record = [marker 8 bytes, length of the head u32 LE, CRC-32C of the head u32 LE, head, values]
 * head = CBOR [at, solidTo, absorbed, removed segments, segments, cleared, removed pages, pages,
 * meta]
 *
 * `at`: where the record stands, so that a copy elsewhere is none. `solidTo`: what stands before it
 * in the file was on the disk when this was written, so what is broken there is damage, and no
 * write that was cut off. `absorbed`: of the journal, after this batch. The lists hold keys (bytes
 * of keys.ts, texts for meta); where something is stored, each key is followed by the length of its
 * value, nil for a meta value that is removed. Values are envelopes, in the order of the lists.
 */
import { bytesToHex, concatBytes, equalBytes, hexToBytes } from "../../core/base/bytes.ts";
import { crc32c } from "../../core/base/crc32c.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../../core/cbor/item.ts";
import { markerBytes } from "./manifest.ts";

/** Segments and pages by the hexadecimal text of keys.ts; values are envelopes. */
export interface TableChange {
  readonly absorbed: number;
  readonly removedSegments: readonly string[];
  readonly segments: readonly (readonly [key: string, value: Uint8Array])[];
  /** Scopes. */
  readonly clearedPages: readonly string[];
  readonly removedPages: readonly string[];
  readonly pages: readonly (readonly [key: string, value: Uint8Array])[];
  readonly meta: readonly (readonly [key: string, value: Uint8Array | null])[];
}

export const noChange: Omit<TableChange, "absorbed"> = {
  ...{ removedSegments: [], segments: [], clearedPages: [], removedPages: [], pages: [], meta: [] },
};

/** Where an envelope stands in its file. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

export interface RecordHead extends Place {
  readonly solidTo: number;
  readonly absorbed: number;
  readonly removedSegments: readonly string[];
  readonly segments: readonly (readonly [key: string, place: Place])[];
  readonly clearedPages: readonly string[];
  readonly removedPages: readonly string[];
  readonly pages: readonly (readonly [key: string, place: Place])[];
  readonly meta: readonly (readonly [key: string, place: Place | null])[];
}

/** Marker, length and checksum. */
export const frameBytes = markerBytes + 8;

export const encodeRecord = (
  change: TableChange,
  place: { readonly marker: Uint8Array; readonly at: number; readonly solidTo: number },
): Uint8Array => {
  const { absorbed, removedSegments, segments, clearedPages, removedPages, pages, meta } = change;
  const keyed = ([key, value]: readonly [string, Uint8Array]): CborItem[] => [
    hexToBytes(key),
    value.length,
  ];
  const head = encodeCbor([
    ...[place.at, place.solidTo, absorbed],
    removedSegments.map(hexToBytes),
    segments.flatMap(keyed),
    clearedPages.map(hexToBytes),
    removedPages.map(hexToBytes),
    pages.flatMap(keyed),
    meta.flatMap(([key, value]) => [key, value?.length ?? null]),
  ]);
  const lengths = new Uint8Array(8);
  const view = new DataView(lengths.buffer);
  view.setUint32(0, head.length, true);
  view.setUint32(4, crc32c(head), true);
  const values = [...segments, ...pages, ...meta].flatMap(([, value]) => value ?? []);
  return concatBytes(place.marker, lengths, head, ...values);
};

/** How long a record's head is, as its frame says; null: these bytes begin no record. */
export const headLength = (frame: Uint8Array, marker: Uint8Array): number | null => {
  if (frame.length < frameBytes || !equalBytes(frame.subarray(0, markerBytes), marker)) return null;
  return viewOf(frame).getUint32(markerBytes, true);
};

/** null: damaged. `bytes`: frame and head. */
export const decodeHead = (bytes: Uint8Array, at: number): RecordHead | null => {
  const head = bytes.subarray(frameBytes);
  if (crc32c(head) !== viewOf(bytes).getUint32(markerBytes + 4, true)) return null;
  const caps = { bytesMax: head.length, depthMax: 2, itemsMax: Infinity };
  const decoded = decodeCbor(head, caps);
  if (!decoded.ok || !Array.isArray(decoded.value)) return null;
  const fields: readonly CborItem[] = decoded.value;
  const [place, solidTo, absorbed] = fields;
  if (place !== at || typeof solidTo !== "number" || typeof absorbed !== "number") return null;
  const lists = fields.slice(3).map(listOf);
  return lists.length === 6 ? readLists(lists, { at, solidTo, absorbed, head }) : null;
};

interface HeadPlace {
  readonly at: number;
  readonly solidTo: number;
  readonly absorbed: number;
  readonly head: Uint8Array;
}

const readLists = (
  lists: readonly (readonly CborItem[])[],
  { at, solidTo, absorbed, head }: HeadPlace,
): RecordHead => {
  const [removedSegments = [], segments = [], cleared = [], removedPages = []] = lists;
  const [pages = [], meta = []] = lists.slice(4);
  let next = at + frameBytes + head.length;
  const placed = (length: CborItem | undefined): Place => {
    const place = { at: next, length: typeof length === "number" ? length : 0 };
    next += place.length;
    return place;
  };
  const pairs = (list: readonly CborItem[]): [string, Place][] =>
    list.flatMap((key, index) =>
      index % 2 === 0 ? [[keyText(key), placed(list[index + 1])]] : [],
    );
  const stored = pairs(segments);
  const storedPages = pairs(pages);
  const named = meta.flatMap((key, index): [string, Place | null][] => {
    if (index % 2 !== 0) return [];
    const length = meta[index + 1];
    return [[String(key), length === null ? null : placed(length)]];
  });
  return {
    ...{ at, solidTo, absorbed, length: next - at },
    ...{ removedSegments: removedSegments.map(keyText), segments: stored },
    ...{ clearedPages: cleared.map(keyText), removedPages: removedPages.map(keyText) },
    ...{ pages: storedPages, meta: named },
  };
};

const listOf = (item: CborItem): readonly CborItem[] =>
  typeof item === "object" && item !== null && !(item instanceof Uint8Array) ? item : [];

/** A checksum stands over the head: that its keys are bytes was seen to when it was written. */
const keyText = (key: CborItem): string => (key instanceof Uint8Array ? bytesToHex(key) : "");

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
