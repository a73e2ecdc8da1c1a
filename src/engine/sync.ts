/**
 * Sync with whoever a carrier brings: greets, runs one session a peer, tells sessions what changed
 * here, and keeps the snapshots from which pages answer. What is sent and taken is decided in
 * `core/sync`; nothing here decodes an op.
 *
 * A channel carries one network; with several in common peers have as many (sync/lines.ts).
 */
import { rendezvousTagsMax, tickMilliseconds } from "../core/base/limits.ts";
import { loadPart } from "../core/base/parts.ts";
import { createTurns } from "../core/base/turns.ts";
import type { Carrier, PeerChannel } from "../core/net/carrier.ts";
import { inviteTags, rendezvousTags } from "../core/network/keys.ts";
import type { DeliveredSegment } from "../core/segment/segment.ts";
import type { DeviceWarning } from "../core/wire/deviceWarning.ts";
import type { PeerOutcome, PeersRequest } from "../core/wire/peers.ts";
import type { Engine } from "./engine.ts";
import type { Home } from "./home.ts";
import { withPeerKey, type NetworkMembership } from "./identity.ts";
import type { Joining } from "./closed/joining.ts";
import type { ClosedMembership } from "./closed/membership.ts";
import { tagsAtRelays } from "./networkRelays.ts";
import { takeStatus } from "./sync/connectivity.ts";
import { chainChanged, loadParts, tendNetworks } from "./sync/control.ts";
import { tickOffences } from "./sync/offences.ts";
import { refusalsOf } from "./sync/refusals.ts";
import { copiesOf, type Copies } from "./sync/snapshots.ts";
import { peersOf, reportFailure, type SyncState } from "./sync/state.ts";
import { cutSegmentOf } from "./sync/summary.ts";
import { noteChange, schedule, tellAttachments, tellPage } from "./sync/tell.ts";

export interface Sync {
  /** Takes a network into use, or lets the present one go. */
  carry(carrier: Carrier | null): Promise<void>;
  /** Networks or attachments changed. */
  refresh(): void;
  /** Something was decided in a closed network: its members hear of it. */
  chainChanged(membership: ClosedMembership): Promise<void>;
  /** Segments are stored and may be sent. `from`: the peer that sent them. */
  segments(home: Home, segments: readonly DeliveredSegment[], from: string | null): void;
  /** Documents of a home changed. */
  changed(home: Home): void;
  /**
   * A round with every connected peer; `synced`: verified equal with all of them, and there is one.
   * Rejects with `SyncStalled` where it comes no further.
   */
  force(collection: string): Promise<{ readonly synced: boolean }>;
  /** With the members of a network that are connected, or as far as it comes in a few seconds. */
  catchUp(membership: ClosedMembership): Promise<void>;
  /** Of connected peers; throws what concerns the request as a whole. */
  askPeers(request: PeersRequest): Promise<readonly PeerOutcome[]>;
  /** What is known to be on other devices too. */
  copies(): Promise<Copies>;
  /** Before it is closed: whoever is connected hears what this device holds. Never rejects. */
  farewell(): Promise<void>;
  /** Of all networks. */
  deviceWarnings(): readonly DeviceWarning[];
  /** How often something of a peer was refused, dropped or done again, by reason. */
  refusals(): Readonly<Record<string, number>>;
}

export type SyncDeps = Pick<
  SyncState,
  "engine" | "emitNetworks" | "emitSync" | "emitMessage" | "emitConnectivity"
>;

export const createSync = (deps: SyncDeps): Sync => {
  const state: SyncState = {
    ...deps,
    retag() {
      if (state.carrier !== null) setTags(state.engine, state.carrier);
    },
    loadAcknowledging: () => loadAcknowledging(state),
    ...{ carrier: null, carried: null, connectivity: null, acknowledging: null, devices: null },
    inTurn: createTurns(),
    connected: new Map(),
    ticks: 0,
    lines: new Map(),
    ...{ refusals: new Map(), offences: new Map(), met: new Map() },
    refused: new Set(),
    ...{ dirty: new Set(), gathering: new Map() },
    lastCuts: new WeakMap(),
    hashing: new Set(),
    rounds: new Map(),
    isScheduled: false,
    stopTicking: () => undefined,
    everySecond: () => undefined,
    sentOps: new WeakMap(),
    lastSync: new Map(),
    repairs: new WeakMap(),
    retakes: new Map(),
    watchers: new Set(),
    tending: new Set(),
  };
  return {
    carry: (carrier) => carry(state, carrier),
    refresh() {
      state.retag();
      closeLeft(state);
      tellAttachments(state);
      goOn(state);
      tellPage(state);
      loadAcknowledging(state).catch((error: unknown) => {
        reportFailure(state, error);
      });
    },
    chainChanged: (membership) => chainChanged(state, membership),
    segments(home, segments, from) {
      state.devices?.stored(home, segments);
      for (const segment of segments) tellSegment(state, home, segment, from);
      noteChange(state, home);
    },
    changed: (home) => {
      noteChange(state, home);
    },
    ...roundsOf(state),
    async askPeers(request) {
      const { askPeers } = await loadPart(() => import("./sync/peers.ts"));
      return askPeers(state, request);
    },
    async copies() {
      await loadAcknowledging(state);
      return copiesOf(state);
    },
    farewell: async () => {
      await state.acknowledging?.farewell().catch((error: unknown) => {
        reportFailure(state, error);
      });
    },
    deviceWarnings: () => state.devices?.all() ?? [],
    refusals: () => refusalsOf(state),
  };
};

