/**
 * Networks as an application makes, joins and leaves them. They are closed unless they are made
 * from a shared secret, or without encryption. A bare name is listed as pending, and nothing syncs,
 * until a secret or an invite for it arrives.
 */
import { recoveryKeysMax } from "../core/base/limits.ts";
import { loadPart } from "../core/base/parts.ts";
import { describe, isPlainObject } from "../core/cbor/check.ts";
import type { Managed, ManageRequest } from "../core/wire/networks.ts";
import type { CollectionInfo } from "../core/wire/requests.ts";
import type { NetworkSnapshot, SyncSnapshot } from "../core/wire/snapshots.ts";
import { statusOfAll } from "../core/wire/syncStatus.ts";
import { abortable } from "./abort.ts";
import { refusal } from "./answer.ts";
import {
  checkNetworkDiscovery,
  usualNetworkDiscovery,
  type NetworkDiscovery,
} from "./discovery.ts";
import type { Emitter } from "./emitter.ts";
import type {
  JoinOptions,
  NetworkConfig,
  NetworkEvents,
  NetworkOptions,
  SyncStatus,
} from "./networkTypes.ts";
import type { NewNetworkRequest } from "../worker/api.ts";
import type { Session } from "./session.ts";
import type { CallOptions } from "./types.ts";

export interface Networks {
  readonly events: Emitter<NetworkEvents>;
  readonly create: (options: NetworkOptions, call?: CallOptions) => Promise<string>;
  readonly join: (
    networkId: string,
    peers?: readonly string[],
    options?: JoinOptions,
  ) => Promise<void>;
  readonly leave: (networkId: string, call?: CallOptions) => Promise<void>;
  readonly addCollection: (
    networkId: string,
    collection: string,
    call?: CallOptions,
  ) => Promise<void>;
  /** Of that network only, where one is named. */
  readonly removeCollection: (
    collection: string,
    networkId?: string,
    call?: CallOptions,
  ) => Promise<void>;
  readonly manage: (request: ManageRequest, call?: CallOptions) => Promise<Managed>;
  readonly list: () => readonly NetworkConfig[];
  readonly syncStatus: (networkId?: string) => SyncStatus;
}

export interface NetworksDeps {
  readonly session: Session;
  readonly events: Emitter<NetworkEvents>;
  /** Settles when first documents are in and collections that were named so far are known. */
  readonly prepared: () => Promise<unknown>;
  /** Relays that are to be used from now on. */
  readonly useRelays: (addresses: readonly string[]) => void;
  /** null outside of pages. */
  readonly pageUrl: () => string | null;
}

export const createNetworks = (deps: NetworksDeps): Networks => {
  const { session, events } = deps;
  const state: State = { ...deps, pending: new Map(), asked: new Map() };
  const run = <T>(call: CallOptions | undefined, work: () => Promise<T>): Promise<T> =>
    session.during(() => abortable(call?.signal, work));
  return {
    events,
    create: (options, call) => run(call, () => create(state, options)),
    join: (networkId, peers, options) => run(options, () => join(state, networkId, peers, options)),
    leave: (networkId, call) => run(call, () => leave(state, networkId)),
    addCollection: (networkId, collection, call) =>
      run(call, () => addCollection(state, networkId, collection)),
    removeCollection: (collection, networkId, call) =>
      run(call, () => removeCollection(state, collection, networkId)),
    manage: (request, call) =>
      run(call, async () => {
        await state.prepared();
        return managedBy(state, request);
      }),
    list: () => [
      ...session.networks().map((snapshot) => configOf(state, snapshot)),
      ...state.pending.values(),
    ],
    syncStatus: (networkId) =>
      statusOfAll(session.sync().flatMap((each) => (isOf(each, networkId) ? each.status : []))),
  };
};

const isOf = (each: SyncSnapshot, networkId: string | undefined): boolean =>
  networkId === undefined || each.networkId === networkId;

interface State extends NetworksDeps {
  /** Bare names; this page's only. */
  readonly pending: Map<string, NetworkConfig>;
  /** What was asked for with a network. */
  readonly asked: Map<string, Asked>;
}

interface Asked {
  readonly peers: readonly string[];
  readonly discovery: NetworkDiscovery;
}

// ---------------------------------------------------------------------- making and leaving

