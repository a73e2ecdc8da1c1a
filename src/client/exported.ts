/**
 * What the package exports in a page and in Node alike, but for what each root puts together by
 * itself: one list, which both composition roots hand on.
 */
export { NebulusError } from "../core/base/errors.ts";
export { vectorClock } from "../core/clock/vector.ts";
export { toDistributedDocument, toRegularDocument } from "../core/surface/document.ts";
export { applyOperation, resolveConflict } from "../core/surface/resolver.ts";
export { EntryType, MemoryCategory, MessageType, OperationType } from "../core/surface/types.ts";
export { createMemoryHub } from "../net/memory.ts";
export type { ErrorCode, ErrorValue } from "../core/base/errors.ts";
export type { DocumentFields, Value } from "../core/base/types.ts";
export type { ClockOrder, VectorClock } from "../core/clock/vector.ts";
export type { DamageReport, OnlyHere, RecoveryReport } from "../core/wire/health.ts";
export type { CollectionInfo } from "../core/wire/requests.ts";
export type { CRDTOperation, DistributedDocument } from "../core/surface/types.ts";
export type { DeviceWarningWords } from "../core/wire/deviceWarning.ts";
export type { MemberRoleName } from "../core/wire/networks.ts";
export type {
  InviteSnapshot,
  NotAcceptedSnapshot,
  RecoverySnapshot,
  SharedCollectionSnapshot,
} from "../core/wire/snapshots.ts";
export type { HubStats, MemoryHub, MemoryHubOptions, MemoryNetwork } from "../net/memory.ts";
export type { LinkFaults } from "../net/memoryLink.ts";
export type {
  Carrier,
  CarrierIdentity,
  CarrierStatus,
  ChannelInfo,
  ChannelPath,
  DirectAttempts,
  PeerChannel,
  PeerStatus,
  RelayFault,
  RelayStatus,
  RelayTags,
} from "../core/net/carrier.ts";
export type {
  Capabilities,
  CollectionOptions,
  CollectionSchema,
  DatabaseEvents,
  DiscoveryOptions,
  // Under the designs' own name a composition root exports what `new` takes too
  DistributedCollection as Collection,
  DistributedDatabase,
  DistributedDbOptions,
  DistributedOptions,
  Health,
  HookContext,
  LiveQuery,
  Plugin,
  Transaction,
  TransactionCollection,
  TransactionFindOptions,
} from "./api.ts";
export type {
  DistributedCollectionConstructor,
  NetworkManagerConstructor,
  NetworkManagerOptions,
} from "./constructors.ts";
export type { DiagnosisReason, DiagnosisStepName } from "./diagnosis.ts";
export type { Later } from "./later.ts";
export type { Invite, InviteOptions, Member } from "./networkTypes.ts";
export type {
  AdmissionRefusal,
  ClosedNetwork,
  ChannelLayer,
  ConnectionChange,
  ConnectionSettings,
  DeviceWarning,
  DiagnosisStep,
  FrameNote,
  Handler,
  IceServer,
  JoinOptions,
  MessageOutcome,
  NetworkConfig,
  NetworkEvents,
  NetworkManager as Manager,
  NetworkOptions,
  NetworkStats,
  NewMessage,
  PeerInfo,
  ProtocolMessage,
  SyncMode,
  SyncProgress,
  SyncState,
  SyncStatus,
} from "./networkTypes.ts";
export type {
  CallOptions,
  ConflictStrategy,
  Document,
  FindOptions,
  Found,
  GetOptions,
  InsertOptions,
  IterateOptions,
  LiveOptions,
  Metadata,
  NewDocument,
  Query,
  Selector,
  Sort,
  Stored,
  Update,
  UpdateEntry,
  UpdateOperators,
  Visibility,
} from "./types.ts";
