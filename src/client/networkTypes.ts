/**
 * What an application sees of networks and peers. The fields are those of the source designs
 * (API.md), as far as part 1 knows them; secrets never stand in any of them.
 */
import type { NebulusError } from "../core/base/errors.ts";
import type { ChannelLayer } from "../core/net/carrier.ts";
import type { DeviceWarning } from "../core/wire/deviceWarning.ts";
import type { ConnectionChange, ConnectionSettings, IceServer } from "../core/wire/connection.ts";
import type { MemberRoleName } from "../core/wire/networks.ts";
import type { FrameNote } from "../core/wire/peers.ts";
import type {
  AdmissionRefusal,
  ClosedSnapshot as ClosedNetwork,
  MemberSnapshot as Member,
  SyncMode,
  SyncProgress,
  SyncStatus,
} from "../core/wire/snapshots.ts";
import type { DiagnosisStep } from "./diagnosis.ts";
import type { CallOptions } from "./types.ts";

export type { ChannelLayer, ConnectionChange, ConnectionSettings, DiagnosisStep, FrameNote };
export type { IceServer };
export type { DeviceWarning };
export type { AdmissionRefusal, ClosedNetwork, Member, SyncMode, SyncProgress, SyncStatus };

/** How a network is made. Without `encryption` it is closed. */
export interface NetworkOptions {
  /** The caller's name for it, at most 128 bytes: a label, never a proof. */
  readonly networkId: string;
  readonly name: string;
  /**
   * Multiaddresses of relays that this device uses from now on, for all its networks, until the
   * database is closed; `setNetworkRelays` keeps them, for this network.
   */
  readonly bootstrapPeers?: readonly string[];
  /**
   * `sharedSecret` (32 bytes or more as UTF-8) makes an open network that can be joined by name and
   * secret; `enabled: false` an open one whose secret follows from its id, so that anyone who knows
   * the id can read.
   */
  readonly encryption?: { readonly enabled?: boolean; readonly sharedSecret?: string };
  /**
   * Documents of its collections are private on this device unless they are shared one by one, and
   * so is what a collection holds when it is attached. Others decide for themselves. Default false.
   */
  readonly privateByDefault?: boolean;
  /**
   * `bootstrap` false: `bootstrapPeers` are not dialled. `mdns` is accepted. Both default to true.
   */
  readonly discovery?: { readonly bootstrap?: boolean; readonly mdns?: boolean };
  /**
   * Of a closed one: how many recovery keys there are (32 at most), and how many of them have to
   * agree to bring it back. Default: one, which is enough.
   */
  readonly recovery?: { readonly keys: number; readonly needed: number };
}

/** What there is to say beside a network's name. */
export interface JoinOptions extends CallOptions {
  /** Of an open network: 32 bytes or more as UTF-8, the same for all who are in it. */
  readonly sharedSecret?: string;
}

/** Whom an invite lets in. What it cannot be rejects with `InvalidArgument`. */
export interface InviteOptions extends CallOptions {
  /** Of who comes in by it. Default editor. */
  readonly role?: MemberRoleName;
  /** How many may use it. Default 1. */
  readonly uses?: number;
  /** Default: three days. `Infinity`: until it is used up or revoked. */
  readonly expiresInMs?: number;
  /**
   * What whoever comes in by it is to be called: one line of 128 bytes at most, and only where it
   * is for one person. Whoever it is may change it.
   */
  readonly name?: string;
  /** `device`: a further device of this person. Default member. */
  readonly kind?: "member" | "device";
}

/** A link into a closed network. */
export interface Invite {
  /** Whoever has it can ask to come in: give it to nobody else. */
  readonly url: string;
  /** Names it in `revokeInvite` and in lists. */
  readonly id: string;
  /** Nobody can use it before the device that puts decisions in order was connected. */
  readonly isWaiting: boolean;
  /** The same as a picture, to be scanned: SVG. */
  qr(): Promise<string>;
  /** As `revokeInvite`. */
  revoke(): Promise<void>;
}

