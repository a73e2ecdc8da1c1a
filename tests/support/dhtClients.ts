/** Clients of a relay's DHT in Node: what a page would be, but for WebRTC. */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import type { PeerInfo } from "@libp2p/interface";
import { kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import { ping } from "@libp2p/ping";
import { webSockets } from "@libp2p/websockets";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import type { CID } from "multiformats/cid";
import type { RunningRelay } from "../../relay/start.ts";
import { dhtProtocol } from "../../src/net/dhtProtocol.ts";
import type { Cleanup } from "./nodePeers.ts";

export type DhtClient = Awaited<ReturnType<typeof startDhtClient>>;

/**
 * Connected to the relay, reachable through it, and the relay is in its routing table.
 * `announced`: where else it says that it is.
 */
export const startDhtClient = async (
  cleanup: Cleanup,
  relay: RunningRelay,
  announced: readonly string[] = [],
) => {
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPair("Ed25519"),
    addresses: { listen: ["/p2p-circuit"], appendAnnounce: [...announced] },
    transports: [webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: dhtProtocol,
        clientMode: true,
        peerInfoMapper: passthroughMapper,
      }),
    },
  });
  cleanup.add(() => libp2p.stop());
  const reachable = new Promise<void>((resolve) => {
    libp2p.addEventListener("self:peer:update", ({ detail }) => {
      const own = detail.peer.addresses.map(({ multiaddr: address }) => address.toString());
      if (own.some((address) => address.includes("/p2p-circuit"))) resolve();
    });
  });
  await libp2p.dial(multiaddr(relay.addresses[0]));
  await reachable;
  return libp2p;
};

/** The first that is found; undefined if the search ends without. */
export const findProvider = async (client: DhtClient, cid: CID): Promise<PeerInfo | undefined> => {
  for await (const found of client.contentRouting.findProviders(cid)) {
    if (found.multiaddrs.length > 0) return found;
  }
  return undefined;
};
