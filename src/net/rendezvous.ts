/**
 * The page's end of the rendezvous stream: registers tags at a relay and hears which peers stand
 * under them.
 */
import type { Connection } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import { rendezvousFrameBytesMax } from "../core/base/limits.ts";
import {
  encodeRegistration,
  parsePeersOfTag,
  rendezvousProtocol,
  type PeersOfTag,
  type Registration,
} from "./rendezvousMessages.ts";

export interface Rendezvous {
  /** Replaces the registration before; a failure ends the stream. */
  register(registration: Registration): void;
  /** The relay's next answer. Rejects when the stream ends, and when the answer is malformed. */
  next(): Promise<PeersOfTag>;
  close(): void;
}

/** Rejects if the relay has no rendezvous or does not answer in time. */
export const openRendezvous = async (
  connection: Connection,
  signal: AbortSignal,
): Promise<Rendezvous> => {
  const stream = await connection.newStream(rendezvousProtocol, { signal });
  const messages = lpStream(stream, { maxDataLength: rendezvousFrameBytesMax });
  const end = (why: string): void => {
    stream.abort(new Error(why));
  };
  return {
    register: (registration) => {
      messages.write(encodeRegistration(registration)).catch(() => {
        end("the relay takes no registration");
      });
    },
    next: async () => {
      const answer = parsePeersOfTag((await messages.read()).subarray());
      if (answer === null) throw new Error("the relay's answer is malformed");
      return answer;
    },
    close: () => {
      end("the rendezvous is over");
    },
  };
};
