/**
 * What each side knows of the other's heads: summaries and tips, received and sent (FORMATS.md §8,
 * types 5 and 7). Everything is sent again until the other's next summary shows that it arrived,
 * and then no more: two sides that verified each other are silent.
 */
import { equalBytes } from "../base/bytes.ts";
import { summariesPerMessageMax, tipsPerMessageMax } from "../base/limits.ts";
import type { HeaderHash, ScopeId, WriterId } from "../base/types.ts";
import type { Message, Summary } from "./frames.ts";
import { compareTips, digestProof, type Tip } from "./heads.ts";
import { takeTurn } from "./allowance.ts";
import { noteUnknown } from "./announce.ts";
import { pushTotal, withPushed } from "./push.ts";
import {
  changeScope,
  count,
  send,
  type Draft,
  type LocalSummary,
  type ScopeState,
  type Sent,
  type SessionView,
} from "./sessionState.ts";
import { isEqual, isSameHeads, isVerified } from "./status.ts";

export const attachScope = (draft: Draft, local: LocalSummary): void => {
  draft.lastRevision++;
  draft.scopes.set(local.scope, {
    local,
    proofs: proofsOf(draft, local),
    localN: greatestN(local.tips),
    revision: draft.lastRevision,
    summarySent: null,
    tipsSent: null,
    peerSaw: 0,
    peerSawTips: 0,
    ...{ isReplyDue: false, isAbsent: false, isUrgent: false, areTipsWanted: false },
    ...{ askedRevision: 0, pushedSince: 0, pushed: [] },
    peer: null,
    peerTips: null,
    missing: new Map(),
    missingOps: 0,
    retries: new Map(),
    status: null,
  });
};

export const setLocal = (draft: Draft, local: LocalSummary, view: SessionView): void => {
  const scope = draft.scopes.get(local.scope);
  if (scope === undefined || isSameSummary(scope.local, local)) return;
  draft.lastRevision++;
  // What the same heads say was read, or mended
  const isRead = local.digest !== null && local.headsHash === scope.local.headsHash;
  const changed = changeScope(draft, scope, {
    local,
    isUrgent: scope.isUrgent || isRead,
    proofs: proofsOf(draft, local),
    localN: greatestN(local.tips),
    revision: draft.lastRevision,
  });
  if (isSameHeads(changed)) adoptEqualTips(draft, changed);
  else pruneMissing(draft, local.scope, view);
};

/** Drops from what is missing what has come. */
export const pruneMissing = (draft: Draft, id: ScopeId, view: SessionView): void => {
  const scope = draft.scopes.get(id);
  if (scope !== undefined) setMissing(draft, scope, [...scope.missing.values()], view);
};

/**
 * A new revision of the same summary: the peer must answer it. What it said that it holds is looked
 * at again, too: the log here may have lost some of it.
 */
export const askAnew = (draft: Draft, id: ScopeId, view: SessionView): void => {
  const scope = draft.scopes.get(id);
  if (scope === undefined) return;
  draft.lastRevision++;
  // Who did not share it may do so by now
  const asked = changeScope(draft, scope, {
    ...{ revision: draft.lastRevision, askedRevision: draft.lastRevision },
    ...{ isAbsent: false, isReplyDue: true },
  });
  const theirs = [...(asked.peerTips?.byWriter.values() ?? [])].flat();
  if (!isSameHeads(asked)) setMissing(draft, asked, theirs, view);
};

export const takeSummary = (draft: Draft, summary: Summary): void => {
  const scope = draft.scopes.get(summary.scope);
  if (scope === undefined) {
    noteUnknown(draft);
    return;
  }
  const known = scope.peer?.revision ?? 0;
  if (summary.revision < known) count(draft, "summary-old");
  // What it cannot have seen does not count
  const said = scope.summarySent?.revision ?? 0;
  const peerSaw = Math.max(scope.peerSaw, Math.min(summary.seen, said));
  const acknowledged = changeScope(draft, scope, {
    ...{ peerSaw, isAbsent: false },
    peerSawTips: Math.max(scope.peerSawTips, Math.min(summary.seenTips, scope.revision)),
    // What it was told while it had not attached it, it did not take in
    isReplyDue: scope.isReplyDue || scope.isAbsent || isReplyWanted(draft, scope, summary),
    summarySent: scope.summarySent && { ...scope.summarySent, isAnswered: true },
  });
  const { revision, headsHash, proof } = summary;
  const told =
    revision <= known
      ? acknowledged
      : changeScope(draft, acknowledged, {
          peer: { revision, headsHash, proof },
          summarySent: acknowledged.summarySent && {
            ...acknowledged.summarySent,
            waitMs: draft.options.summaryRepeatMs,
          },
        });
  if (isSameHeads(told)) {
    if (revision > known) adoptEqualTips(draft, told);
  } else if (isOtherThanSaid(told, summary)) changeScope(draft, told, { areTipsWanted: true });
};

