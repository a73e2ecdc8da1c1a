/**
 * Reading a tables file at an opening: the heads of its records, and past what is damaged. Where
 * the file was solid, a broken record is damage, and those behind it count; behind that, it is a
 * write that was cut off, and ends the file, with whatever the disk kept of later ones.
 */
import { openEnvelope } from "../envelope.ts";
import type { FileHandle } from "../files.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { createWindow, type ReadAt } from "./fileWindow.ts";
import { markerBytes } from "./manifest.ts";
import { decodeHead, frameBytes, headLength, type RecordHead } from "./tableRecord.ts";

export interface Scanned {
  readonly directory: Directory;
  readonly absorbed: number;
  /** Nothing stands behind what says that all is solid. */
  readonly isSealed: boolean;
  /** Behind the last batch that counts. */
  readonly end: number;
  /** Batches that are lost, one line each. */
  readonly faults: readonly string[];
}

export const emptyScan = (end: number): Scanned => ({
  ...{ directory: createDirectory(), absorbed: 0, isSealed: true, end, faults: [] },
});

/** `solidTo`: what is known to be solid beforehand. */
export const scanTables = async (
  handle: FileHandle,
  from: { readonly begin: number; readonly solidTo: number; readonly marker: Uint8Array },
): Promise<Scanned> => {
  const size = handle.size();
  const pieces = await findPieces(handle, { ...from, size });
  let solidTo = from.solidTo;
  for (const { head } of pieces) solidTo = Math.max(solidTo, head?.solidTo ?? 0);
  const directory = createDirectory();
  const faults: string[] = [];
  let absorbed = 0;
  let isSealed = true;
  let end = from.begin;
  for (const { at, to, head } of pieces) {
    const isSolid = at < solidTo;
    if (!isSolid && (head === null || !hasWholeValues(handle, head))) break;
    end = to;
    isSealed = to <= solidTo || (head !== null && isSeal(head));
    if (head === null) {
      faults.push(`${to - at} bytes at ${at} are damaged: what was stored there is lost`);
    } else {
      directory.apply(head);
      absorbed = Math.max(absorbed, head.absorbed);
    }
  }
  return { directory, absorbed, isSealed, end, faults };
};

/** A record, or bytes that are none. */
interface Piece {
  readonly at: number;
  readonly to: number;
  readonly head: RecordHead | null;
}

interface Range {
  readonly begin: number;
  readonly size: number;
  readonly marker: Uint8Array;
}

const windowBytes = 16_384;

const findPieces = async (handle: FileHandle, range: Range): Promise<Piece[]> => {
  const { begin, size, marker } = range;
  const readAt = createWindow(async (at, length) => handle.read(at, length), windowBytes);
  const pieces: Piece[] = [];
  for (let at = begin; at < size;) {
    const head = await readHead(readAt, { at, size, marker });
    const to = head === null ? await findRecord(readAt, { at: at + 1, size, marker }) : at;
    if (to > at) pieces.push({ at, to, head: null });
    if (head !== null) pieces.push({ at, to: at + head.length, head });
    at = head === null ? to : at + head.length;
  }
  return pieces;
};

interface Spot {
  readonly at: number;
  readonly size: number;
  readonly marker: Uint8Array;
}

const readHead = async (readAt: ReadAt, { at, size, marker }: Spot): Promise<RecordHead | null> => {
  const length = headLength(await readAt(at, frameBytes), marker);
  if (length === null || at + frameBytes + length > size) return null;
  const head = decodeHead(await readAt(at, frameBytes + length), at);
  return head !== null && at + head.length <= size ? head : null;
};

/** Where the next whole record begins; the file's end where there is none. */
const findRecord = async (readAt: ReadAt, { at, size, marker }: Spot): Promise<number> => {
  for (let from = at; from < size; from += windowBytes) {
    // So much more that a marker across the border is seen
    const bytes = await readAt(from, windowBytes + markerBytes);
    for (const found of findMarker(bytes, marker)) {
      const place = from + found;
      if ((await readHead(readAt, { at: place, size, marker })) !== null) return place;
    }
  }
  return size;
};

const findMarker = (bytes: Uint8Array, marker: Uint8Array): number[] => {
  const first = marker[0] ?? 0;
  const found: number[] = [];
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (marker.every((byte, index) => bytes[at + index] === byte)) found.push(at);
  }
  return found;
};

const isSeal = (head: RecordHead): boolean => {
  const { removedSegments, segments, clearedPages, removedPages, pages, meta } = head;
  const lists = [removedSegments, segments, clearedPages, removedPages, pages, meta];
  return lists.every((list) => list.length === 0);
};

const hasWholeValues = (handle: FileHandle, head: RecordHead): boolean =>
  [...head.segments, ...head.pages, ...head.meta].every(
    ([, place]) => place === null || openEnvelope(handle.read(place.at, place.length)).ok,
  );
