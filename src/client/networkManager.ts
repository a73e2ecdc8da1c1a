/**
 * The source designs' view of networks, over those of a database: answers at once, from the latest
 * snapshot.
 */
import type { NetworkSnapshot } from "../core/wire/snapshots.ts";
import { laterInManager } from "./later.ts";
import type { Networks } from "./networks.ts";
import type { NetworkManager, NetworkStats, PeerInfo, ProtocolMessage } from "./networkTypes.ts";
import type { Session } from "./session.ts";

export interface NetworkManagerDeps {
  readonly session: Session;
  readonly networks: Networks;
  readonly ready: Promise<void>;
  readonly shutdown: NetworkManager["shutdown"];
}

export const createNetworkManager = (deps: NetworkManagerDeps): NetworkManager => {
  const { session, networks } = deps;
  const { events } = networks;
  const find = (networkId: string): NetworkSnapshot | undefined =>
    session.networks().find((network) => network.networkId === networkId);
  const connected = (networkId?: string): readonly PeerInfo[] =>
    session
      .networks()
      .filter((network) => networkId === undefined || network.networkId === networkId)
      .flatMap(peersOf);
  tellOfPeers(session, networks, connected);

  return {
    initialize: () => deps.ready,
    createNetwork: networks.create,
    joinNetwork: networks.join,
    leaveNetwork: networks.leave,
    addCollectionToNetwork: networks.addCollection,
    removeCollectionFromNetwork: (networkId, collection, call) =>
      networks.removeCollection(collection, networkId, call),
    getNetworkCollections: (networkId) => [...(find(networkId)?.collections ?? [])],
    getNetworkStats: (networkId) => statsOf(find(networkId)),
    getNetworks: networks.list,
    getConnectedPeers: connected,
    getPeerId: () => session.info()?.deviceId ?? "",
    isPeerConnected: (peerId) => connected().some((peer) => peer.peerId === peerId),
    onMessage: (type, handler) =>
      events.on("message:received", (message: ProtocolMessage) => {
        if (message.type === type) handler(message);
      }),
    shutdown: deps.shutdown,
    on: events.on,
    once: events.once,
    off: events.off,
    emit: events.emit,
    ...laterInManager(),
  };
};

const statsOf = (network: NetworkSnapshot | undefined): NetworkStats | null =>
  network === undefined
    ? null
    : {
        networkId: network.networkId,
        connectedPeers: network.peers.length,
        collectionsShared: network.collections.length,
        operationsSent: network.operationsSent,
        operationsReceived: network.operationsReceived,
        bytesTransferred: network.bytesSent + network.bytesReceived,
        bytesSent: network.bytesSent,
        bytesReceived: network.bytesReceived,
      };

const peersOf = ({ networkId, peers }: NetworkSnapshot): readonly PeerInfo[] =>
  peers.map(({ peerId, path, lastSeen }) => ({ peerId, networkId, path, lastSeen }));

/** Compares each snapshot with the one before. */
const tellOfPeers = (
  session: Session,
  { events }: Networks,
  connected: () => readonly PeerInfo[],
): void => {
  const keyOf = ({ networkId, peerId }: PeerInfo): string => JSON.stringify([networkId, peerId]);
  let before = new Map<string, PeerInfo>();
  session.events.on("networks", () => {
    const now = new Map(connected().map((peer) => [keyOf(peer), peer]));
    const gone = before;
    before = now;
    for (const [key, peer] of now) if (!gone.has(key)) events.emit("peer:connected", peer);
    for (const [key, peer] of gone) if (!now.has(key)) events.emit("peer:disconnected", peer);
  });
};
