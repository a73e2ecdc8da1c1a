/**
 * The page's libp2p node. Imported on demand only: libp2p is larger than the rest of the app.
 */
import { webRTC } from "@libp2p/webrtc";
import {
  allowsWebrtc,
  type ConnectionSettings,
  type Discovery,
  type IceServer,
} from "../core/wire/connection.ts";
import { systemClock, type Clock } from "./clock.ts";
import { openRelayedNode, type RelayedNode } from "./relayedNode.ts";
import { rtcConfigurationOf } from "./rtcConfiguration.ts";
import { mendWebrtcRace } from "./webrtcRace.ts";

export interface PageNodeDeps {
  /** Multiaddresses as text; `relayOfOrigin(location)` is the relay that served the page. */
  readonly relays: readonly string[];
  /** The libp2p key of an earlier run (protobuf bytes); null makes a new one. */
  readonly privateKey: Uint8Array | null;
  /** STUN and TURN servers. None unless given, so that no third party learns of the page. */
  readonly iceServers?: readonly IceServer[];
  /** No address of this device is shown to peers; without a TURN server there is no WebRTC. */
  readonly relayOnly?: boolean;
  /** See `PeerNodeDeps`. */
  readonly discovery?: Partial<Discovery>;
  readonly clock?: Clock;
  /** Where `online` and `offline` come from. */
  readonly connectivity?: EventTarget;
}

/**
 * Rejects with an Error if the key is damaged. Where there is no WebRTC, relays carry everything.
 */
export const createPageNode = (deps: PageNodeDeps): Promise<RelayedNode> => {
  const { iceServers = [], relayOnly = false, clock = systemClock, ...rest } = deps;
  const settings = { iceServers, relayOnly };
  const webrtc = allowsWebrtc(settings) ? webrtcOf(settings) : null;
  return openRelayedNode({ ...rest, clock, ...(webrtc === null ? {} : { webrtc }) });
};

/** null: this browser has none, or its settings have switched it off. */
const webrtcOf = (
  settings: Pick<ConnectionSettings, "iceServers" | "relayOnly">,
): ReturnType<typeof webRTC> | null => {
  if (typeof RTCPeerConnection === "undefined") return null;
  mendWebrtcRace();
  return webRTC({
    rtcConfiguration: rtcConfigurationOf(settings),
    dataChannel: { maxMessageSize: dataChannelMessageBytes },
  });
};

/** Measured a fifth faster than libp2p's 16 KiB; every browser takes 256 KiB. */
const dataChannelMessageBytes = 64 * 1024;
