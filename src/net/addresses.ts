/**
 * Multiaddresses as text: where a relay is, how a peer is reached through it, and which of a
 * connection's addresses mean that a relay stands between.
 */
import type { ChannelPath } from "../core/net/carrier.ts";

/** What of `window.location` says where the page came from. */
export interface Origin {
  /** `http:` or `https:`. */
  readonly protocol: string;
  readonly hostname: string;
  /** Empty for the protocol's own. */
  readonly port: string;
}

/** The relay that serves the page itself, since page and relay share one port. */
export const relayOfOrigin = ({ protocol, hostname, port }: Origin): string => {
  const isSecure = protocol === "https:";
  const tcp = port === "" ? (isSecure ? "443" : "80") : port;
  return `/${hostProtocol(hostname)}/${bareHost(hostname)}/tcp/${tcp}${isSecure ? "/tls" : ""}/ws`;
};

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

const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

const hostProtocol = (hostname: string): "ip4" | "ip6" | "dns" => {
  if (hostname.includes(":")) return "ip6";
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? "ip4" : "dns";
};
