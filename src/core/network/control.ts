/**
 * The port to a network's control chain: who may write, under which key, and up to where. Segments
 * are judged through it alone, so that open networks (openControl.ts, one answer for ever) and the
 * chains of closed networks (FORMATS.md §6) are judged by the same code. Also the codec of a
 * control head, [term, height, H16].
 */
import { hexToBytes } from "../base/bytes.ts";
import { shortHashOf } from "../base/ids.ts";
import type { ScopeId, ShortHash, WriterId } from "../base/types.ts";
import type { CborItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import type { CheckedCertificate } from "./certificate.ts";

/** A record of the control chain, named by where it stands and what it is. */
export interface ControlHead {
  readonly term: number;
  readonly height: number;
  readonly hash: ShortHash;
}

export type HeadFinding =
  /**
   * `position` rises along the chain; a head on an orphaned branch has that of its last ancestor on
   * the chain.
   */
  | { readonly kind: "known"; readonly position: number }
  /** May yet arrive: whatever names it waits. */
  | { readonly kind: "unknown" }
  /** Can never be a head of this network. */
  | { readonly kind: "impossible" };

export interface ControlChain {
  /** What new segments are written under. */
  readonly head: () => ControlHead;
  readonly find: (head: ControlHead) => HeadFinding;
  /** The epoch that is current at a known head. */
  readonly epochAt: (head: ControlHead) => ShortHash;
  /** Whether the certificate's device is a member with the right to write at a known head. */
  readonly mayWrite: (certificate: CheckedCertificate, head: ControlHead) => boolean;
  /**
   * The last n of this writer that counts, 0 if none does, null while nothing closes it. A segment
   * that reaches beyond is not delivered: a frontier inside a segment means before it. `openedAt`:
   * the position of the head under which the writer began; one that began later is not closed.
   */
  readonly frontierOf: (
    scope: ScopeId,
    writer: WriterId,
    signingKey: Uint8Array,
    openedAt: number,
  ) => number | null;
  /**
   * Whether a row names what lies beyond a frontier, and so is never delivered: such rows are met
   * unchecked.
   */
  readonly isVoidRow: (scope: ScopeId, writer: WriterId, n: number) => boolean;
}

export const isSameHead = (a: ControlHead, b: ControlHead): boolean =>
  a.term === b.term && a.height === b.height && a.hash === b.hash;

export const controlHeadToItem = ({ term, height, hash }: ControlHead): CborItem => [
  term,
  height,
  hexToBytes(hash),
];

/** Throws FormFault for any other shape. */
export const readControlHead = (reader: CborReader): ControlHead => {
  if (reader.readArrayHead() !== 3) reader.fail("wrongShape", "a control head has three parts");
  const term = reader.readUint();
  const height = reader.readUint();
  const hash = reader.readBytes();
  if (hash.length !== 16) reader.fail("wrongShape", "16 bytes are due");
  return { term, height, hash: shortHashOf(hash) };
};
