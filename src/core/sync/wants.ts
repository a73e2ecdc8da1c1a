/**
 * Pulling: one request at a time, for all that the peer holds and I lack, under credit that follows
 * what delivery takes in. Nothing is kept for resumption: after whatever was lost the next request
 * says again what is held.
 */
import {
  creditBytesMax,
  pushBytesMax,
  slowedIdleMilliseconds,
  wantHavesMax,
  wantRangesMax,
} from "../base/limits.ts";
import type { Message, WantRange } from "./frames.ts";
import { chargeUnasked, takeTurn } from "./allowance.ts";
import { pruneMissing } from "./knowledge.ts";
import { grantPushes } from "./push.ts";
import {
  changeScope,
  count,
  segmentsBytes,
  send,
  type Draft,
  type Pace,
  type Request,
  type ScopeState,
  type SessionView,
} from "./sessionState.ts";

type Operation = Extract<Message, { kind: "operation" }>;

/**
 * Asks for what is missing if nothing is under way, or nothing but what comes last: that gives way,
 * and is asked for again later.
 */
export const askForMissing = (draft: Draft, view: SessionView): void => {
  const { request } = draft;
  if (request !== null && !isSlowed(request, view)) return;
  const usual = missingRanges(draft, view, "usual");
  const isNothingElse = usual.length === 0 && request === null;
  const ranges = isNothingElse ? missingRanges(draft, view, "last") : usual;
  if (ranges.length === 0 || !takeTurn(draft)) return;
  if (request !== null) noteGivenUp(draft, request);
  draft.lastRequest++;
  draft.request = {
    ...{ id: draft.lastRequest, ranges, granted: creditBytesMax },
    ...{ received: 0, outstanding: 0, isEnded: false },
    ...{ waitedMs: 0, receivedBefore: 0, sentAt: draft.now },
  };
  sendWant(draft, draft.request);
};

export const takeOperation = (draft: Draft, operation: Operation): void => {
  const { request } = draft;
  if (operation.request !== null && operation.request === request?.id) {
    takeAnswer(draft, request, operation);
  } else if (isLate(draft, operation)) {
    takeLate(draft, operation);
  } else {
    takePush(draft, operation);
  }
};

export const takeDelivered = (
  draft: Draft,
  of: number | null,
  bytes: number,
  view: SessionView,
): void => {
  const { request, push } = draft;
  if (of === null) {
    draft.push = { ...push, outstanding: Math.max(0, push.outstanding - bytes) };
    grantPushes(draft);
  } else if (of === request?.id) {
    const outstanding = Math.max(0, request.outstanding - bytes);
    draft.request = { ...request, outstanding };
    grantMore(draft, draft.request, view);
    closeIfComplete(draft, view);
  }
};

/** After every input: an answer may be whole without a byte of it. */
export const closeIfComplete = (draft: Draft, view: SessionView): void => {
  const { request } = draft;
  if (request?.isEnded === true && request.outstanding === 0) closeRequest(draft, request, view);
};

/** At ticks: says again what may have been lost, and gives up what does not come. */
export const checkRequest = (draft: Draft, elapsedMs: number, view: SessionView): void => {
  const { now, options } = draft;
  // While delivery works on what came, waiting is not the peer's fault.
  if (draft.request === null || draft.request.outstanding > 0) return;
  // A page that slept finds frames waiting: one long tick must not condemn the peer.
  const waitedMs = draft.request.waitedMs + Math.min(elapsedMs, options.requestRepeatMs);
  draft.request = { ...draft.request, waitedMs };
  // It got no credit while it was slowed, and may be so no more
  grantMore(draft, draft.request, view);
  const { request } = draft;
  const isSpent = request.received > 0 && waitedMs >= slowedIdleMilliseconds;
  if (isSpent && isSlowed(request, view)) {
    noteGivenUp(draft, request);
    closeRequest(draft, request, view);
    return;
  }
  if (waitedMs < options.requestRepeatMs) return;
  const isReached = request.ranges.every(({ scope, tip }) => view.hasHeader(scope, tip));
  if (isReached || waitedMs >= options.requestTimeoutMs) {
    // All may be here although the end of the answer is not: lost, or brought by others.
    if (!isReached) count(draft, "request-timeout");
    closeRequest(draft, request, view);
  } else if (now - request.sentAt >= options.requestRepeatMs) {
    count(draft, "request-repeated");
    draft.request = { ...request, sentAt: now };
    if (request.received === 0) sendWant(draft, request);
    else send(draft, { kind: "credit", request: request.id, total: request.granted });
  }
};

/** A peer that sends less than this in `requestTimeoutMs` only holds others off. */
const progressBytesMin = 16_384;

/** Credit is raised in steps, so that it costs few messages. */
const creditStepBytes = creditBytesMax / 4;

const missingRanges = (draft: Draft, view: SessionView, pace: Pace): readonly WantRange[] => {
  const ranges: WantRange[] = [];
  for (const { local, missing, retries } of draft.scopes.values()) {
    const { scope } = local;
    for (const { writer, hash: tip } of missing.values()) {
      if (ranges.length === wantRangesMax) return ranges;
      if ((retries.get(tip)?.notBefore ?? 0) > draft.now) continue;
      if (view.hasHeader(scope, tip) || view.isClaimed(scope, tip)) continue;
      if (paceIn(view, scope, writer) !== pace) continue;
      ranges.push({ scope, writer, tip, have: heldOf(scope, writer, view) });
    }
  }
  return ranges;
};

