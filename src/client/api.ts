/**
 * The public interfaces: database, collection, plugins. Types only and in one file, since each
 * names the others.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { NebulusError } from "../core/base/errors.ts";
import type { Carrier } from "../core/net/carrier.ts";
import type { DamageReport } from "../core/wire/health.ts";
import type { CollectionInfo } from "../core/wire/requests.ts";
import type { SyncStatus } from "../core/wire/snapshots.ts";
import type { Health } from "./healthTypes.ts";
import type {
  LaterBlobMethod,
  LaterCollectionMethod,
  LaterDatabaseMethod,
  LaterOf,
  LaterVaultMethod,
} from "./later.ts";
import type {
  Invite,
  InviteOptions,
  JoinOptions,
  Member,
  NetworkManager,
  NetworkOptions,
  SyncMode,
  SyncState,
} from "./networkTypes.ts";
import type {
  LiveQuery,
  Transaction,
  TransactionCollection,
  TransactionFindOptions,
} from "./transactionTypes.ts";
import type {
  CallOptions,
  ConflictStrategy,
  Document,
  FindOptions,
  Found,
  GetOptions,
  InsertOptions,
  IterateOptions,
  LiveOptions,
  NewDocument,
  Query,
  Selector,
  Stored,
  Update,
  UpdateEntry,
} from "./types.ts";

export type { Health, LiveQuery, Transaction, TransactionCollection, TransactionFindOptions };

/** What a database is opened with. An unknown option rejects with `InvalidArgument`. */
export interface DistributedDbOptions {
  /** Names the data of this device; default `nebulus`. */
  readonly name?: string;
  /** Schemas by collection. */
  readonly schema?: Readonly<Record<string, CollectionSchema>>;
  /** Documents by collection. */
  readonly initialDocs?: Readonly<Record<string, readonly Document[]>>;
  readonly plugins?: readonly Plugin[];
  /** `strict` (default): a write resolves when it is flushed to the disk. */
  readonly durability?: "strict" | "relaxed";
  /** Part "secrets": `atRest: true` is refused with `NotSupported` until then. */
  readonly encryption?: { readonly atRest?: boolean };
  /** Part "secrets": `required: true` is refused with `NotSupported` until then. */
  readonly auth?: { readonly required: boolean };
  /** Default: no network. */
  readonly distributed?: DistributedOptions;
  /** Part "memories": refused with `NotSupported` until then. */
  readonly embedder?: unknown;
}

/** Whether and how the database meets others. */
export interface DistributedOptions {
  /** Loads the network in a page. Default false: no network code is loaded. */
  readonly enabled: boolean;
  /** Joined by its bare name, when the database opens, unless it is known already. */
  readonly networkId?: string;
  /** Multiaddresses of relays; default is the page's own origin. */
  readonly bootstrapPeers?: readonly string[];
  /** A network of one's own, where the engine runs in the same process. */
  readonly network?: Carrier;
  /** How others are found, for the network of a page; one that is handed in has its own. */
  readonly discovery?: DiscoveryOptions;
  /** Milliseconds after which a dial ends, from 100 to 600,000. Default 20,000. */
  readonly dialTimeout?: number;
  /**
   * Of design documents whose peers are processes. They are accepted, warned of by
   * `db.on("warning")`, and have no effect where `capabilities()` says false: `quic`; `port` and
   * `bindAddress`: `listen`.
   */
  readonly quic?: boolean;
  readonly port?: number;
  readonly bindAddress?: string;
}

/** How others are found. Another name or kind of value rejects with `InvalidArgument`. */
export interface DiscoveryOptions {
  /**
   * false: no `bootstrapPeers`, of the database or of a network, are dialled. Default true. The
   * relay that serves a page is none of them, nor are relays that a person set.
   */
  readonly bootstrap?: boolean;
  /** A page has none: between relays it is a setting of `npm run relay`. See `capabilities()`. */
  readonly mdns?: boolean;
  /** false: the relays' DHT is never asked. Default: where no relay has a rendezvous. */
  readonly dht?: boolean;
  /** false: relays are not asked who is there, only their DHT is. Default true. */
  readonly rendezvous?: boolean;
  /**
   * Milliseconds between two questions to the DHT while peers are connected, from 1,000; without
   * any it is asked every 30 s at least. Default 60,000. A rendezvous tells by itself.
   */
  readonly interval?: number;
}

/**
 * A Standard Schema (zod, valibot, …); `upgrade` shows documents of an older shape in the present
 * one.
 */
