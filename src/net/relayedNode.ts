/**
 * A peer that is reached through relays, from its key on: what a page, Node and tests open alike.
 * Only a page has WebRTC to give it. Imported on demand: it brings libp2p.
 */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { Discovery } from "../core/wire/connection.ts";
import type { Clock } from "./clock.ts";
import { createRelayedLibp2p } from "./libp2p.ts";
import { createPeerNode, type PeerNode } from "./peerNode.ts";
import type { PlaceBounds } from "./places.ts";
import type { TransportFactory } from "./webSockets.ts";

export interface RelayedNodeDeps {
  /** Multiaddresses as text. */
  readonly relays: readonly string[];
  /** The libp2p key of an earlier run (protobuf bytes); null makes a new one. */
  readonly privateKey: Uint8Array | null;
  readonly clock: Clock;
  /** See `PeerNodeDeps`. */
  readonly discovery?: Partial<Discovery>;
  readonly places?: PlaceBounds;
  /** Where `online` and `offline` come from. */
  readonly connectivity?: EventTarget;
  /** The transport that makes direct connections; without it all runs through relays. */
  readonly webrtc?: TransportFactory;
}

export interface RelayedNode extends PeerNode {
  /** To be kept, so that the peer id survives reloads. */
  readonly privateKey: Uint8Array;
}

/** Rejects with an Error if the key is damaged. */
export const openRelayedNode = async (deps: RelayedNodeDeps): Promise<RelayedNode> => {
  const { privateKey: given, webrtc, ...rest } = deps;
  const dialTimeout = deps.discovery?.dialTimeout;
  const privateKey =
    given === null ? await generateKeyPair("Ed25519") : privateKeyFromProtobuf(given);
  const libp2p = await createRelayedLibp2p({
    privateKey,
    relayCount: deps.relays.length,
    ...(webrtc === undefined ? {} : { webrtc }),
    ...(dialTimeout === undefined ? {} : { dialTimeout }),
  });
  const node = await createPeerNode({ ...rest, libp2p, hasDirect: webrtc !== undefined });
  return { ...node, privateKey: privateKeyToProtobuf(privateKey) };
};
