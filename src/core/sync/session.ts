/**
 * A sync session with one peer as a pure step function: what came in, what is known, what goes out
 * (FORMATS.md §8). It holds no bytes of segments but those waiting for a tick, waits for nothing,
 * and assumes of the link only that some messages arrive: they may be lost, repeated or overtaken.
 *
 * Heads are compared by hash, tips exchanged where the hash differs, what is missing pulled under
 * credit, new segments pushed; digests verify. After every input, whatever is due is done: the
 * parts of `settle` look at the state alone.
 */
import { unreachable } from "../base/result.ts";
import type { HeaderHash, ScopeId } from "../base/types.ts";
import { chargeUnasked, fullAllowance, refillAllowance, turnsBurst } from "./allowance.ts";
import { detachScope, sendAnnouncement, takeAnnouncement } from "./announce.ts";
import type { ForeignMessage, Message } from "./frames.ts";
import {
  askAnew,
  attachScope,
  sendSummaries,
  sendTips,
  setLocal,
  takeSummary,
  takeTips,
} from "./knowledge.ts";
import { pushForwards, pushWaiting, reopenPushWindow, takeCut, takePushCredit } from "./push.ts";
import { serveOn, takeLoaded, takeServingCredit, takeWant } from "./serving.ts";
import { pushBytesMax } from "../base/limits.ts";
import {
  changeScope,
  count,
  defaultSessionOptions,
  draftOf,
  endSession,
  type Draft,
  type SessionIdentity,
  type SessionInput,
  type SessionOptions,
  type SessionOutput,
  type SessionState,
  type SessionView,
} from "./sessionState.ts";
import { isAgreed, isSameStatus, statusOf } from "./status.ts";
import {
  askForMissing,
  checkRequest,
  closeIfComplete,
  takeDelivered,
  takeOperation,
} from "./wants.ts";

/** `now` in the milliseconds of later ticks. */
export const createSession = (
  identity: SessionIdentity,
  now: number,
  options: Partial<SessionOptions> = {},
): SessionState => ({
  identity,
  options: { ...defaultSessionOptions, ...options },
  isOpen: true,
  now: 0,
  tickedAt: now,
  scopes: new Map(),
  lastRevision: 0,
  request: null,
  lastRequest: 0,
  givenUp: null,
  serving: null,
  lastServed: 0,
  push: {
    ...{ sent: 0, allowed: pushBytesMax, received: 0, outstanding: 0, told: pushBytesMax },
    ...{ forwards: [], waiting: [] },
  },
  announcing: { isDue: false, revision: 0, peerRevision: 0 },
  allowance: fullAllowance,
  turns: turnsBurst,
  counters: {},
});

/** Never throws, whatever a peer sends. After `close` every input leaves everything as it is. */
export const stepSession = (
  state: SessionState,
  input: SessionInput,
  view: SessionView,
): { readonly state: SessionState; readonly outputs: readonly SessionOutput[] } => {
  if (!state.isOpen) return { state, outputs: [] };
  const draft = draftOf(state);
  takeInput(draft, input, view);
  if (draft.isOpen) settle(draft, input, view);
  const { outputs, ...stepped } = draft;
  return { state: stepped, outputs };
};

/** Tips that this session is fetching: `isClaimed` for the others. */
export const claimedTips = (
  state: SessionState,
): readonly { readonly scope: ScopeId; readonly tip: HeaderHash }[] =>
  state.isOpen ? (state.request?.ranges ?? []) : [];

const takeInput = (draft: Draft, input: SessionInput, view: SessionView): void => {
  switch (input.kind) {
    case "start":
      for (const summary of input.scopes) attachScope(draft, summary);
      return;
    case "message":
      takeMessage(draft, input.message, input.bytes, view);
      return;
    case "malformed":
      count(draft, input.fault);
      endSession(draft, "malformed");
      return;
    case "attached":
      attachScope(draft, input.summary);
      return;
    case "detached":
      detachScope(draft, input.scope);
      return;
    case "local":
      setLocal(draft, input.summary, view);
      return;
    case "ask":
      askAnew(draft, input.scope, view);
      return;
    case "loaded":
      takeLoaded(draft, input.request, input.segments, input.end);
      return;
    case "delivered":
      takeDelivered(draft, input.request, input.bytes, view);
      return;
    case "cut":
      takeCut(draft, input.segment, view);
      return;
    case "tick":
      takeTick(draft, input.now, view);
      return;
    case "closed":
      draft.isOpen = false;
      return;
    default:
      unreachable(input);
  }
};

