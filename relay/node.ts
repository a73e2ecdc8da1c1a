/**
 * The relay's libp2p node, with the settings whose defaults do not suit a relay. Not started, so
 * that whoever watches it misses nothing.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { bootstrap } from "@libp2p/bootstrap";
import { circuitRelayServer } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import type { Logger, PrivateKey } from "@libp2p/interface";
import { kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import { mdns } from "@libp2p/mdns";
import { ping } from "@libp2p/ping";
import { createLibp2p } from "libp2p";
import { dhtProtocol } from "../src/net/dhtProtocol.ts";
import { isLoopback } from "./addresses.ts";
import { limits } from "./limits.ts";
import { namesPeer, type Neighbours } from "./neighbours.ts";
import type { Records } from "./records.ts";
import type { Settings } from "./settings.ts";
import { createWebSockets } from "./webSockets.ts";

/** libp2p's own 5 to 10 seconds are short on a loaded machine. */
const patienceMilliseconds = 20_000;

/** Other services of the LAN, and nodes of libp2p that are no relays of ours, have other names. */
const mdnsService = "_nebulus-relay._udp.local";

export interface NodeDeps {
  readonly settings: Settings;
  readonly privateKey: PrivateKey;
  /** Where pages reach it: multiaddresses without peer id. */
  readonly announce: readonly string[];
  readonly neighbours: Pick<Neighbours, "mayDial">;
  readonly records: Records;
  /** The socket of mDNS cannot be had, or what it sends is lost. */
  readonly mdnsFailed: () => void;
}

export type RelayNode = Awaited<ReturnType<typeof createNode>>;

export const createNode = (deps: NodeDeps) => {
  const { settings, privateKey, announce, neighbours, records, mdnsFailed } = deps;
  const known = settings.bootstrap.filter(namesPeer);
  return createLibp2p({
    start: false,
    privateKey,
    datastore: records,
    peerStore: { maxPeerAge: limits.peerMillisecondsMax },
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0/ws"], announce: [...announce] },
    transports: [createWebSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Pages come to the relay; it never goes to them.
    connectionGater: { denyDialMultiaddr: (address) => !neighbours.mayDial(address) },
    connectionManager: {
      maxConnections: settings.connectionsMax,
      inboundConnectionThreshold: limits.connectionsPerSecondMax,
      maxIncomingPendingConnections: limits.connectionsPendingMax,
      dialTimeout: limits.dialMillisecondsMax,
      addressDialTimeout: limits.dialMillisecondsMax,
      inboundUpgradeTimeout: patienceMilliseconds,
      inboundStreamProtocolNegotiationTimeout: patienceMilliseconds,
      outboundStreamProtocolNegotiationTimeout: patienceMilliseconds,
      // neighbours.ts returns to other relays, and never gives up.
      reconnectRetries: 0,
    },
    services: {
      identify: identify(),
      ping: ping(),
      circuit: circuitOf(settings),
      ...(settings.dht ? { dht: dhtServer() } : {}),
      ...(isOnLan(settings) ? { mdns: mdnsOf(settings, mdnsFailed) } : {}),
      ...(known.length > 0 ? { bootstrap: bootstrap({ list: known, timeout: 0 }) } : {}),
    },
  });
};

/** Where nobody else can come, nobody else needs to know. */
const isOnLan = ({ mdns: isWanted, host }: Settings): boolean => isWanted && !isLoopback(host);

const mdnsOf =
  ({ mdnsSeconds }: Settings, failed: () => void) =>
  ({ addressManager, logger }: MdnsComponents) =>
    mdns({ serviceTag: mdnsService, interval: mdnsSeconds * 1_000 })({
      addressManager,
      logger: { forComponent: (name) => tellingFaults(logger.forComponent(name), failed) },
    });

type MdnsComponents = Parameters<ReturnType<typeof mdns>>[0];

/** What happens to its socket it tells nobody but its log. */
const tellingFaults = (log: Logger, failed: () => void): Logger => {
  const told = (formatter: unknown, ...parameters: unknown[]): void => {
    log(formatter, ...parameters);
  };
  return Object.assign(told, {
    enabled: log.enabled,
    trace: (formatter: unknown, ...parameters: unknown[]): void => {
      log.trace(formatter, ...parameters);
    },
    newScope: (name: string) => log.newScope(name),
    error: (formatter: unknown, ...parameters: unknown[]): void => {
      // Beside these it tells of what others sent
      if (/^mdns (error|warning)/.test(String(formatter))) failed();
      log.error(formatter, ...parameters);
    },
  });
};

const circuitOf = (settings: Settings) =>
  circuitRelayServer({
    maxInboundHopStreams: limits.relayedPerPageMax,
    maxOutboundStopStreams: limits.relayedPerPageMax,
    reservations: {
      maxReservations: settings.reservationsMax,
      reservationTtl: settings.reservationMinutes * 60_000,
      defaultDataLimit: BigInt(settings.relayedMebibytes) * 1_024n ** 2n,
      defaultDurationLimit: settings.relayedMinutes * 60_000,
    },
  });

/** Holds who provides what, and nothing else: no values of anybody. */
const dhtServer = () =>
  kadDHT({
    protocol: dhtProtocol,
    clientMode: false,
    // addresses of a LAN are as good as any here
    peerInfoMapper: passthroughMapper,
    // a lonely relay has nobody to ask, and must answer all the same
    allowQueryWithZeroPeers: true,
    maxInboundStreams: limits.dhtStreamsPerPageMax,
    reprovide: { validity: limits.providerMillisecondsMax },
    validators: {
      pk: () => {
        throw new Error("this relay keeps no values");
      },
    },
  });
