/**
 * Segments sent unasked: own ones at once, others' once the peer has seen what is held here and
 * said that it holds something else, or said nothing for a while. Only where the peer is known to
 * hold exactly what comes before; everything else is found by comparing heads, and pulled. Also the
 * window that bounds what is pushed, in both directions.
 */
import { pushBytesMax, pushToldSegmentsMin } from "../base/limits.ts";
import type { WriterId } from "../base/types.ts";
import type { Tip } from "./heads.ts";
import {
  changeScope,
  count,
  segmentsBytes,
  send,
  type CutSegment,
  type Draft,
  type Forward,
  type PeerTips,
  type PushedTip,
  type PushState,
  type ScopeState,
  type SessionView,
} from "./sessionState.ts";

/** Up to which position the peer may push: what was taken in, and a window ahead. Never falls. */
export const pushTotal = ({ received, outstanding, told }: PushState): number =>
  Math.max(told, received - outstanding + pushBytesMax);

export const takeCut = (draft: Draft, segment: CutSegment, view: SessionView): void => {
  const found = draft.scopes.get(segment.scope);
  if (found === undefined) return;
  const isOwn = view.ownWriters(segment.scope).has(segment.writer);
  const isUrgent = found.isUrgent || segment.held || isOwn;
  const scope = changeScope(draft, found, { isUrgent });
  if (segment.held) noteHeld(draft, scope, segment, segment.previous);
  // It will be pulled
  else if (view.paceOf(segment.scope, segment.writer) !== "usual") return;
  else if (isOwn) pushOwn(draft, segment, view);
  else addForward(draft, segment);
};

/**
 * Own segments whose predecessor the peer got otherwise by now. Without them nothing more could be
 * pushed while something is written: what is new would always stand upon what the peer lacks.
 */
export const pushWaiting = (draft: Draft, view: SessionView): void => {
  const { waiting } = draft.push;
  if (waiting.length === 0) return;
  draft.push = { ...draft.push, waiting: [] };
  for (const segment of waiting) pushOwn(draft, segment, view);
};

/** After a tick or a message. A summary goes behind them, whose answer says whether they came. */
export const pushForwards = (draft: Draft, view: SessionView): void => {
  const { forwards } = draft.push;
  const due = forwards.filter((forward) => isForwardDue(draft, forward));
  if (due.length === 0) return;
  draft.push = { ...draft.push, forwards: forwards.filter((each) => !due.includes(each)) };
  const scopes = due.flatMap(({ segment }) => (push(draft, segment, view) ? segment.scope : []));
  for (const id of new Set(scopes)) {
    const scope = draft.scopes.get(id);
    if (scope === undefined) continue;
    draft.lastRevision++;
    changeScope(draft, scope, {
      ...{ revision: draft.lastRevision, isUrgent: true, areTipsWanted: false },
    });
  }
};

const isForwardDue = (draft: Draft, { segment, since }: Forward): boolean =>
  draft.scopes.get(segment.scope)?.areTipsWanted !== false ||
  draft.now - since >= draft.options.forwardMs;

/** The peer took in what I pushed: gives how far that moves the window, which it cannot widen. */
export const takePushCredit = (draft: Draft, total: number): number => {
  const before = draft.push.allowed;
  const allowed = Math.max(before, Math.min(total, draft.push.sent + pushBytesMax));
  draft.push = { ...draft.push, allowed };
  return allowed - before;
};

/**
 * Nothing that I pushed is on its way when both sides hold the same: what was lost counts no more.
 */
export const reopenPushWindow = (draft: Draft): void => {
  draft.push = { ...draft.push, allowed: draft.push.sent + pushBytesMax };
};

export const grantPushes = (draft: Draft): void => {
  const total = pushTotal(draft.push);
  if (total - draft.push.told < pushBytesMax / 2) return;
  draft.push = { ...draft.push, told: total };
  send(draft, { kind: "credit", request: null, total });
};

/**
 * Whether segments of this writer may leave for the peer (FORMATS.md §3, incarnations): others'
 * always; own ones once it named this writer's heads, or none, and all of them are in my tree.
 */
export const mayLeave = (
  scope: ScopeState,
  writer: CutSegment["writer"],
  view: SessionView,
): boolean => {
  const isOwn = view.ownWriters(scope.local.scope).has(writer);
  return !isOwn || namesHeldOnly(scope, writer, view);
};

/** It named this writer's heads, or none, and all of them are in my tree. */
export const namesHeldOnly = (
  scope: ScopeState,
  writer: CutSegment["writer"],
  view: Pick<SessionView, "hasHeader">,
): boolean =>
  scope.peerTips !== null &&
  tipsOf(scope, writer).every(({ hash }) => view.hasHeader(scope.local.scope, hash));