/**
 * Not where what it asks for is on its way: it asks again if that is lost. Who was asked to say
 * anew what it holds, and says what it held before, has not heard of that yet.
 */
const isReplyWanted = (
  { now, options }: Draft,
  { summarySent: sent, revision, askedRevision }: ScopeState,
  { reply, seen }: Summary,
): boolean => {
  if (seen < askedRevision) return true;
  const isOnItsWay =
    sent !== null &&
    sent.revision === revision &&
    seen < sent.revision &&
    now - sent.at < options.tipsGapMs;
  return reply && !isOnItsWay;
};

/** The peer has seen what I last said of my heads, and its own are not those. */
const isOtherThanSaid = ({ summarySent: sent }: ScopeState, summary: Summary): boolean =>
  sent !== null && summary.seen >= sent.revision && summary.headsHash !== sent.headsHash;

export const takeTips = (
  draft: Draft,
  message: Extract<Message, { kind: "sync-response" }>,
  view: SessionView,
): void => {
  const scope = draft.scopes.get(message.scope);
  if (scope === undefined) {
    count(draft, "scope-unknown");
    return;
  }
  if (message.revision <= (scope.peerTips?.revision ?? 0)) {
    count(draft, "tips-repeated");
    // The peer repeats them because it does not know that they came.
    changeScope(draft, scope, { isReplyDue: true });
    return;
  }
  const named = noteNamed(draft, scope, message.revision, message.tips);
  setMissing(draft, named, message.tips, view);
};

/** Sends the summaries that are due, as few messages as possible. */
export const sendSummaries = (draft: Draft, isTick: boolean): void => {
  const due = [...draft.scopes.values()].filter((scope) => isSummaryDue(draft, scope, isTick));
  for (let at = 0; at < due.length; at += summariesPerMessageMax) {
    if (!takeTurn(draft)) return;
    const part = due.slice(at, at + summariesPerMessageMax);
    const total = pushTotal(draft.push);
    draft.push = { ...draft.push, told: total };
    const summaries = part.map((scope) => summaryOf(draft, scope));
    send(draft, { kind: "sync-request", pushTotal: total, summaries });
    for (const [index, scope] of part.entries()) {
      noteSummarySent(draft, scope, summaries[index]?.reply === true);
    }
  }
};

/** Sends the tips of scopes where the peer's heads differ and it does not know mine. */
export const sendTips = (draft: Draft): void => {
  for (const scope of draft.scopes.values()) {
    if (!areTipsDue(draft, scope) || !takeTurn(draft)) continue;
    const { local, revision, tipsSent } = scope;
    // Beyond the limit the last writers are not told of: such a scope waits for a checkpoint.
    const tips = local.tips.toSorted(compareTips).slice(0, tipsPerMessageMax);
    send(draft, { kind: "sync-response", scope: local.scope, revision, tips });
    const waitMs = nextWait(draft, tipsSent, tipsSent?.revision === revision);
    const sent = { at: draft.now, revision, waitMs };
    changeScope(draft, scope, { tipsSent: sent, areTipsWanted: false });
  }
};

/**
 * What was asked for at once, and what changed between the two of us; what others brought with the
 * next tick, since they bring it to the peer too, unless all was quiet. While the last summary is
 * not answered, what changes gathers for the next.
 */
const isSummaryDue = (draft: Draft, scope: ScopeState, isTick: boolean): boolean => {
  const { summarySent: sent, revision, peerTips } = scope;
  if (scope.isAbsent) return false;
  if (sent === null || scope.isReplyDue) return true;
  const sinceMs = draft.now - sent.at;
  const isRested = sinceMs >= draft.options.tipsGapMs;
  if (sent.revision < revision && (scope.isUrgent || isTick) && (sent.isAnswered || isRested)) {
    return isRested || !isBeingFilled(draft, scope);
  }
  if (isTick && !isSameHeads(scope) && sent.seenTips < (peerTips?.revision ?? 0)) return true;
  if (isVerified(scope)) return false;
  const isKnown = isSameHeads(scope) && scope.peerSaw === revision;
  return sinceMs >= (isKnown ? draft.options.summaryRepeatMsMax : sent.waitMs);
};

/** The peer's answer comes in: what I hold changes with every message. */
const isBeingFilled = ({ request }: Draft, { local }: ScopeState): boolean =>
  request?.ranges.some(({ scope }) => scope === local.scope) === true;

/**
 * An answer is wanted until the peer has seen this; and where it has, and something else is known
 * of it, now and then: what it said since may be lost.
 */
