/**
 * By what two replicas compare what they hold (FORMATS.md §8): a hash of each living document, and
 * their sum, which can be kept up to date as documents change and does not depend on their order.
 */
import { compareBytes, hexToBytes } from "../base/bytes.ts";
import { assert } from "../base/result.ts";
import type { Dot, Path, WriterId } from "../base/types.ts";
import { writeValue } from "../cbor/value.ts";
import { CborWriter } from "../cbor/writer.ts";
import { sha256 } from "../crypto/hash.ts";
import { equalDots } from "../op/dots.ts";
import { kindNumbers } from "../op/encode.ts";
import type { Shape } from "./shapes.ts";
import {
  isAlive,
  isParked,
  type DocumentState,
  type GeneralState,
  type HeldBase,
  type HeldElement,
  type HeldTotal,
  type PlainState,
} from "./state.ts";

/** A sum of hashes modulo 2^256, little-endian. */
export interface Digest {
  readonly add: (hash: Uint8Array) => void;
  readonly subtract: (hash: Uint8Array) => void;
  /** 32 bytes, a copy. */
  readonly bytes: () => Uint8Array;
}

/**
 * SHA-256 of CBOR ["nebulusdb/1/document", id, births as [writer, n], visible entries as [path,
 * sub, kind, writer, n]], each list sorted by the bytes of its items; sub is the element, the run
 * as [writer, n], or nil. What a dot names never changes, so values need not go in; and a document
 * that is still what its only birth made it, as most are, gives the number of its entries for all
 * of them. Null for a document that is deleted or parked.
 */
export const stateHash = (state: DocumentState | null): Uint8Array | null => {
  if (!isAlive(state) || isParked(state)) return null;
  if (state.kind === "plain") return plainHash(state);
  return hashed(state.id, (writer) => {
    writeSorted(writer, state.births, (item, { dot }) => writeDot(item, dot));
    const entries = visibleEntries(state);
    if (isAsBorn(state, entries)) writer.uint(entries.length);
    else writeSorted(writer, entries, writeVisible);
  });
};

/** The same of a plain document, of which no value is needed: what holds them need not be read. */
export const plainHash = (
  state: Pick<PlainState, "id" | "birth" | "shape" | "stamps">,
): Uint8Array =>
  hashed(state.id, (writer) => {
    writer.arrayHead(1);
    writeDot(writer, state.birth.dot);
    if (isPlainAsBorn(state)) writer.uint(state.shape.paths.length);
    else writePlainEntries(writer, state);
  });

const isAsBorn = ({ births }: GeneralState, entries: readonly VisibleEntry[]): boolean => {
  const [birth] = births;
  if (birth === undefined || births.length > 1) return false;
  return entries.every(
    ({ held }) => "kind" in held && held.kind === "set" && equalDots(held.dot, birth.dot),
  );
};

const isPlainAsBorn = ({ birth, stamps }: Pick<PlainState, "birth" | "stamps">): boolean =>
  stamps?.every((stamp) => stamp === null || equalDots(stamp.dot, birth.dot)) ?? true;

/** `writeRest` adds births and entries. */
const hashed = (id: string, writeRest: (writer: CborWriter) => void): Uint8Array => {
  const writer = scratch;
  writer.truncate(0);
  writer.arrayHead(4);
  writer.text("nebulusdb/1/document");
  writer.text(id);
  writeRest(writer);
  const hash = sha256(writer.written());
  // One huge document must not hold its memory for ever.
  if (scratch.capacity > scratchBytesMax) scratch = new CborWriter(1_024);
  return hash;
};

/** Kept for all documents: making it costs more than writing most of them. */
let scratch = new CborWriter(1_024);
const scratchBytesMax = 65_536;

/**
 * A plain document's entries stand in the order of their paths' bytes, since no path's bytes begin
 * another's: it is found once for each shape.
 */
