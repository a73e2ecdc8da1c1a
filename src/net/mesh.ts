/**
 * Keeps a connection with channels to every peer that the relays name: who dials and when, and what
 * happens when one ends.
 *
 * - Of two peers the one whose id comes first in text order dials; the other waits. Two dials at
 *   once. Either may open further channels beside the first.
 * - A peer whose last channel ended is dialed again, with back-off, while a relay names it.
 * - With a peer that is refused nothing is opened, and what it opens is closed.
 * - A peer whose channels run through the relay is dialed again now and then; when a direct channel
 *   comes of it, that replaces the relayed ones.
 */
import type { Connection, Stream } from "@libp2p/interface";
import { channelsMax, channelsPerPeerMax, dialsAtOnceMax } from "../core/base/limits.ts";
import type { PeerChannel, PeerStatus } from "../core/net/carrier.ts";
import { isPeerId, pathOf } from "./addresses.ts";
import { backoffMilliseconds } from "./clock.ts";
import type { DhtFinder } from "./dhtFinder.ts";
import {
  channelProtocol,
  closeGently,
  closeRelayedConnections,
  createDialer,
  dialableAt,
  dialAddress,
  nobodyAt,
  openStream,
  probe,
  type Dialer,
  type DialerDeps,
} from "./dialer.ts";
import { createPlaces, inTurn, rareIn, type PlaceBounds, type Places } from "./places.ts";
import type { RelayLink } from "./relayLink.ts";
import { createStreamChannel, type StreamChannel } from "./streamChannel.ts";

const redial = { min: 500, max: 60_000 };
/** From a relayed channel to a direct one. */
const upgrade = { min: 10_000, max: 600_000 };
/** A connection that was used so long was a good one: its end is no repeated failure. */
const goodMilliseconds = 30_000;
/** How long the answering side leaves a connection open without channels. */
const graceMilliseconds = 3_000;
/** Some may open before others are closed. */
const streamsPerConnectionMax = channelsPerPeerMax + 4;

export interface MeshDeps extends Pick<
  DialerDeps,
  "libp2p" | "links" | "clock" | "dialTimeout" | "onDirect"
> {
  /** Found otherwise, whichever relay leads there. */
  readonly found: () => Pick<DhtFinder, "peers" | "groups">;
  readonly places: PlaceBounds;
  /**
   * Older ones to the same peer were closed just before, unless it is beside them. Set the
   * channel's handlers at once.
   */
  readonly onChannel: (channel: PeerChannel) => void;
  /** `peers` may answer something new. */
  readonly onChange: () => void;
}

export interface Mesh {
  start(): Promise<void>;
  /** To be called when a relay came, went, or named other peers. */
  update(): void;
  /** Has nothing to do with these, by id; replaces the ones before. */
  readonly setRefused: (peers: readonly string[]) => void;
  /** Dials at once whoever waits out a back-off. */
  wake(): void;
  /** Opens a channel to who is at this address, named or not; see `Carrier.connect`. */
  connect(address: string): Promise<void>;
  peers(): readonly PeerStatus[];
  stop(): void;
}

export const createMesh = (deps: MeshDeps): Mesh => {
  const { clock, places: bounds } = deps;
  const peers = new Map<string, Peer>();
  const state: State = {
    ...{ deps, peers, bounds },
    self: deps.libp2p.peerId.toString(),
    refused: new Set(),
    places: createPlaces({ bounds, clock, peers: () => peers.values() }),
    cancelRotation: () => undefined,
    connect: createDialer({
      ...deps,
      hasChannel: (id) => state.isStopped || connectionTo(state, id) !== null,
      beforeSwitch: (id) => holdOpenings(peers.get(id)),
      onOpen: (id, stream, connection) => {
        adopt(state, id, stream, connection, "dialed");
      },
    }),
    dials: 0,
    isStopped: false,
  };
  rotateLater(state);

  return {
    start: () =>
      deps.libp2p.handle(channelProtocol, accept.bind(null, state), {
        runOnLimitedConnection: true,
        maxInboundStreams: streamsPerConnectionMax,
        maxOutboundStreams: streamsPerConnectionMax,
      }),
    update: () => {
      const groups = [deps.found(), ...deps.links()].flatMap((each) => [...each.groups()]);
      const named = inTurn(groups, channelsMax);
      const rare = rareIn(groups);
      for (const peer of [...state.peers.values()]) {
        if (!named.has(peer.id)) peer.isNamed = false;
        forgetIfUnused(state, peer);
      }
      for (const id of named) name(state, id);
      for (const peer of state.peers.values()) peer.isRare = rare.has(peer.id);
      kick(state);
    },
    setRefused: (peers) => {
      setRefused(state, new Set(peers));
    },
    wake: () => {
      state.peers.forEach(startAfresh);
      kick(state);
    },
    connect: (address) => connectTo(state, address),
    peers: () =>
      [...state.peers.values()]
        .filter(({ id }) => !state.refused.has(id))
        .map(({ id, channels, connection, fault }) => ({
          peer: id,
          path: connection === null || channels.size === 0 ? "connecting" : pathTo(connection),
          ...{ isDialer: state.self < id, fault },
        })),
    stop: () => {
      state.isStopped = true;
      state.cancelRotation();
      for (const peer of state.peers.values()) {
        peer.cancelWait?.();
        for (const { channel } of [...peer.channels]) channel.close();
      }
    },
  };
};

