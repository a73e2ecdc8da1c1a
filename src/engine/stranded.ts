/**
 * Segments of `local` that lack what they build on: something before them was lost, and no peer can
 * bring it. What can be read of them is written anew, as what was never cut is.
 */
import type { CryptoPort } from "../core/crypto/port.ts";
import { compareTimes } from "../core/clock/hybrid.ts";
import { decodeBody } from "../core/segment/body.ts";
import { deliverOwn } from "../core/segment/deliver.ts";
import { openSegment } from "../core/segment/open.ts";
import { parseSegment, parseTrimmed, type ParsedSegment } from "../core/segment/segment.ts";
import type { SegmentNames } from "../core/segment/tree.ts";
import type { SegmentKey } from "../storage/store.ts";
import { keyringOf, type Home } from "./home.ts";
import { keyOf } from "./ingest.ts";
import { isOwnOp, type PendingOp } from "./reissue.ts";
import { rowNames } from "./replay.ts";

export interface Stranded {
  readonly ops: readonly PendingOp[];
  /** They can go when their ops are written anew. */
  readonly keys: readonly SegmentKey[];
}

/** Only this device writes to `local`, so the order of times is the one in which ops were made. */
export const readStranded = async (
  home: Home,
  segments: readonly Uint8Array[],
  crypto: CryptoPort,
): Promise<Stranded> => {
  const parsed = segments.flatMap((bytes) => {
    const segment = parseSegment(bytes);
    return segment.ok ? segment.value : (parseTrimmed(bytes) ?? []);
  });
  parsed.sort((a, b) => compareTimes(a.header.time, b.header.time));
  const ops: PendingOp[] = [];
  for (const segment of parsed) ops.push(...(await opsOf(home, segment, crypto)));
  return { ops, keys: parsed.map((segment) => keyOf(home, segment)) };
};

const opsOf = async (
  home: Home,
  segment: ParsedSegment,
  crypto: CryptoPort,
): Promise<readonly PendingOp[]> => {
  const { header } = segment;
  if (segment.body.length === 0) return [];
  const origin = { signingKey: home.membership.device.publicKey, certificate: null };
  const opened = await openSegment(deliverOwn(segment, origin), keyringOf(home), crypto);
  if (opened.kind !== "plain") return [];
  const names: SegmentNames = { own: () => header.writer, row: rowNames(home, header.rows) };
  return decodeBody(opened.body, header, names)
    .filter(isOwnOp)
    .map((op) => ({ op, plain: op }));
};
