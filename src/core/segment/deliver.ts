/**
 * Delivery: whether a segment counts (FORMATS.md §3). Rests only on what anyone can check, members
 * without the epoch's key included: form and sizes (segment.ts), the writer's name, the chain of
 * its headers, its rows, control head, certificate and right, frontier, signature. What passes
 * advances the vector and is passed on, even if its body turns out to mean nothing.
 *
 * Segments of one scope are to be checked one after another, each added to the tree before the
 * next: a verdict holds for the tree that it saw.
 */
import { equalBytes } from "../base/bytes.ts";
import { shortened } from "../base/ids.ts";
import { forkBranchesMax } from "../base/limits.ts";
import { assert, fail, ok, type Result } from "../base/result.ts";
import type { ScopeId, ShortHash, WriterId } from "../base/types.ts";
import type { CryptoPort } from "../crypto/port.ts";
import {
  checkCertificate,
  storedCertificate,
  type CertificateFault,
} from "../network/certificate.ts";
import type { ControlChain, ControlHead } from "../network/control.ts";
import { writerOf } from "../network/keys.ts";
import { writerBegin, type HeaderEntry, type HeaderNode, type WriterOrigin } from "./branches.ts";
import type { Opening, SegmentHeader, Suite } from "./header.ts";
import { signedText, type ScopeContext } from "./seal.ts";
import { isBodyWhole, type DeliveredSegment, type ParsedSegment } from "./segment.ts";
import type { SegmentTree } from "./tree.ts";

/** What delivery looks at. */
export interface DeliveryView extends ScopeContext {
  readonly suite: Suite;
  readonly tree: Pick<SegmentTree, "get" | "find" | "held" | "wouldSplit" | "headsOf">;
  /** Null exactly in suite 0. */
  readonly control: ControlChain | null;
  readonly crypto: Pick<CryptoPort, "verify" | "sha256">;
}

/** What a segment lacks to be judged. */
export type Need =
  | {
      readonly kind: "header";
      readonly writer: WriterId;
      /** An op that the header holds. */
      readonly n: number;
      readonly header: ShortHash;
    }
  | { readonly kind: "control"; readonly head: ControlHead };

/** Why a well-formed segment will never count. */
export type DeliveryFault =
  /** Not the suite of this network. */
  | "suite"
  /** Another header with the same first half of its hash is delivered. */
  | "short-hash"
  /** The body is not the one that the header names: damaged on its way. */
  | "body-hash"
  /** The writer is not what its opening says. */
  | "writer"
  /** The certificate is of another signing key. */
  | "certificate-key"
  | CertificateFault
  /** It names a predecessor that it does not follow. */
  | "not-continuing"
  | "signature"
  /** A row names an op that its header does not hold. */
  | "row-outside"
  /** The control head can be none of this network. */
  | "control-head"
  /** Older than the control head of its predecessor or of a row. */
  | "control-head-older"
  /** Sealed under an epoch that was not current at its control head. */
  | "epoch"
  | "no-right"
  | "beyond-frontier"
  /** One more branch than is kept of a forked writer. */
  | "too-many-branches";

export type DeliveryVerdict =
  | { readonly kind: "delivered"; readonly segment: DeliveredSegment }
  | { readonly kind: "known" }
  | { readonly kind: "waits"; readonly needs: readonly Need[] }
  | {
      readonly kind: "refused";
      readonly reason: DeliveryFault;
      /**
       * The writer signed what breaks the rules. Else whoever sent it may have made or spoilt it.
       */
      readonly isProofOfGuilt: boolean;
    };

