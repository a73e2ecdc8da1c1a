/**
 * One collection in one network: the unit of replication. Its documents, the tree of what was
 * delivered, what is not yet read, and this device's own writer.
 */
import { equalBytes } from "../core/base/bytes.ts";
import { assert } from "../core/base/result.ts";
import type { Dot, HeaderHash, ScopeId, WriterId } from "../core/base/types.ts";
import type { CheckedCertificate } from "../core/network/certificate.ts";
import type { ControlChain } from "../core/network/control.ts";
import { isLaterHead } from "../core/network/laterHead.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import type { HeaderEntry } from "../core/segment/branches.ts";
import { createSegmentCounters, type SegmentCounters } from "../core/segment/counters.ts";
import { createReadingQueue, type ReadingQueue } from "../core/segment/reading.ts";
import type { Keyring } from "../core/segment/open.ts";
import type { SealingKeys } from "../core/segment/seal.ts";
import type { DeliveredSegment } from "../core/segment/segment.ts";
import { createSegmentTree, type SegmentTree } from "../core/segment/tree.ts";
import type { HeadProof } from "../core/sync/sessionState.ts";
import type { AsideSegment, NotAccepted } from "./aside.ts";
import { Documents } from "./documents.ts";
import { deviceNameOf } from "./device.ts";
import type { Membership } from "./identity.ts";
import { createStateDigest, noDigest, type StateDigest } from "./stateDigest.ts";
import type { PageCache } from "./pages/pageCache.ts";
import { FreshSegments } from "./pages/freshSegments.ts";
import type { OwnWriter } from "./writer.ts";

export interface Home {
  readonly pages: PageCache;
  readonly collection: string;
  readonly membership: Membership;
  readonly scope: ScopeId;
  documents: Documents;
  digest: StateDigest;
  readonly counters: SegmentCounters;
  /** What is delivered; made anew when the home is rebuilt from its log. */
  tree: SegmentTree;
  /**
   * A fork gave ops other names in the tree, or some came behind what replaces them: the documents
   * are still to be read anew.
   */
  isRenamed: boolean;
  /** What is delivered and not yet read. */
  reading: ReadingQueue;
  /** null until this device writes here, and after its incarnation ended. */
  writer: OwnWriter | null;
  /** Stored segments that no checkpoint holds. */
  readonly fresh: FreshSegments;
  /**
   * Of an opening from a checkpoint: up to where its pages hold this device's ops that were not cut
   * then, which must not be applied again.
   */
  applied: ReadonlyMap<WriterId, number>;
  /**
   * Of `local`: up to which n each writer's ops went from the log, behind the time of history.
   * Everything that they made of the documents was written anew.
   */
  trimmed: ReadonlyMap<WriterId, number>;
  /** How many headers of the tree the last checkpoint holds; null: there is none of this home. */
  storedHeaders: number | null;
  /** The number that the next page gets. */
  nextPage: number;
  /** Incarnations that ended with ops still to be cut. */
  retired: readonly OwnWriter[];
  /**
   * The last signed header of each of this device's writers: what a copy of this device is shown.
   */
  readonly proofs: Map<WriterId, HeadProof>;
  /** What this device wrote, and its right to write ended before; it stands beside the log. */
  aside: readonly AsideSegment[];
  /**
   * Void logs went; what this device built on them is still to be set aside, or to be let go of by
   * the journal.
   */
  isDropped: boolean;
  /** The former: nothing is cut, since it could name what is not there any more. */
  isUnsettled: boolean;
  /** All of it that nobody accepts; null: there is nothing. */
  notAccepted: NotAccepted | null;
  /** The device that made an op, as `_peerId` shows it. */
  deviceOf(dot: Dot): string;
}

export const createHome = (deps: {
  readonly pages: PageCache;
  readonly membership: Membership;
  readonly collection: string;
  readonly scope: ScopeId;
}): Home => {
  const tree = createSegmentTree();
  const home: Home = {
    ...deps,
    documents: new Documents(deps.scope, deps.pages),
    digest: digestFor(deps.membership),
    counters: createSegmentCounters(),
    tree,
    reading: createReadingQueue(tree),
    fresh: new FreshSegments(deps.scope),
    ...{ applied: new Map<WriterId, number>(), storedHeaders: null, nextPage: 0 },
    trimmed: new Map(),
    isRenamed: false,
    writer: null,
    retired: [],
    proofs: new Map(),
    ...{ aside: [], isDropped: false, isUnsettled: false, notAccepted: null },
    deviceOf: (dot) => deviceIn(home, dot),
  };
  return home;
};

/** The same home with nothing read: to be read anew, and then to take the place of what was. */
export const emptyHome = (home: Home): Home => ({
  ...createHome(home),
  ...{ counters: home.counters, fresh: home.fresh },
});

/**
 * At once, so that nobody meets a home that is half read. What this device wrote and did not cut
 * stands elsewhere.
 */
