/**
 * Nodes of libp2p that are none of ours: they speak what a test wants them to, so that it shows
 * what is not spoken with them.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import type {
  ConnectionEncrypter,
  Libp2p,
  MessageStream,
  SecuredConnection,
  SecureConnectionOptions,
  StreamMuxerFactory,
  Upgrader,
} from "@libp2p/interface";
import { webSockets } from "@libp2p/websockets";
import { createLibp2p } from "libp2p";
import type { Cleanup } from "./nodePeers.ts";

export interface Offer {
  readonly encrypters: readonly ConnectionEncrypter[];
  readonly muxers: readonly StreamMuxerFactory[];
}

export interface Stranger {
  readonly libp2p: Libp2p;
  /** What it offers from now on for new connections; what stands, stands. */
  readonly offer: (change: (now: Offer) => Partial<Offer>) => void;
}

/** What ours speak, until it is told otherwise. `listen`: addresses. */
export const startStranger = async (
  cleanup: Cleanup,
  listen: readonly string[] = [],
): Promise<Stranger> => {
  const libp2p = await createLibp2p({
    addresses: { listen: [...listen] },
    transports: [webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      upgrader: ({ upgrader }: { readonly upgrader: Upgrader }) => upgrader,
    },
  });
  cleanup.add(() => libp2p.stop());
  const { upgrader } = libp2p.services;
  const [encrypters, muxers] = [upgrader.getConnectionEncrypters(), upgrader.getStreamMuxers()];
  return {
    libp2p,
    offer: (change) => {
      const now = { encrypters: [...encrypters.values()], muxers: [...muxers.values()] };
      const next = { ...now, ...change(now) };
      replace(encrypters, next.encrypters);
      replace(muxers, next.muxers);
    },
  };
};

const replace = <T extends { readonly protocol: string }>(
  all: Map<string, T>,
  by: readonly T[],
): void => {
  all.clear();
  for (const each of by) all.set(each.protocol, each);
};

/** Seals nothing, and takes the other for whom it was told to be. */
export const plaintext: ConnectionEncrypter = {
  protocol: "/plaintext/2.0.0",
  secureInbound: (connection, options) => unsealed(connection, options),
  secureOutbound: (connection, options) => unsealed(connection, options),
};

const unsealed = (
  connection: MessageStream,
  options: SecureConnectionOptions = {},
): Promise<SecuredConnection> => {
  const { remotePeer } = options;
  if (remotePeer === undefined) return Promise.reject(new Error("nobody said who it is"));
  return Promise.resolve({ connection, remotePeer });
};

/** Yamux, under the name of another muxer. */
export const otherMuxer = (like: StreamMuxerFactory): StreamMuxerFactory => ({
  protocol: "/mplex/6.7.0",
  createStreamMuxer: (stream) => like.createStreamMuxer(stream),
});