export const checkDelivery = async (
  segment: ParsedSegment,
  view: DeliveryView,
): Promise<DeliveryVerdict> => {
  const { header, headerHash } = segment;
  if (header.suite !== view.suite) return refused("suite");
  const held = view.tree.held(shortened(headerHash));
  if (held !== null) return held === headerHash ? { kind: "known" } : refused("short-hash");
  if (!(await isBodyWhole(segment, view.crypto))) return refused("body-hash");
  const previous = header.previous === null ? null : view.tree.get(header.previous);
  if (header.previous !== null && previous === null) {
    return { kind: "waits", needs: needsOf(header, view) };
  }
  const origin = await originOf(header, previous, view);
  if (!origin.ok) return refused(origin.error);
  const isSigned = await isSignedBy(origin.value, segment, view);
  if (!isSigned) return refused("signature");
  const fault = ruleBroken(header, previous, origin.value, view);
  if (fault !== null) return refused(fault, view.suite === 1);
  const needs = needsOf(header, view);
  if (needs.length > 0) return { kind: "waits", needs };
  return { kind: "delivered", segment: delivered(segment, origin.value) };
};

/**
 * A segment from this device's own store, which was delivered before it came there. Its predecessor
 * must be in the tree. Null: the store holds what never was delivered, which is damage.
 */
export const deliverStored = (
  segment: ParsedSegment,
  tree: Pick<SegmentTree, "get">,
): DeliveredSegment | null => {
  const { opening, previous } = segment.header;
  if (opening === null) {
    const node = previous === null ? null : tree.get(previous);
    return node === null ? null : delivered(segment, node.origin);
  }
  if (opening.certificate === null) {
    return delivered(segment, { signingKey: opening.signingKey, certificate: null });
  }
  const certificate = storedCertificate(opening.certificate);
  if (certificate === null) return null;
  return delivered(segment, { signingKey: opening.signingKey, certificate });
};

/** A segment that this device has just cut: its word for its own log. */
export const deliverOwn = (segment: ParsedSegment, origin: WriterOrigin): DeliveredSegment =>
  delivered(segment, origin);

const delivered = (segment: ParsedSegment, origin: WriterOrigin): DeliveredSegment =>
  // The one place that makes them: everything that delivery rests on was checked, now or before it
  // was stored.
  ({ ...segment, origin }) as DeliveredSegment;

const refused = (reason: DeliveryFault, isProofOfGuilt = false): DeliveryVerdict => ({
  kind: "refused",
  reason,
  isProofOfGuilt,
});

/** Who writes: from the opening, or as the chain's first header said it. */
const originOf = async (
  header: SegmentHeader,
  previous: HeaderNode | null,
  view: DeliveryView,
): Promise<Result<WriterOrigin, DeliveryFault>> => {
  if (previous !== null) {
    const isNext = previous.first + previous.count === header.first;
    return isNext && previous.writer === header.writer
      ? ok(previous.origin)
      : fail("not-continuing");
  }
  assert(header.opening !== null, "a first segment has an opening");
  return openedOrigin(header.writer, header.opening, view);
};

const openedOrigin = async (
  writer: WriterId,
  { signingKey, incarnation, certificate }: Opening,
  { networkHash, scope, crypto }: DeliveryView,
): Promise<Result<WriterOrigin, DeliveryFault>> => {
  if (writerOf(networkHash, scope, signingKey, incarnation) !== writer) return fail("writer");
  if (certificate === null) return ok({ signingKey, certificate });
  const checked = await checkCertificate(certificate, networkHash, crypto);
  if (!checked.ok) return checked;
  if (!equalBytes(checked.value.signingKey, signingKey)) return fail("certificate-key");
  return ok({ signingKey, certificate: checked.value });
};

/** In suite 0 nothing is signed: parsing saw to that. */
export const isSignedBy = async (
  { signingKey }: Pick<WriterOrigin, "signingKey">,
  { headerBytes, signature }: ParsedSegment,
  view: Pick<DeliveryView, "networkHash" | "scope" | "crypto">,
): Promise<boolean> =>
  signature === null || view.crypto.verify(signingKey, signature, signedText(headerBytes, view));

/** What no arrival to come can mend. */
const ruleBroken = (
  header: SegmentHeader,
  previous: HeaderNode | null,
  origin: WriterOrigin,
  view: DeliveryView,
): DeliveryFault | null => {
  for (const { writer, n, header: hash } of header.rows) {
    const node = view.tree.find(writer, hash);
    if (node !== null && (n < node.first || n >= node.first + node.count)) return "row-outside";
  }
  const { writer } = header;
  if (
    view.tree.wouldSplit(writer, previous) &&
    view.tree.headsOf(writer).length >= forkBranchesMax
  ) {
    return "too-many-branches";
  }
  return view.control === null
    ? null
    : controlRuleBroken(header, previous, origin, view.control, view);
};

