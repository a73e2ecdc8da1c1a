/**
 * Multiaddresses as text: how a peer is reached through a relay, and which of a connection's
 * addresses mean that a relay stands between.
 */
import { peerIdFromString } from "@libp2p/peer-id";
import type { ChannelPath } from "../core/net/carrier.ts";

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

export const isPeerId = (text: string): boolean => {
  try {
    return peerIdFromString(text).toString() === text;
  } catch {
    return false;
  }
};
