/**
 * The libp2p side of the relay: carries sealed bytes between pages that cannot reach each other
 * (circuit relay v2), and introduces them (rendezvous). It listens on a loopback port of its own;
 * `server.ts` brings the WebSockets of the one public port here.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { circuitRelayServer } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p, PrivateKey } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { webSockets } from "@libp2p/websockets";
import { createLibp2p } from "libp2p";
import { rendezvousPeersPerTagMax } from "../src/core/base/limits.ts";
import { systemClock } from "../src/net/clock.ts";
import type { Admission } from "./admission.ts";
import { watchCircuits } from "./circuits.ts";
import type { Counts, Standing } from "./counts.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { createRegistry } from "./registry.ts";
import { keepReservations } from "./reservations.ts";
import { serveRendezvous } from "./rendezvous.ts";
import type { Settings } from "./settings.ts";

/** libp2p's own 5 to 10 seconds are short on a loaded machine. */
const patienceMilliseconds = 20_000;

export interface RelayDeps {
  readonly settings: Settings;
  readonly privateKey: PrivateKey;
  /** Where pages reach it: multiaddresses without peer id. */
  readonly announce: readonly string[];
  readonly admission: Pick<Admission, "admit" | "dismiss">;
  readonly counts: Counts;
  readonly log: Log;
}

export interface Relay {
  readonly peerId: string;
  /** On 127.0.0.1, for `server.ts` alone. */
  readonly internalPort: number;
  readonly isListening: () => boolean;
  readonly standing: () => Standing;
  stop(): Promise<void>;
}

export const startRelay = async (deps: RelayDeps): Promise<Relay> => {
  const { settings, counts, log } = deps;
  const libp2p = await createNode(deps);
  let internalPort: number | null = null;
  libp2p.addEventListener("transport:listening", ({ detail }) => {
    internalPort = tcpPortOf(detail.getAddrs().map(String));
  });
  libp2p.addEventListener("transport:close", () => {
    internalPort = null;
  });
  watchConnections(libp2p, deps);
  const relayed = watchCircuits(libp2p, counts);
  keepReservations(libp2p, settings.reservationMinutes * 60_000);
  await libp2p.start();
  const registry = createRegistry({
    random: () => systemClock.random(),
    peersPerTagMax: rendezvousPeersPerTagMax,
  });
  if (settings.rendezvous) {
    const pagesMax = settings.connectionsMax;
    await serveRendezvous(libp2p, { registry, counts, log, clock: systemClock, pagesMax });
  }
  return {
    peerId: libp2p.peerId.toString(),
    internalPort: listeningPort(internalPort),
    isListening: () => libp2p.status === "started" && internalPort !== null,
    standing: () => ({
      connections: libp2p.getConnections().length,
      reservations: libp2p.services.circuit.reservations.size,
      pages: registry.peerCount(),
      relayed: relayed(),
    }),
    stop: async () => {
      await libp2p.stop();
    },
  };
};

/** Not started yet. */
const createNode = ({ settings, privateKey, announce }: RelayDeps) =>
  createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0/ws"], announce: [...announce] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: settings.connectionsMax,
      inboundConnectionThreshold: limits.connectionsPerSecondMax,
      maxIncomingPendingConnections: limits.connectionsPendingMax,
      inboundUpgradeTimeout: patienceMilliseconds,
      inboundStreamProtocolNegotiationTimeout: patienceMilliseconds,
      outboundStreamProtocolNegotiationTimeout: patienceMilliseconds,
      // Pages come to the relay; it never goes to them.
      reconnectRetries: 0,
    },
    services: {
      identify: identify(),
      ping: ping(),
      circuit: circuitRelayServer({
        maxInboundHopStreams: limits.relayedPerPageMax,
        maxOutboundStopStreams: limits.relayedPerPageMax,
        reservations: {
          maxReservations: settings.reservationsMax,
          reservationTtl: settings.reservationMinutes * 60_000,
          defaultDataLimit: BigInt(settings.relayedMebibytes) * 1_024n ** 2n,
          defaultDurationLimit: settings.relayedMinutes * 60_000,
        },
      }),
    },
  });

/** Whoever stands behind a socket that `server.ts` brought here is a peer while it is connected. */
const watchConnections = (libp2p: Libp2p, { admission, counts }: RelayDeps): void => {
  libp2p.addEventListener("connection:open", ({ detail }) => {
    counts.connections.add();
    admission.admit(portOf(detail));
  });
  libp2p.addEventListener("connection:close", ({ detail }) => {
    admission.dismiss(portOf(detail));
  });
};

/** Connections of the one public port come from loopback, each from a port of its own. */
const portOf = ({ remoteAddr }: Connection): number => tcpPortOf([remoteAddr.toString()]) ?? 0;

const tcpPortOf = (addresses: readonly string[]): number | null => {
  const port = /\/tcp\/(\d+)/.exec(addresses.join(" "))?.[1];
  return port === undefined ? null : Number(port);
};

const listeningPort = (port: number | null): number => {
  if (port === null) throw new Error("the relay listens nowhere");
  return port;
};
