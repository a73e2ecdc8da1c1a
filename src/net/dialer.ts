/**
 * One attempt to get a channel to one peer: WebRTC first, the relay if WebRTC is slow or fails.
 * When to try, and what becomes of the channel, is the mesh's.
 *
 * libp2p may answer a dial with a connection that is dead at the other end, or announce one whose
 * dialer has given up. So a connection counts only when our protocol was answered on it; one that
 * cannot be used is dropped by its dialer, so that the next dial makes a new one.
 */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr, type Multiaddr } from "@multiformats/multiaddr";
import { invalid, NebulusError } from "../core/base/errors.ts";
import type { PeerStatus } from "../core/net/carrier.ts";
import { directAddress, pathOf, relayedAddress } from "./addresses.ts";
import type { Clock } from "./clock.ts";
import type { RelayLink } from "./relayLink.ts";

/**
 * Constant, since libp2p's `identify` shows the names of protocols to strangers, the relay among
 * them.
 */
export const channelProtocol = "/nebulusdb/1.0.0";

/** What libp2p's ping speaks; that it is answered is enough. */
const pingProtocol = "/ipfs/ping/1.0.0";
const probeMillisecondsMax = 4_000;
const openMillisecondsMax = 20_000;
/** How long a peer without any channel waits for WebRTC before the relay carries its frames. */
const relayedAfterMilliseconds = 5_000;

export interface DialerDeps {
  readonly libp2p: Libp2p;
  readonly links: () => readonly RelayLink[];
  readonly clock: Clock;
  /** Milliseconds. */
  readonly dialTimeout: number;
  /** A connection without a relay between was tried. */
  readonly onDirect: (isOpen: boolean) => void;
  readonly hasChannel: (peer: string) => boolean;
  /** Resolves when no other stream to that peer is being opened; none is from then on. */
  readonly beforeSwitch: (peer: string) => Promise<void>;
  /** A stream of ours is open and answered: from now on it is the peer's channel. */
  readonly onOpen: (peer: string, stream: Stream, connection: Connection) => void;
}

/**
 * Never rejects: that it succeeded is what `onOpen` says. Resolves with what is wrong if there is
 * no channel; else it is of no account.
 */
export type Dialer = (peer: string) => Promise<DialFault>;

type DialFault = Exclude<PeerStatus["fault"], "direct">;

export const createDialer = (deps: DialerDeps): Dialer => {
  const { libp2p, clock, hasChannel } = deps;

  /** While WebRTC takes its time, the connection that carries its signalling can carry frames. */
  const bridgeGap = async (peer: string): Promise<void> => {
    const signalling = relayedConnection(libp2p, peer);
    if (!hasChannel(peer) && signalling !== undefined) await open(deps, peer, signalling);
  };

  return async (peer) => {
    let bridging = Promise.resolve();
    const cancel = clock.after(relayedAfterMilliseconds, () => {
      bridging = bridgeGap(peer);
    });
    const direct = await dial(deps, peer, directAddress);
    cancel();
    // One stream after the other, so that both sides see the same one last.
    await bridging;
    if (direct !== null) await deps.beforeSwitch(peer);
    const isDirect = direct !== null && (await open(deps, peer, direct)) === null;
    deps.onDirect(isDirect);
    if (isDirect) return null;
    if (hasChannel(peer)) return null;
    const relayed = relayedConnection(libp2p, peer) ?? (await dial(deps, peer, relayedAddress));
    return relayed === null ? "any" : open(deps, peer, relayed);
  };
};

/** The signalling is done, and what a relayed channel carried now goes the direct way. */
export const closeRelayedConnections = (libp2p: Libp2p, peer: string): void => {
  const connections = libp2p.getConnections(peerIdFromString(peer));
  for (const connection of connections.filter(isOpenAndRelayed)) void closeGently(connection);
};

/**
 * Drops a connection on which nobody answers; without this that takes libp2p a quarter of a minute.
 */
export const probe = async (connection: Connection): Promise<void> => {
  try {
    const signal = AbortSignal.timeout(probeMillisecondsMax);
    const stream = await connection.newStream(pingProtocol, { signal });
    stream.abort(new Error("the answer was all that was asked for"));
  } catch {
    connection.abort(new Error("nobody answers"));
  }
};

