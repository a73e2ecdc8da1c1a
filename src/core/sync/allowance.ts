/**
 * A bound on what comes unasked from one peer (DESIGN.md §7, limits): a burst, refilled by the time
 * that ticks tell. What flows under credit is not counted here. My own messages keep well below
 * what the peer bounds alike, however many scopes there are: what gets no turn waits for a tick.
 */
import {
  unaskedBytesBurst,
  unaskedBytesPerSecond,
  unaskedMessagesBurst,
  unaskedMessagesPerSecond,
  unaskedSegmentsBurst,
  unaskedSegmentsPerSecond,
} from "../base/limits.ts";
import { count, endSession, type Allowance, type Draft } from "./sessionState.ts";

export const fullAllowance: Allowance = {
  bytes: unaskedBytesBurst,
  segments: unaskedSegmentsBurst,
  messages: unaskedMessagesBurst,
};

/** Takes from the allowance; false, and the session is over, if too little is left. */
export const chargeUnasked = (draft: Draft, { bytes, segments, messages }: Allowance): boolean => {
  const left: Allowance = {
    bytes: draft.allowance.bytes - bytes,
    segments: draft.allowance.segments - segments,
    messages: draft.allowance.messages - messages,
  };
  draft.allowance = left;
  if (Math.min(left.bytes, left.segments, left.messages) >= 0) return true;
  count(draft, "rate-exceeded");
  endSession(draft, "rate");
  return false;
};

export const turnsBurst = unaskedMessagesBurst / 2;

/** Whether one more message may be sent that the peer counts as unasked. */
export const takeTurn = (draft: Draft): boolean => {
  if (draft.turns < 1) return false;
  draft.turns--;
  return true;
};

export const refillAllowance = (draft: Draft, elapsedMs: number): void => {
  const seconds = elapsedMs / 1_000;
  draft.turns = Math.min(turnsBurst, draft.turns + (seconds * unaskedMessagesPerSecond) / 2);
  const { bytes, segments, messages } = draft.allowance;
  draft.allowance = {
    bytes: Math.min(unaskedBytesBurst, bytes + seconds * unaskedBytesPerSecond),
    segments: Math.min(unaskedSegmentsBurst, segments + seconds * unaskedSegmentsPerSecond),
    messages: Math.min(unaskedMessagesBurst, messages + seconds * unaskedMessagesPerSecond),
  };
};
