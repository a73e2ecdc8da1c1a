/**
 * Counts the frames that go between page and worker, and so to and from peers: how many a piece of
 * work takes, and how long after the greeting it was done, says more on a busy machine than time
 * does. The product is not changed: its ports are heard from outside.
 */
import { messageTypes } from "../../../../src/core/sync/frames.ts";

export interface Tap {
  /** Without greetings. */
  readonly sent: number;
  readonly received: number;
  readonly bytes: number;
  /** Milliseconds of `performance.now()`; null: there was none. */
  readonly firstAt: number | null;
}

/** To be called before anything else makes a port. */
export const tapFrames = (): (() => Tap) => {
  let tap: Tap = { sent: 0, received: 0, bytes: 0, firstAt: null };
  const note = (way: "sent" | "received", frame: Uint8Array): void => {
    if (frame[0] === messageTypes.greeting) return;
    tap = {
      ...tap,
      [way]: tap[way] + 1,
      bytes: tap.bytes + frame.length,
      firstAt: tap.firstAt ?? performance.now(),
    };
  };
  const { MessageChannel: Original } = globalThis;
  globalThis.MessageChannel = class extends Original {
    constructor() {
      super();
      const { port1 } = this;
      const post = port1.postMessage.bind(port1);
      port1.postMessage = (
        message: unknown,
        how?: Transferable[] | StructuredSerializeOptions,
      ): void => {
        if (isFrame(message)) note("received", message.bytes);
        if (Array.isArray(how)) post(message, how);
        else post(message, how);
      };
      port1.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        if (isFrame(data)) note("sent", data.bytes);
      });
    }
  };
  return () => tap;
};

const isFrame = (message: unknown): message is { readonly bytes: Uint8Array } =>
  typeof message === "object" && message !== null && "kind" in message && message.kind === "frame";
