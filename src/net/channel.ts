/**
 * One libp2p stream as a channel of frames. Apart from the mesh, which decides when streams are
 * opened: here is only how one is written, read and ended.
 */
import type { Stream, StreamMessageEvent } from "@libp2p/interface";
import { badFrameLength, channelClosed, isFrameLength } from "../core/net/channelErrors.ts";
import type { ChannelInfo, PeerChannel } from "../core/net/carrier.ts";
import type { Clock } from "./clock.ts";
import { createFrameReader, encodeFrame } from "./framing.ts";

/** How long the other side has to close its end too before the stream is reset. */
const closeMillisecondsMax = 5_000;

export interface ChannelDeps {
  readonly stream: Stream;
  readonly info: ChannelInfo;
  readonly clock: Clock;
  /** The peer's first frame has come: the connection works both ways. */
  readonly onAnswered: () => void;
  /** Once, before the handler of `onClose`. */
  readonly onClosed: () => void;
}

export const createChannel = ({ stream, info, clock, ...hooks }: ChannelDeps): PeerChannel => {
  const sender = createSender(stream);
  let isOpen = true;
  let isAnswered = false;
  let frameHandler: ((frame: Uint8Array) => void) | null = null;
  let closeHandler: (() => void) | null = null;

  const finish = (): void => {
    if (!isOpen) return;
    isOpen = false;
    sender.stop();
    hooks.onClosed();
    closeHandler?.();
  };
  const close = (): void => {
    if (!isOpen) return;
    finish();
    endStream(stream, clock);
  };

  const read = createFrameReader((frame) => {
    if (!isOpen) return;
    if (!isAnswered) hooks.onAnswered();
    isAnswered = true;
    frameHandler?.(frame);
  });
  const onMessage = ({ data }: StreamMessageEvent): void => {
    const isSound = !isOpen || read(data instanceof Uint8Array ? data : data.subarray());
    if (!isSound) stream.abort(new Error("malformed frame"));
  };

  stream.addEventListener("close", finish);
  // The peer closed its end and everything it sent was read.
  stream.addEventListener("end", close);
  if (stream.status !== "open") queueMicrotask(finish);
  if (stream.readableEnded) queueMicrotask(close);

  return {
    ...info,
    send: sender.send,
    onFrame: (handler) => {
      const isFirst = frameHandler === null;
      frameHandler = handler;
      // libp2p keeps what came before this listener (at most 4 MiB) and hands it over now.
      if (isFirst) stream.addEventListener("message", onMessage);
    },
    onClose: (handler) => {
      closeHandler = handler;
      if (!isOpen) handler();
    },
    close,
  };
};

interface Sender {
  readonly send: PeerChannel["send"];
  /** Whatever waits is refused, and all that comes. */
  readonly stop: () => void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Hands on as much as the transport takes at once; the rest waits for its `drain`, in order. */
const createSender = (stream: Stream): Sender => {
  const queue: Waiting[] = [];
  let isOpen = true;

  const stop = (): void => {
    isOpen = false;
    for (const { reject } of queue.splice(0)) reject(channelClosed());
  };
  const pump = (): void => {
    while (isOpen && !stream.writableNeedsDrain) {
      const next = queue.shift();
      if (next === undefined) return;
      try {
        stream.send(next.bytes);
        next.resolve();
      } catch {
        next.reject(channelClosed());
        stream.abort(new Error("writing failed"));
        return;
      }
    }
  };
  // A microtask later: libp2p first refills the transport from its own buffer, in one.
  stream.addEventListener("drain", () => {
    queueMicrotask(pump);
  });

  return {
    stop,
    send: (frame) => {
      if (!isFrameLength(frame.length)) return Promise.reject(badFrameLength(frame.length));
      if (!isOpen) return Promise.reject(channelClosed());
      const bytes = encodeFrame(frame);
      return new Promise((resolve, reject) => {
        queue.push({ bytes, resolve, reject });
        pump();
      });
    },
  };
};

/** Closes our end, waits for the peer's, and resets the stream if that takes too long. */
const endStream = (stream: Stream, clock: Clock): void => {
  const cancel = clock.after(closeMillisecondsMax, () => {
    stream.abort(new Error("the peer did not close its end"));
  });
  stream.addEventListener("close", cancel);
  stream.close().catch((error: unknown) => {
    stream.abort(error instanceof Error ? error : new Error("closing failed"));
  });
};
