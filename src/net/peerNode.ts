/**
 * A peer over a libp2p node that is already made: its relays, its mesh of channels, its status.
 * Apart from `node.ts`, which makes the node for a page, so that Node can run the same.
 */
import type { CarrierStatus, DirectAttempts, PeerChannel, RelayTags } from "../core/net/carrier.ts";
import { usualDiscovery, type Discovery } from "../core/wire/connection.ts";
import type { Clock } from "./clock.ts";
import { createDhtFinder } from "./dhtFinder.ts";
import type { RelayedLibp2p } from "./libp2p.ts";
import { createMesh } from "./mesh.ts";
import { usualPlaces, type PlaceBounds } from "./places.ts";
import { createRelayLinks, type RelayLinks } from "./relayLinks.ts";

export interface PeerNodeDeps {
  readonly libp2p: RelayedLibp2p;
  /** Multiaddresses as text. */
  readonly relays: readonly string[];
  readonly clock: Clock;
  /** How many peers it is connected with; the usual ones if absent. */
  readonly places?: PlaceBounds;
  /** It has a transport for connections without a relay between. Default false. */
  readonly hasDirect?: boolean;
  /** How others are found; what is not named is as usual. */
  readonly discovery?: Partial<Discovery>;
  /** Where `online` and `offline` events come from: the page's window. */
  readonly connectivity?: EventTarget;
}

export interface PeerNode {
  readonly peerId: string;
  /** See `Carrier.setTags`. */
  setTags(tags: readonly string[], named?: readonly RelayTags[]): void;
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
  const { libp2p, relays: own, clock, places = usualPlaces, hasDirect = false } = deps;
  const discovery = { ...usualDiscovery, ...deps.discovery };
  const attempts = countAttempts();
  let links: RelayLinks | null = null;
  let channelHandler: ((channel: PeerChannel) => void) | null = null;
  let statusHandler: ((status: CarrierStatus) => void) | null = null;

  const status = (): CarrierStatus => ({
    relays: links?.status() ?? [],
    peers: mesh.peers(),
    ...(hasDirect ? { direct: attempts.now() } : {}),
  });
  const mesh = createMesh({
    libp2p,
    ...{ clock, dialTimeout: discovery.dialTimeout, places, links: () => links?.all() ?? [] },
    ...{ found: () => finder, onDirect: attempts.add },
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
    // No tag of one network is asked for since another one's relay has no rendezvous
    ...{ dht: libp2p.services.dht, clock, links: () => links?.own() ?? [] },
    discovery,
    hasPeers: () => mesh.peers().some(({ path }) => path !== "connecting"),
    onChange: onNamesChange,
  });
  const onRelayChange = (): void => {
    finder.update();
    onNamesChange();
  };
  await mesh.start();
  const relays = createRelayLinks({ libp2p, own, clock, discovery, onChange: onRelayChange });
  links = relays;
  const unwatch = watchConnectivity(deps.connectivity, {
    wake: () => [...relays.all(), finder, mesh],
    distrust: () => relays.all(),
  });

  return {
    peerId: libp2p.peerId.toString(),
    setTags: whenChanged((tags, named) => {
      relays.setTags(tags, named);
      finder.setTags(tags);
    }),
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
      relays.stop();
      await libp2p.stop();
    },
  };
};

const countAttempts = (): {
  readonly add: (isOpen: boolean) => void;
  readonly now: () => DirectAttempts;
} => {
  let [tried, succeeded] = [0, 0];
  return {
    add: (isOpen) => {
      tried += 1;
      if (isOpen) succeeded += 1;
    },
    now: () => ({ tried, succeeded }),
  };
};

/** They are said each second, and each time every relay would name everybody anew. */
const whenChanged = (
  say: (tags: readonly string[], named: readonly RelayTags[]) => void,
): PeerNode["setTags"] => {
  let said = "";
  return (tags, named = []) => {
    const text = JSON.stringify([tags, named]);
    if (text === said) return;
    said = text;
    say(tags, named);
  };
};

/** Who is to be woken when the machine is online again, and whom nobody trusts while it is not. */
const watchConnectivity = (
  target: EventTarget | undefined,
  concerned: {
    readonly wake: () => readonly { wake(): void }[];
    readonly distrust: () => readonly { distrust(): void }[];
  },
): (() => void) => {
  const online = (): void => {
    for (const each of concerned.wake()) each.wake();
  };
  const offline = (): void => {
    for (const each of concerned.distrust()) each.distrust();
  };
  target?.addEventListener("online", online);
  target?.addEventListener("offline", offline);
  return () => {
    target?.removeEventListener("online", online);
    target?.removeEventListener("offline", offline);
  };
};