export const replaceContents = (home: Home, read: Home): void => {
  home.documents = read.documents;
  home.digest = read.digest;
  home.tree = read.tree;
  home.isRenamed = false;
  home.reading = read.reading;
  home.applied = read.applied;
  home.trimmed = read.trimmed;
  home.storedHeaders = read.storedHeaders;
  home.nextPage = Math.max(home.nextPage, read.nextPage);
  for (const [writer, proof] of read.proofs) home.proofs.set(writer, proof);
};

/** Signed by this device, in whatever incarnation. */
export const isOwnSegment = ({ membership }: Home, { origin }: DeliveredSegment): boolean =>
  equalBytes(origin.signingKey, membership.device.publicKey);

export const noteProof = (home: Home, segment: DeliveredSegment): void => {
  const { header, headerBytes, signature } = segment;
  if (isOwnSegment(home, segment)) {
    home.proofs.set(header.writer, { header: headerBytes, signature });
  }
};

/** Whether the checkpoint that the home was read from held the op already. */
export const isApplied = ({ applied }: Home, { dot }: Op | NoOp): boolean =>
  applied.size > 0 && dot.n <= (applied.get(dot.writer) ?? 0);

/** Whether only the header is kept of a segment. */
export const isTrimmed = (
  { trimmed }: Home,
  { writer, first, count }: Pick<HeaderEntry, "writer" | "first" | "count">,
): boolean => first + count - 1 <= (trimmed.get(writer) ?? 0);

/** The incarnation ends; what it did not cut is cut under its name. */
export const retireWriter = (home: Home): void => {
  const ended = [...home.retired, ...(home.writer === null ? [] : [home.writer])];
  home.retired = ended.filter((writer) => writer.pendingOps() > 0);
  home.writer = null;
};

/** This device's writers here that have ops to cut, the present one last. */
export const writersOf = ({ writer, retired }: Home): readonly OwnWriter[] =>
  writer === null ? retired : [...retired, writer];

/** Whether this device wrote something here that is not cut. */
export const hasPending = (home: Home): boolean =>
  writersOf(home).some((writer) => writer.pendingOps() > 0);

const digestFor = (membership: Membership): StateDigest =>
  membership.kind === "local" ? noDigest : createStateDigest();

export const controlOf = ({ membership }: Home): ControlChain | null =>
  membership.kind === "local" || membership.network.suite === 0 ? null : membership.control;

/**
 * It comes to a log that ended behind what names that log beyond its end. Its ops were to be read
 * first: what others replaced of them would come back.
 */
export const isLate = (
  home: Home,
  { header: { writer, first } }: Pick<DeliveredSegment, "header">,
): boolean =>
  controlOf(home)?.isVoidRow(home.scope, writer, Infinity) === true &&
  home.tree.isNamedBeyond(writer, first);

/** What this device opens its logs with; null in suite 0. */
export const certificateOf = ({ membership }: Home): CheckedCertificate | null =>
  membership.kind === "local" || membership.network.suite === 0
    ? null
    : membership.device.certificate;

export const sealingKeysOf = ({ membership, scope }: Home): SealingKeys => {
  const { networkHash } = membership.network;
  const context = { networkHash, scope, mayCompress: true };
  if (membership.kind === "local" || membership.network.suite === 0) {
    return { ...context, suite: 0 };
  }
  const epoch = membership.epochs.writing();
  assert(epoch !== null, "only who may write cuts");
  return { ...context, suite: 1, epoch, signingSeed: membership.device.seed };
};

/**
 * False where what was written waits: this device is not admitted yet, or lacks the epoch's key, or
 * what it wrote may stand on what has just become void, or on what names a later head of the chain.
 */
export const mayCut = (home: Home): boolean => {
  const { membership, isUnsettled } = home;
  if (membership.kind === "local") return true;
  return membership.epochs.writing() !== null && !isUnsettled && !isAheadOfChain(home);
};

/**
 * A crash came between a cut and the records that its head is of, or the chain froze before them.
 * Behind such a segment one under the present head would be older than what it builds on, and count
 * for nobody.
 */
const isAheadOfChain = (home: Home): boolean => {
  const { membership, tree } = home;
  if (membership.kind !== "closed") return false;
  const { control } = membership;
  const present = control.head();
  const isLater = (header: HeaderHash): boolean => {
    const named = tree.get(header)?.controlHead ?? null;
    return named !== null && isLaterHead(named, present);
  };
  const own = writersOf(home).flatMap(({ head }) => head ?? []);
  const others = control.isFrozen() ? tree.heads().map(({ hash }) => hash) : [];
  return [...own, ...others].some(isLater);
};

export const keyringOf = ({ membership, scope }: Home): Keyring => ({
  networkHash: membership.network.networkHash,
  scope,
  epochKey: (epoch) => (membership.kind === "local" ? null : membership.epochs.key(epoch)),
});

/**
 * An op that was first written in another home goes by its writer there, whose device nobody here
 * can tell.
 */
const deviceIn = ({ tree, membership, writer }: Home, dot: Dot): string => {
  const place = tree.locate(dot);
  const node = place === null ? null : tree.get(place.header);
  if (node !== null) return deviceNameOf(node.origin.signingKey);
  return writer?.id === dot.writer ? membership.device.name : dot.writer;
};