const controlRuleBroken = (
  header: SegmentHeader,
  previous: HeaderNode | null,
  { signingKey, certificate }: WriterOrigin,
  control: ControlChain,
  { scope, tree }: DeliveryView,
): DeliveryFault | null => {
  const { controlHead, key, writer, first, count } = header;
  assert(controlHead !== null && key !== null && certificate !== null, "suite 1 has all three");
  const found = control.find(controlHead);
  if (found.kind === "impossible") return "control-head";
  // Judged when the head has arrived.
  if (found.kind === "unknown") return null;
  const named = header.rows.map((row) => tree.find(row.writer, row.header));
  const isOlder = (node: HeaderNode | null): boolean =>
    positionOf(node?.controlHead ?? null, control) > found.position;
  if ([previous, ...named].some(isOlder)) return "control-head-older";
  if (control.epochAt(controlHead) !== key.epoch) return "epoch";
  if (!control.mayWrite(certificate, controlHead)) return "no-right";
  const openedUnder = previous === null ? controlHead : writerBegin(previous).controlHead;
  const segment = { writer, first, count, origin: { signingKey } };
  return isBeyondFrontier(segment, openedUnder, scope, control) ? "beyond-frontier" : null;
};

/** Whether the log of a writer that began under this head ends before the segment does. */
export const isBeyondFrontier = (
  {
    writer,
    first,
    count,
    origin,
  }: Pick<HeaderEntry, "writer" | "first" | "count"> & {
    readonly origin: Pick<WriterOrigin, "signingKey">;
  },
  openedUnder: ControlHead | null,
  scope: ScopeId,
  control: ControlChain,
): boolean => {
  const openedAt = positionOf(openedUnder, control);
  const end = control.frontierOf(scope, writer, origin.signingKey, openedAt);
  return end !== null && first + count - 1 > end;
};

/**
 * Whether a segment that was delivered counts no more: its log ends before it, or a term left the
 * head that it names beside the chain, and on the chain its device had no right then. Who gets it
 * only now refuses it, too.
 */
export const isVoid = (
  node: HeaderNode,
  openedUnder: ControlHead | null,
  scope: ScopeId,
  control: ControlChain,
): boolean => {
  if (isBeyondFrontier(node, openedUnder, scope, control)) return true;
  const { controlHead, origin } = node;
  if (controlHead === null || origin.certificate === null) return false;
  const isBeside = positionOf(controlHead, control) < controlHead.height;
  // Where the chain is only frozen, data goes on
  const isLeft = isBeside && controlHead.term < control.head().term;
  return isLeft && !control.mayWrite(origin.certificate, controlHead);
};

/** Where the head of a delivered segment stands; before all others where there is no segment. */
const positionOf = (head: ControlHead | null, control: ControlChain): number => {
  if (head === null) return -1;
  const found = control.find(head);
  assert(found.kind === "known", "the control head of a delivered segment is known");
  return found.position;
};

const needsOf = (
  header: SegmentHeader,
  { scope, tree, control }: DeliveryView,
): readonly Need[] => {
  const needs: Need[] = [];
  const { writer, first, previous, controlHead } = header;
  if (previous !== null && tree.get(previous) === null) {
    needs.push({ kind: "header", writer, n: first - 1, header: shortened(previous) });
  }
  for (const row of header.rows) {
    const isHere = tree.find(row.writer, row.header) !== null;
    if (isHere || control?.isVoidRow(scope, row.writer, row.n) === true) continue;
    needs.push({ kind: "header", ...row });
  }
  if (controlHead !== null && control?.find(controlHead).kind === "unknown") {
    needs.push({ kind: "control", head: controlHead });
  }
  return needs;
};
