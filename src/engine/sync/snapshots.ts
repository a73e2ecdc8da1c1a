/**
 * What pages answer synchronously about networks and sync.
 */
import type { WriterId } from "../../core/base/types.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import type {
  ClosedSnapshot,
  NetworkSnapshot,
  PeerSnapshot,
  SyncSnapshot,
  SyncStatus,
} from "../../core/wire/snapshots.ts";
import type { Joining } from "../closed/joining.ts";
import type { ClosedMembership } from "../closed/membership.ts";
import { noProgress, statusOfAll } from "../../core/wire/syncStatus.ts";
import type { Home } from "../home.ts";
import type { NetworkMembership } from "../identity.ts";
import { hashOf, joiningHash } from "../networkList.ts";
import type { Peer } from "./peer.ts";
import {
  attachedHomes,
  connectedIn,
  isPaused,
  modeOf,
  partnersOf,
  type SyncState,
} from "./state.ts";
import { ownWritersOf, pendingOpsOf } from "./summary.ts";
import { addTraffic, noTraffic } from "./traffic.ts";

export const networkSnapshots = (state: SyncState): readonly NetworkSnapshot[] => [
  ...state.engine.registry.networks.all().map((membership) => memberSnapshot(state, membership)),
  ...state.engine.registry.networks.joinings().map((joining) => joiningSnapshot(state, joining)),
];

const joiningSnapshot = (state: SyncState, joining: Joining): NetworkSnapshot => ({
  refused: joining.refused.reason,
  ...{ networkId: joining.networkId, name: joining.networkId },
  ...{ kind: "joining", secret: true, closed: null, privateByDefault: false },
  relays: relaysOf(state, joiningHash(joining)),
  ...{ collections: [], peers: [], devicesKnown: 0, traffic: noTraffic, warnings: [] },
});

const memberSnapshot = (state: SyncState, membership: NetworkMembership): NetworkSnapshot => {
  const closed = membership.kind === "closed" ? closedSnapshot(state, membership) : null;
  const peers = connectedIn(state, membership).map(({ peer }) => peer);
  const met = state.met.get(membership);
  return {
    ...{ networkId: membership.networkId, name: membership.title, kind: membership.kind },
    privateByDefault: state.engine.registry.networks.isPrivate(membership),
    ...{ secret: membership.secret, closed, relays: relaysOf(state, hashOf(membership)) },
    ...{ refused: null, warnings: state.devices?.warnings(membership) ?? [] },
    collections: attachedHomes(state, membership).map(({ collection }) => collection),
    peers: peers.map((peer) => peerSnapshot(state, membership, peer)),
    devicesKnown: new Set([...(met?.devices ?? []), ...otherDevicesOf(closed)]).size,
    traffic: peers.reduce((sum, peer) => addTraffic(sum, peer.traffic), met?.traffic ?? noTraffic),
  };
};

const relaysOf = ({ engine }: SyncState, hash: string): readonly string[] =>
  engine.registry.networks.relays().get(hash) ?? [];

const otherDevicesOf = (closed: ClosedSnapshot | null): readonly string[] =>
  (closed?.members ?? [])
    .flatMap(({ devices }) => devices)
    .flatMap(({ device, isThis }) => (isThis ? [] : [device]));

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
  const equal = partnersOf(state, home).filter((peer) => {
    const status = peer.status(home.scope);
    return status?.kind === "synced" && status.verified;
  });
  const acknowledged = state.acknowledging?.devicesHolding(home) ?? [];
  return new Set([...equal.map(({ device }) => device), ...acknowledged]).size;
};

/** The least that can be said with regard to all peers at once. */
export const statusOf = (state: SyncState, home: Home): SyncStatus => {
  const statuses = partnersOf(state, home).map((peer) => peer.status(home.scope) ?? comparing);
  const [least] = statuses.toSorted((a, b) => rankOf(a) - rankOf(b) || opsOf(b) - opsOf(a));
  if (least === undefined) return { kind: "disconnected" };
  if (least.kind !== "synced") return least;
  if (pendingOpsOf(home) > 0) return comparing;
  const synced = statuses.flatMap((status) => (status.kind === "synced" ? status.with : []));
  return { ...least, with: [...new Set(synced)] };
};

const comparing: SyncStatus = { kind: "syncing", ops: 0, progress: noProgress };

/** The less is finished, the lower. */
const rankOf = (status: SyncStatus): number => {
  if (status.kind === "synced") return status.verified ? 6 : 5;
  return ["disconnected", "paused", "mismatch", "behind", "syncing"].indexOf(status.kind);
};

const opsOf = (status: SyncStatus): number => ("ops" in status ? status.ops : 0);

const peerSnapshot = (
  state: SyncState,
  membership: NetworkMembership,
  peer: Peer,
): PeerSnapshot => {
  const { channel, device, traffic, roundTripMs, lastSeen, backlogBytes } = peer;
  const { remotePeer: transportId, path, layers = [] } = channel;
  const shared = attachedHomes(state, membership).filter(({ scope }) => peer.shares(scope));
  return {
    ...{ device, transportId, path, layers, roundTripMs, lastSeen, backlogBytes },
    addresses: [addressOf(channel)],
    status: statusOfAll(shared.map(({ scope }) => peer.status(scope) ?? comparing)),
    collections: shared.map(({ collection }) => collection),
    traffic: { ...traffic },
  };
};

/** As a carrier takes it; a relayed one names no relay, since all of them lead there. */
const addressOf = ({ remotePeer, path }: PeerChannel): string => {
  if (path === "memory") return `/memory/${remotePeer}`;
  return `${path === "relayed" ? "/p2p-circuit" : ""}/p2p/${remotePeer}`;
};

const syncSnapshot = (
  state: SyncState,
  { networkId }: NetworkMembership,
  home: Home,
): SyncSnapshot => ({
  collection: home.collection,
  networkId,
  mode: modeOf(state, home),
  status: isPaused(state, home) ? { kind: "paused" } : statusOf(state, home),
  pendingOperations: pendingOperations(state, home),
  lastSync: state.lastSync.get(home.scope) ?? null,
  vector: Object.fromEntries(home.tree.heads().map(({ writer, n }) => [writer, n])),
});

/** Ops of this device that no other device is known to hold. */
const pendingOperations = (state: SyncState, home: Home): number => {
  const peers = partnersOf(state, home);
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