/** The peer holds this header now; `replaced` is the tip that it stands upon. */
export const noteHeld = (
  draft: Draft,
  scope: ScopeState,
  { writer, n, hash }: Tip,
  replaced: Tip["hash"] | null,
): ScopeState => {
  const { peerTips } = scope;
  const known = tipsOf(scope, writer);
  if (peerTips === null || known.some((tip) => tip.hash === hash)) return scope;
  const rest = known.filter((tip) => tip.hash !== replaced);
  const byWriter = new Map(peerTips.byWriter).set(writer, [...rest, { writer, n, hash }]);
  return changeScope(draft, scope, { peerTips: { ...peerTips, byWriter } });
};

export const tipsOf = (scope: ScopeState, writer: CutSegment["writer"]): readonly Tip[] =>
  scope.peerTips?.byWriter.get(writer) ?? [];

/**
 * What the window holds back is not kept: it is pulled, and what stands upon it waits for that. No
 * more than the window is kept, the newest.
 */
const pushOwn = (draft: Draft, segment: CutSegment, view: SessionView): void => {
  const scope = draft.scopes.get(segment.scope);
  if (scope === undefined || isPassed(scope, segment)) return;
  if (isNext(scope, segment)) push(draft, segment, view);
  else addWaiting(draft, segment);
};

const addWaiting = (draft: Draft, segment: CutSegment): void => {
  const waiting = [...draft.push.waiting, segment];
  let bytes = segmentsBytes(waiting.map((each) => each.bytes));
  while (bytes > pushBytesMax) bytes -= waiting.shift()?.bytes.length ?? 0;
  draft.push = { ...draft.push, waiting };
};

/** The peer holds it, or what comes behind it. */
const isPassed = (scope: ScopeState, { writer, n }: CutSegment): boolean =>
  tipsOf(scope, writer).some((tip) => tip.n >= n);

/**
 * What the peer said of its tips may be older than what was pushed since, and is so on any link
 * where a message takes longer than a write: taken at its word, the next segment would stand upon
 * one that it lacks. It names what it lacks later, if that was lost.
 */
export const withPushed = (
  { now, options }: Draft,
  { pushed }: ScopeState,
  byWriter: Map<WriterId, readonly Tip[]>,
): { readonly byWriter: PeerTips["byWriter"]; readonly pushed: readonly PushedTip[] } => {
  const underWay = pushed.filter(({ tip, previous, at }) => {
    const known = byWriter.get(tip.writer) ?? [];
    const isUpon =
      previous === null ? known.length === 0 : known.some(({ hash }) => hash === previous);
    if (!isUpon || now - at >= options.pushedMs) return false;
    byWriter.set(tip.writer, [...known.filter(({ hash }) => hash !== previous), tip]);
    return true;
  });
  return { byWriter, pushed: underWay };
};

/** Whether it was sent. */
const push = (draft: Draft, segment: CutSegment, view: SessionView): boolean => {
  const scope = draft.scopes.get(segment.scope);
  if (scope === undefined || !isNext(scope, segment) || !mayLeave(scope, segment.writer, view)) {
    return false;
  }
  const { sent, allowed } = draft.push;
  if (sent + segment.bytes.length > allowed) {
    count(draft, "push-held-back");
    return false;
  }
  send(draft, {
    ...{ kind: "operation", request: null, position: sent, scope: segment.scope },
    ...{ segments: [segment.bytes], end: false },
  });
  draft.push = { ...draft.push, sent: sent + segment.bytes.length };
  const pushedSince = scope.pushedSince + 1;
  const areTipsWanted = scope.areTipsWanted || pushedSince >= pushToldSegmentsMin;
  const { writer, n, hash, previous } = segment;
  const { now, options } = draft;
  const pushed = [
    ...scope.pushed.filter(({ at }) => now - at < options.pushedMs),
    { tip: { writer, n, hash }, previous, at: now },
  ];
  const noted = changeScope(draft, scope, { pushedSince, areTipsWanted, pushed });
  noteHeld(draft, noted, segment, segment.previous);
  return true;
};

/** The peer holds the predecessor as a tip, or nothing of a writer that begins. */
const isNext = (scope: ScopeState, { writer, previous }: CutSegment): boolean => {
  const known = tipsOf(scope, writer);
  if (previous === null) return scope.peerTips !== null && known.length === 0;
  return known.some(({ hash }) => hash === previous);
};

const addForward = (draft: Draft, segment: CutSegment): void => {
  const { forwards } = draft.push;
  const waiting = segmentsBytes(forwards.map((each) => each.segment.bytes));
  if (waiting + segment.bytes.length > pushBytesMax) count(draft, "forward-dropped");
  else draft.push = { ...draft.push, forwards: [...forwards, { segment, since: draft.now }] };
};
