/**
 * A segment's body before compression: CBOR [paths in order of first use, ops]. Here it is put
 * together from op bytes, and taken apart into ops: the rules that concern the body as a whole, and
 * the times. What a single op means is told in ../op/decode.ts.
 *
 * A body fails as a whole, and each of its n is a no-op, only if it is not canonical CBOR, is
 * nested deeper than 32 (arrays, maps and tags), or is not [paths, count ops]. A bad path spoils
 * the ops that use it, no other.
 */
import { bodyDepthMax, pathNamesMax } from "../base/limits.ts";
import { fail, type Result } from "../base/result.ts";
import type { Dot, Path, Time } from "../base/types.ts";
import { readForm, type FormError } from "../cbor/form.ts";
import { nameFault } from "../cbor/names.ts";
import { CborReader, major } from "../cbor/reader.ts";
import { CborWriter } from "../cbor/writer.ts";
import { addDelta } from "../clock/hybrid.ts";
import { decodeOp } from "../op/decode.ts";
import type { NoOp, Op } from "../op/types.ts";
import type { SegmentHeader } from "./header.ts";
import type { SegmentNames } from "./tree.ts";

/** What of a header its ops depend on. */
export type BodyHeader = Pick<SegmentHeader, "first" | "count" | "time" | "rows">;

/** Why a whole body means nothing, beyond what opening and inflating can say. */
export type BodyFault = "body-form" | "body-depth";

/** From encoded paths, each an array of names, and ops that were encoded against them. */
export const encodeBody = (
  paths: readonly Uint8Array[],
  ops: readonly Uint8Array[],
): Uint8Array => {
  const writer = new CborWriter(ops.reduce((sum, op) => sum + op.length, 1_024));
  writer.arrayHead(2);
  for (const items of [paths, ops]) {
    writer.arrayHead(items.length);
    for (const item of items) writer.raw(item);
  }
  return writer.take();
};

/** How long `encodeBody` gets, without making it. */
export const bodyByteCount = (
  ...lists: readonly { readonly count: number; readonly byteCount: number }[]
): number => lists.reduce((sum, list) => sum + headBytes(list.count) + list.byteCount, 1);

/** Exactly `header.count` ops, in order of n. */
export const decodeBody = (
  plain: Uint8Array,
  header: BodyHeader,
  names: SegmentNames,
): readonly (Op | NoOp)[] => {
  const parts = splitBody(plain, header.count);
  if (!parts.ok) return failedBody(header, names, parts.error);
  const { paths, ops } = parts.value;
  let time: Time | null = header.time;
  return ops.map((bytes, index) => {
    const n = header.first + index;
    const dot = { writer: names.own(n), n };
    if (index > 0 && time !== null) time = addDelta(time, deltaOf(bytes));
    if (time === null) return { kind: "no-op", dot, reason: "time" };
    return decodeOp(bytes, { dot, time, paths, dotOf: dotOf(header, names, n) });
  });
};

/** What everyone reads in a body that fails as a whole. */
export const failedBody = (
  header: BodyHeader,
  names: SegmentNames,
  reason: string,
): readonly NoOp[] =>
  Array.from({ length: header.count }, (_, index) => {
    const n = header.first + index;
    return { kind: "no-op", dot: { writer: names.own(n), n }, reason };
  });

/** What the head of an array takes. */
const headBytes = (count: number): number => {
  if (count < 24) return 1;
  if (count < 0x100) return 2;
  return count < 0x10000 ? 3 : 5;
};

interface BodyParts {
  /** Null where a path breaks the rules. */
  readonly paths: readonly (Path | null)[];
  /** Canonical CBOR each, of any shape. */
  readonly ops: readonly Uint8Array[];
}

const splitBody = (plain: Uint8Array, count: number): Result<BodyParts, BodyFault> => {
  const parts = readForm(() => {
    const reader = new CborReader(plain);
    if (reader.readArrayHead() !== 2) reader.fail("wrongShape", "a body has two parts");
    const paths = readParts(reader, plain, reader.readArrayHead()).map(pathOf);
    if (reader.readArrayHead() !== count) reader.fail("wrongShape", "another count of ops");
    const ops = readParts(reader, plain, count);
    reader.expectEnd();
    return { paths, ops };
  });
  return parts.ok ? parts : fail(faultOf(parts.error));
};

const faultOf = ({ code }: FormError): BodyFault =>
  code === "tooDeep" ? "body-depth" : "body-form";

/** The bytes of so many items, which stand two arrays deep. */
const readParts = (reader: CborReader, plain: Uint8Array, count: number): readonly Uint8Array[] => {
  const parts: Uint8Array[] = [];
  for (let left = count; left > 0; left--) {
    const start = reader.offset;
    reader.skip(bodyDepthMax - 2);
    parts.push(plain.subarray(start, reader.offset));
  }
  return parts;
};

const pathOf = (bytes: Uint8Array): Path | null => {
  const path = readForm(() => {
    const reader = new CborReader(bytes);
    const names: string[] = [];
    for (let left = reader.readArrayHead(); left > 0; left--) names.push(reader.readText());
    return names;
  });
  if (!path.ok || path.value.length === 0 || path.value.length > pathNamesMax) return null;
  return path.value.every((name) => nameFault(name) === null) ? path.value : null;
};

/**
 * The third element of an op if that is an integer in 0 ≤ dt < 2^53, else 0, whatever else the op
 * is.
 */
export const deltaOf = (op: Uint8Array): number => {
  const reader = new CborReader(op);
  if (reader.peekMajor() !== major.array || reader.readArrayHead() < 3) return 0;
  reader.skip(bodyDepthMax);
  reader.skip(bodyDepthMax);
  return reader.peekMajor() === major.unsigned ? reader.readUint() : 0;
};

/** What (row, n) names in the op `own`, or null where it names beyond its rows. */
const dotOf =
  (header: BodyHeader, names: SegmentNames, own: number) =>
  (row: number, n: number): Dot | null => {
    if (n < 1) return null;
    if (row === 0) return n < own ? { writer: names.own(n), n } : null;
    const named = header.rows[row - 1];
    return named !== undefined && n <= named.n ? { writer: names.row(row, n), n } : null;
  };
