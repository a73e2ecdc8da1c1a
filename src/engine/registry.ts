/**
 * What the engine has open: networks, collections, and one home for each collection in each
 * network. Collections are documents of a hidden collection in `local`, so what is known of them is
 * as durable as any write.
 */
import type { Fields, ScopeId } from "../core/base/types.ts";
import { scopeOf } from "../core/network/keys.ts";
import { readDocument } from "../core/doc/read.ts";
import { strategies, type StrategyName } from "../core/doc/strategies.ts";
import type { CollectionInfo } from "../core/wire/requests.ts";
import { syncModes } from "../core/wire/snapshots.ts";
import {
  countLiving,
  createReadable,
  systemCollection,
  systemPrefix,
  type Collection,
} from "./collections.ts";
import type { Draft } from "./draft.ts";
import { createHome, type Home } from "./home.ts";
import type { LocalMembership, Membership } from "./identity.ts";
import { createNetworkList, type NetworkList, type NetworksFirst } from "./networkList.ts";
import type { PageCache } from "./pages/pageCache.ts";
import type { Readable } from "./query.ts";

export interface Registry {
  readonly local: LocalMembership;
  readonly system: Home;
  readonly networks: NetworkList;
  collections(): readonly Collection[];
  /** null: nobody made it yet. */
  find(name: string): Collection | null;
  /** Makes it known with the draft where it is not. */
  readonly make: (name: string, draft: Draft) => Collection;
  /** Known for reading only: a collection that nobody wrote to is empty. */
  readonly readable: (name: string) => Readable;
  forget(collection: Collection): void;
  /** Takes `forget` back. */
  keep(collection: Collection): void;
  home(scope: ScopeId): Home | null;
  readonly homes: () => readonly Home[];
  /** Those of one network. */
  readonly homesOf: (membership: Membership) => readonly Home[];
  /** The home of a collection in a network, made if it is new. */
  homeIn(membership: Membership, collection: string): Home;
  forgetHome(home: Home): void;
  /** After the hidden collection was read from the store: makes what it tells of. */
  restore(): void;
  /** May miss pages. */
  readonly infos: () => readonly CollectionInfo[];
}

export interface RegistryDeps extends NetworksFirst {
  readonly local: LocalMembership;
  readonly pages: PageCache;
  readonly now: () => number;
}

export const createRegistry = (deps: RegistryDeps): Registry => {
  const networks = createNetworkList(deps);
  const collections = new Map<string, Collection>();
  const homes = new Map<ScopeId, Home>();

  const homeIn = (membership: Membership, collection: string): Home => {
    const scope = scopeOf(membership.network, collection, "documents");
    const known = homes.get(scope);
    if (known !== undefined) return known;
    const home = createHome({ pages: deps.pages, membership, collection, scope });
    homes.set(scope, home);
    return home;
  };
  const system = homeIn(deps.local, systemCollection);

  const blank = (name: string): Collection => blankCollection(name, homeIn(deps.local, name));

  const find = (name: string): Collection | null => collections.get(name) ?? null;
  const keep = (collection: Collection): Collection => {
    collections.set(collection.name, collection);
    return collection;
  };

  const make = (name: string, draft: Draft): Collection => {
    const known = find(name);
    if (known !== null) return known;
    draft.onUndo(() => collections.delete(name));
    draft.write(system, name, []);
    return keep(blank(name));
  };

  const restore = (name: string): void => {
    const options = { strategy: "last-write-wins", now: deps.now() } as const;
    const view = readDocument(system.documents.get(name), options);
    const collection = find(name) ?? blank(name);
    // One that was dropped may still have deletes to be cut, and may be made again.
    if (view === null) return;
    keep(collection);
    const { network } = view.fields;
    const membership = typeof network === "string" ? networks.withHash(network) : null;
    const shared = membership === null ? null : homeIn(membership, name);
    restoreFields(collection, view.fields, shared);
  };

  return {
    ...{ local: deps.local, system, networks },
    collections: () => [...collections.values()],
    find,
    make,
    readable: (name) => createReadable(find(name) ?? blank(name), deps.now),
    forget: ({ name }) => collections.delete(name),
    keep,
    home: (scope) => homes.get(scope) ?? null,
    homes: () => [...homes.values()],
    homesOf: (membership) => [...homes.values()].filter((home) => home.membership === membership),
    homeIn,
    forgetHome: (home) => homes.delete(home.scope),
    restore() {
      for (const name of system.documents.sortedIds()) restore(name);
    },
    infos: () => infosOf([...collections.values()]),
  };
};

const blankCollection = (name: string, local: Home): Collection => ({
  name,
  local,
  shared: null,
  attached: false,
  strategy: "last-write-wins",
  mode: "eager",
});

const restoreFields = (collection: Collection, fields: Fields, shared: Home | null): void => {
  const { attached, strategy, mode } = fields;
  collection.shared = shared;
  collection.attached = attached === true && shared !== null;
  if (typeof strategy === "string" && isStrategyName(strategy)) collection.strategy = strategy;
  collection.mode = syncModes.find((each) => each === mode) ?? "eager";
};

const infosOf = (collections: readonly Collection[]): readonly CollectionInfo[] =>
  collections
    .filter(({ name }) => !name.startsWith(systemPrefix))
    .map((collection) => infoOf(collection));

const infoOf = (collection: Collection): CollectionInfo => {
  const { name, shared, attached, strategy } = collection;
  const documents = countLiving(collection);
  const membership = shared?.membership;
  const networkId =
    attached && membership !== undefined && membership.kind !== "local"
      ? membership.networkId
      : null;
  return { name, documents, networkId, strategy };
};

const isStrategyName = (name: string): name is StrategyName => Object.hasOwn(strategies, name);
