/**
 * How frames travel between a worker and the page that holds libp2p: the types of channels, and the
 * messages that cross the MessagePort between `src/net/bridge.ts` (page) and
 * `src/worker/carrier.ts` (worker). Apart from both, since neither of these layers may import the
 * other.
 */
import type { ErrorValue } from "../base/errors.ts";

/** Over WebRTC, through a relay (sealed end to end all the same), or within one process. */
export type ChannelPath = "direct" | "relayed" | "memory";

/** What a channel is made of, as it was agreed on with its other end. */
export type ChannelLayer =
  | "websocket"
  /** Of the WebSocket: `wss` and not `ws`. */
  | "tls"
  | "webrtc"
  /** Of WebRTC; whose certificate it is was said within Noise. */
  | "dtls"
  /** A relay stands between: what follows runs from end to end. */
  | "circuit"
  | "noise"
  | "yamux";

/** What is known of a channel when it opens; it never changes. */
export interface ChannelInfo {
  /** Peer ids as libp2p writes them (base58 text). */
  readonly remotePeer: string;
  readonly localPeer: string;
  /** The same ids as multihash bytes, as the greeting hashes them. */
  readonly remotePeerBytes: Uint8Array;
  readonly localPeerBytes: Uint8Array;
  /**
   * True on the side that opened it. Whose id comes first in text order opens the first one to a
   * peer; either side may open further ones beside it.
   */
  readonly initiator: boolean;
  /** Opened by `another`: those before it live on. */
  readonly isBeside: boolean;
  readonly path: ChannelPath;
  /** From the wire up. Absent: the carrier does not say. */
  readonly layers?: readonly ChannelLayer[];
}

/**
 * One ordered, reliable stream of frames to one peer. A frame is FORMATS.md §8 without its length:
 * type u8, then body, at most `frameBytesMax` bytes; the channel writes and reads the length.
 */
export interface PeerChannel extends ChannelInfo {
  /**
   * Resolves when the transport took the frame, in the order of the calls; waits while the
   * transport is full. Copies what it needs: the caller may reuse the bytes at once. Rejects with
   * `PeerUnreachable` when the channel closes first, with `TooLarge` for an empty or longer frame.
   */
  send(frame: Uint8Array): Promise<void>;
  /**
   * One handler; frames that came before it was set are handed over when it is. The bytes are the
   * handler's.
   */
  onFrame(handler: (frame: Uint8Array) => void): void;
  /** One handler, called once, whoever closed; at once if the channel is closed already. */
  onClose(handler: () => void): void;
  /** Sends what was accepted, then closes. Closing twice does nothing. */
  close(): void;
  /**
   * Opens a further channel to the same peer, which comes as any other. Nothing comes where the
   * peer is gone or has enough of them: who needs it asks again.
   */
  another(): void;
}

/** What went wrong with a relay the last time. */
export type RelayFault =
  /** No relay can stand at such an address. */
  | "unusable-address"
  /** Nobody answers there, or nobody who is a relay. */
  | "unreachable"
  /** Another one answers than the one that the address names. */
  | "another-relay"
  /** It is reached by another address of the list already. */
  | "same-relay"
  /** It names nobody: it is no relay of this program. */
  | "no-rendezvous"
  /** It lets nobody reach this page through it. */
  | "no-reservation"
  /** The connection ended. */
  | "lost";

/** How it stands with one relay. */
export interface RelayStatus {
  /** Multiaddress as configured. */
  readonly address: string;
  /** `reserved`: others can reach this page through the relay. */
  readonly state: "connecting" | "connected" | "reserved";
  /** It has named who stands under each of our tags; null: it names nobody, its DHT is asked. */
  readonly isRegistered: boolean | null;
  /** null: nothing went wrong since it last went well. */
  readonly fault: RelayFault | null;
  /** By a network: peers are looked for there under tags of that alone. */
  readonly isNamed: boolean;
}

/** A relay that a network named, and whom to look for there. */
export interface RelayTags {
  /** Multiaddress, judged by who kept it. */
  readonly relay: string;
  readonly tags: readonly string[];
}