/** A network as it is listed. */
export interface NetworkConfig {
  readonly networkId: string;
  readonly name: string;
  /**
   * `pending`: a bare name that was joined without secret or invite, or an invite whose maker was
   * not met yet; nothing syncs. Nobody can be removed from `open`.
   */
  readonly kind: "open" | "closed" | "pending";
  /** What a pending network waits for: null for the others. `maker`: of the invite that it took. */
  readonly waitsFor: "secret" | "maker" | null;
  /** How this device stands in a closed network, and who else belongs; null for the others. */
  readonly closed: ClosedNetwork | null;
  /**
   * Why this device waits in vain for being let in, as a member of the network said; null: nobody
   * did, or it does not wait.
   */
  readonly refused: AdmissionRefusal | null;
  readonly collections: ReadonlySet<string>;
  /** As this session asked for them. */
  readonly bootstrapPeers: readonly string[];
  /**
   * Where its members are looked for beside this device's own relays, as the invite named them or
   * `setNetworkRelays` set them: kept on this device, and told of this network alone.
   */
  readonly relays: readonly string[];
  readonly encryption: { readonly enabled: boolean };
  /**
   * Of its devices, this one included: which have stored much, and of which two logs stand under
   * one name.
   */
  readonly warnings: readonly DeviceWarning[];
  /** Documents of this device are private there unless they are shared one by one. */
  readonly privateByDefault: boolean;
  /** As this session asked for it. What can be had of it stands in `capabilities()`. */
  readonly discovery: { readonly bootstrap: boolean; readonly mdns: boolean };
}

/** A member of a network that is connected. */
export interface PeerInfo {
  /** Its device in this network, as `_peerId` of documents and `members` name it: proven. */
  readonly peerId: string;
  readonly networkId: string;
  /** Its end of the connection: the same in every network in which it is met. */
  readonly transportId: string;
  /** Where `connectPeer` finds it. */
  readonly addresses: readonly string[];
  readonly protocols: readonly string[];
  readonly path: "direct" | "relayed" | "memory";
  /**
   * What the connection is made of, from the wire up: `["webrtc", "dtls"]` directly between pages,
   * `["websocket", "tls", "circuit", "noise", "yamux"]` through a relay. What follows `circuit`
   * runs from end to end. Empty within one process, and where the network does not say.
   */
  readonly layers: readonly ChannelLayer[];
  /** With regard to all collections that both share. */
  readonly status: SyncStatus;
  /** Those of this database that it shares too. */
  readonly collections: readonly string[];
  /** Round trip in milliseconds, a moving average; null before it was measured. */
  readonly latency: number | null;
  /** Milliseconds since 1970 of the last frame. */
  readonly lastSeen: number;
  readonly operationsSent: number;
  readonly operationsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Waits here for the connection to take it. */
  readonly backlogBytes: number;
  /** Those of `NetworkConfig.warnings` that are about it. */
  readonly warnings: readonly DeviceWarning[];
}

/** Counted since this database was opened, those who left included. */
export interface NetworkStats {
  readonly networkId: string;
  /** Members of this network that are connected now. */
  readonly connectedPeers: number;
  /**
   * Devices of others that are known to belong: those met since the opening, and all that a closed
   * network lists.
   */
  readonly totalPeers: number;
  readonly collectionsShared: number;
  /** Operations, not messages. */
  readonly operationsSent: number;
  readonly operationsReceived: number;
  /** Of the application. */
  readonly messagesSent: number;
  readonly messagesReceived: number;
  /** Both directions; `bytesSent` and `bytesReceived` are its parts. */
  readonly bytesTransferred: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Mean of the peers' latencies in milliseconds; null without any. */
  readonly averageLatency: number | null;
  readonly backlogBytes: number;
  /** Operations of this device that no peer is known to hold. */
  readonly pendingOperations: number;
  /** Those that are connected, each with its path. */
  readonly peers: readonly PeerInfo[];
}