/** For what comes last alone: it gets no further credit. */
const isSlowed = ({ ranges }: Request, view: SessionView): boolean =>
  ranges.every(({ scope, writer }) => paceIn(view, scope, writer) !== "usual");

/** What this device lost of its own log it wants back before it goes on writing. */
const paceIn = (view: SessionView, scope: WantRange["scope"], writer: WantRange["writer"]): Pace =>
  view.ownWriters(scope).has(writer) ? "usual" : view.paceOf(scope, writer);

/** The peer may have sent all that it was granted before it hears of it. */
const noteGivenUp = (draft: Draft, { id, granted, received }: Request): void => {
  draft.givenUp = { id, bytesLeft: granted - received };
};

const isLate = ({ givenUp }: Draft, { request, segments }: Operation): boolean =>
  request !== null && request === givenUp?.id && segmentsBytes(segments) <= givenUp.bytesLeft;

const takeLate = (draft: Draft, { request, scope, segments }: Operation): void => {
  const bytes = segmentsBytes(segments);
  const { givenUp } = draft;
  draft.givenUp = givenUp && { ...givenUp, bytesLeft: givenUp.bytesLeft - bytes };
  if (bytes === 0 || !draft.scopes.has(scope)) return;
  draft.outputs.push({ kind: "deliver", scope, segments, request, bytes });
};

const heldOf = (
  scope: WantRange["scope"],
  writer: WantRange["writer"],
  view: SessionView,
): WantRange["have"] => view.locator(scope, writer).slice(0, wantHavesMax);

const sendWant = (draft: Draft, { id, granted, ranges }: Request): void => {
  send(draft, { kind: "want", request: id, total: granted, ranges });
};

const takeAnswer = (draft: Draft, request: Request, operation: Operation): void => {
  const { position, scope, segments, end } = operation;
  const bytes = segmentsBytes(segments);
  const isCredited =
    position + bytes <= request.granted && request.outstanding + bytes <= creditBytesMax;
  if (!isCredited) count(draft, "operation-over-credit");
  if (!isCredited || (bytes === 0 && !end)) {
    chargeUnasked(draft, { bytes, segments: segments.length, messages: 1 });
    return;
  }
  const isKnown = draft.scopes.has(scope);
  if (!isKnown) count(draft, "scope-unknown");
  const isDelivered = isKnown && bytes > 0;
  const received = Math.max(request.received, position + bytes);
  const isProgress = received - request.receivedBefore >= progressBytesMin;
  draft.request = {
    ...request,
    ...(isProgress ? { waitedMs: 0, receivedBefore: received } : {}),
    received,
    outstanding: request.outstanding + (isDelivered ? bytes : 0),
    isEnded: request.isEnded || end,
  };
  if (isDelivered) {
    draft.outputs.push({ kind: "deliver", scope, segments, request: request.id, bytes });
  }
};

const takePush = (draft: Draft, operation: Operation): void => {
  const { request, position, scope, segments } = operation;
  const bytes = segmentsBytes(segments);
  if (!chargeUnasked(draft, { bytes, segments: segments.length, messages: 1 })) return;
  if (request !== null) count(draft, "operation-unasked");
  else {
    draft.push = { ...draft.push, received: Math.max(draft.push.received, position + bytes) };
  }
  if (!draft.scopes.has(scope)) {
    count(draft, "scope-unknown");
  } else if (draft.push.outstanding + bytes > pushBytesMax) {
    count(draft, "operation-over-credit");
  } else if (bytes > 0) {
    draft.push = { ...draft.push, outstanding: draft.push.outstanding + bytes };
    draft.outputs.push({ kind: "deliver", scope, segments, request: null, bytes });
  }
};

const grantMore = (draft: Draft, request: Request, view: SessionView): void => {
  const granted = request.received - request.outstanding + creditBytesMax;
  if (request.isEnded || granted - request.granted < creditStepBytes) return;
  if (isSlowed(request, view)) return;
  draft.request = { ...request, granted };
  send(draft, { kind: "credit", request: request.id, total: granted });
};

/** What it did not bring is asked for again: at once where something came, else ever later. */
const closeRequest = (draft: Draft, request: Request, view: SessionView): void => {
  draft.request = null;
  for (const range of request.ranges) {
    const scope = draft.scopes.get(range.scope);
    if (scope === undefined || view.hasHeader(range.scope, range.tip)) continue;
    count(draft, "tip-not-reached");
    const isCloser = hasComeCloser(range, view);
    changeScope(draft, scope, { retries: laterRetries(draft, scope, range, isCloser) });
  }
  for (const id of new Set(request.ranges.map(({ scope }) => scope))) pruneMissing(draft, id, view);
};

/** Some tip of the writer is held that was not when it was asked for. */
const hasComeCloser = ({ scope, writer, have }: WantRange, view: SessionView): boolean =>
  heldOf(scope, writer, view).some((hash) => !have.includes(hash));

const laterRetries = (
  draft: Draft,
  { retries }: ScopeState,
  { tip }: WantRange,
  isCloser: boolean,
): ScopeState["retries"] => {
  const later = new Map(retries);
  const attempts = isCloser ? 0 : (retries.get(tip)?.attempts ?? 0) + 1;
  const { retryMs, retryMsMax } = draft.options;
  const waitMs = isCloser ? 0 : Math.min(retryMs * 2 ** (attempts - 1), retryMsMax);
  return later.set(tip, { attempts, notBefore: draft.now + waitMs });
};
