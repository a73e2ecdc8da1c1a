/**
 * Keeps one channel to every peer that the relays name: who dials and when, and what happens when
 * one ends.
 *
 * - Of two peers the one whose id comes first in text order dials; the other waits. Two dials at
 *   once.
 * - A channel that ends is dialed again, with back-off, for as long as a relay names the peer.
 * - A peer whose channel runs through the relay is dialed again now and then; when a direct channel
 *   comes of it, that replaces the relayed one.
 */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { channelsMax, dialsAtOnceMax, frameBytesMax } from "../core/base/limits.ts";
import type { PeerChannel, PeerStatus } from "../core/net/carrier.ts";
import { pathOf } from "./addresses.ts";
import { backoffMilliseconds, type Clock } from "./clock.ts";
import {
  channelProtocol,
  closeGently,
  closeRelayedConnections,
  createDialer,
  probe,
  type Dialer,
} from "./dialer.ts";
import { createFrameStream } from "./frameStream.ts";
import type { RelayLink } from "./relayLink.ts";

const redial = { min: 500, max: 60_000 };
/** From a relayed channel to a direct one. */
const upgrade = { min: 10_000, max: 600_000 };
/** A channel that lived so long was a good one: its end is no repeated failure. */
const goodMilliseconds = 30_000;
/** One lives; another may open before the old one is closed. */
const streamsPerConnectionMax = 4;

export interface MeshDeps {
  readonly libp2p: Libp2p;
  readonly links: () => readonly RelayLink[];
  readonly clock: Clock;
  /**
   * An older channel to the same peer was closed just before. Set the channel's handlers at once.
   */
  readonly onChannel: (channel: PeerChannel) => void;
  /** `peers` may answer something new. */
  readonly onChange: () => void;
}

export interface Mesh {
  start(): Promise<void>;
  /** To be called when a relay came, went, or named other peers. */
  update(): void;
  /** Dials at once whoever waits out a back-off. */
  wake(): void;
  peers(): readonly PeerStatus[];
  stop(): void;
}

export const createMesh = (deps: MeshDeps): Mesh => {
  const state: State = {
    deps,
    self: deps.libp2p.peerId.toString(),
    peers: new Map(),
    connect: createDialer({
      ...deps,
      hasChannel: (id) => state.isStopped || (state.peers.get(id)?.channel ?? null) !== null,
      onOpen: (id, stream, connection) => {
        adopt(state, id, stream, connection);
      },
    }),
    dials: 0,
    isStopped: false,
  };

  return {
    start: () =>
      deps.libp2p.handle(channelProtocol, accept.bind(null, state), {
        runOnLimitedConnection: true,
        maxInboundStreams: streamsPerConnectionMax,
        maxOutboundStreams: streamsPerConnectionMax,
      }),
    update: () => {
      const named = new Set(deps.links().flatMap((link) => [...link.peers()]));
      for (const id of named) name(state, id);
      for (const peer of [...state.peers.values()]) {
        peer.isNamed = named.has(peer.id);
        forgetIfUnused(state, peer);
      }
      kick(state);
    },
    wake: () => {
      state.peers.forEach(startAfresh);
      kick(state);
    },
    peers: () =>
      [...state.peers.values()].map(({ id, channel }) => ({
        peer: id,
        path: channel?.path ?? "connecting",
      })),
    stop: () => {
      state.isStopped = true;
      for (const peer of state.peers.values()) {
        peer.cancelWait?.();
        peer.channel?.close();
      }
    },
  };
};

interface State {
  readonly deps: MeshDeps;
  readonly self: string;
  readonly peers: Map<string, Peer>;
  readonly connect: Dialer;
  dials: number;
  isStopped: boolean;
}

interface Peer {
  readonly id: string;
  /** A relay lists it under one of our tags. */
  isNamed: boolean;
  isDialing: boolean;
  /** In a row. */
  failures: number;
  /** Set while a next dial waits for its time. */
  cancelWait: (() => void) | null;
  channel: PeerChannel | null;
  /** What the channel runs on. */
  connection: Connection | null;
}

/** The peer's entry, made if there is room; null otherwise. */
const entryOf = ({ peers }: State, id: string): Peer | null => {
  const known = peers.get(id);
  if (known !== undefined) return known;
  if (peers.size >= channelsMax) return null;
  const peer: Peer = {
    id,
    isNamed: false,
    isDialing: false,
    failures: 0,
    cancelWait: null,
    channel: null,
    connection: null,
  };
  peers.set(id, peer);
  return peer;
};

