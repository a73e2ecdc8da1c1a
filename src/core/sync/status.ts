/**
 * What may be claimed of a scope with this peer. A claim rests on the latest summaries of both
 * sides, so it falls with the first change on either.
 */
import { equalBytes } from "../base/bytes.ts";
import type { ScopeState, SyncStatus } from "./sessionState.ts";

/** By the latest that is known of the peer it holds exactly what I hold. */
export const isSameHeads = ({ local, peer, peerTips }: ScopeState): boolean => {
  if (peer === null || peer.headsHash !== local.headsHash) return false;
  // Tips may have overtaken the summary that goes with them.
  return peer.revision >= (peerTips?.revision ?? 0);
};

/** The same heads; and if the peer was asked to say so anew, it did. */
export const isAgreed = (scope: ScopeState): boolean =>
  isSameHeads(scope) && scope.peerSaw >= scope.askedRevision;

/** And the same state. */
export const isEqual = (scope: ScopeState): boolean =>
  isAgreed(scope) && isSameState(scope) === true;

/** And the peer was told: it can know as much. */
export const isVerified = (scope: ScopeState): boolean =>
  isEqual(scope) && scope.summarySent?.revision === scope.revision;

/** `isFetching`: a session is bringing something of this scope. */
export const statusOf = (scope: ScopeState, isFetching: boolean): SyncStatus => {
  if (scope.isAbsent) return { kind: "absent" };
  if (!isSameHeads(scope)) {
    const isBehind = scope.missing.size > 0 && !isFetching;
    return { kind: isBehind ? "behind" : "syncing", ops: scope.missingOps };
  }
  if (isSameState(scope) === false) {
    // What the peer says may be of a state here that is no more
    return scope.peerSaw < scope.revision ? { kind: "syncing", ops: 0 } : { kind: "mismatch" };
  }
  const verified = isVerified(scope);
  return { kind: "synced", verified, unread: scope.local.unread };
};

export const isSameStatus = (a: SyncStatus, b: SyncStatus): boolean => {
  if (a.kind === "synced" && b.kind === "synced") {
    return a.verified === b.verified && a.unread === b.unread;
  }
  return a.kind === b.kind && ("ops" in a ? a.ops : 0) === ("ops" in b ? b.ops : 0);
};

/** Null while one side has not read everything or not computed its digest. */
const isSameState = ({ proofs, peer }: ScopeState): boolean | null => {
  if (proofs === null || peer === null || peer.proof === null) return null;
  return equalBytes(proofs.theirs, peer.proof);
};
