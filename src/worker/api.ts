/**
 * The typed contract between a page and its database, in a worker or in the same process. One
 * coarse object: few calls, plain structs, rows as bytes, errors as values (Comlink drops the
 * fields of Error objects).
 */
import type { ErrorValue } from "../core/base/errors.ts";
import type {
  ConnectionChange,
  ConnectionSettings,
  Connectivity,
} from "../core/wire/connection.ts";
import type { DamageReport, EngineHealth, RecoveryReport } from "../core/wire/health.ts";
import type {
  CollectionInfo,
  FindRequest,
  GetRequest,
  LiveChange,
  ReadMark,
  RowsAnswer,
  WriteRequest,
  WriteResult,
} from "../core/wire/requests.ts";
import type { Managed, ManageRequest } from "../core/wire/networks.ts";
import type { PeerMessage, PeerOutcome, PeersRequest } from "../core/wire/peers.ts";
import type { NetworkSnapshot, SyncSnapshot } from "../core/wire/snapshots.ts";

export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorValue };

/** Read whenever it matters: whoever shares a database among tabs gives one that changes. */
export interface OpenRequest {
  readonly name: string;
  readonly durability: "strict" | "relaxed";
  /** Whether to send `arrived` events: only who has hooks for them pays for them. */
  readonly tellArrivals?: boolean;
}

export interface OpenInfo {
  readonly storageMode: "memory" | "indexeddb" | "file";
  /** Names this device in `_peerId` of documents that are not shared. */
  readonly deviceId: string;
  readonly recovery: RecoveryReport;
}

/** What the database tells by itself. */
export type ServiceEvent =
  | { readonly kind: "live"; readonly subscription: number; readonly change: LiveChange }
  | { readonly kind: "networks"; readonly networks: readonly NetworkSnapshot[] }
  | { readonly kind: "sync"; readonly sync: readonly SyncSnapshot[] }
  /** How this device connects: told before it is used, and at each change. */
  | { readonly kind: "connection"; readonly settings: ConnectionSettings }
  /** How it stands with relays and peers; null: no network runs. */
  | { readonly kind: "connectivity"; readonly connectivity: Connectivity | null }
  /** A message of the application, from a peer: it is told once, and kept nowhere. */
  | { readonly kind: "message"; readonly message: PeerMessage }
  | { readonly kind: "collections"; readonly collections: readonly CollectionInfo[] }
  /**
   * Documents that peers changed: rows as they were, and as they are; those that live, each time.
   */
  | {
      readonly kind: "arrived";
      readonly collection: string;
      readonly before: Uint8Array;
      readonly after: Uint8Array;
    }
  /** Whether this tab runs the engine, and its page the network; told at each change. */
  | { readonly kind: "leading"; readonly isLeading: boolean }
  /** Another tab runs a newer version of this program: a reload would bring it here. */
  | { readonly kind: "outdated" }
  /** Found unreadable since the last such event, or since the opening. */
  | { readonly kind: "damage"; readonly damage: readonly DamageReport[] }
  /** The database can not go on: storage failed, or a later opening took over. */
  | { readonly kind: "failed"; readonly error: ErrorValue };

export interface NewNetworkRequest {
  readonly networkId: string;
  readonly name: string;
  readonly kind: "open" | "closed";
  /** Of an open one; null: encryption is off, and the secret follows from the network's name. */
  readonly sharedSecret: string | null;
  /** Of a closed one. Default: one key, which is enough. */
  readonly recovery?: { readonly keys: number; readonly needed: number };
  /** Documents are private there unless they are shared one by one. */
  readonly privateByDefault?: boolean;
}

export interface DatabaseService {
  open(request: OpenRequest, emit: (event: ServiceEvent) => void): Promise<Answer<OpenInfo>>;
  write(request: WriteRequest): Promise<Answer<WriteResult>>;
  find(request: FindRequest, marks: readonly ReadMark[]): Promise<Answer<RowsAnswer>>;
  get(request: GetRequest, marks: readonly ReadMark[]): Promise<Answer<RowsAnswer>>;
  count(request: FindRequest): Promise<Answer<number>>;
  collections(): Promise<Answer<readonly CollectionInfo[]>>;
  /** Changes arrive as `live` events, the first with all rows. The page chooses the number. */
  subscribe(subscription: number, request: FindRequest): Promise<Answer<null>>;
  unsubscribe(subscription: number): Promise<Answer<null>>;
  makeNetwork(request: NewNetworkRequest): Promise<Answer<null>>;
  leaveNetwork(networkId: string): Promise<Answer<null>>;
  /** Of closed networks: invites, members, roles. */
  manageNetwork(request: ManageRequest): Promise<Answer<Managed>>;
  /**
   * Of connected peers: messages to them, connecting, disconnecting. Asked again of another leader,
   * it may be done twice.
   */
  askPeers(request: PeersRequest): Promise<Answer<readonly PeerOutcome[]>>;
  /** Resolves when a round of sync with every connected peer ended; `synced` is a checked claim. */
  forceSync(collection: string): Promise<Answer<{ readonly synced: boolean }>>;
  /** Hands over the port over which a page's libp2p node carries frames; null takes it back. */
  carry(port: MessagePort | null): Promise<Answer<null>>;
  /** Keeps it on this device, and tells every tab by a `connection` event. */
  configureConnection(change: ConnectionChange): Promise<Answer<null>>;
  health(): Promise<Answer<EngineHealth>>;
  close(): Promise<Answer<null>>;
}

/** The contract over an engine, wherever it runs. */
export interface EngineService extends DatabaseService {
  /**
   * Closes at once: what closing would tidy is left to the next opening. What was acknowledged is
   * on disk.
   */
  release(): Promise<Answer<null>>;
}
