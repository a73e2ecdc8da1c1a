/**
 * Multiaddresses as text: how a peer is reached through a relay, and which of a connection's
 * addresses mean that a relay stands between.
 */
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import type { ChannelLayer, ChannelPath } from "../core/net/carrier.ts";

/** `circuit`: a relay's address with its peer id. The relay carries the signalling only. */
export const directAddress = (circuit: string, peer: string): string =>
  `${circuit}/p2p-circuit/webrtc/p2p/${peer}`;

/** The relay carries every frame, as bytes that it cannot read. */
export const relayedAddress = (circuit: string, peer: string): string =>
  `${circuit}/p2p-circuit/p2p/${peer}`;

/** By address, since a relay that lifts all limits leaves no other mark on a connection. */
export const pathOf = (remoteAddress: string): ChannelPath =>
  remoteAddress.includes("/p2p-circuit") && !remoteAddress.includes("/webrtc")
    ? "relayed"
    : "direct";

/** Of a libp2p connection: what it says of itself, and no more. */
export interface Negotiated {
  readonly remoteAddress: string;
  readonly encryption: string | undefined;
  readonly multiplexer: string | undefined;
}

/** See `ChannelInfo`. */
export const layersOf = (made: Negotiated): readonly ChannelLayer[] => {
  const names = multiaddr(made.remoteAddress)
    .getComponents()
    .map(({ name }) => name);
  // The circuit of such an address carried the signalling alone
  if (names.includes("webrtc")) {
    return ["webrtc", ...(made.encryption === "native" ? (["dtls"] as const) : [])];
  }
  const isAny = (...wanted: readonly string[]): boolean =>
    wanted.some((name) => names.includes(name));
  const all: readonly (readonly [ChannelLayer, boolean])[] = [
    ["websocket", isAny("ws", "wss")],
    ["tls", isAny("tls", "wss")],
    ["circuit", isAny("p2p-circuit")],
    ["noise", made.encryption === "/noise"],
    ["yamux", made.multiplexer === "/yamux/1.0.0"],
  ];
  return all.flatMap(([layer, isThere]) => (isThere ? [layer] : []));
};

export const isPeerId = (text: string): boolean => {
  try {
    return peerIdFromString(text).toString() === text;
  } catch {
    return false;
  }
};
