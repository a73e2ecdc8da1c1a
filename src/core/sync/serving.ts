/**
 * Answering a peer's request: range by range, as much as its credit allows, one reading of the
 * store at a time. What is not held, not attached or may not leave is passed over alike, so that an
 * answer tells nothing about it.
 */
import { creditBytesMax, operationBytesTarget } from "../base/limits.ts";
import { assert } from "../base/result.ts";
import type { Message, WantRange } from "./frames.ts";
import { mayLeave, noteHeld, tipsOf } from "./push.ts";
import {
  count,
  segmentsBytes,
  send,
  type Draft,
  type LoadedSegment,
  type ScopeState,
  type Serving,
  type SessionView,
} from "./sessionState.ts";

/**
 * A newer request replaces the one before; the same again brings more credit, or asks for the end.
 */
export const takeWant = (draft: Draft, want: Extract<Message, { kind: "want" }>): void => {
  const { request, total, ranges } = want;
  const first = ranges[0];
  if (request <= draft.lastServed || first === undefined) {
    count(draft, "want-old");
    takeServingCredit(draft, request, total);
    return;
  }
  draft.lastServed = request;
  draft.serving = {
    ...{ request, ranges, scope: first.scope, index: 0, have: first.have, sent: 0, allowed: total },
    ...{ isLoading: false, isBlocked: false, isEnded: false },
  };
};

/** Gives by how many bytes it raised what may be sent. */
export const takeServingCredit = (draft: Draft, request: number, total: number): number => {
  const { serving } = draft;
  if (serving?.request !== request) return 0;
  if (total <= serving.allowed) {
    // The peer says it again because the end got lost.
    if (serving.isEnded) sendEnd(draft, serving);
    return 0;
  }
  draft.serving = { ...serving, allowed: total, isBlocked: false };
  return total - serving.allowed;
};

export const takeLoaded = (
  draft: Draft,
  request: number,
  segments: readonly LoadedSegment[],
  isEnd: boolean,
): void => {
  const { serving } = draft;
  if (serving?.request !== request || !serving.isLoading) {
    count(draft, "load-stale");
    return;
  }
  const range = serving.ranges[serving.index];
  assert(range !== undefined, "a load belongs to a range");
  if (!draft.scopes.has(range.scope)) {
    draft.serving = { ...nextRange(serving), isLoading: false };
    return;
  }
  const last = segments.at(-1);
  const sent = sendSegments(draft, serving, range, segments);
  const have = last === undefined ? serving.have : [last.hash];
  const isStuck = last === undefined && sent === serving.sent && hasWholeWindow(serving);
  draft.serving = { ...serving, sent, have, isLoading: false, isBlocked: last === undefined };
  if (last !== undefined && isEnd) noteServed(draft, range, last);
  if (!isEnd && isStuck) count(draft, "want-stuck");
  if (isEnd || isStuck) draft.serving = nextRange(draft.serving);
};

/** After every input: reads on as far as ranges and credit go. */
export const serveOn = (draft: Draft, view: SessionView): void => {
  for (;;) {
    const { serving } = draft;
    if (serving === null || serving.isLoading || serving.isBlocked || serving.isEnded) return;
    const range = serving.ranges[serving.index];
    if (range === undefined) {
      draft.serving = { ...serving, isEnded: true };
      sendEnd(draft, serving);
      return;
    }
    if (!isServed(draft, range, view)) {
      draft.serving = nextRange(serving);
      continue;
    }
    const bytesMax = Math.min(serving.allowed - serving.sent, creditBytesMax);
    if (bytesMax <= 0) return;
    const { scope, writer, tip } = range;
    const { request, have } = serving;
    draft.outputs.push({ kind: "load", request, scope, writer, tip, have, bytesMax });
    draft.serving = { ...serving, isLoading: true };
  }
};

const isServed = (draft: Draft, range: WantRange, view: SessionView): boolean => {
  const scope = draft.scopes.get(range.scope);
  if (scope === undefined) {
    count(draft, "scope-unknown");
    return false;
  }
  if (!view.hasHeader(range.scope, range.tip)) {
    count(draft, "want-not-held");
    return false;
  }
  const isNamed = isOwnNamed(scope, range, view);
  if (!isNamed) refuseOwn(draft, range, view);
  return isNamed;
};

/**
 * The peer named a head of my writer that I lack, and wants what I have beyond: one of us is a copy
 * of the other or was rolled back. Neither sends segments then, so it is shown the header alone.
 */
const refuseOwn = (draft: Draft, { scope, writer }: WantRange, view: SessionView): void => {
  count(draft, "want-own-unnamed");
  const proof = view.headProof(scope, writer);
  if (proof !== null) send(draft, { kind: "fork", scope, ...proof });
};

/**
 * A request names the peer's heads of the writer, as tips do: one of my own not known here holds
 * it.
 */
const isOwnNamed = (scope: ScopeState, { writer, have }: WantRange, view: SessionView): boolean => {
  const id = scope.local.scope;
  if (!view.ownWriters(id).has(writer)) return true;
  const isKnown = have.every((hash) => view.hasHeader(id, hash));
  return isKnown && (scope.peerTips === null || mayLeave(scope, writer, view));
};

const hasWholeWindow = ({ allowed, sent }: Serving): boolean => allowed - sent >= creditBytesMax;

const nextRange = (serving: Serving): Serving => {
  const index = serving.index + 1;
  return { ...serving, index, have: serving.ranges[index]?.have ?? [], isBlocked: false };
};

const sendEnd = (draft: Draft, { request, sent, scope }: Serving): void => {
  const empty = { segments: [], end: true } as const;
  send(draft, { kind: "operation", request, position: sent, scope, ...empty });
};

/** Gathers segments into messages of about a frame each; gives the position after them. */
const sendSegments = (
  draft: Draft,
  { request, sent, allowed }: Serving,
  { scope }: WantRange,
  loaded: readonly LoadedSegment[],
): number => {
  let position = sent;
  let batch: Uint8Array[] = [];
  const flush = (): void => {
    if (batch.length === 0) return;
    send(draft, { kind: "operation", request, position, scope, segments: batch, end: false });
    position += segmentsBytes(batch);
    batch = [];
  };
  for (const { bytes } of loaded) {
    if (segmentsBytes(batch) + bytes.length > operationBytesTarget) flush();
    batch.push(bytes);
  }
  flush();
  assert(position <= allowed, "what is loaded fits the credit");
  return position;
};

/**
 * Where a writer has one branch here, the peer now has exactly that. Forks show at the next tips.
 */
const noteServed = (draft: Draft, { scope: id, writer }: WantRange, last: LoadedSegment): void => {
  const scope = draft.scopes.get(id);
  if (scope === undefined || branchesOf(scope, writer) !== 1) return;
  const [known, another] = tipsOf(scope, writer);
  if (another !== undefined) return;
  noteHeld(draft, scope, { writer, n: last.n, hash: last.hash }, known?.hash ?? null);
};

const branchesOf = ({ local }: ScopeState, writer: WantRange["writer"]): number =>
  local.tips.filter((tip) => tip.writer === writer).length;
