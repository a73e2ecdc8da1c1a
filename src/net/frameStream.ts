/**
 * One libp2p stream as a stream of frames: how it is written, read and ended. When streams are
 * opened, and what is in the frames, is for others: the mesh's channels and the rendezvous both run
 * over this.
 *
 * Not `lpStream` of @libp2p/utils: that holds a length without end for ever, and buffers what the
 * reader does not take.
 */
import type { Stream, StreamMessageEvent } from "@libp2p/interface";
import type { PeerChannel } from "../core/net/carrier.ts";
import { badFrameLength, channelClosed, isFrameLength } from "../core/net/frameErrors.ts";
import type { Clock } from "./clock.ts";
import { createFrameReader, encodeFrame } from "./framing.ts";

/** How long the other side has to close its end too before the stream is reset. */
const closeMillisecondsMax = 5_000;

export interface FrameStreamDeps {
  readonly stream: Stream;
  /** A frame beyond is refused when sent, and ends the stream when it comes. */
  readonly frameBytesMax: number;
  readonly clock: Clock;
  /** Once, before the handler of `onClose`. */
  readonly onClosed?: () => void;
}

/** As of `PeerChannel`, which is one of these with a peer at the other end. */
export interface FrameStream extends Pick<PeerChannel, "send" | "onFrame" | "onClose" | "close"> {
  /** Ends it at once, for a peer that does not keep to the rules; what waits is lost. */
  readonly abort: (why: string) => void;
}

export const createFrameStream = ({
  stream,
  frameBytesMax,
  clock,
  onClosed,
}: FrameStreamDeps): FrameStream => {
  const sender = createSender(stream, frameBytesMax);
  let isOpen = true;
  let frameHandler: ((frame: Uint8Array) => void) | null = null;
  let closeHandler: (() => void) | null = null;

  const finish = (): void => {
    if (!isOpen) return;
    isOpen = false;
    sender.stop();
    onClosed?.();
    closeHandler?.();
  };
  const close = (): void => {
    if (!isOpen) return;
    finish();
    endStream(stream, clock);
  };

  const abort = (why: string): void => {
    stream.abort(new Error(why));
    finish();
  };

  const read = createFrameReader(frameBytesMax, (frame) => {
    if (isOpen) frameHandler?.(frame);
  });
  const onMessage = ({ data }: StreamMessageEvent): void => {
    const isSound = !isOpen || read(data instanceof Uint8Array ? data : data.subarray());
    if (!isSound) abort("malformed frame");
  };

  stream.addEventListener("close", finish);
  // The peer closed its end and everything it sent was read.
  stream.addEventListener("end", close);
  if (stream.status !== "open") queueMicrotask(finish);
  if (stream.readableEnded) queueMicrotask(close);

  return {
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
    abort,
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
const createSender = (stream: Stream, frameBytesMax: number): Sender => {
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
      if (!isFrameLength(frame.length, frameBytesMax)) {
        return Promise.reject(badFrameLength(frame.length, frameBytesMax));
      }
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
