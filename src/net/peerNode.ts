/**
 * A peer over a libp2p node that is already made: its relays, its mesh of channels, its status.
 * Apart from `node.ts`, which makes the node for a page, so that Node can run the same.
 */
import type { CarrierStatus, PeerChannel } from "../core/net/carrier.ts";
import type { Clock } from "./clock.ts";
import { createDhtFinder } from "./dhtFinder.ts";
import type { RelayedLibp2p } from "./libp2p.ts";
import { createMesh } from "./mesh.ts";
import { usualPlaces, type PlaceBounds } from "./places.ts";
import { createRelayLink, type RelayLink } from "./relayLink.ts";

export interface PeerNodeDeps {
  readonly libp2p: RelayedLibp2p;
  /** Multiaddresses as text. */
  readonly relays: readonly string[];
  readonly clock: Clock;
  /** How many peers it is connected with; the usual ones if absent. */
  readonly places?: PlaceBounds;
  /** false: relays are not asked who is there, only their DHT is. */
  readonly rendezvous?: boolean;
  /** Where `online` and `offline` events come from: the page's window. */
  readonly connectivity?: EventTarget;
}

export interface PeerNode {
  readonly peerId: string;
  /** Rendezvous tags as hexadecimal; replaces the ones before. */
  setTags(tags: readonly string[]): void;
  /** No channel with these, by id, is opened or taken; replaces the ones before. */
  setRefused(peers: readonly string[]): void;
  /** See `Carrier.connect`. */
  connect(address: string): Promise<void>;
  /** One handler; channels that open before it is set are closed. */
  onChannel(handler: (channel: PeerChannel) => void): void;
  status(): CarrierStatus;
  onStatus(handler: (status: CarrierStatus) => void): void;
  /** Closes every channel, then the libp2p node. */
  stop(): Promise<void>;
}

export const createPeerNode = async (deps: PeerNodeDeps): Promise<PeerNode> => {
  const { libp2p, clock, connectivity, rendezvous = true, places = usualPlaces } = deps;
  let links: readonly RelayLink[] = [];
  let channelHandler: ((channel: PeerChannel) => void) | null = null;
  let statusHandler: ((status: CarrierStatus) => void) | null = null;

  const status = (): CarrierStatus => ({
    relays: links.map((link) => link.status()),
    peers: mesh.peers(),
  });
  const mesh = createMesh({
    libp2p,
    ...{ clock, places, links: () => links },
    found: () => finder,
    onChannel: (channel) => {
      if (channelHandler === null) channel.close();
      else channelHandler(channel);
    },
    onChange: () => statusHandler?.(status()),
  });
  const onNamesChange = (): void => {
    mesh.update();
    statusHandler?.(status());
  };
  const finder = createDhtFinder({
    ...{ dht: libp2p.services.dht, clock, links: () => links },
    onChange: onNamesChange,
  });
  const onRelayChange = (): void => {
    finder.update();
    onNamesChange();
  };
  await mesh.start();
  const isTaken = (relay: string): boolean => links.some((link) => link.relay() === relay);
  links = deps.relays.map((address) =>
    createRelayLink({ libp2p, address, clock, rendezvous, isTaken, onChange: onRelayChange }),
  );
  const unwatch = watchConnectivity(connectivity, {
    online: () => {
      for (const each of [...links, finder, mesh]) each.wake();
    },
    offline: () => {
      for (const link of links) link.distrust();
    },
  });

  return {
    peerId: libp2p.peerId.toString(),
    setTags: (tags) => {
      for (const link of links) link.setTags(tags);
      finder.setTags(tags);
    },
    setRefused: mesh.setRefused,
    connect: (address) => mesh.connect(address),
    onChannel: (handler) => {
      channelHandler = handler;
    },
    status,
    onStatus: (handler) => {
      statusHandler = handler;
    },
    stop: async () => {
      unwatch();
      mesh.stop();
      finder.stop();
      for (const link of links) link.stop();
      await libp2p.stop();
    },
  };
};

const watchConnectivity = (
  target: EventTarget | undefined,
  { online, offline }: { readonly online: () => void; readonly offline: () => void },
): (() => void) => {
  target?.addEventListener("online", online);
  target?.addEventListener("offline", offline);
  return () => {
    target?.removeEventListener("online", online);
    target?.removeEventListener("offline", offline);
  };
};
