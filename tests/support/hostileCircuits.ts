/**
 * A relay's circuits in hostile hands: led to another peer than the one that was named, said to
 * come from somebody else, with bytes that are changed, doubled or lost, or recorded and said
 * again. It is libp2p's own relay that carries them.
 */
import type { AbortOptions, Connection, Stream } from "@libp2p/interface";
import { peerIdFromMultihash, peerIdFromString } from "@libp2p/peer-id";
import * as Digest from "multiformats/hashes/digest";
import type { RelayNode } from "../../relay/node.ts";

export interface HostileCircuits {
  /** Peers by id: who is reached in place of the one that was named. */
  lead: (to: string) => string;
  /** Who the one that is reached is told to hear from. */
  claim: (from: string) => string;
  /** What is passed on in place of the n-th message of one way of a circuit, from 0. */
  pass: (message: Uint8Array, at: number, way: "there" | "back") => readonly Uint8Array[];
  /**
   * Leads a circuit of its own to that peer, and says what the last one that led there said.
   * Resolves when the peer has ended it.
   */
  readonly replay: (to: string) => Promise<void>;
}

/** What `circuitRelayServer` makes, as far as it is taken over here. */
interface Circuits {
  onHop: (stream: Stream, connection: Connection) => Promise<void>;
  stopHop: (leading: Leading, options: AbortOptions) => Promise<Stream | undefined>;
}

interface Leading {
  readonly connection: Connection;
  readonly request: { readonly peer?: { readonly id: Uint8Array; readonly addrs: Uint8Array[] } };
}

/** Of a node that has not started yet. */
export const takeOverCircuits = (libp2p: RelayNode): HostileCircuits => {
  const { circuit } = libp2p.services;
  if (!isCircuits(circuit)) throw new Error("this version of @libp2p/circuit-relay-v2 is new here");
  const [onHop, stopHop] = [circuit.onHop, circuit.stopHop.bind(circuit)];
  const recorded = new Map<string, { readonly leading: Leading; readonly said: Uint8Array[] }>();
  const hostile: HostileCircuits = {
    lead: (to) => to,
    claim: (from) => from,
    pass: (message) => [message],
    replay: async (to) => {
      const record = recorded.get(to);
      if (record === undefined) throw new Error("nobody was led there");
      const stream = await stopHop(record.leading, {});
      if (stream === undefined) throw new Error("it takes no circuit");
      const ended = new Promise((resolve) => {
        stream.addEventListener("close", resolve);
      });
      for (const message of record.said) stream.send(message);
      await ended;
    },
  };
  circuit.onHop = (stream, connection) => {
    // The first one is the relay's own answer
    passing(stream, (message, at) =>
      at === 0 ? [message] : hostile.pass(message, at - 1, "back"),
    );
    return onHop(stream, connection);
  };
  circuit.stopHop = async ({ connection, request }, options) => {
    const to = peerIdFromString(hostile.lead(connection.remotePeer.toString()));
    const [instead = connection] = libp2p.getConnections(to);
    const leading = { connection: instead, request: claimed(request, hostile.claim) };
    const stream = await stopHop(leading, options);
    const said: Uint8Array[] = [];
    recorded.set(to.toString(), { leading, said });
    if (stream !== undefined) {
      passing(stream, (message, at) => {
        said.push(message);
        return hostile.pass(message, at, "there");
      });
    }
    return stream;
  };
  return hostile;
};

const isCircuits = (circuit: object): circuit is Circuits =>
  "onHop" in circuit && "stopHop" in circuit;

const claimed = (
  request: Leading["request"],
  claim: HostileCircuits["claim"],
): Leading["request"] => {
  if (request.peer === undefined) return request;
  const from = peerIdFromMultihash(Digest.decode(request.peer.id)).toString();
  const id = peerIdFromString(claim(from)).toMultihash().bytes;
  return { ...request, peer: { ...request.peer, id } };
};

const passing = (
  stream: Stream,
  pass: (message: Uint8Array, at: number) => readonly Uint8Array[],
): void => {
  const send = stream.send.bind(stream);
  let at = 0;
  stream.send = (data) => {
    const messages = pass(data.slice(), at);
    at += 1;
    return messages.reduce((_, each) => send(each), true);
  };
};