interface State {
  readonly deps: MeshDeps;
  readonly self: string;
  readonly peers: Map<string, Peer>;
  /** Ids of peers. */
  refused: ReadonlySet<string>;
  readonly connect: Dialer;
  readonly bounds: PlaceBounds;
  readonly places: Places<Peer>;
  cancelRotation: () => void;
  dials: number;
  isStopped: boolean;
}

interface Peer {
  readonly id: string;
  /** A relay lists it under one of our tags, or it was found under one. */
  isNamed: boolean;
  /** See `rareIn`. */
  isRare: boolean;
  isDialing: boolean;
  /** In a row. */
  failures: number;
  /** Of the last dial. */
  fault: PeerStatus["fault"];
  /** Set while a next dial waits for its time. */
  cancelWait: (() => void) | null;
  /** What its channels run on, from the first of them until it is let go. */
  connection: Connection | null;
  /** By this side. */
  isDialed: boolean;
  connectedAt: number;
  channels: Set<StreamChannel>;
  /** Streams that this side is opening beside those, and the end of the last of them. */
  opening: number;
  opened: Promise<unknown>;
  /** A dial has come so far that what runs on another connection is about to end. */
  isSwitching: boolean;
}

/** The peer's entry, made if there is room; null otherwise. */
const entryOf = ({ peers }: State, id: string): Peer | null => {
  const known = peers.get(id);
  if (known !== undefined) return known;
  if (peers.size >= channelsMax) return null;
  const peer: Peer = {
    id,
    ...{ isNamed: false, isRare: false },
    isDialing: false,
    ...{ failures: 0, fault: null, cancelWait: null },
    ...{ connection: null, isDialed: false, connectedAt: 0, channels: new Set() },
    ...{ opening: 0, opened: Promise.resolve(), isSwitching: false },
  };
  peers.set(id, peer);
  return peer;
};

const connectionTo = ({ peers }: State, id: string): Connection | null =>
  peers.get(id)?.connection ?? null;

const forgetIfUnused = ({ peers }: State, peer: Peer): void => {
  if (peer.isNamed || peer.isDialing || peer.connection !== null) return;
  peer.cancelWait?.();
  peers.delete(peer.id);
};

const name = (state: State, id: string): void => {
  if (id === state.self || !isPeerId(id)) return;
  const peer = entryOf(state, id);
  if (peer === null || peer.isNamed) return;
  peer.isNamed = true;
  // Back after it was gone: earlier failures say nothing any more, and if its page was killed and
  // opened again, its end of a direct channel is gone without a word.
  startAfresh(peer);
  if (peer.connection !== null && isDirect(peer.connection)) void probe(peer.connection);
};

const setRefused = (state: State, refused: ReadonlySet<string>): void => {
  const before = state.refused;
  state.refused = refused;
  for (const peer of state.peers.values()) {
    if (refused.has(peer.id)) for (const { channel } of [...peer.channels]) channel.close();
    else if (before.has(peer.id)) startAfresh(peer);
  }
  state.deps.onChange();
  kick(state);
};

const startAfresh = (peer: Peer): void => {
  peer.failures = 0;
  if (peer.connection !== null) return;
  peer.cancelWait?.();
  peer.cancelWait = null;
};

/**
 * The answering side of a channel. Whose id comes after ours opens one beside others, or because it
 * was told our address; while there is a channel, it has no reason to.
 */
const accept = (state: State, stream: Stream, connection: Connection): void => {
  const id = connection.remotePeer.toString();
  const standing = connectionTo(state, id);
  const isExpected = id < state.self || standing === null || standing === connection;
  if (isExpected) adopt(state, id, stream, connection, "answered");
  else refuse(stream);
};

const refuse = (stream: Stream): void => {
  stream.abort(new Error("no channel to this peer is wanted"));
};