const forgetIfUnused = ({ peers }: State, peer: Peer): void => {
  if (peer.isNamed || peer.isDialing || peer.channel !== null) return;
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
  if (peer.connection !== null && peer.channel?.path === "direct") void probe(peer.connection);
};

const startAfresh = (peer: Peer): void => {
  peer.failures = 0;
  if (peer.channel !== null) return;
  peer.cancelWait?.();
  peer.cancelWait = null;
};

/** The answering side of a channel. Nobody whose id comes after ours has reason to open one. */
const accept = (state: State, stream: Stream, connection: Connection): void => {
  const id = connection.remotePeer.toString();
  const isExpected = id < state.self && !state.isStopped && entryOf(state, id) !== null;
  if (isExpected) adopt(state, id, stream, connection);
  else stream.abort(new Error("no channel to this peer is wanted"));
};

const adopt = (state: State, id: string, stream: Stream, connection: Connection): void => {
  const { deps, self } = state;
  const peer = entryOf(state, id);
  if (peer === null || state.isStopped) {
    stream.abort(new Error("no channel to this peer is wanted"));
    return;
  }
  const since = deps.clock.now();
  const older = peer.channel;
  const path = pathOf(connection.remoteAddr.toString());
  const frames = createFrameStream({
    stream,
    frameBytesMax,
    clock: deps.clock,
    onClosed: () => {
      if (peer.channel === channel) lose(state, peer, deps.clock.now() - since);
    },
  });
  const channel: PeerChannel = {
    send: frames.send,
    onClose: frames.onClose,
    close: frames.close,
    onFrame: (handler) => {
      frames.onFrame((frame) => {
        onAnswered();
        handler(frame);
      });
    },
    remotePeer: id,
    localPeer: self,
    remotePeerBytes: connection.remotePeer.toMultihash().bytes,
    localPeerBytes: deps.libp2p.peerId.toMultihash().bytes,
    initiator: self < id,
    path,
  };
  const onAnswered = once(() => {
    if (channel.initiator && path === "direct") closeRelayedConnections(deps.libp2p, id);
  });
  // A direct connection carries nothing but its channel. The peer's page may be gone while its end
  // still looks open for long, and the next dial must not find that.
  if (path === "direct") stream.addEventListener("close", () => void closeGently(connection));
  peer.channel = channel;
  peer.connection = connection;
  older?.close();
  deps.onChannel(channel);
  deps.onChange();
};

const once = (run: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
};

const lose = (state: State, peer: Peer, livedMilliseconds: number): void => {
  peer.channel = null;
  peer.connection = null;
  peer.failures = livedMilliseconds >= goodMilliseconds ? 0 : peer.failures + 1;
  scheduleNext(state, peer);
  forgetIfUnused(state, peer);
  state.deps.onChange();
};

const scheduleNext = (state: State, peer: Peer): void => {
  if (state.isStopped || peer.channel?.path === "direct") return;
  const { clock } = state.deps;
  const bounds = peer.channel === null ? redial : upgrade;
  peer.cancelWait?.();
  peer.cancelWait = clock.after(backoffMilliseconds(clock, peer.failures, bounds), () => {
    peer.cancelWait = null;
    kick(state);
  });
};

/** Begins as many of the dials that are due as may run at once. */
const kick = (state: State): void => {
  for (const peer of state.peers.values()) {
    if (state.isStopped || state.dials >= dialsAtOnceMax) return;
    if (isDue(state, peer)) void dial(state, peer);
  }
};

const isDue = ({ self, deps }: State, peer: Peer): boolean =>
  peer.isNamed &&
  self < peer.id &&
  !peer.isDialing &&
  peer.cancelWait === null &&
  peer.channel?.path !== "direct" &&
  deps.links().some((link) => link.circuit() !== null && link.peers().has(peer.id));

const dial = async (state: State, peer: Peer): Promise<void> => {
  peer.isDialing = true;
  state.dials += 1;
  await state.connect(peer.id);
  state.dials -= 1;
  peer.isDialing = false;
  if (peer.channel?.path !== "direct") peer.failures += 1;
  if (peer.cancelWait === null) scheduleNext(state, peer);
  forgetIfUnused(state, peer);
  kick(state);
};

const isPeerId = (text: string): boolean => {
  try {
    return peerIdFromString(text).toString() === text;
  } catch {
    return false;
  }
};
