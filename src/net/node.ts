/**
 * The page's libp2p node. Imported on demand only: libp2p is larger than the rest of the app.
 */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import { webRTC } from "@libp2p/webrtc";
import { systemClock, type Clock } from "./clock.ts";
import { createRelayedLibp2p } from "./libp2p.ts";
import { createPeerNode, type PeerNode } from "./peerNode.ts";
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
  readonly clock?: Clock;
  /** Where `online` and `offline` come from. */
  readonly connectivity?: EventTarget;
}

export interface PageNode extends PeerNode {
  /** To be kept, so that the peer id survives reloads. */
  readonly privateKey: Uint8Array;
}

/** Rejects with an Error if the key is damaged or the browser has no WebRTC. */
export const createPageNode = async (deps: PageNodeDeps): Promise<PageNode> => {
  mendWebrtcRace();
  const privateKey =
    deps.privateKey === null
      ? await generateKeyPair("Ed25519")
      : privateKeyFromProtobuf(deps.privateKey);
  const libp2p = await createRelayedLibp2p({
    privateKey,
    relayCount: deps.relays.length,
    webrtc: webRTC({
      rtcConfiguration: {
        iceServers: [...(deps.iceServers ?? [])],
        iceTransportPolicy: deps.iceTransportPolicy ?? "all",
      },
      dataChannel: { maxMessageSize: dataChannelMessageBytes },
    }),
  });
  const node = await createPeerNode({
    libp2p,
    relays: deps.relays,
    clock: deps.clock ?? systemClock,
    ...(deps.connectivity === undefined ? {} : { connectivity: deps.connectivity }),
  });
  return { ...node, privateKey: privateKeyToProtobuf(privateKey) };
};

/** Measured a fifth faster than libp2p's 16 KiB; every browser takes 256 KiB. */
const dataChannelMessageBytes = 64 * 1024;
