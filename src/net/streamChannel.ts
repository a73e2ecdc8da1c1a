/**
 * A libp2p stream as the channel that its peer is spoken to by. When streams are opened, and what
 * becomes of their connection, is the mesh's.
 */
import type { Connection, PeerId, Stream } from "@libp2p/interface";
import { frameBytesMax } from "../core/base/limits.ts";
import type { PeerChannel } from "../core/net/carrier.ts";
import { layersOf, pathOf } from "./addresses.ts";
import type { Clock } from "./clock.ts";
import { createFrameStream } from "./frameStream.ts";

export interface StreamChannelDeps {
  readonly stream: Stream;
  readonly connection: Connection;
  readonly localPeer: PeerId;
  readonly clock: Clock;
  readonly initiator: boolean;
  readonly isBeside: boolean;
  /** A first frame came: the peer uses it. */
  readonly onAnswered: () => void;
  readonly onClosed: () => void;
  readonly another: () => void;
}

export interface StreamChannel {
  readonly channel: PeerChannel;
  /** What was accepted has left, and nothing more comes. */
  readonly ended: Promise<void>;
}

export const createStreamChannel = (deps: StreamChannelDeps): StreamChannel => {
  const { stream, connection, localPeer, clock, initiator, isBeside } = deps;
  const frames = createFrameStream({ stream, frameBytesMax, clock, onClosed: deps.onClosed });
  const onAnswered = once(deps.onAnswered);
  const { encryption, multiplexer } = connection;
  const remoteAddress = connection.remoteAddr.toString();
  const channel: PeerChannel = {
    send: frames.send,
    onClose: frames.onClose,
    close: frames.close,
    onFrame: (handler) => {
      frames.onFrame((frame) => {
        onAnswered();
        handler(frame);
      });
    },
    another: deps.another,
    remotePeer: connection.remotePeer.toString(),
    localPeer: localPeer.toString(),
    remotePeerBytes: connection.remotePeer.toMultihash().bytes,
    localPeerBytes: localPeer.toMultihash().bytes,
    ...{ initiator, isBeside, path: pathOf(remoteAddress) },
    layers: layersOf({ remoteAddress, encryption, multiplexer }),
  };
  const ended = new Promise<void>((resolve) => {
    stream.addEventListener("close", () => {
      resolve();
    });
    if (stream.status !== "open" && stream.status !== "closing") resolve();
  });
  return { channel, ended };
};

const once = (run: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
};