export type CollectionSchema = StandardSchemaV1 & {
  /** Pure; what it returns is shown and never written back. */
  readonly upgrade?: (document: Document) => Document;
};

/** Given when a collection is first named; others given later throw `InvalidArgument`. */
export interface CollectionOptions {
  /** Checks what is written on this device; what peers write is never refused by it. */
  readonly schema?: CollectionSchema;
  /** Inserted once, when the collection is new. Schemas check them, plugins do not see them. */
  readonly initialDocs?: readonly Document[];
  /** Beside those of the database. */
  readonly plugins?: readonly Plugin[];
  /** As `setSyncMode` sets it. */
  readonly sync?: SyncMode;
}

/** Which write a hook is told of. */
export interface HookContext {
  /** Its name. */
  readonly collection: string;
  /**
   * A peer's write can not be changed by a hook: only the hooks after a write are told of one, and
   * only those of the database's own `plugins`.
   */
  readonly origin: "local" | "remote";
}

/**
 * Hooks around writes. One that throws before a write stops it with `PluginFailed`, and nothing is
 * written; what one throws afterwards is told to `db.on("error")`. In a transaction that is made
 * again, the hooks before a write run again; those after it run once, when it is committed.
 */
export interface Plugin {
  readonly name: string;
  /** Runs before `db.ready`. */
  readonly onInit?: (database: DistributedDatabase) => Waiting<void>;
  /** What is returned is stored instead. */
  readonly beforeInsert?: (document: Document, context: HookContext) => Waiting<Changed>;
  /** `document` is stored. */
  readonly afterInsert?: (document: Document, context: HookContext) => Waiting<void>;
  /** `next` is what the document would become; what is returned is stored instead. */
  readonly beforeUpdate?: (
    next: Document,
    previous: Document,
    context: HookContext,
  ) => Waiting<Changed>;
  /** `next` is stored. */
  readonly afterUpdate?: (
    next: Document,
    previous: Document,
    context: HookContext,
  ) => Waiting<void>;
  /** Throwing is the only way to keep it. */
  readonly beforeDelete?: (document: Document, context: HookContext) => Waiting<void>;
  /** `document` as it was. */
  readonly afterDelete?: (document: Document, context: HookContext) => Waiting<void>;
  /** Part "strategies": a plugin that has it is refused until then. */
  readonly onConflict?: unknown;
}

type Waiting<R> = R | Promise<R>;
// A hook may return nothing: `void` is what such a function's type says.
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type
type Changed = Document | undefined | void;

/**
 * A database on this device. `C` says by collection what its documents are; collections that it
 * does not name hold any documents. Calls reject with `Closed` once it is shut down, and with what
 * `ready` rejects with where it could not be opened.
 */
export interface DistributedDatabase<
  C extends object = object,