const carry = async (state: SyncState, carrier: Carrier | null): Promise<void> => {
  state.stopTicking();
  state.acknowledging?.stop();
  state.carrier?.stop();
  state.carrier = carrier;
  state.lines.clear();
  takeStatus(state, carrier === null ? null : { relays: [], peers: [] });
  if (carrier === null) return;
  const { store } = state.engine.deps;
  carrier.onChannel((channel) => {
    accept(state, channel).catch((error: unknown) => {
      channel.close();
      reportFailure(state, error);
    });
  });
  carrier.onStatus((status) => {
    if (state.carrier === carrier) takeStatus(state, status);
  });
  carrier.setRefused([...state.refused]);
  const { privateKey } = await carrier.start(state.engine.identity.peerKey);
  await store.write({ meta: new Map(withPeerKey(await store.meta(), privateKey)) });
  setTags(state.engine, carrier);
  tick(state);
};

/** Greeting and sessions are loaded with the first channel; its frames wait. */
const accept = async (state: SyncState, channel: PeerChannel): Promise<void> => {
  if (state.refused.has(channel.remotePeer)) {
    channel.close();
    return;
  }
  const { connect } = await loadPart(() => import("./sync/connect.ts"));
  await loadParts(state);
  await connect(state, channel);
};

/** With the first network. */
const loadAcknowledging = async (state: SyncState): Promise<void> => {
  const { registry } = state.engine;
  if (state.acknowledging !== null || registry.networks.all().length === 0) return;
  const part = await loadPart(() => import("./sync/acknowledge.ts"));
  const { createDeviceWatch, everySecond, openAcknowledging } = part;
  const opened = await openAcknowledging(state);
  // Whoever came first has it
  state.acknowledging ??= opened;
  state.devices ??= createDeviceWatch(state);
  state.everySecond = everySecond;
  schedule(state);
};

/** Sessions count time in ticks; tags change with the day. */
const tick = (state: SyncState): void => {
  const { timers } = state.engine.deps;
  state.stopTicking = timers.after(tickMilliseconds, () => {
    state.ticks++;
    for (const { peer } of [...state.connected.values()]) peer.tick();
    state.retag();
    goOn(state);
    tendNetworks(state).catch((error: unknown) => {
      reportFailure(state, error);
    });
    state.everySecond(state);
    tickOffences(state.offences);
    tick(state);
  });
};

const roundsOf = (state: SyncState): Pick<Sync, "force" | "catchUp"> => ({
  async force(collection) {
    const { forceSync } = await loadPart(() => import("./sync/round.ts"));
    return forceSync(state, collection);
  },
  async catchUp(membership) {
    const { catchUp } = await loadPart(() => import("./sync/round.ts"));
    await catchUp(state, membership);
  },
});

/** What is due with peers by now gets a channel. */
const goOn = ({ lines }: SyncState): void => {
  for (const line of lines.values()) line.goOn();
};

const setTags = ({ registry, deps }: Engine, carrier: Carrier): void => {
  const now = deps.timers.now();
  const { networks } = registry;
  const named = tagsAtRelays(networks.relays(), (hash) => {
    const [membership, joining] = [networks.withHash(hash), networks.joining(hash)];
    return tagsOf(membership === null ? [] : [membership], joining === null ? [] : [joining], now);
  });
  carrier.setTags(tagsOf(networks.all(), networks.joinings(), now), named);
};

/** As many as a relay takes: members first, then those who are on their way in or back. */
const tagsOf = (
  networks: readonly NetworkMembership[],
  joinings: readonly Joining[],
  now: number,
): readonly string[] => {
  const latest = networks.flatMap(({ epochs }) => epochs.latest() ?? []);
  const closed = networks.filter((membership) => membership.kind === "closed");
  const invites = [
    ...joinings.map(({ publicKey }) => publicKey),
    ...closed.flatMap((membership) => membership.answeredInvites(now)),
  ];
  return [
    ...latest.flatMap((epoch) => rendezvousTags(epoch, now)),
    ...invites.flatMap((publicKey) => inviteTags(publicKey, now)),
    ...closed.flatMap((membership) => membership.pairTags(now)),
  ].slice(0, rendezvousTagsMax);
};

/** A channel is about one network: it ends when that is left, and may be made anew for another. */
const closeLeft = ({ connected, engine }: SyncState): void => {
  const memberships = engine.registry.networks.all();
  for (const [channel, { membership }] of [...connected]) {
    if (!memberships.includes(membership)) channel.close();
  }
};

const tellSegment = (
  state: SyncState,
  home: Home,
  segment: DeliveredSegment,
  from: string | null,
): void => {
  const { writer, first, count: ops } = segment.header;
  state.sentOps.set(segment.bytes, { writer, n: first + ops - 1, ops });
  for (const peer of peersOf(state, home)) {
    const isHeld = peer.channel.remotePeer === from;
    peer.step({ kind: "cut", segment: cutSegmentOf(home.scope, segment, isHeld) });
  }
};