/** One collection in its network. */
export interface SyncState {
  readonly collection: string;
  readonly networkId: string;
  readonly mode: SyncMode;
  readonly status: SyncStatus;
  /** Highest number by writer of all that is held. */
  readonly localVector: { readonly [writer: string]: number };
  /** Milliseconds since 1970 of the last equality that was checked; null before the first. */
  readonly lastSync: number | null;
  /** Operations of this device that no peer is known to hold. */
  readonly pendingOperations: number;
  readonly syncInProgress: boolean;
}

/** Events of a `NetworkManager` and what their handlers are given. */
export interface NetworkEvents {
  readonly initialized: { readonly peerId: string };
  readonly "network:created": { readonly networkId: string };
  readonly "network:joined": { readonly networkId: string };
  readonly "network:left": { readonly networkId: string };
  readonly "collection:added": { readonly networkId: string; readonly collection: string };
  readonly "collection:removed": { readonly networkId: string; readonly collection: string };
  readonly "message:received": ProtocolMessage;
  readonly "peer:discovered": PeerInfo;
  readonly "peer:connected": PeerInfo;
  readonly "peer:disconnected": PeerInfo;
}

/**
 * A message of the application's own. It is not stored: who is not connected never gets it, and it
 * may get lost or come twice. What must arrive is a document.
 */
export interface ProtocolMessage extends NewMessage {
  readonly networkId: string;
  /** The sender's device in that network, as `PeerInfo.peerId` names it: proven. */
  readonly senderId: string;
  /** Milliseconds since 1970 by the sender's clock. */
  readonly timestamp: number;
}

/** With the type at most 64 KiB. */
export interface NewMessage {
  /** Names what it is about, in 1 to 256 bytes; `onMessage` goes by it. */
  readonly type: string;
  /** What a document's field can hold. Default null. */
  readonly payload?: unknown;
}

/** Of a message to all: what became of it for one of them. */
export interface MessageOutcome {
  readonly peerId: string;
  /** null: it is on its way. */
  readonly error: NebulusError | null;
}

/**
 * Networks and peers of a database, in the words of the source designs. What is answered at once is
 * as the database last told it; before it is open there is nothing.
 */