> extends LaterOf<LaterDatabaseMethod> {
  /** Part "secrets": its methods reject with `NotSupported` until then. */
  readonly vault: LaterOf<LaterVaultMethod>;
  /** Part "memories": its methods reject with `NotSupported` until then. */
  readonly blobs: LaterOf<LaterBlobMethod>;
  /** As `DistributedDbOptions` named it. */
  readonly name: string;
  /**
   * Settles when the database is open. No call needs it; a rejection that nobody waits for is no
   * unhandled one.
   */
  readonly ready: Promise<void>;
  /**
   * Makes the collection known. The same object for the same name; throws `InvalidArgument` for a
   * name that none has, text of 1 to 256 bytes, and for other options than at its first naming.
   */
  collection<N extends keyof C & string>(
    name: N,
    options?: CollectionOptions,
  ): DistributedCollection<C[N]>;
  /** Its documents are what the schema says. */
  collection<S extends CollectionSchema>(
    name: string,
    options: CollectionOptions & { readonly schema: S },
  ): DistributedCollection<StandardSchemaV1.InferOutput<S>>;
  /** One that `C` does not name. */
  collection<T = Document>(name: string, options?: CollectionOptions): DistributedCollection<T>;
  /** All that this device knows, those that nobody named since the opening too. */
  collections(options?: CallOptions): Promise<readonly CollectionInfo[]>;
  /**
   * Runs `run` over one consistent state and commits what it writes, all or nothing. When somebody
   * else changed what was read, `run` runs again, 5 times at most, then `TransactionConflict`. What
   * `run` throws ends it, and nothing is written. At most 4,096 writes or 1 MiB a collection, else
   * `TransactionTooLarge`.
   */
  transaction<R>(
    run: (transaction: Transaction<C>) => R | Promise<R>,
    options?: CallOptions,
  ): Promise<R>;
  /**
   * Deletes all of this database from this device, IndexedDB and OPFS alike, and closes it; also
   * one that could not be opened. `health().onlyHere` names what goes with it for good: ask before.
   * A signal that is aborted before it begins keeps everything; later it ends the waiting alone.
   */
  destroy(call?: CallOptions): Promise<void>;
  /**
   * Its `networkId`. One that is known already stays as it is, with its collections; where that is
   * another one of the same name, it rejects with `NetworkNameTaken`.
   */
  createNetwork(options: NetworkOptions, call?: CallOptions): Promise<string>;
  /**
   * `networkId`: its name, or the link of an invite. A bare name, with neither secret nor invite,
   * is listed as `pending`: nothing syncs until one arrives. Does not wait for others. Rejects with
   * `InvalidArgument` for an invite that cannot be used, with `NetworkNameTaken` where this device
   * is in another network of that name.
   */
  joinNetwork(
    networkId: string,
    bootstrapPeers?: readonly string[],
    options?: JoinOptions,
  ): Promise<void>;
  /**
   * Detaches its collections; their documents stay on this device. An unknown network: nothing
   * happens.
   */
  leaveNetwork(networkId: string, call?: CallOptions): Promise<void>;
  /**
   * A link into a closed network, which this device answers: the joiner is let in when both are
   * connected. Rejects with `NotSupported` for an open network, `NotPermitted` without the right.
   */
  invite(networkId: string, options?: InviteOptions): Promise<Invite>;
  /**
   * Nothing comes in by it any more; who came in stays. Open invites of this device stand in
   * `NetworkConfig.closed`.
   */
  revokeInvite(networkId: string, id: string, call?: CallOptions): Promise<void>;
  /** Of a closed network, with their devices; none for another. */
  members(networkId: string): readonly Member[];
  /**
   * An account with all its devices, or one device. From then on it gets nothing more; what it has
   * it keeps.
   */
  removeMember(networkId: string, member: string, call?: CallOptions): Promise<void>;
  /**
   * Of an account in a closed network. Rejects with `NotPermitted` without the right, and where no
   * owner would be left.
   */
  setRole(
    networkId: string,
    account: string,
    role: Member["role"],
    call?: CallOptions,
  ): Promise<void>;
  /**
   * What members call an account, sealed for them: anybody their own, owners any. An empty name
   * takes it back; `InvalidArgument` for more than one line or 128 bytes.
   */
  nameMember(networkId: string, account: string, name: string, call?: CallOptions): Promise<void>;
  /** The device puts the network's decisions in order from then on. */
  setSequencer(networkId: string, device: string, call?: CallOptions): Promise<void>;
  /** What is written from then on is sealed under a new key; owners may ask for it. */
  renewEpoch(networkId: string, call?: CallOptions): Promise<void>;
  /**
   * The key that brings the network back when the device that keeps its order is lost: to be kept
   * on paper. Rejects with `NotPermitted` on a device that does not have it.
   */
  exportRecoveryKey(networkId: string, call?: CallOptions): Promise<string>;
  /**
   * All that this device has, where the network was made with several (`recovery` of
   * `createNetwork`): each is to be given to another holder, and forgotten here then.
   */
  exportRecoveryKeys(networkId: string, call?: CallOptions): Promise<readonly string[]>;
  /** None is on this device from then on; what was not written down before is lost. */
  forgetRecoveryKeys(networkId: string, call?: CallOptions): Promise<void>;
  /** Takes what `exportRecoveryKey` gave; `InvalidArgument`: mistyped, or of another network. */
  importRecoveryKey(networkId: string, recoveryKey: string, call?: CallOptions): Promise<void>;
  /**
   * With the recovery key: the network goes on under this device, or another. It ends a freeze, and
   * replaces a sequencer that is lost; decisions that contradict each other are made anew. Where
   * more recovery keys have to agree than this device has, it waits (`closed.recovery`) until the
   * same was asked for on devices that have the others.
   */
  openTerm(networkId: string, device?: string, call?: CallOptions): Promise<void>;
  /** Writes what stands in `closed.notAccepted` anew; `NotPermitted` without the right to write. */
  reissueNotAccepted(networkId: string, call?: CallOptions): Promise<void>;
  /** Deletes what stands in `closed.notAccepted`, for good. */
  discardNotAccepted(networkId: string, call?: CallOptions): Promise<void>;
  /** One that a member shares already (`closed.collections`) is made here where it is not. */
  addCollectionToNetwork(networkId: string, collection: string, call?: CallOptions): Promise<void>;
  /** Nothing happens for a collection that is unknown or in no network. */
  removeCollectionFromNetwork(collection: string, call?: CallOptions): Promise<void>;
  /** The same object each time. */
  getNetworkManager(): NetworkManager;
  /** Asked each time: nothing of it is kept fresh by itself, but for the event `damage`. */
  health(call?: CallOptions): Promise<Health>;
  /** As it is now: some is known only once the database is open. */
  capabilities(): Capabilities;
  /** Over the collections of one network, or of all: the least finished one counts. */
  syncStatus(networkId?: string): SyncStatus;
  /** The answer takes the handler off again. What one throws is thrown outside of all others. */
  on<E extends keyof DatabaseEvents>(
    event: E,
    handler: (detail: DatabaseEvents[E]) => void,
  ): () => void;
  /**
   * Waits for what is under way, closes, and releases; the same name can be opened again. A signal
   * ends the waiting; once it began, closing goes on.
   */
  shutdown(call?: CallOptions): Promise<void>;
}

