/**
 * What pages answer synchronously about networks and sync.
 */
import type { WriterId } from "../../core/base/types.ts";
import type {
  ClosedSnapshot,
  NetworkSnapshot,
  PeerSnapshot,
  SyncSnapshot,
  SyncStatus,
} from "../../core/wire/snapshots.ts";
import type { ClosedMembership } from "../closed/membership.ts";
import type { Home } from "../home.ts";
import type { NetworkMembership } from "../identity.ts";
import type { Peer, Traffic } from "./peer.ts";
import { attachedHomes, peersOf, type SyncState } from "./state.ts";
import { ownWritersOf, pendingOpsOf } from "./summary.ts";

export const networkSnapshots = (state: SyncState): readonly NetworkSnapshot[] => [
  ...memberSnapshots(state),
  ...state.engine.registry.networks.joinings().map(({ networkId }) => joiningSnapshot(networkId)),
];

const joiningSnapshot = (networkId: string): NetworkSnapshot => ({
  ...{ networkId, name: networkId, kind: "joining", secret: true, closed: null },
  ...{ collections: [], peers: [] },
  ...{ operationsSent: 0, operationsReceived: 0, bytesSent: 0, bytesReceived: 0 },
});

const memberSnapshots = (state: SyncState): readonly NetworkSnapshot[] =>
  state.engine.registry.networks.all().map((membership) => {
    const peers = [...state.connected.values()]
      .filter((each) => each.membership === membership)
      .map(({ peer }) => peer);
    const sum = (of: (traffic: Traffic) => number): number =>
      peers.reduce((total, { traffic }) => total + of(traffic), 0);
    return {
      networkId: membership.networkId,
      name: membership.title,
      kind: membership.kind,
      secret: membership.secret,
      closed: membership.kind === "closed" ? closedSnapshot(state, membership) : null,
      collections: attachedHomes(state, membership).map(({ collection }) => collection),
      peers: peers.map(peerSnapshot),
      operationsSent: sum(({ operationsSent }) => operationsSent),
      operationsReceived: sum(({ operationsReceived }) => operationsReceived),
      bytesSent: sum(({ bytesSent }) => bytesSent),
      bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    };
  });

const closedSnapshot = (state: SyncState, membership: ClosedMembership): ClosedSnapshot => {
  const { registry, deps } = state.engine;
  const attached = attachedHomes(state, membership);
  const homes = registry.homesOf(membership).map((home) => {
    const { collection, scope, notAccepted } = home;
    return { collection, scope, notAccepted, isAttached: attached.includes(home) };
  });
  return membership.snapshot(deps.timers.now(), homes);
};

export const syncSnapshots = (state: SyncState): readonly SyncSnapshot[] =>
  state.engine.registry.networks
    .all()
    .flatMap((membership) =>
      attachedHomes(state, membership).map((home) => syncSnapshot(state, membership, home)),
    );

export interface Copies {
  /** Operations of this device in networks that no other device is known to hold. */
  readonly pendingOperations: number;
  /**
   * Attached homes, with how many other devices hold what they hold: connected ones that were
   * verified to, and whichever acknowledged it, be they there or not.
   */
  readonly devices: ReadonlyMap<Home, number>;
}

export const copiesOf = (state: SyncState): Copies => {
  const homes = state.engine.registry.networks
    .all()
    .flatMap((membership) => attachedHomes(state, membership));
  return {
    pendingOperations: homes.reduce((sum, home) => sum + pendingOperations(state, home), 0),
    devices: new Map(homes.map((home) => [home, countHolding(state, home)])),
  };
};

const countHolding = (state: SyncState, home: Home): number => {
  if (pendingOpsOf(home) > 0) return 0;
  const equal = peersOf(state, home).filter((peer) => {
    const status = peer.status(home.scope);
    return status?.kind === "synced" && status.verified;
  });
  const acknowledged = state.acknowledging?.devicesHolding(home) ?? [];
  return new Set([...equal.map(({ device }) => device), ...acknowledged]).size;
};

/** The least that can be said with regard to all peers at once. */
export const statusOf = (state: SyncState, home: Home): SyncStatus => {
  const statuses = peersOf(state, home).map((peer) => peer.status(home.scope));
  if (statuses.length === 0) return { kind: "disconnected" };
  const pending = pendingOpsOf(home);
  let worst: SyncStatus = { kind: "synced", verified: true, unread: 0 };
  for (const status of statuses) {
    const next = status === null ? ({ kind: "syncing", ops: 0 } as const) : status;
    if (rankOf(next) > rankOf(worst)) worst = next;
  }
  return worst.kind === "synced" && pending > 0 ? { kind: "syncing", ops: 0 } : worst;
};

const rankOf = (status: SyncStatus): number => {
  if (status.kind === "synced") return status.verified ? 0 : 1;
  return ["syncing", "behind", "mismatch", "disconnected"].indexOf(status.kind) + 2;
};

const peerSnapshot = ({ channel, device, traffic }: Peer): PeerSnapshot => ({
  peerId: channel.remotePeer,
  device,
  path: channel.path,
  lastSeen: traffic.lastSeen,
});

const syncSnapshot = (
  state: SyncState,
  { networkId }: NetworkMembership,
  home: Home,
): SyncSnapshot => ({
  collection: home.collection,
  networkId,
  status: statusOf(state, home),
  pendingOperations: pendingOperations(state, home),
  lastSync: state.lastSync.get(home.scope) ?? null,
  vector: Object.fromEntries(home.tree.heads().map(({ writer, n }) => [writer, n])),
});

/** Ops of this device that no other device is known to hold. */
const pendingOperations = (state: SyncState, home: Home): number => {
  const peers = peersOf(state, home);
  const own = ownWritersOf(home);
  let pending = pendingOpsOf(home);
  for (const { writer, n } of home.tree.heads()) {
    if (!own.has(writer)) continue;
    const held = Math.max(0, ...peers.map((peer) => heldBy(peer, home, writer, n)));
    if (held >= n) continue;
    const acknowledged = state.acknowledging?.heldUpTo(home, writer) ?? 0;
    pending += n - Math.max(held, Math.min(n, acknowledged));
  }
  return pending;
};

/** What a peer is known to hold of a writer: all, where its heads are ours. */
const heldBy = (peer: Peer, home: Home, writer: WriterId, n: number): number => {
  const scope = peer.session().scopes.get(home.scope);
  if (scope === undefined) return 0;
  if (scope.peer?.headsHash === scope.local.headsHash) return n;
  const tips = scope.peerTips?.byWriter.get(writer) ?? [];
  return Math.min(n, Math.max(0, ...tips.map((tip) => tip.n)));
};