/**
 * Everything is charged but segments under credit, and credit that raises enough to be worth a
 * message.
 */
const takeMessage = (
  draft: Draft,
  message: Message | ForeignMessage,
  bytes: number,
  view: SessionView,
): void => {
  if (message.kind === "operation") {
    takeOperation(draft, message);
    return;
  }
  const raisedBytes = message.kind === "credit" ? takeCredit(draft, message) : 0;
  if (raisedBytes >= creditStepBytesMin) return;
  if (!chargeUnasked(draft, { bytes, segments: 0, messages: 1 })) return;
  switch (message.kind) {
    case "sync-request":
      takePushCredit(draft, message.pushTotal);
      for (const summary of message.summaries) takeSummary(draft, summary);
      return;
    case "sync-response":
      takeTips(draft, message, view);
      return;
    case "want":
      takeWant(draft, message);
      return;
    case "credit":
      if (raisedBytes === 0) count(draft, "credit-useless");
      return;
    case "fork":
      if (draft.scopes.has(message.scope)) draft.outputs.push(message);
      else count(draft, "scope-unknown");
      return;
    case "collection-announce":
      takeAnnouncement(draft, message);
      return;
    case "control":
    case "acknowledge":
    case "ranges":
    case "message":
    case "heartbeat":
      draft.outputs.push(message);
      return;
    case "bye":
      count(draft, "peer-left");
      endSession(draft, "peer-left");
      return;
    case "foreign":
      count(draft, message.reason);
      if (message.reason === "version-newer") endSession(draft, "version");
      return;
    default:
      unreachable(message);
  }
};

/** Honest peers raise credit in steps of at least twice this. */
const creditStepBytesMin = pushBytesMax / 4;

const takeCredit = (
  draft: Draft,
  { request, total }: Extract<Message, { kind: "credit" }>,
): number =>
  request === null ? takePushCredit(draft, total) : takeServingCredit(draft, request, total);

const takeTick = (draft: Draft, now: number, view: SessionView): void => {
  const elapsedMs = Math.max(0, now - draft.tickedAt);
  draft.tickedAt = now;
  draft.now += elapsedMs;
  refillAllowance(draft, elapsedMs);
  checkRequest(draft, elapsedMs, view);
};

const settle = (draft: Draft, input: SessionInput, view: SessionView): void => {
  closeIfComplete(draft, view);
  if (areAllAgreed(draft)) reopenPushWindow(draft);
  sendAnnouncement(draft);
  const isTick = input.kind === "tick";
  if (isTick || input.kind === "message") pushForwards(draft, view);
  // What was pushed and is not taken in yet may be what is missing, and what is held here is
  // another thing then: it has until the next tick. What was cut is told with its `local`
  if (isTick || (draft.push.outstanding === 0 && input.kind !== "cut")) {
    sendSummaries(draft, isTick);
    sendTips(draft);
    askForMissing(draft, view);
  }
  serveOn(draft, view);
  pushWaiting(draft, view);
  tellStatus(draft, view);
};

/** In all scopes that the peer speaks of. */
const areAllAgreed = (draft: Draft): boolean => {
  for (const scope of draft.scopes.values()) {
    const isSpokenOf = scope.peer !== null || scope.peerTips !== null;
    if (isSpokenOf && !isAgreed(scope)) return false;
  }
  return true;
};

const tellStatus = (draft: Draft, view: SessionView): void => {
  const fetched = new Set(draft.request?.ranges.map(({ scope }) => scope));
  for (const scope of draft.scopes.values()) {
    const id = scope.local.scope;
    const isFetching =
      fetched.has(id) || [...scope.missing.keys()].some((tip) => view.isClaimed(id, tip));
    const status = statusOf(scope, isFetching);
    if (scope.status !== null && isSameStatus(status, scope.status)) continue;
    changeScope(draft, scope, { status });
    draft.outputs.push({ kind: "status", scope: id, status });
  }
};