const writePlainEntries = (
  writer: CborWriter,
  state: Pick<PlainState, "birth" | "shape" | "stamps">,
): void => {
  const order = entryOrderOf(state.shape);
  writer.arrayHead(order.length);
  for (const { index, head } of order) {
    const { dot } = state.stamps?.[index] ?? state.birth;
    writer.raw(head);
    writer.bytes(writerBytes(dot.writer));
    writer.uint(dot.n);
  }
};

interface PlainEntry {
  readonly index: number;
  /** The entry's bytes up to the dot: array head, path, nil, kind. */
  readonly head: Uint8Array;
}

const entryOrderOf = (shape: Shape): readonly PlainEntry[] => {
  const known = orders.get(shape);
  if (known !== undefined) return known;
  const entries = shape.paths.map((path, index): PlainEntry => {
    const writer = new CborWriter();
    writer.arrayHead(5);
    writer.arrayHead(path.length);
    for (const name of path) writer.text(name);
    writer.nil();
    writer.uint(kindNumbers.set);
    return { index, head: writer.take() };
  });
  entries.sort((a, b) => compareBytes(a.head, b.head));
  orders.set(shape, entries);
  return entries;
};

const orders = new WeakMap<Shape, readonly PlainEntry[]>();

/** `start`: the bytes of an earlier sum. */
export const createDigest = (start: Uint8Array = new Uint8Array(32)): Digest => {
  const sum = new Uint8Array(start);
  assert(sum.length === 32, "a digest has 32 bytes");
  return {
    add: (hash) => {
      let carry = 0;
      for (let at = 0; at < 32; at++) {
        carry += byteAt(sum, at) + byteAt(hash, at);
        sum[at] = carry & 0xff;
        carry >>= 8;
      }
    },
    subtract: (hash) => {
      let borrow = 0;
      for (let at = 0; at < 32; at++) {
        borrow += byteAt(sum, at) - byteAt(hash, at);
        sum[at] = borrow & 0xff;
        borrow >>= 8;
      }
    },
    bytes: () => sum.slice(),
  };
};

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

interface VisibleEntry {
  readonly path: Path;
  readonly held: Pick<HeldBase, "kind" | "dot"> | HeldElement | HeldTotal;
}

const visibleEntries = (state: GeneralState): readonly VisibleEntry[] => {
  return state.registers.flatMap(({ path, base, elements, runs }) =>
    [...base, ...elements, ...runs].map((held) => ({ path, held })),
  );
};

const writeVisible = (writer: CborWriter, { path, held }: VisibleEntry): void => {
  writer.arrayHead(5);
  writer.arrayHead(path.length);
  for (const name of path) writer.text(name);
  if ("run" in held) {
    writeDot(writer, held.run);
    writer.uint(kindNumbers.increment);
  } else {
    if ("element" in held) writeValue(writer, held.element);
    else writer.nil();
    writer.uint(kindNumbers[held.kind]);
  }
  writer.bytes(writerBytes(held.dot.writer));
  writer.uint(held.dot.n);
};

const writeDot = (writer: CborWriter, { writer: by, n }: Dot): void => {
  writer.arrayHead(2);
  writer.bytes(writerBytes(by));
  writer.uint(n);
};

/** Writes a list in the order of its items' bytes. */
const writeSorted = <T>(
  writer: CborWriter,
  items: readonly T[],
  write: (writer: CborWriter, item: T) => void,
): void => {
  const start = writer.position;
  const ends = items.map((item) => {
    write(writer, item);
    return writer.position - start;
  });
  const bytes = writer.range(start, writer.position);
  const parts = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  writer.truncate(start);
  writer.arrayHead(parts.length);
  for (const part of parts.sort(compareBytes)) writer.raw(part);
};

/** Few writers make many entries. */
const writerBytes = (writer: WriterId): Uint8Array => {
  const known = bytesByWriter.get(writer);
  if (known !== undefined) return known;
  if (bytesByWriter.size >= writersRememberedMax) bytesByWriter.clear();
  const bytes = hexToBytes(writer);
  bytesByWriter.set(writer, bytes);
  return bytes;
};

const writersRememberedMax = 1_024;
const bytesByWriter = new Map<WriterId, Uint8Array>();
