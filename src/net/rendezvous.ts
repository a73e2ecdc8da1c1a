/**
 * The page's end of the rendezvous stream: registers tags at a relay and hears which peers stand
 * under them.
 */
import type { Connection, Stream } from "@libp2p/interface";
import { rendezvousFrameBytesMax } from "../core/base/limits.ts";
import type { Clock } from "./clock.ts";
import { createFrameStream } from "./frameStream.ts";
import {
  encodeRegistration,
  parsePeersOfTag,
  rendezvousProtocol,
  type PeersOfTag,
  type Registration,
} from "./rendezvousMessages.ts";

export interface Rendezvous {
  /** Replaces the registration before. */
  register(registration: Registration): void;
  /** Resolves when the stream has ended, for whatever reason; a malformed answer ends it. */
  readonly ended: Promise<void>;
  close(): void;
}

/** null: the relay says that it has none. Rejects if it does not answer in time. */
export const openRendezvous = async (
  connection: Connection,
  clock: Clock,
  signal: AbortSignal,
  onPeers: (answer: PeersOfTag) => void,
): Promise<Rendezvous | null> => {
  const stream = await openStream(connection, signal);
  if (stream === null) return null;
  const frames = createFrameStream({ stream, clock, frameBytesMax: rendezvousFrameBytesMax });
  frames.onFrame((frame) => {
    const answer = parsePeersOfTag(frame);
    if (answer === null) frames.abort("the answer is malformed");
    else onPeers(answer);
  });
  return {
    ended: new Promise((resolve) => {
      frames.onClose(resolve);
    }),
    register: (registration) => {
      // Only a closed stream refuses it, and then there is a new registration anyway.
      frames.send(encodeRegistration(registration)).catch(() => undefined);
    },
    close: frames.close,
  };
};

const openStream = async (connection: Connection, signal: AbortSignal): Promise<Stream | null> => {
  try {
    return await connection.newStream(rendezvousProtocol, { signal });
  } catch (error) {
    if (error instanceof Error && error.name === "UnsupportedProtocolError") return null;
    throw error;
  }
};
