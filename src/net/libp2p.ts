/**
 * Makes a libp2p node that is reached through relays: what a page and a peer in Node share, with
 * the settings whose defaults do not suit us. A page adds WebRTC.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { identify, type Identify } from "@libp2p/identify";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { ping, type Ping } from "@libp2p/ping";
import { createLibp2p } from "libp2p";
import { usualDiscovery } from "../core/wire/connection.ts";
import { createCircuits, type Circuits } from "./circuits.ts";
import { createDhtService, type DhtService } from "./dht.ts";
import { createWebSockets, type TransportFactory } from "./webSockets.ts";

/** libp2p's own 5 to 10 seconds are short on a loaded machine. */
const patienceMilliseconds = 20_000;
/** Of one host in a second; pages behind one relay all look like one. */
const inboundPerSecondMax = 100;
const inboundPendingMax = 50;

export type RelayedLibp2p = Libp2p<{
  readonly identify: Identify;
  readonly ping: Ping;
  readonly dht: DhtService;
  readonly circuits: Circuits;
}>;

export interface RelayedLibp2pOptions {
  readonly privateKey: PrivateKey;
  /** As many reservations are kept. */
  readonly relayCount: number;
  /** Milliseconds; as usual if absent. */
  readonly dialTimeout?: number;
  /** Where WebRTC exists: the transport that makes direct connections. */
  readonly webrtc?: TransportFactory;
}

export const createRelayedLibp2p = ({
  privateKey,
  relayCount,
  dialTimeout = usualDiscovery.dialTimeout,
  webrtc,
}: RelayedLibp2pOptions): Promise<RelayedLibp2p> =>
  createLibp2p({
    privateKey,
    addresses: {
      listen: [
        ...Array.from({ length: relayCount }, () => "/p2p-circuit"),
        ...(webrtc === undefined ? [] : ["/webrtc"]),
      ],
    },
    transports: [
      createWebSockets,
      circuitRelayTransport({ reservationCompletionTimeout: patienceMilliseconds }),
      ...(webrtc === undefined ? [] : [webrtc]),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // In a page libp2p refuses ws:// and private addresses, which is where a relay at home stands.
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: {
      dialTimeout,
      addressDialTimeout: dialTimeout,
      inboundUpgradeTimeout: patienceMilliseconds,
      outboundStreamProtocolNegotiationTimeout: patienceMilliseconds,
      inboundStreamProtocolNegotiationTimeout: patienceMilliseconds,
      inboundConnectionThreshold: inboundPerSecondMax,
      maxIncomingPendingConnections: inboundPendingMax,
      // relayLink.ts returns to relays, and never gives up.
      reconnectRetries: 0,
    },
    // Circuit and WebRTC rest on identify; the connection monitor, which ends dead connections, on
    // ping.
    services: {
      identify: identify(),
      ping: ping(),
      dht: createDhtService,
      circuits: createCircuits,
    },
  });
