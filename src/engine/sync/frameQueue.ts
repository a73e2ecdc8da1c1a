/**
 * The frames of a new channel, one by one while it greets, then handed to whoever speaks there: a
 * channel has one handler, and what comes before anyone asks waits here.
 */
import { greetingQueueBytesMax } from "../../core/base/limits.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";

export interface FrameQueue {
  /** The next frame; null once the channel closed. */
  readonly receive: () => Promise<Uint8Array | null>;
  /** Where frames go from now on. */
  readonly handTo: (handler: (frame: Uint8Array) => void) => void;
}

/** `onClosed` runs once. A peer that sends more than anyone asks for is hung up on. */
export const queueFrames = (channel: PeerChannel, onClosed: () => void): FrameQueue => {
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let taker: ((frame: Uint8Array | null) => void) | null = null;
  let handler: ((frame: Uint8Array) => void) | null = null;
  let isClosed = false;
  const take = (frame: Uint8Array | null): void => {
    const present = taker;
    taker = null;
    present?.(frame);
  };
  channel.onFrame((frame) => {
    if (handler !== null) handler(frame);
    else if (taker !== null) take(frame);
    else if (waitingBytes + frame.length > greetingQueueBytesMax) channel.close();
    else {
      waiting.push(frame);
      waitingBytes += frame.length;
    }
  });
  channel.onClose(() => {
    isClosed = true;
    take(null);
    onClosed();
  });
  return {
    receive: () => {
      const frame = waiting.shift();
      waitingBytes -= frame?.length ?? 0;
      if (frame !== undefined || isClosed) return Promise.resolve(frame ?? null);
      return new Promise((resolve) => {
        taker = resolve;
      });
    },
    handTo(next) {
      handler = next;
      for (const frame of waiting.splice(0)) next(frame);
    },
  };
};
