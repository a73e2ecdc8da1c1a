/**
 * The part of a collection that concerns its network: attaching, what of it is shared, its sync.
 */
import type { Write } from "../core/wire/requests.ts";
import { checkId } from "../core/cbor/document.ts";
import { notSupported, refusal } from "./answer.ts";
import type { CollectionContext } from "./context.ts";
import { syncModes } from "../core/wire/snapshots.ts";
import type { SyncMode, SyncState } from "./networkTypes.ts";
import type { CallOptions, ConflictStrategy } from "./types.ts";

export interface CollectionNetwork {
  share(id: string, options?: CallOptions): Promise<void>;
  unshare(id: string, options?: CallOptions): Promise<void>;
  attachToNetwork(networkId: string, options?: CallOptions): Promise<void>;
  detachFromNetwork(options?: CallOptions): Promise<void>;
  getSyncState(): SyncState | null;
  forceSync(options?: CallOptions): Promise<{ readonly synced: boolean }>;
  setConflictStrategy(strategy: ConflictStrategy, options?: CallOptions): Promise<void>;
  setSyncMode(mode: SyncMode, options?: CallOptions): Promise<void>;
}

export const createCollectionNetwork = (context: CollectionContext): CollectionNetwork => {
  const { name, session, prepared } = context;
  const send = (makeWrite: () => Write, options: CallOptions | undefined): Promise<void> =>
    session.during(async () => {
      const write = makeWrite();
      await prepared;
      await session.write(write, options?.signal);
    });
  return {
    share: (id, options) =>
      send(
        () => ({ kind: "move", collection: name, id: checkId(id, "id"), to: "shared" }),
        options,
      ),
    unshare: (id, options) =>
      send(
        () => ({ kind: "move", collection: name, id: checkId(id, "id"), to: "private" }),
        options,
      ),
    attachToNetwork: (networkId, options) =>
      send(() => ({ kind: "attach", collection: name, networkId }), options),
    detachFromNetwork: (options) => send(() => ({ kind: "detach", collection: name }), options),
    getSyncState: () => syncStateOf(context),
    forceSync: (options) =>
      session.during(async () => {
        await prepared;
        return session.ask((service) => service.forceSync(name), options?.signal);
      }),
    setConflictStrategy: (strategy, options) =>
      send(
        () => ({ kind: "strategy", collection: name, strategy: checkStrategy(strategy) }),
        options,
      ),
    setSyncMode: (mode, options) =>
      send(() => ({ kind: "sync-mode", collection: name, mode: checkSyncMode(mode) }), options),
  };
};

export const checkSyncMode = (mode: unknown): SyncMode => {
  const known = syncModes.find((each) => each === mode);
  if (known !== undefined) return known;
  throw refusal("InvalidArgument", `sync: one of ${syncModes.join(", ")}`, "sync");
};

const syncStateOf = ({ name, session }: CollectionContext): SyncState | null => {
  const snapshot = session.sync().find(({ collection }) => collection === name);
  if (snapshot === undefined) return null;
  return {
    collection: name,
    networkId: snapshot.networkId,
    mode: snapshot.mode,
    status: snapshot.status,
    localVector: snapshot.vector,
    lastSync: snapshot.lastSync,
    pendingOperations: snapshot.pendingOperations,
    syncInProgress: snapshot.status.kind === "syncing",
  };
};

const checkStrategy = (strategy: unknown): ConflictStrategy => {
  if (strategy === "last-write-wins" || strategy === "first-write-wins") return strategy;
  if (strategy === "merge" || strategy === "custom" || strategy === "manual") {
    throw notSupported(`strategy "${strategy}"`, 'the part "strategies and posting" brings it.');
  }
  const known = '"last-write-wins" or "first-write-wins"';
  throw refusal("InvalidArgument", `strategy: ${known}`, "strategy");
};
