/**
 * What two say to each other that hold the same and read another state from it (FORMATS.md §8,
 * frame 15): the messages of a range-based repair.
 *
 * body = [scope, heads hash, round, step, content]
 *   step 0 ask     [[from, [[to or nil, count, print], …]], …]   keys and prints of 16 bytes
 *        1 answer  the same; no runs: nothing differs, or it was taken note of
 *        2 found   [key, …] rising, or nil: too many to name
 *        3 want    [header hash, …]   segments that are damaged here
 *        4 give    [segment bstr, …]  some of those that were wanted
 *
 * `heads hash` is of the state that is compared. An answer has the round of its question, which
 * counts up for each side; 1 answers 0 and 2, 4 answers 3. A question comes again until it is
 * answered, and a state that has changed since is answered by nothing.
 */
import { bytesToHex, hexToBytes } from "../base/bytes.ts";
import { headerHashOf, scopeIdOf } from "../base/ids.ts";
import {
  differingDocumentsMax,
  questionPartsMax,
  rangePartsMax,
  wantedSegmentsMax,
} from "../base/limits.ts";
import { unreachable, type Result } from "../base/result.ts";
import type { HeaderHash, ScopeId } from "../base/types.ts";
import type { FormError } from "../cbor/form.ts";
import { encodeCbor, type CborItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import { expectCount, readList, readOptional, readSized, readWhole } from "../cbor/structures.ts";
import { headsHashFrom, type HeadsHash } from "./heads.ts";
import { rangeKeyOf, type Part, type RangeKey, type Run } from "./rangeItems.ts";

export type RangesStep =
  | { readonly kind: "ask"; readonly runs: readonly Run[] }
  | { readonly kind: "answer"; readonly runs: readonly Run[] }
  /** Null: too many to name. */
  | { readonly kind: "found"; readonly keys: readonly RangeKey[] | null }
  | { readonly kind: "want"; readonly headers: readonly HeaderHash[] }
  | { readonly kind: "give"; readonly segments: readonly Uint8Array[] };

export interface RangesMessage {
  readonly scope: ScopeId;
  readonly headsHash: HeadsHash;
  readonly round: number;
  readonly step: RangesStep;
}

export const encodeRangesMessage = ({ scope, headsHash, round, step }: RangesMessage): Uint8Array =>
  encodeCbor([
    ...[hexToBytes(scope), hexToBytes(headsHash), round, stepNumbers.indexOf(step.kind)],
    contentOf(step),
  ]);

/** Never throws. */
export const decodeRangesMessage = (bytes: Uint8Array): Result<RangesMessage, FormError> =>
  readWhole(bytes, (reader) => {
    expectCount(reader, 5);
    return {
      scope: scopeIdOf(readSized(reader, 16)),
      headsHash: headsHashFrom(readSized(reader, 32)),
      round: reader.readUint(),
      step: readStep(reader),
    };
  });

const contentOf = (step: RangesStep): CborItem => {
  switch (step.kind) {
    case "ask":
    case "answer":
      return step.runs.map(({ from, parts }) => [hexToBytes(from), parts.map(partToItem)]);
    case "found":
      return step.keys?.map(hexToBytes) ?? null;
    case "want":
      return step.headers.map(hexToBytes);
    case "give":
      return step.segments;
    default:
      return unreachable(step);
  }
};

const partToItem = ({ to, count, print }: Part): CborItem => [
  to === null ? null : hexToBytes(to),
  count,
  hexToBytes(print),
];

const readStep = (reader: CborReader): RangesStep => {
  const kind = stepNumbers[reader.readUint()];
  switch (kind) {
    case "ask":
    case "answer":
      return { kind, runs: readList(reader, () => readRun(reader), questionPartsMax) };
    case "found":
      return { kind, keys: readOptional(reader, () => readRising(reader)) };
    case "want":
      return { kind, headers: readList(reader, () => readHeader(reader), wantedSegmentsMax) };
    case "give":
      return { kind, segments: readList(reader, () => reader.readBytes(), wantedSegmentsMax) };
    case undefined:
      return reader.fail("wrongShape", "no such step");
    default:
      return unreachable(kind);
  }
};

const readRun = (reader: CborReader): Run => {
  expectCount(reader, 2);
  const from = readKey(reader);
  let before: RangeKey | null = from;
  const readPart = (): Part => {
    expectCount(reader, 3);
    const to = readOptional(reader, () => readKey(reader));
    if (before === null || (to !== null && to <= before)) {
      reader.fail("wrongShape", "parts out of order");
    }
    before = to;
    return { to, count: reader.readUint(), print: bytesToHex(readSized(reader, 16)) };
  };
  const parts = readList(reader, readPart, rangePartsMax + 1);
  return { from, parts };
};

const readRising = (reader: CborReader): readonly RangeKey[] => {
  let before = "";
  const readNext = (): RangeKey => {
    const key = readKey(reader);
    if (key <= before) reader.fail("wrongShape", "keys out of order");
    before = key;
    return key;
  };
  return readList(reader, readNext, differingDocumentsMax);
};

const readKey = (reader: CborReader): RangeKey => rangeKeyOf(readSized(reader, 16));

const readHeader = (reader: CborReader): HeaderHash => headerHashOf(readSized(reader, 32));

/** By their number on the wire. */
const stepNumbers: readonly RangesStep["kind"][] = ["ask", "answer", "found", "want", "give"];