const create = async (state: State, options: NetworkOptions): Promise<string> => {
  const { secret: sharedSecret, ...checked } = checkOptions(options);
  const { networkId } = checked;
  const asked = askedOf(options.bootstrapPeers, options.discovery);
  const isNew = !isKnown(state, networkId);
  await open(state, { ...checked, sharedSecret }, asked);
  if (isNew) state.events.emit("network:created", { networkId });
  return networkId;
};

const join = async (
  state: State,
  networkId: string,
  bootstrapPeers: readonly string[] | undefined,
  options: JoinOptions | undefined,
): Promise<void> => {
  checkNetworkId(networkId);
  const asked = askedOf(bootstrapPeers, undefined);
  const { peers } = asked;
  if (networkId.includes("join=")) {
    await state.prepared();
    const { relaysOfInvite } = await loadPart(() => import("./invitedRelays.ts"));
    const { relays, warnings } = relaysOfInvite(networkId, state.pageUrl());
    const managed = await managedBy(state, { kind: "join", link: networkId, relays });
    for (const warning of warnings) state.session.events.emit("warning", warning);
    state.useRelays(peers);
    state.events.emit("network:joined", { networkId: managed.networkId });
    return;
  }
  const sharedSecret = secretOf(options?.sharedSecret);
  const isNew = !isKnown(state, networkId);
  const name = `Network ${networkId}`;
  if (sharedSecret !== null) {
    const made = { networkId, name, privateByDefault: false };
    await open(state, { ...made, kind: "open", sharedSecret }, asked);
  } else if (isNew) await listPending(state, networkId, name, asked);
  else state.useRelays(peers);
  if (isNew) state.events.emit("network:joined", { networkId });
};

const open = async (state: State, request: NewNetworkRequest, asked: Asked): Promise<void> => {
  await state.prepared();
  await state.session.ask((service) => service.makeNetwork(request));
  state.pending.delete(request.networkId);
  state.asked.set(request.networkId, asked);
  state.useRelays(asked.discovery.bootstrap ? asked.peers : []);
};

const managedBy = ({ session }: State, request: ManageRequest): Promise<Managed> =>
  session.ask((service) => service.manageNetwork(request));

const listPending = async (
  state: State,
  networkId: string,
  name: string,
  { peers, discovery }: Asked,
): Promise<void> => {
  // What the engine holds by that name is known once it is open.
  await state.prepared();
  if (isKnown(state, networkId)) return;
  state.pending.set(networkId, {
    networkId,
    name,
    ...{ kind: "pending", waitsFor: "secret", closed: null, refused: null },
    ...{ collections: new Set(), warnings: [] },
    ...{ bootstrapPeers: peers, relays: [], discovery, privateByDefault: false },
    encryption: { enabled: true },
  });
};

const leave = async (state: State, networkId: string): Promise<void> => {
  await state.prepared();
  const wasPending = state.pending.delete(networkId);
  const wasOpen = snapshotOf(state, networkId) !== undefined;
  if (wasOpen) await state.session.ask((service) => service.leaveNetwork(networkId));
  if (wasPending || wasOpen) state.events.emit("network:left", { networkId });
};

const isKnown = (state: State, networkId: string): boolean =>
  snapshotOf(state, networkId) !== undefined || state.pending.has(networkId);

const snapshotOf = ({ session }: State, networkId: string): NetworkSnapshot | undefined =>
  session.networks().find((network) => network.networkId === networkId);

// ----------------------------------------------------------------------------- collections

const addCollection = async (
  state: State,
  networkId: string,
  collection: string,
): Promise<void> => {
  await state.prepared();
  const network = snapshotOf(state, networkId);
  if (network === undefined) throw unknownNetwork(state, networkId);
  if (network.closed?.collections.some(({ name }) => name === collection) === true) {
    await state.session.write({ kind: "make-collection", collection });
  } else if ((await infoOf(state, collection)) === undefined) {
    const advice = `db.collection("${collection}") makes it`;
    throw refusal(
      "UnknownCollection",
      `no collection is called "${collection}"; ${advice}`,
      collection,
    );
  }
  await state.session.write({ kind: "attach", collection, networkId });
  state.events.emit("collection:added", { networkId, collection });
};

const removeCollection = async (
  state: State,
  collection: string,
  networkId: string | undefined,
): Promise<void> => {
  await state.prepared();
  const attached = (await infoOf(state, collection))?.networkId ?? null;
  if (attached === null || (networkId ?? attached) !== attached) return;
  await state.session.write({ kind: "detach", collection });
  state.events.emit("collection:removed", { networkId: attached, collection });
};

