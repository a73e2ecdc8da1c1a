/**
 * The source designs' view of networks, over those of a database: answers at once, from the latest
 * snapshot.
 */
import { loadPart } from "../core/base/parts.ts";
import type { NetworkSnapshot, SyncSnapshot } from "../core/wire/snapshots.ts";
import type { ConnectionCalls } from "./connectionCalls.ts";
import type { Networks } from "./networks.ts";
import type { NetworkManager, NetworkStats, PeerInfo, ProtocolMessage } from "./networkTypes.ts";
import { createPeers, tellOfPeers, toProtocolMessage } from "./peers.ts";
import type { Session } from "./session.ts";

export interface NetworkManagerDeps {
  readonly session: Session;
  readonly networks: Networks;
  readonly ready: Promise<void>;
  readonly shutdown: NetworkManager["shutdown"];
  readonly connection: ConnectionCalls;
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
  tellOfPeers(session, events, connected);
  session.onMessage((message) => {
    events.emit("message:received", toProtocolMessage(message));
  });

  return {
    initialize: () => deps.ready,
    createNetwork: networks.create,
    joinNetwork: networks.join,
    leaveNetwork: networks.leave,
    addCollectionToNetwork: networks.addCollection,
    removeCollectionFromNetwork: (networkId, collection, call) =>
      networks.removeCollection(collection, networkId, call),
    getNetworkCollections: (networkId) => [...(find(networkId)?.collections ?? [])],
    getNetworkStats: (networkId) => statsOf(find(networkId), session.sync()),
    getNetworks: networks.list,
    getConnectedPeers: connected,
    async setPrivateByDefault(networkId, isPrivate, call) {
      await networks.manage({ kind: "private", networkId, isPrivate }, call);
    },
    async setNetworkRelays(networkId, given, call) {
      const { checkedRelays } = await loadPart(() => import("./invitedRelays.ts"));
      await networks.manage({ kind: "relays", networkId, relays: checkedRelays(given) }, call);
    },
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
    ...createPeers(session),
    ...deps.connection,
  };
};

const statsOf = (
  network: NetworkSnapshot | undefined,
  sync: readonly SyncSnapshot[],
): NetworkStats | null => {
  if (network === undefined) return null;
  const { networkId, collections, devicesKnown, traffic } = network;
  const peers = peersOf(network);
  const measured = peers.flatMap(({ latency }) => latency ?? []);
  return {
    ...{ networkId, ...traffic, peers },
    connectedPeers: peers.length,
    totalPeers: devicesKnown,
    collectionsShared: collections.length,
    bytesTransferred: traffic.bytesSent + traffic.bytesReceived,
    averageLatency: measured.length === 0 ? null : sum(measured) / measured.length,
    backlogBytes: sum(peers.map(({ backlogBytes }) => backlogBytes)),
    pendingOperations: sum(
      sync.flatMap((each) => (each.networkId === networkId ? each.pendingOperations : [])),
    ),
  };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

const peersOf = ({ networkId, peers, warnings }: NetworkSnapshot): readonly PeerInfo[] =>
  peers.map(({ device, roundTripMs, traffic, ...peer }) => {
    const { operationsSent, operationsReceived, bytesSent, bytesReceived } = traffic;
    return {
      ...{ ...peer, peerId: device, networkId, protocols, latency: roundTripMs },
      ...{ operationsSent, operationsReceived, bytesSent, bytesReceived },
      warnings: warnings.filter((each) => each.device === device),
    };
  });

/** Of every network: strangers must not learn which ones a peer is in. */
const protocols = ["/nebulusdb/1.0.0"];
