/**
 * A network over libp2p where the engine runs in the same process: Node, and a headless peer. It is
 * reached through relays, as a page is; there is no WebRTC, so that every channel runs through one
 * of them, sealed end to end. In a page the same node stands behind `bridge.ts`.
 */
import type { Carrier, CarrierStatus, PeerChannel, RelayTags } from "../core/net/carrier.ts";
import { carrierStopped } from "../core/net/frameErrors.ts";
import type { Discovery } from "../core/wire/connection.ts";
import { systemClock, type Clock } from "./clock.ts";
import type { RelayedNode } from "./relayedNode.ts";

/** The carrier of one device: `network` of `distributed` takes it. */
export type LibP2PNetwork = Carrier;

/** What of `Discovery` is not named is as usual. */
export interface LibP2PNetworkOptions extends Partial<Discovery> {
  /** Multiaddresses as text; `npm run relay` prints its own. */
  readonly relays: readonly string[];
  /** The platform's if absent. */
  readonly clock?: Clock;
}

/** It connects from `start` until `stop`, after which it may start again. */
export const createLibP2PNetwork = ({
  relays,
  clock = systemClock,
  ...discovery
}: LibP2PNetworkOptions): LibP2PNetwork =>
  createCarrier(async (privateKey) => {
    // libp2p is loaded by who starts a network, not by who imports the package
    const { openRelayedNode } = await import("./relayedNode.ts");
    return openRelayedNode({ privateKey, relays, discovery, clock });
  });

type OpenNode = (privateKey: Uint8Array | null) => Promise<RelayedNode>;

/** What it is told before there is a node, the node is told when it is made. */
export const createCarrier = (openNode: OpenNode): Carrier => {
  let onChannel: (channel: PeerChannel) => void = (channel) => {
    channel.close();
  };
  let onStatus: (status: CarrierStatus) => void = () => undefined;
  let node: RelayedNode | null = null;
  let tags: readonly string[] = [];
  let named: readonly RelayTags[] = [];
  let refused: readonly string[] = [];
  /** Each start waits for the end of the one before. */
  let ending = Promise.resolve();
  let starts = 0;
  return {
    start: async (privateKey) => {
      starts += 1;
      const start = starts;
      await ending;
      const made = await openNode(privateKey);
      if (start !== starts) {
        await made.stop();
        throw carrierStopped();
      }
      node = made;
      made.onChannel((channel) => {
        onChannel(channel);
      });
      made.onStatus((status) => {
        onStatus(status);
      });
      made.setRefused(refused);
      made.setTags(tags, named);
      return { peerId: made.peerId, privateKey: made.privateKey };
    },
    setTags: (next, nextNamed = []) => {
      [tags, named] = [[...next], [...nextNamed]];
      node?.setTags(tags, named);
    },
    setRefused: (peers) => {
      refused = [...peers];
      node?.setRefused(refused);
    },
    connect: (address) =>
      node === null ? Promise.reject(carrierStopped()) : node.connect(address),
    onChannel: (handler) => {
      onChannel = handler;
    },
    onStatus: (handler) => {
      onStatus = handler;
    },
    stop: () => {
      starts += 1;
      const ended = node?.stop() ?? Promise.resolve();
      node = null;
      // A node that ends badly is gone all the same
      ending = ended.catch(() => undefined);
    },
  };
};
