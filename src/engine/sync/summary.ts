/**
 * What a home says of itself to peers, and what a session asks of it while it steps.
 */
import type { HeaderHash, ScopeId, WriterId } from "../../core/base/types.ts";
import type { HeaderNode } from "../../core/segment/branches.ts";
import { wantHavesMax } from "../../core/base/limits.ts";
import { headsHashOf } from "../../core/sync/heads.ts";
import type { CutSegment, LocalSummary } from "../../core/sync/sessionState.ts";
import type { DeliveredSegment } from "../../core/segment/segment.ts";
import { equalBytes } from "../../core/base/bytes.ts";
import { writersOf, type Home } from "../home.ts";

/**
 * The digest is of what the heads say, so there is none while anything is unread, or written here
 * and not yet cut.
 */
export const summaryOf = (home: Home): LocalSummary => {
  const tips = home.tree.heads();
  const unread = home.reading.unreadCount();
  const isSettled = unread === 0 && pendingOpsOf(home) === 0;
  return {
    scope: home.scope,
    headsHash: headsHashOf(tips),
    tips,
    digest: isSettled ? home.digest.value() : null,
    unread,
    parked: home.documents.parkedCount,
  };
};

/** Ops of this device that are not cut yet. */
export const pendingOpsOf = (home: Home): number =>
  writersOf(home).reduce((sum, writer) => sum + writer.pendingOps(), 0);

/** Earlier incarnations included, but those that forked: these are like any other's. */
export const ownWritersOf = ({ tree, membership, writer }: Home): ReadonlySet<WriterId> => {
  const own = new Set<WriterId>(writer === null ? [] : [writer.id]);
  for (const head of tree.heads()) {
    const key = tree.get(head.hash)?.origin.signingKey;
    const isOwn = key !== undefined && equalBytes(key, membership.device.publicKey);
    if (isOwn && tree.headsOf(head.writer).length === 1) own.add(head.writer);
  }
  return own;
};

/** A writer's tips first, then headers below them spaced ever wider. */
export const locatorIn = ({ tree }: Home, writer: WriterId): readonly HeaderHash[] => {
  const tips = tree.headsOf(writer).map(({ hash }) => hash);
  const below: HeaderHash[] = [];
  for (const tip of tips) {
    const line = lineageOf(tree.get(tip));
    for (let step = 1, at = line.length - 2; at >= 0; step *= 2, at -= step) {
      const hash = line[at];
      if (hash !== undefined) below.push(hash);
    }
  }
  return [...tips, ...below].slice(0, wantHavesMax);
};

/** The headers from a writer's first up to this one. */
export const lineageOf = (node: HeaderNode | null): readonly HeaderHash[] => {
  const line: HeaderHash[][] = [];
  for (let branch = node?.branch ?? null; branch !== null; branch = branch.parent) {
    const upTo = branch === node?.branch ? node.first : Infinity;
    line.push(branch.nodes.filter(({ first }) => first <= upTo).map(({ hash }) => hash));
  }
  return line.reverse().flat();
};

export const cutSegmentOf = (
  scope: ScopeId,
  { header, headerHash, bytes }: DeliveredSegment,
  held: boolean,
): CutSegment => ({
  scope,
  writer: header.writer,
  n: header.first + header.count - 1,
  previous: header.previous,
  hash: headerHash,
  bytes,
  held,
});
