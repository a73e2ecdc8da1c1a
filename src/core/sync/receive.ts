/**
 * From a peer's frames to messages: pieces joined, bodies read. The one place where bytes of the
 * wire become what the session steps on.
 */
import { ok, type Result } from "../base/result.ts";
import { decodeMessage, type ForeignMessage, type Message, type MessageFault } from "./frames.ts";
import { createAssembler, type PieceFault } from "./pieces.ts";
import type { SyncCounters } from "./reasons.ts";

export type FrameFault = PieceFault | MessageFault;

export interface Received {
  readonly message: Message | ForeignMessage;
  /** Type and body, as the session counts them. */
  readonly bytes: number;
}

export interface Receiver {
  /** Takes a frame; null while a message's pieces are still to come. Never throws. */
  readonly take: (frame: Uint8Array) => Result<Received | null, FrameFault>;
  readonly heldBytes: () => number;
  /** Pieces that came twice, and messages dropped for want of one. */
  readonly counters: () => SyncCounters;
}

/** One for each peer. */
export const createReceiver = (): Receiver => {
  const { add, heldBytes, counters } = createAssembler();
  return {
    take: (frame) => {
      const whole = add(frame);
      if (!whole.ok) return whole;
      if (whole.value === null) return ok(null);
      const message = decodeMessage(whole.value);
      return message.ok ? ok({ message: message.value, bytes: whole.value.length }) : message;
    },
    heldBytes,
    counters,
  };
};