/** Events of a database and what their handlers are given. */
export interface DatabaseEvents {
  /**
   * What went wrong with nobody waiting for it: hooks after a write, callbacks of subscriptions.
   */
  readonly error: Error;
  /** The database can not go on; every call rejects from now on. */
  readonly failed: NebulusError;
  /** Storage could not give something back, found since the opening; what is new, each once. */
  readonly damage: readonly DamageReport[];
  /** Told to the person: an address that is skipped, and the like. */
  readonly warning: string;
  /** Networks, peers or statistics changed. */
  readonly networks: undefined;
  /** The sync state of a collection changed. */
  readonly sync: undefined;
  /** What `collections()` answers is another; counts of documents are told now and then. */
  readonly collections: undefined;
  /** The settings of the connection changed, or what works of it. */
  readonly connection: undefined;
  /**
   * Whether this tab runs the database for all tabs that have it open; no call depends on it. Where
   * nothing is told, there is but one.
   */
  readonly leading: boolean;
  /** Another tab runs a newer version of this program: reload when nothing is under way. */
  readonly outdated: undefined;
  /** It was shut down or destroyed. */
  readonly closed: undefined;
}

/**
 * Documents of one kind. Writes resolve when they are durable, and reject with the input's own
 * fault: `InvalidDocument`, `InvalidEntryType`, `InvalidQuery`, `InvalidUpdate` (`path` names the
 * place), `SchemaViolation`, `TooLarge`; with `PluginFailed` where a hook threw, `NotPermitted` for
 * a reader of its network, `QuotaExceeded` or `StorageFailed`.
 */
