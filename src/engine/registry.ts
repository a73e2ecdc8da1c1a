/**
 * What the engine has open: networks, collections, and one home for each collection in each network. Collections are
 * documents of a hidden collection in `local`, so what is known of them is as durable as any write.
 */
import { bytesToHex } from "../core/base/bytes.ts";
import { invalid } from "../core/base/errors.ts";
import type { ScopeId } from "../core/base/types.ts";
import { scopeOf } from "../core/network/keys.ts";
import { readDocument } from "../core/doc/read.ts";
import { strategies, type StrategyName } from "../core/doc/strategies.ts";
import type { CollectionInfo } from "../core/wire/requests.ts";
import { createReadable, systemCollection, systemPrefix, type Collection } from "./collections.ts";
import type { Draft } from "./draft.ts";
import { createHome, type Home } from "./home.ts";
import type { LocalMembership, Membership, OpenMembership } from "./identity.ts";
import type { Readable } from "./query.ts";

export interface Registry {
  readonly local: LocalMembership;
  readonly system: Home;
  networks(): readonly OpenMembership[];
  /** By the caller's name for it; throws `UnknownNetwork`. */
  network(networkId: string): OpenMembership;
  addNetwork(membership: OpenMembership): void;
  removeNetwork(membership: OpenMembership): void;
  collections(): readonly Collection[];
  /** null: nobody made it yet. */
  find(name: string): Collection | null;
  /** Makes it known with the draft where it is not. */
  make(name: string, draft: Draft): Collection;
  /** Known for reading only: a collection that nobody wrote to is empty. */
  readable(name: string): Readable;
  forget(collection: Collection): void;
  /** Takes `forget` back. */
  keep(collection: Collection): void;
  home(scope: ScopeId): Home | null;
  homes(): readonly Home[];
  /** The home of a collection in a network, made if it is new. */
  homeIn(membership: Membership, collection: string): Home;
  forgetHome(home: Home): void;
  /** After the hidden collection was read from the store: makes what it tells of. */
  restore(): void;
  infos(): readonly CollectionInfo[];
}

export const createRegistry = (deps: {
  readonly local: LocalMembership;
  readonly networks: readonly OpenMembership[];
  readonly now: () => number;
}): Registry => {
  const networks = new Map<string, OpenMembership>();
  for (const membership of deps.networks) networks.set(hashOf(membership), membership);
  const collections = new Map<string, Collection>();
  const homes = new Map<ScopeId, Home>();

  const homeIn = (membership: Membership, collection: string): Home => {
    const scope = scopeOf(membership.network, collection, "documents");
    const known = homes.get(scope);
    if (known !== undefined) return known;
    const home = createHome({ membership, collection, scope });
    homes.set(scope, home);
    return home;
  };
  const system = homeIn(deps.local, systemCollection);

  const blank = (name: string): Collection => ({
    name,
    local: homeIn(deps.local, name),
    shared: null,
    attached: false,
    strategy: "last-write-wins",
  });

  const make = (name: string, draft: Draft): Collection => {
    const known = collections.get(name);
    if (known !== undefined) return known;
    const collection = blank(name);
    collections.set(name, collection);
    draft.onUndo(() => collections.delete(name));
    draft.write(system, name, []);
    return collection;
  };

  const restoreOne = (name: string): void => {
    const view = readDocument(system.documents.get(name), {
      strategy: "last-write-wins",
      now: deps.now(),
    });
    if (view === null) return;
    const collection = collections.get(name) ?? blank(name);
    collections.set(name, collection);
    const { network, attached, strategy } = view.fields;
    const membership = typeof network === "string" ? networks.get(network) : undefined;
    collection.shared = membership === undefined ? null : homeIn(membership, name);
    collection.attached = attached === true && collection.shared !== null;
    if (typeof strategy === "string" && isStrategyName(strategy)) collection.strategy = strategy;
  };

  return {
    local: deps.local,
    system,
    networks: () => [...networks.values()],
    network(networkId) {
      const found = [...networks.values()].find((each) => each.networkId === networkId);
      if (found !== undefined) return found;
      throw invalid("UnknownNetwork", `This device is in no network "${networkId}".`, networkId);
    },
    addNetwork: (membership) => networks.set(hashOf(membership), membership),
    removeNetwork: (membership) => networks.delete(hashOf(membership)),
    collections: () => [...collections.values()],
    find: (name) => collections.get(name) ?? null,
    make,
    readable: (name) => createReadable(collections.get(name) ?? blank(name), deps.now),
    forget: (collection) => collections.delete(collection.name),
    keep: (collection) => collections.set(collection.name, collection),
    home: (scope) => homes.get(scope) ?? null,
    homes: () => [...homes.values()],
    homeIn,
    forgetHome: (home) => homes.delete(home.scope),
    restore() {
      for (const name of system.documents.sortedIds()) restoreOne(name);
    },
    infos: () =>
      [...collections.values()]
        .filter(({ name }) => !name.startsWith(systemPrefix))
        .map((collection) => infoOf(collection, deps.now)),
  };
};

/** Names a network in the hidden collection. */
export const hashOf = ({ network }: OpenMembership): string => bytesToHex(network.networkHash);

const infoOf = (collection: Collection, now: () => number): CollectionInfo => {
  const { name, shared, attached, strategy } = collection;
  const documents = [...createReadable(collection, now).ids(false)].length;
  const membership = shared?.membership;
  const networkId = attached && membership?.kind === "open" ? membership.networkId : null;
  return { name, documents, networkId, strategy };
};

const isStrategyName = (name: string): name is StrategyName => Object.hasOwn(strategies, name);