const summaryOf = ({ now }: Draft, scope: ScopeState): Summary => {
  const { local, proofs, revision, peer, peerTips, peerSaw, summarySent: sent } = scope;
  const isRepeated = sent !== null && now - sent.at >= sent.waitMs;
  return {
    scope: local.scope,
    revision,
    headsHash: local.headsHash,
    proof: proofs?.mine ?? null,
    unread: local.unread,
    parked: local.parked,
    seen: peer?.revision ?? 0,
    seenTips: peerTips?.revision ?? 0,
    reply: !isEqual(scope) && (isRepeated || peerSaw < revision),
  };
};

/** Where no answer is asked for, none is waited for. */
const noteSummarySent = (draft: Draft, scope: ScopeState, isAnswerAsked: boolean): void => {
  const { revision, local, summarySent, peerTips } = scope;
  const waitMs = nextWait(draft, summarySent, summarySent?.revision === revision);
  changeScope(draft, scope, {
    ...{ isReplyDue: false, isUrgent: false, pushedSince: 0 },
    summarySent: {
      ...{ at: draft.now, revision, waitMs, headsHash: local.headsHash },
      ...{ seenTips: peerTips?.revision ?? 0, isAnswered: !isAnswerAsked },
    },
  });
};

/** At the beginning at once; later only to who is known to lack something of what I said. */
const areTipsDue = (draft: Draft, scope: ScopeState): boolean => {
  const { peer, peerTips, tipsSent, revision } = scope;
  if (peer === null || isSameHeads(scope) || scope.peerSawTips >= revision) return false;
  if (tipsSent === null) return peerTips === null || scope.areTipsWanted;
  const isRepeated = tipsSent.revision === revision;
  if (!isRepeated && !scope.areTipsWanted) return false;
  return draft.now - tipsSent.at >= (isRepeated ? tipsSent.waitMs : draft.options.tipsGapMs);
};

const nextWait = (draft: Draft, before: Sent | null, isRepeated: boolean): number => {
  const { summaryRepeatMs, summaryRepeatMsMax } = draft.options;
  if (before === null || !isRepeated) return summaryRepeatMs;
  return Math.min(before.waitMs * 2, summaryRepeatMsMax);
};

/** Equal hashes say what the peer holds without a word. */
const adoptEqualTips = (draft: Draft, scope: ScopeState): void => {
  // They may be older than what was cut and pushed meanwhile: `local` comes behind it
  const named = noteNamed(draft, scope, scope.peer?.revision ?? 0, scope.local.tips);
  changeScope(draft, named, nothingMissing);
};

/** The peer holds these, and what was pushed upon them. */
const noteNamed = (
  draft: Draft,
  scope: ScopeState,
  revision: number,
  tips: readonly Tip[],
): ScopeState => {
  const { byWriter, pushed } = withPushed(draft, scope, tipsByWriter(tips));
  return changeScope(draft, scope, { peerTips: { revision, byWriter }, pushed });
};

const nothingMissing = { missing: new Map(), missingOps: 0, retries: new Map() } as const;

const setMissing = (
  draft: Draft,
  scope: ScopeState,
  candidates: readonly Tip[],
  view: SessionView,
): void => {
  const missing = new Map<HeaderHash, Tip>();
  let missingOps = 0;
  for (const tip of candidates) {
    if (view.hasHeader(scope.local.scope, tip.hash)) continue;
    missing.set(tip.hash, tip);
    missingOps += Math.max(1, tip.n - (scope.localN.get(tip.writer) ?? 0));
  }
  const retries = new Map([...scope.retries].filter(([hash]) => missing.has(hash)));
  changeScope(draft, scope, { missing, missingOps, retries });
};

const proofsOf = ({ identity }: Draft, { digest }: LocalSummary): ScopeState["proofs"] => {
  if (digest === null) return null;
  const { key, transcript, role } = identity;
  return {
    mine: digestProof(key, transcript, role, digest),
    theirs: digestProof(key, transcript, role === "I" ? "R" : "I", digest),
  };
};

const tipsByWriter = (tips: readonly Tip[]): Map<WriterId, readonly Tip[]> => {
  const byWriter = new Map<WriterId, Tip[]>();
  for (const tip of tips) {
    const known = byWriter.get(tip.writer);
    if (known === undefined) byWriter.set(tip.writer, [tip]);
    else known.push(tip);
  }
  return byWriter;
};

const greatestN = (tips: readonly Tip[]): ReadonlyMap<WriterId, number> => {
  const greatest = new Map<WriterId, number>();
  for (const { writer, n } of tips) greatest.set(writer, Math.max(n, greatest.get(writer) ?? 0));
  return greatest;
};

const isSameSummary = (a: LocalSummary, b: LocalSummary): boolean =>
  a.headsHash === b.headsHash &&
  a.unread === b.unread &&
  a.parked === b.parked &&
  isSameDigest(a.digest, b.digest);

const isSameDigest = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : equalBytes(a, b);
