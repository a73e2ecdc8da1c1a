/**
 * Counts what the circuit relay carries: how many connections, how many bytes.
 */
import { RELAY_V2_STOP_CODEC } from "@libp2p/circuit-relay-v2";
import type { Libp2p, Stream } from "@libp2p/interface";
import type { Counts } from "./counts.ts";

/** Before libp2p starts. Answers how many relayed connections stand now. */
export const watchCircuits = (libp2p: Libp2p, counts: Counts): (() => number) => {
  let standing = 0;
  // Each relayed connection is one such stream, opened by the relay to the page that is asked, and
  // joined to one of the page that asks. (That one comes in, and what libp2p 3.3 lets stand in the
  // way of incoming streams breaks them: it adds each handler to the list, and calls it again.)
  libp2p.use(RELAY_V2_STOP_CODEC, (stream, connection, next) => {
    countBytes(stream, counts);
    counts.relayedConnections.add();
    standing += 1;
    stream.addEventListener("close", () => {
      standing -= 1;
    });
    next(stream, connection);
  });
  return () => standing;
};

/**
 * Both ways, and with it the few bytes to agree on it. Nothing can have come yet that this listener
 * would take from the next one: the page has not been asked.
 */
const countBytes = (stream: Stream, { relayedBytes }: Counts): void => {
  const send = stream.send.bind(stream);
  stream.send = (data) => {
    relayedBytes.add(data.byteLength);
    return send(data);
  };
  stream.addEventListener("message", ({ data }) => {
    relayedBytes.add(data.byteLength);
  });
};