const adopt = (
  state: State,
  id: string,
  stream: Stream,
  connection: Connection,
  how: "dialed" | "beside" | "answered",
): void => {
  const { deps } = state;
  if (state.refused.has(id)) {
    refuse(stream);
    // Whoever dials would find it again, and try on it
    void closeIfDirect(connection);
    return;
  }
  const peer = entryOf(state, id);
  const isSame = peer?.connection === connection;
  if (peer === null || state.isStopped || (isSame && peer.channels.size >= channelsPerPeerMax)) {
    refuse(stream);
    return;
  }
  if (!hasPlaceFor(state, peer, how)) {
    refuse(stream);
    if (how === "dialed") void closeIfDirect(connection);
    return;
  }
  const initiator = how !== "answered";
  // Those before it may have ended since this side asked for it
  const isBeside = how === "beside" || (isSame && peer.channels.size > 0);
  const made = createStreamChannel({
    ...{ stream, connection, localPeer: deps.libp2p.peerId, clock: deps.clock },
    ...{ initiator, isBeside },
    onAnswered: () => {
      if (initiator && isDirect(connection)) closeRelayedConnections(deps.libp2p, id);
    },
    onClosed: () => {
      if (!peer.channels.delete(made)) return;
      deps.onChange();
      letGoIfUnused(state, peer, made);
    },
    another: () => void openBeside(state, peer, connection),
  });
  if (isSame) peer.channels.add(made);
  else replaceAll(state, peer, made, connection);
  if (isDirect(connection) || peer.fault !== "direct") peer.fault = null;
  deps.onChannel(made.channel);
  deps.onChange();
};

/**
 * Of two that dialed each other at once, the dial counts of whose id comes first. Somebody else may
 * make room for who is new here.
 */
const hasPlaceFor = (state: State, peer: Peer, how: "dialed" | "beside" | "answered"): boolean => {
  if (peer.connection !== null) return how !== "dialed" || peer.isDialed || state.self < peer.id;
  const room = state.places.roomFor(peer);
  if (typeof room === "object") giveUp(state, room);
  return room !== false;
};

/** For somebody else; it is not dialed before others had their turn. */
const giveUp = (state: State, peer: Peer): void => {
  const { connection, channels } = peer;
  Object.assign(peer, { connection: null, channels: new Set() });
  endAll(channels, connection);
  dialLater(state, peer, state.bounds.rotationMilliseconds);
  forgetIfUnused(state, peer);
};

/** And then what they ran on. */
const endAll = (channels: ReadonlySet<StreamChannel>, connection: Connection | null): void => {
  for (const { channel } of channels) channel.close();
  const ended = [...channels].map((each) => each.ended);
  if (connection !== null) void Promise.all(ended).then(() => closeIfDirect(connection));
};

/** Where there are more than can be met, chance decides again and again who is. */
const rotateLater = (state: State): void => {
  const { deps, bounds, places } = state;
  const milliseconds = bounds.rotationMilliseconds * (0.5 + deps.clock.random());
  state.cancelRotation = deps.clock.after(milliseconds, () => {
    if (places.isCrowded()) {
      const leaving = places.leaving();
      if (leaving !== null) giveUp(state, leaving);
      places.mayExplore();
      deps.onChange();
      kick(state);
    }
    rotateLater(state);
  });
};

/** The peer may be gone while the older connection still looks open: it goes. */
const replaceAll = (
  { deps }: State,
  peer: Peer,
  made: StreamChannel,
  connection: Connection,
): void => {
  const { channels, connection: older } = peer;
  const isDialed = made.channel.initiator;
  const connectedAt = deps.clock.now();
  Object.assign(peer, { connection, isDialed, connectedAt, channels: new Set([made]) });
  endAll(channels, older);
};

/** Until the dial under way is over; resolves when none is left. */
const holdOpenings = async (peer: Peer | undefined): Promise<void> => {
  if (peer === undefined) return;
  peer.isSwitching = true;
  await peer.opened;
};

const openBeside = async (state: State, peer: Peer, connection: Connection): Promise<void> => {
  const isPossible = peer.connection === connection && !peer.isSwitching && !state.isStopped;
  if (!isPossible || peer.channels.size + peer.opening >= channelsPerPeerMax) return;
  peer.opening += 1;
  const opening = openStream(connection);
  peer.opened = Promise.all([peer.opened, opening]);
  const stream = await opening;
  peer.opening -= 1;
  if (peer.connection !== connection) {
    if (stream !== null) refuse(stream);
    return;
  }
  if (stream !== null) adopt(state, peer.id, stream, connection, "beside");
  else letGoIfUnused(state, peer, null);
  kick(state);
};

/**
 * A connection carries nothing but its channels. The peer's page may be gone while its end still
 * looks open for long, and the next dial must not find that; who dials waits for no other channel
 * than its own, who answers a moment for one of the other's.
 */
