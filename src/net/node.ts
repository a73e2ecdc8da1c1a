/**
 * The page's libp2p node. Imported on demand only: libp2p is larger than the rest of the app.
 */
import { webRTC } from "@libp2p/webrtc";
import { systemClock, type Clock } from "./clock.ts";
import { openRelayedNode, type RelayedNode } from "./relayedNode.ts";
import { mendWebrtcRace } from "./webrtcRace.ts";

export interface PageNodeDeps {
  /** Multiaddresses as text; `relayOfOrigin(location)` is the relay that served the page. */
  readonly relays: readonly string[];
  /** The libp2p key of an earlier run (protobuf bytes); null makes a new one. */
  readonly privateKey: Uint8Array | null;
  /** STUN and TURN servers. None unless given, so that no third party learns of the page. */
  readonly iceServers?: readonly RTCIceServer[];
  /** `relay`: no address of this device is shown to peers; without a TURN server, no WebRTC. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** false: peers are found by the DHT of the relays alone. Default true. */
  readonly rendezvous?: boolean;
  readonly clock?: Clock;
  /** Where `online` and `offline` come from. */
  readonly connectivity?: EventTarget;
}

/** Rejects with an Error if the key is damaged or the browser has no WebRTC. */
export const createPageNode = (deps: PageNodeDeps): Promise<RelayedNode> => {
  mendWebrtcRace();
  const { iceServers = [], iceTransportPolicy = "all", clock = systemClock, ...rest } = deps;
  const webrtc = webRTC({
    rtcConfiguration: { iceServers: [...iceServers], iceTransportPolicy },
    dataChannel: { maxMessageSize: dataChannelMessageBytes },
  });
  return openRelayedNode({ ...rest, clock, webrtc });
};

/** Measured a fifth faster than libp2p's 16 KiB; every browser takes 256 KiB. */
const dataChannelMessageBytes = 64 * 1024;