export interface DistributedCollection<T = Document> extends LaterOf<LaterCollectionMethod> {
  /** As `collection` was asked for it. */
  readonly name: string;
  /** The document as it is stored. A living id: `DuplicateId`. */
  insert(document: NewDocument<T>, options?: InsertOptions): Promise<Stored<T>>;
  /** All, or none. At most 100,000. */
  insertBatch(
    documents: readonly NewDocument<T>[],
    options?: InsertOptions,
  ): Promise<readonly Stored<T>[]>;
  /** Inserts, or makes the living document equal: fields that are not given go. */
  upsert(document: NewDocument<T>, options?: CallOptions): Promise<Stored<T>>;
  /** All, or none; each as `upsert`. At most 100,000. */
  upsertBatch(
    documents: readonly NewDocument<T>[],
    options?: CallOptions,
  ): Promise<readonly Stored<T>[]>;
  /** Without a query all documents. */
  find<const O extends FindOptions>(query?: Query, options?: O): Promise<Found<T, O>[]>;
  /** The first that `find` would give; null: none matches. */
  findOne<const O extends FindOptions>(query?: Query, options?: O): Promise<Found<T, O> | null>;
  /** Fetched page by page: each shows the moment at which it is fetched. */
  iterate<const O extends IterateOptions>(query?: Query, options?: O): AsyncIterable<Found<T, O>>;
  /** null: there is none. */
  get<const O extends GetOptions>(id: string, options?: O): Promise<Found<T, O> | null>;
  /** In the order of the ids, those that are missing left out. */
  getMany<const O extends GetOptions>(ids: readonly string[], options?: O): Promise<Found<T, O>[]>;
  /** Without a query that of all documents. */
  count(query?: Query, options?: CallOptions): Promise<number>;
  /** The count of documents that matched, changed or not. */
  update(where: Selector, update: Update<T>, options?: CallOptions): Promise<number>;
  /** Of those that match only the first, by id. */
  updateOne(where: Selector, update: Update<T>, options?: CallOptions): Promise<number>;
  /** In order, all or nothing; the sum of the counts. */
  updateBatch(updates: readonly UpdateEntry<T>[], options?: CallOptions): Promise<number>;
  /**
   * Reads a document, and stores what `change` makes of it, in a transaction: `change` runs again
   * if somebody else changed the document meanwhile. It is given a copy and returns the whole new
   * document, or null to leave it as it is. The document as it is then; null if there is none.
   */
  modify(
    id: string,
    change: (document: Stored<T>) => NewDocument<T> | null | Promise<NewDocument<T> | null>,
    options?: CallOptions,
  ): Promise<Stored<T> | null>;
  /** The count of documents that matched. */
  delete(where: Selector, options?: CallOptions): Promise<number>;
  /** Of those that match only the first, by id: 0 or 1. */
  deleteOne(where: Selector, options?: CallOptions): Promise<number>;
  /** All, or none; the sum of the counts. */
  deleteBatch(selectors: readonly Selector[], options?: CallOptions): Promise<number>;
  /** Deletes all documents; their count. */
  clear(options?: CallOptions): Promise<number>;
  /** Deletes all documents, detaches the collection and forgets that it was known. */
  drop(options?: CallOptions): Promise<void>;
  /**
   * `callback` is called with the present rows, then after every batch of writes that changes them,
   * until what is returned is called. `onError` as in `LiveOptions`.
   */
  subscribe(
    query: Query,
    callback: (rows: readonly Stored<T>[]) => void,
    onError?: (error: Error) => void,
  ): () => void;
  /** Throws `InvalidQuery`. Nothing runs before somebody subscribes. */
  live<const O extends LiveOptions>(query?: Query, options?: O): LiveQuery<Found<T, O>>;
  /** Makes the document shared with the collection's network. */
  share(id: string, options?: CallOptions): Promise<void>;
  /** Takes it out of the network again; it stays on this device. */
  unshare(id: string, options?: CallOptions): Promise<void>;
  /**
   * Shares it with the network's members from here on. Rejects with `UnknownNetwork`, and with
   * `AlreadyAttached` where it is in one.
   */
  attachToNetwork(networkId: string, options?: CallOptions): Promise<void>;
  /** Its documents stay on this device. Nothing happens where it is in no network. */
  detachFromNetwork(options?: CallOptions): Promise<void>;
  /** Null while it is in no network. */
  getSyncState(): SyncState | null;
  /**
   * Resolves when a round of sync with each connected peer ended; `synced` was checked. Rejects by
   * `SyncStalled` where it comes no further for 30 s, which says what is missing, and from whom.
   */
  forceSync(options?: CallOptions): Promise<{ readonly synced: boolean }>;
  /**
   * In a closed network it is the same for all members, and an owner's to change: `NotPermitted`.
   * Other strategies of the source designs reject with `NotSupported`.
   */
  setConflictStrategy(strategy: ConflictStrategy, options?: CallOptions): Promise<void>;
  /**
   * When changes of this collection travel to and from this device: at once (`eager`, the default),
   * gathered for up to ten seconds (`lazy`), or only in `forceSync` (`manual`), which then waits
   * up to 30 s for others that share it by hand too. Kept over reloads; each device has its own.
   */
  setSyncMode(mode: SyncMode, options?: CallOptions): Promise<void>;
}

/** What this database can do here. */
export interface Capabilities {
  /** Null until the database is open. */
  readonly storageMode: "memory" | "indexeddb" | "file" | null;
  readonly worker: boolean;
  /** The network runs in this page. */
  readonly network: boolean;
  readonly webrtc: boolean;
  readonly websocket: boolean;
  /** A page has none of the following; settings for them are accepted and have no effect. */
  readonly tcp: boolean;
  readonly quic: boolean;
  readonly mdns: boolean;
  readonly dhtServer: boolean;
  /** Others can dial it at an address and port of its own. */
  readonly listen: boolean;
}