/** null: nobody answers on that connection, or it takes no more streams. */
export const openStream = async (connection: Connection): Promise<Stream | null> => {
  const opened = await tryStream(connection);
  return typeof opened === "string" ? null : opened;
};

const tryStream = async (connection: Connection): Promise<Stream | NonNullable<DialFault>> => {
  try {
    return await connection.newStream(channelProtocol, {
      signal: AbortSignal.timeout(openMillisecondsMax),
      runOnLimitedConnection: true,
    });
  } catch (error) {
    return isUnsupported(error) ? "protocol" : "any";
  }
};

const isUnsupported = (error: unknown): boolean =>
  error instanceof Error && error.name === "UnsupportedProtocolError";

/**
 * What libp2p can dial here, and the id of who is to answer; else `UnsupportedAddress`. `at` is
 * null where the address says no more than who it is: any relay may lead there.
 */
export const dialableAt = async (
  libp2p: Libp2p,
  text: string,
): Promise<{ readonly at: Multiaddr | null; readonly peer: string }> => {
  const address = multiaddrOf(text);
  const peer = address?.getComponents().findLast(({ name }) => name === "p2p")?.value;
  if (address !== null && peer !== undefined) {
    if (isOnlyName(address)) return { at: null, peer };
    if (await libp2p.isDialable(address)) return { at: address, peer };
  }
  throw invalid(
    "UnsupportedAddress",
    `${text} can not be dialed here: it takes a multiaddress over WebSockets or a relay, which ` +
      "ends with /p2p/ and the id of the peer",
    "address",
  );
};

/** As channels write it, which may have come through any relay. */
const isOnlyName = (address: Multiaddr): boolean => {
  const names = address.getComponents().map(({ name }) => name);
  return ["p2p", "p2p-circuit,p2p"].includes(names.join());
};

const multiaddrOf = (text: string): Multiaddr | null => {
  try {
    return multiaddr(text);
  } catch {
    return null;
  }
};

/** null: nobody answers there. */
export const dialAddress = async (
  libp2p: Libp2p,
  address: Multiaddr,
  dialTimeout: number,
): Promise<Connection | null> => {
  try {
    return await libp2p.dial(address, { signal: AbortSignal.timeout(dialTimeout) });
  } catch {
    return null;
  }
};

export const nobodyAt = (address: string): NebulusError =>
  new NebulusError({
    ...{ code: "PeerUnreachable", message: `nobody is reached at ${address}` },
    ...{ retryable: true, path: "address" },
  });

/** Never rejects: what cannot be closed in order is dropped. */
export const closeGently = async (connection: Connection): Promise<void> => {
  try {
    await connection.close();
  } catch {
    connection.abort(new Error("closing failed"));
  }
};

const dial = async (
  { libp2p, links, dialTimeout }: DialerDeps,
  peer: string,
  throughRelay: (circuit: string, peer: string) => string,
): Promise<Connection | null> => {
  const naming = links().filter((link) => link.peers().has(peer));
  const addresses = (naming.length > 0 ? naming : links())
    .flatMap((link) => link.circuit() ?? [])
    .map((circuit) => multiaddr(throughRelay(circuit, peer)));
  try {
    return await libp2p.dial(addresses, { signal: AbortSignal.timeout(dialTimeout) });
  } catch {
    return null;
  }
};

/** null: it is open. */
const open = async (deps: DialerDeps, peer: string, connection: Connection): Promise<DialFault> => {
  const opened = await tryStream(connection);
  if (typeof opened === "string") {
    connection.abort(new Error("no channel could be opened"));
    return opened;
  }
  deps.onOpen(peer, opened, connection);
  return null;
};

const relayedConnection = (libp2p: Libp2p, peer: string): Connection | undefined =>
  libp2p.getConnections(peerIdFromString(peer)).find(isOpenAndRelayed);

const isOpenAndRelayed = ({ status, remoteAddr }: Connection): boolean =>
  status === "open" && pathOf(remoteAddr.toString()) === "relayed";