/** How it stands with one peer. */
export interface PeerStatus {
  /** Its id, as `ChannelInfo` has it. */
  readonly peer: string;
  readonly path: ChannelPath | "connecting";
  /** Of the two it is this side that connects. */
  readonly isDialer: boolean;
  /**
   * What this side tried last in vain: `direct`: to connect without a relay between, `any`: to
   * connect at all, `protocol`: to speak with it, since it answers and has no such protocol. null:
   * nothing, or it went well since.
   */
  readonly fault: "direct" | "any" | "protocol" | null;
}

/** Connections without a relay between, as this side tried to make them since the start. */
export interface DirectAttempts {
  readonly tried: number;
  readonly succeeded: number;
}

/** All that a carrier knows of its relays and peers. */
export interface CarrierStatus {
  readonly relays: readonly RelayStatus[];
  /** Peers that a relay named under one of our tags, and those with an open channel. */
  readonly peers: readonly PeerStatus[];
  /** Absent: it tries none. */
  readonly direct?: DirectAttempts;
}

/** Who a carrier is to others. */
export interface CarrierIdentity {
  /** As `ChannelInfo.remotePeer` names it at the other end. */
  readonly peerId: string;
  /** The libp2p private key (its protobuf bytes): to be kept and handed to the next `start`. */
  readonly privateKey: Uint8Array;
}

/** What the worker sees of the page's network. */
export interface Carrier {
  /**
   * Loads libp2p in the page and connects. `privateKey` is that of an earlier run, null makes a new
   * one. Rejects if the page cannot load it; a relay out of reach is no failure, it is tried for
   * ever.
   */
  start(privateKey: Uint8Array | null): Promise<CarrierIdentity>;
  /**
   * Rendezvous tags, 16 bytes each as lower-case hexadecimal, for the relays of this device, and
   * what is looked for at relays that networks named; both replace the ones before. A carrier
   * without relays leaves those of networks alone.
   */
  setTags(tags: readonly string[], named?: readonly RelayTags[]): void;
  /**
   * No connection with these is made or taken, and those there are end; replaces the ones before.
   * By their ids, as channels name them.
   */
  setRefused(peers: readonly string[]): void;
  /**
   * Makes a channel to who is at this address, tags or not; it comes by `onChannel`. Rejects with
   * `UnsupportedAddress` for what this carrier cannot dial, `PeerUnreachable` where nobody answers,
   * `Closed` before the start and after the stop.
   * Absent: this carrier meets peers by tags alone.
   */
  connect?(address: string): Promise<void>;
  /**
   * One handler; set it before `start`. A new channel to a peer that is not beside others means
   * that the older ones are closed.
   */
  onChannel(handler: (channel: PeerChannel) => void): void;
  /** One handler, told of every change. */
  onStatus(handler: (status: CarrierStatus) => void): void;
  /** Closes every channel and the page's node. */
  stop(): void;
}

/** Worker to page. Channels are numbered by the page, requests by the worker. */
export type CarrierRequest =
  | { readonly kind: "start"; readonly privateKey: Uint8Array | null }
  | {
      readonly kind: "tags";
      readonly tags: readonly string[];
      readonly named: readonly RelayTags[];
    }
  | { readonly kind: "refuse"; readonly peers: readonly string[] }
  | { readonly kind: "frame"; readonly channel: number; readonly bytes: Uint8Array }
  | { readonly kind: "close"; readonly channel: number }
  | { readonly kind: "another"; readonly channel: number }
  | { readonly kind: "connect"; readonly request: number; readonly address: string }
  | { readonly kind: "stop" };

/**
 * Page to worker. `accepted` answers one `frame`, in order; `reached` the `connect` of its number.
 */
export type CarrierEvent =
  | { readonly kind: "started"; readonly identity: CarrierIdentity }
  | { readonly kind: "failed"; readonly error: ErrorValue }
  | { readonly kind: "open"; readonly channel: number; readonly info: ChannelInfo }
  | { readonly kind: "frame"; readonly channel: number; readonly bytes: Uint8Array }
  | { readonly kind: "accepted"; readonly channel: number }
  | { readonly kind: "closed"; readonly channel: number }
  | { readonly kind: "reached"; readonly request: number; readonly error: ErrorValue | null }
  | { readonly kind: "status"; readonly status: CarrierStatus };