const letGoIfUnused = (state: State, peer: Peer, last: StreamChannel | null): void => {
  const { connection } = peer;
  const isUnused = (): boolean =>
    peer.connection === connection && peer.channels.size === 0 && peer.opening === 0;
  const letGo = (): void => {
    if (connection === null || !isUnused()) return;
    peer.connection = null;
    void (last?.ended ?? Promise.resolve()).then(() => closeIfDirect(connection));
    const livedMilliseconds = state.deps.clock.now() - peer.connectedAt;
    peer.failures = livedMilliseconds >= goodMilliseconds ? 0 : peer.failures + 1;
    scheduleNext(state, peer);
    forgetIfUnused(state, peer);
    state.deps.onChange();
  };
  if (state.self < peer.id || state.isStopped) letGo();
  else if (isUnused()) state.deps.clock.after(graceMilliseconds, letGo);
};

const pathTo = ({ remoteAddr }: Connection): ReturnType<typeof pathOf> =>
  pathOf(remoteAddr.toString());

const isDirect = (connection: Connection): boolean => pathTo(connection) === "direct";

const hasDirect = ({ connection }: Peer): boolean => connection !== null && isDirect(connection);

/** Relayed ones carry the signalling for direct ones too. */
const closeIfDirect = async (connection: Connection): Promise<void> => {
  if (isDirect(connection)) await closeGently(connection);
};

const scheduleNext = (state: State, peer: Peer): void => {
  if (state.isStopped || hasDirect(peer)) return;
  const { clock } = state.deps;
  const bounds = peer.connection === null ? redial : upgrade;
  dialLater(state, peer, backoffMilliseconds(clock, peer.failures, bounds));
};

/** If it is due then. */
const dialLater = (state: State, peer: Peer, milliseconds: number): void => {
  peer.cancelWait?.();
  peer.cancelWait = state.deps.clock.after(milliseconds, () => {
    peer.cancelWait = null;
    kick(state);
  });
};

/** Begins as many of the dials that are due as may run at once. */
const kick = (state: State): void => {
  const isCrowded = state.places.isCrowded();
  for (const peer of isCrowded ? shuffled(state) : state.peers.values()) {
    if (state.isStopped || state.dials >= dialsAtOnceMax) return;
    if (isMine(state, peer, isCrowded) && isDue(state, peer)) void dial(state, peer);
  }
};

const shuffled = ({ peers, deps: { clock } }: State): readonly Peer[] =>
  [...peers.values()]
    .map((peer) => ({ peer, at: clock.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ peer }) => peer);

/** To dial. Where not everybody can be met, the other may have no need. */
const isMine = ({ self, places }: State, peer: Peer, isCrowded: boolean): boolean => {
  const isFirst = self < peer.id;
  if (!isCrowded || peer.connection !== null) return isFirst;
  return places.mayDial() || (peer.isRare && isFirst && places.roomFor(peer) !== false);
};

const isDue = ({ deps, refused }: State, peer: Peer): boolean =>
  peer.isNamed &&
  !refused.has(peer.id) &&
  !peer.isDialing &&
  peer.opening === 0 &&
  peer.cancelWait === null &&
  !hasDirect(peer) &&
  deps.links().some((link) => link.circuit() !== null && isNamedBy(deps, link, peer.id));

const isNamedBy = ({ found }: MeshDeps, link: RelayLink, id: string): boolean =>
  link.peers().has(id) || found().peers().has(id);

const dial = async (state: State, peer: Peer): Promise<void> => {
  peer.isDialing = true;
  state.dials += 1;
  const fault = await state.connect(peer.id);
  state.dials -= 1;
  Object.assign(peer, { isDialing: false, isSwitching: false });
  state.places.explored();
  if (!hasDirect(peer)) peer.failures += 1;
  peer.fault = hasDirect(peer) ? null : peer.connection === null ? fault : "direct";
  state.deps.onChange();
  if (peer.cancelWait === null) scheduleNext(state, peer);
  forgetIfUnused(state, peer);
  kick(state);
};

const connectTo = async (state: State, address: string): Promise<void> => {
  const { libp2p } = state.deps;
  const found = await dialableAt(libp2p, address);
  const isConnected = (): boolean => connectionTo(state, found.peer) !== null;
  if (found.peer === state.self || isConnected()) return;
  if (found.at === null) {
    await state.connect(found.peer);
    // One that nobody answered on was dropped, so that the next is new.
    if (!isConnected()) await state.connect(found.peer);
    if (!isConnected()) throw nobodyAt(address);
    return;
  }
  const connection = await dialAddress(libp2p, found.at, state.deps.dialTimeout);
  const stream = connection === null ? null : await openStream(connection);
  if (connection === null || stream === null) throw nobodyAt(address);
  adopt(state, connection.remotePeer.toString(), stream, connection, "dialed");
};
