/**
 * The libp2p side of the relay: carries sealed bytes between pages that cannot reach each other
 * (circuit relay v2), introduces them (rendezvous, DHT), and knows other relays. It listens on a
 * loopback port of its own; `server.ts` brings the WebSockets of the one public port here.
 */
import type { Connection, Libp2p, PeerDiscovery, PrivateKey } from "@libp2p/interface";
import { rendezvousPeersPerTagMax } from "../src/core/base/limits.ts";
import { systemClock } from "../src/net/clock.ts";
import type { Admission } from "./admission.ts";
import { watchCircuits } from "./circuits.ts";
import type { Counts, Standing } from "./counts.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { createNeighbours } from "./neighbours.ts";
import { createNode, type RelayNode } from "./node.ts";
import { Records } from "./records.ts";
import { createRegistry } from "./registry.ts";
import { keepReservations } from "./reservations.ts";
import { serveRendezvous } from "./rendezvous.ts";
import type { Settings } from "./settings.ts";

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
  const neighbours = createNeighbours({ bootstrap: settings.bootstrap, clock: systemClock, log });
  const records = new Records(limits);
  const mdnsFailed = (): void => {
    log("mdns failed");
  };
  const libp2p = await createNode({ ...deps, neighbours, records, mdnsFailed });
  let internalPort: number | null = null;
  libp2p.addEventListener("transport:listening", ({ detail }) => {
    internalPort = tcpPortOf(detail.getAddrs().map(String));
  });
  libp2p.addEventListener("transport:close", () => {
    internalPort = null;
  });
  watchConnections(libp2p, records, deps);
  mdnsOf(libp2p)?.addEventListener("peer", ({ detail }) => {
    neighbours.found(detail);
  });
  bootstrapOf(libp2p)?.addEventListener("peer", ({ detail }) => {
    neighbours.named(detail);
  });
  const relayed = watchCircuits(libp2p, counts);
  keepReservations(libp2p, settings.reservationMinutes * 60_000);
  await libp2p.start();
  neighbours.start(libp2p);
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
      relays: neighbours.count(),
      providers: records.counts().providers,
    }),
    stop: async () => {
      neighbours.stop();
      await libp2p.stop();
    },
  };
};

/** Its type forgets that a service may be left out. */
const mdnsOf = ({ services }: RelayNode): PeerDiscovery | undefined => services.mdns;
const bootstrapOf = ({ services }: RelayNode): PeerDiscovery | undefined => services.bootstrap;

/** Whoever stands behind a socket that `server.ts` brought here is a peer while it is connected. */
const watchConnections = (
  libp2p: Libp2p,
  records: Records,
  { admission, counts }: RelayDeps,
): void => {
  records.hold(libp2p.peerId);
  libp2p.addEventListener("peer:connect", ({ detail }) => {
    records.hold(detail);
  });
  libp2p.addEventListener("peer:disconnect", ({ detail }) => {
    records.release(detail);
  });
  libp2p.addEventListener("connection:open", ({ detail }) => {
    counts.connections.add();
    admission.admit(portOf(detail));
  });
  libp2p.addEventListener("connection:close", ({ detail }) => {
    admission.dismiss(portOf(detail));
  });
};

/** Connections of the one public port come from loopback, each from a port of its own. */
const portOf = ({ direction, remoteAddr }: Connection): number =>
  direction === "inbound" ? (tcpPortOf([remoteAddr.toString()]) ?? 0) : 0;

const tcpPortOf = (addresses: readonly string[]): number | null => {
  const port = /\/tcp\/(\d+)/.exec(addresses.join(" "))?.[1];
  return port === undefined ? null : Number(port);
};

const listeningPort = (port: number | null): number => {
  if (port === null) throw new Error("the relay listens nowhere");
  return port;
};
