/**
 * What an application sees of networks and peers. The fields are those of the source designs
 * (API.md), as far as part 1 knows them; secrets never stand in any of them.
 */
import type { MemberRoleName } from "../core/wire/networks.ts";
import type { ClosedSnapshot, SyncStatus, MemberSnapshot } from "../core/wire/snapshots.ts";
import type { LaterManagerMethod, LaterOf } from "./later.ts";
import type { CallOptions } from "./types.ts";

export type { SyncStatus };

export type ClosedNetwork = ClosedSnapshot;

/** How a network is made. Without `encryption` it is closed. */
export interface NetworkOptions {
  /** The caller's name for it, at most 128 bytes: a label, never a proof. */
  readonly networkId: string;
  readonly name: string;
  /** Multiaddresses of relays. */
  readonly bootstrapPeers?: readonly string[];
  /**
   * `sharedSecret` (32 bytes or more as UTF-8) makes an open network that can be joined by name and
   * secret; `enabled: false` an open one whose secret follows from its id, so that anyone who knows
   * the id can read.
   */
  readonly encryption?: { readonly enabled?: boolean; readonly sharedSecret?: string };
}

export interface JoinOptions extends CallOptions {
  readonly sharedSecret?: string;
}

export interface InviteOptions extends CallOptions {
  /** Of who comes in by it. Default editor. */
  readonly role?: MemberRoleName;
  /** How many may use it. Default 1. */
  readonly uses?: number;
  /** Default: three days. */
  readonly expiresInMs?: number;
  /**
   * What whoever comes in by it is to be called: one line of 128 bytes at most. Whoever it is may
   * change it.
   */
  readonly name?: string;
  /** `device`: a further device of this person. Default member. */
  readonly kind?: "member" | "device";
}

export interface Invite {
  /** Whoever has it can ask to come in: give it to nobody else. */
  readonly url: string;
  /** Names it in `revokeInvite` and in lists. */
  readonly id: string;
  /** Nobody can use it before the device that puts decisions in order was connected. */
  readonly isWaiting: boolean;
  /** The same as a picture, to be scanned: SVG. */
  qr(): Promise<string>;
  revoke(): Promise<void>;
}

export type Member = MemberSnapshot;

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
  readonly collections: ReadonlySet<string>;
  readonly bootstrapPeers: readonly string[];
  readonly encryption: { readonly enabled: boolean };
}

export interface PeerInfo {
  readonly peerId: string;
  readonly networkId: string;
  readonly path: "direct" | "relayed" | "memory";
  /** Milliseconds since 1970 of the last frame. */
  readonly lastSeen: number;
}

export interface NetworkStats {
  readonly networkId: string;
  /** Members of this network that are connected now. */
  readonly connectedPeers: number;
  readonly collectionsShared: number;
  /** Operations, not messages. */
  readonly operationsSent: number;
  readonly operationsReceived: number;
  /** Both directions; `bytesSent` and `bytesReceived` are its parts. */
  readonly bytesTransferred: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** One collection in its network. */
export interface SyncState {
  readonly collection: string;
  readonly networkId: string;
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

/** A message of the application's own. */
export interface ProtocolMessage {
  readonly type: string;
  readonly networkId: string;
  readonly senderId: string;
  readonly timestamp: number;
  readonly payload: unknown;
}

export interface NetworkManager extends LaterOf<LaterManagerMethod> {
  /** Resolves when the database is open. Calling it again does nothing. */
  initialize(): Promise<void>;
  createNetwork(options: NetworkOptions, call?: CallOptions): Promise<string>;
  joinNetwork(
    networkId: string,
    bootstrapPeers?: readonly string[],
    options?: JoinOptions,
  ): Promise<void>;
  leaveNetwork(networkId: string, call?: CallOptions): Promise<void>;
  addCollectionToNetwork(networkId: string, collection: string, call?: CallOptions): Promise<void>;
  removeCollectionFromNetwork(
    networkId: string,
    collection: string,
    call?: CallOptions,
  ): Promise<void>;
  /** Names; empty for an unknown network. */
  getNetworkCollections(networkId: string): readonly string[];
  getNetworkStats(networkId: string): NetworkStats | null;
  getNetworks(): readonly NetworkConfig[];
  /** Of one network, or of all. */
  getConnectedPeers(networkId?: string): readonly PeerInfo[];
  /** Names this device; the same after a reload. Empty until the database is open. */
  getPeerId(): string;
  isPeerConnected(peerId: string): boolean;
  /** Runs on every `message:received` of that type. */
  onMessage(type: string, handler: (message: ProtocolMessage) => void): () => void;
  /** Closes the database that it belongs to. */
  shutdown(call?: CallOptions): Promise<void>;
  on<E extends keyof NetworkEvents>(event: E, handler: Handler<NetworkEvents[E]>): () => void;
  once<E extends keyof NetworkEvents>(event: E, handler: Handler<NetworkEvents[E]>): () => void;
  off<E extends keyof NetworkEvents>(event: E, handler: Handler<NetworkEvents[E]>): void;
  emit<E extends keyof NetworkEvents>(event: E, detail: NetworkEvents[E]): void;
}

export type Handler<T> = (detail: T) => void;
