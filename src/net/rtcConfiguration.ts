/**
 * The settings of the connection as WebRTC takes them: alike for the page's node, and for the
 * doctor that tries whether they lead anywhere.
 */
import type { ConnectionSettings } from "../core/wire/connection.ts";

export const rtcConfigurationOf = ({
  iceServers,
  relayOnly,
}: Pick<ConnectionSettings, "iceServers" | "relayOnly">): RTCConfiguration => ({
  iceServers: iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
  iceTransportPolicy: relayOnly ? "relay" : "all",
});