export interface NetworkManager {
  /** Resolves when the database is open. Calling it again does nothing. */
  initialize(): Promise<void>;
  /** As that of the database. */
  createNetwork(options: NetworkOptions, call?: CallOptions): Promise<string>;
  /** As that of the database. */
  joinNetwork(
    networkId: string,
    bootstrapPeers?: readonly string[],
    options?: JoinOptions,
  ): Promise<void>;
  /** As that of the database. */
  leaveNetwork(networkId: string, call?: CallOptions): Promise<void>;
  /** As that of the database. */
  addCollectionToNetwork(networkId: string, collection: string, call?: CallOptions): Promise<void>;
  /** Nothing happens where the collection is not in that network. */
  removeCollectionFromNetwork(
    networkId: string,
    collection: string,
    call?: CallOptions,
  ): Promise<void>;
  /** Names; empty for an unknown network. */
  getNetworkCollections(networkId: string): readonly string[];
  /** null for one that is unknown, or pending by its bare name. */
  getNetworkStats(networkId: string): NetworkStats | null;
  /** All that this device is in, and those that are pending. */
  getNetworks(): readonly NetworkConfig[];
  /** Of one network, or of all. */
  getConnectedPeers(networkId?: string): readonly PeerInfo[];
  /** Names this device; the same after a reload. Empty until the database is open. */
  getPeerId(): string;
  /** In whichever network: `peerId` as `PeerInfo` has it. */
  isPeerConnected(peerId: string): boolean;
  /**
   * Connects with the peer at an address of `PeerInfo.addresses`, if this device shares a network
   * with it; gives its device. `UnsupportedAddress` for one that cannot be dialled from here,
   * `PeerUnreachable` after 10 s.
   */
  connectPeer(address: string, call?: CallOptions): Promise<string>;
  /**
   * Ends the connection with that device, in all networks; it stays away until `connectPeer`, or
   * until the database is opened again. Nothing happens where it is not connected.
   */
  disconnectPeer(peerId: string, call?: CallOptions): Promise<void>;
  /**
   * The log of frames: kinds, sizes and times, never what is in them. `isOn` switches it on, or off
   * and forgets it; without, it stays as it is. It is off at first, and wherever another tab takes
   * over. Resolves with the last thousand that were noted up to now, oldest first.
   */
  logFrames(isOn?: boolean, call?: CallOptions): Promise<readonly FrameNote[]>;
  /**
   * To all members that are connected; one answer for each. Nobody is delayed by another. Rejects
   * with `UnknownNetwork`, `TooLarge`, `InvalidDocument`.
   */
  broadcastMessage(
    networkId: string,
    message: NewMessage,
    call?: CallOptions,
  ): Promise<readonly MessageOutcome[]>;
  /**
   * Rejects with `PeerUnreachable` where that member is not connected, with `RateExceeded` beyond
   * 128 messages at once and 12 a second.
   */
  sendToPeer(
    peerId: string,
    networkId: string,
    message: NewMessage,
    call?: CallOptions,
  ): Promise<void>;
  /** Runs on every `message:received` of that type, until the answer is called. */
  onMessage(type: string, handler: (message: ProtocolMessage) => void): () => void;
  /** As they are kept on this device; the password of a TURN server is among them. */
  connectionSettings(): ConnectionSettings;
  /**
   * Keeps what is named on this device and connects anew with it. Rejects with `InvalidArgument`,
   * `TooLarge` or `UnsupportedAddress`, whose `path` names the place; with `NotSupported` where the
   * network was handed in by the caller.
   */
  configureConnection(change: ConnectionChange, call?: CallOptions): Promise<void>;
  /**
   * Replaces the relays at which this network's members are looked for beside this device's own, at
   * most 8; none: those of the invite are forgotten. Rejects with `UnknownNetwork`,
   * `UnsupportedAddress`, `TooLarge`.
   */
  setNetworkRelays(networkId: string, relays: readonly string[], call?: CallOptions): Promise<void>;
  /**
   * Whether documents are private in that network, on this device, unless they are shared one by
   * one; what is shared by now stays so. Rejects with `UnknownNetwork`.
   */
  setPrivateByDefault(networkId: string, isPrivate: boolean, call?: CallOptions): Promise<void>;
  /**
   * What works of the connection, in the order in which one step rests on the other;
   * `db.on("connection")` tells when it may be another. Whether WebRTC can exist here is tried
   * every 10 s at most, and that takes 5 s at most.
   */
  diagnose(call?: CallOptions): Promise<readonly DiagnosisStep[]>;
  /** Closes the database that it belongs to. */
  shutdown(call?: CallOptions): Promise<void>;
  /** The answer takes the handler off again. */
  on<E extends keyof NetworkEvents>(event: E, handler: Handler<NetworkEvents[E]>): () => void;
  /** For the next one only. The answer takes the handler off before. */
  once<E extends keyof NetworkEvents>(event: E, handler: Handler<NetworkEvents[E]>): () => void;
  /** A handler that `on` or `once` was given. */
  off<E extends keyof NetworkEvents>(event: E, handler: Handler<NetworkEvents[E]>): void;
  /** Runs the handlers here, as if it had happened; nothing goes to others. */
  emit<E extends keyof NetworkEvents>(event: E, detail: NetworkEvents[E]): void;
}

/** Told of an event. What one throws is told to `db.on("error")`, and keeps no other from it. */
export type Handler<T> = (detail: T) => void;