const infoOf = async ({ session }: State, name: string): Promise<CollectionInfo | undefined> => {
  const infos = await session.ask((service) => service.collections());
  return infos.find((info) => info.name === name);
};

const unknownNetwork = ({ pending }: State, networkId: string): Error => {
  const advice = pending.has(networkId)
    ? "is pending: join it with its shared secret first"
    : "is not known here: create or join it first";
  return refusal("UnknownNetwork", `the network "${networkId}" ${advice}`, networkId);
};

// -------------------------------------------------------------------------------- checking

const checkOptions = (
  options: unknown,
): Omit<NewNetworkRequest, "sharedSecret"> & { readonly secret: string | null } => {
  if (!isPlainObject(options)) {
    throw refusal(
      "InvalidArgument",
      `a network is { networkId, name, … }, not ${describe(options)}`,
    );
  }
  const { networkId, name, encryption, privateByDefault = false } = options;
  const id = checkNetworkId(networkId);
  if (typeof name !== "string" || name === "") {
    throw refusal("InvalidArgument", "name: a network has a name to be shown", "name");
  }
  if (typeof privateByDefault !== "boolean") {
    throw refusal("InvalidArgument", "privateByDefault: true or false", "privateByDefault");
  }
  const settings = isPlainObject(encryption) ? encryption : {};
  const made = { networkId: id, name, privateByDefault };
  if (settings["sharedSecret"] !== undefined) {
    return { ...made, kind: "open", secret: secretOf(settings["sharedSecret"]) };
  }
  if (settings["enabled"] === false) return { ...made, kind: "open", secret: null };
  const recovery = recoveryOf(options["recovery"]);
  return { ...made, kind: "closed", secret: null, ...recovery };
};

const recoveryOf = (recovery: unknown): Pick<NewNetworkRequest, "recovery"> => {
  if (recovery === undefined) return {};
  const { keys, needed } = isPlainObject(recovery) ? recovery : {};
  const isCount = (count: unknown, max: number): count is number =>
    typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= max;
  if (isCount(keys, recoveryKeysMax) && isCount(needed, keys))
    return { recovery: { keys, needed } };
  throw refusal(
    "InvalidArgument",
    `recovery: { keys: 1 to ${String(recoveryKeysMax)}, needed: 1 to keys }`,
    "recovery",
  );
};

const checkNetworkId = (networkId: unknown): string => {
  if (typeof networkId === "string" && networkId !== "") return networkId;
  throw refusal("InvalidArgument", "networkId: text that is not empty", "networkId");
};

const secretOf = (secret: unknown): string | null => {
  if (secret === undefined) return null;
  if (typeof secret === "string") return secret;
  throw refusal("InvalidArgument", `sharedSecret: text, not ${describe(secret)}`, "sharedSecret");
};

const askedOf = (peers: unknown, discovery: unknown): Asked => ({
  peers: addressesOf(peers),
  discovery: checkNetworkDiscovery(discovery),
});

const addressesOf = (addresses: unknown): readonly string[] => {
  if (addresses === undefined) return [];
  const isList = Array.isArray(addresses) && addresses.every((each) => typeof each === "string");
  if (isList) return Array.from<string>(addresses);
  throw refusal("InvalidArgument", "bootstrapPeers: a list of multiaddresses", "bootstrapPeers");
};

// --------------------------------------------------------------------------------- showing

const configOf = (state: State, snapshot: NetworkSnapshot): NetworkConfig => ({
  discovery: state.asked.get(snapshot.networkId)?.discovery ?? usualNetworkDiscovery,
  networkId: snapshot.networkId,
  name: snapshot.name,
  kind: snapshot.kind === "joining" ? "pending" : snapshot.kind,
  waitsFor: snapshot.kind === "joining" ? "maker" : null,
  closed: snapshot.closed,
  refused: snapshot.closed?.refused ?? snapshot.refused,
  collections: new Set(snapshot.collections),
  bootstrapPeers: state.asked.get(snapshot.networkId)?.peers ?? [],
  relays: snapshot.relays,
  warnings: snapshot.warnings,
  privateByDefault: snapshot.privateByDefault,
  encryption: { enabled: snapshot.secret },
});
