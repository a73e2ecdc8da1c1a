/**
 * Where documents live (DESIGN.md §3): collections come and go, attach and detach, and documents
 * move between `local` and a network's scope. A move writes the document anew in one home with its
 * first stamps and deletes it in the other, in one commit; the decision to attach is one commit of
 * its own, and the documents follow in idempotent chunks.
 */
import { invalid } from "../core/base/errors.ts";
import { unreachable } from "../core/base/result.ts";
import { readDocument, visibleLeaves } from "../core/doc/read.ts";
import { isAlive, isParked } from "../core/doc/state.ts";
import type { Change } from "../core/doc/change.ts";
import {
  checkCollectionName,
  homeOf,
  needDocuments,
  privateField,
  type Collection,
} from "./collections.ts";
import type { CollectionWrite } from "./commit.ts";
import type { Visibility } from "../core/wire/requests.ts";
import type { Draft, StampedLeaf } from "./draft.ts";
import type { Home } from "./home.ts";
import { hashOf } from "./networkList.ts";
import type { ReadTurn } from "./pages/pageMiss.ts";
import { mayWrite } from "./permission.ts";
import type { Registry } from "./registry.ts";

export interface Homes {
  /** The count of documents concerned; throws with the draft half filled. */
  readonly applyCollectionWrite: (draft: Draft, write: CollectionWrite) => number;
  /** Moves shared documents that still are in `local` of attached collections, chunk by chunk. */
  settle(): Promise<void>;
  /** Brings a collection's documents home to `local`: before its network is left. */
  bringHome(collection: Collection): Promise<void>;
  /** Brings home what a collection holds in another network than it is to be attached to. */
  prepareAttach(name: string, networkId: string): Promise<void>;
}

export interface HomesDeps {
  readonly registry: Registry;
  readonly now: () => number;
  readonly commit: (fill: (draft: Draft) => void) => Promise<void>;
  readonly reading: ReadTurn;
  /** The attachments changed: live queries are to be read again, sync begins or ends. */
  readonly changed: (collection: string) => void;
}

export const createHomes = (deps: HomesDeps): Homes => ({
  applyCollectionWrite: (draft, write) => applyCollectionWrite(deps, draft, write),
  async settle() {
    for (const collection of deps.registry.collections()) await settle(deps, collection);
  },
  bringHome: (collection) => bringHome(deps, collection),
  async prepareAttach(name, networkId) {
    const { registry } = deps;
    const collection = registry.find(name);
    if (collection === null || collection.attached || collection.shared === null) return;
    if (collection.shared.membership === registry.networks.named(networkId)) return;
    await bringHome(deps, collection);
  },
});

const applyCollectionWrite = (deps: HomesDeps, draft: Draft, write: CollectionWrite): number => {
  const { registry } = deps;
  checkCollectionName(write.collection);
  switch (write.kind) {
    case "make-collection":
      registry.make(write.collection, draft);
      return 0;
    case "drop":
      return drop(deps, draft, write.collection);
    case "attach":
      return attach(deps, draft, write.collection, write.networkId);
    case "detach":
      return detach(deps, draft, write.collection);
    case "move":
      return move(deps, draft, known(registry, write.collection), write);
    case "strategy": {
      const collection = registry.make(write.collection, draft);
      return change(deps, draft, collection, { strategy: write.strategy });
    }
    case "sync-mode": {
      const collection = registry.make(write.collection, draft);
      const { mode } = write;
      return collection.mode === mode ? 0 : change(deps, draft, collection, { mode });
    }
    default:
      return unreachable(write);
  }
};

const known = (registry: Registry, name: string): Collection => {
  const collection = registry.find(name);
  if (collection !== null) return collection;
  throw invalid("UnknownCollection", `There is no collection "${name}" here.`, name);
};

/** Notes a change of the collection itself, in memory and in the log. */
const change = (
  { registry, changed }: HomesDeps,
  draft: Draft,
  collection: Collection,
  wanted: Partial<Pick<Collection, "shared" | "attached" | "strategy" | "mode">>,
): number => {
  const { shared, attached, strategy, mode } = collection;
  draft.onUndo(() => Object.assign(collection, { shared, attached, strategy, mode }));
  Object.assign(collection, wanted);
  draft.write(registry.system, collection.name, fieldsOf(collection));
  draft.onDurable(() => {
    changed(collection.name);
  });
  return 0;
};

const attach = (deps: HomesDeps, draft: Draft, name: string, networkId: string): number => {
  const { registry } = deps;
  const membership = registry.networks.named(networkId);
  const collection = known(registry, name);
  const now = collection.shared?.membership;
  if (collection.attached && now !== undefined && now.kind !== "local") {
    throw invalid("AlreadyAttached", `"${name}" is attached to "${now.networkId}".`, name);
  }
  const shared = registry.homeIn(membership, name);
  return change(deps, draft, collection, { shared, attached: true });
};

const detach = (deps: HomesDeps, draft: Draft, name: string): number => {
  const collection = deps.registry.find(name);
  return collection?.attached === true ? change(deps, draft, collection, { attached: false }) : 0;
};

/** Deletes what lives on this device only; what is shared stays with those it is shared with. */
const drop = (deps: HomesDeps, draft: Draft, name: string): number => {
  const { registry } = deps;
  const collection = registry.find(name);
  if (collection === null) return 0;
  const { local } = collection;
  const count = local.documents.sortedIds().filter((id) => draft.remove(local, id)).length;
  change(deps, draft, collection, { shared: null, attached: false });
  draft.remove(registry.system, name);
  registry.forget(collection);
  draft.onUndo(() => {
    registry.keep(collection);
  });
  return count;
};

const move = (
  { now }: HomesDeps,
  draft: Draft,
  collection: Collection,
  { id, to }: { readonly id: string; readonly to: Visibility },
): number => {
  const { local, shared } = collection;
  const from = homeOf(collection, id);
  if (from === null) return 0;
  const mark = (isPrivate: boolean): number => {
    const path = [privateField];
    return draft.write(local, id, [isPrivate ? { path, set: true } : { path, unset: true }])
      ? 1
      : 0;
  };
  const target = to === "shared" ? shared : local;
  // Nothing to move: only the mark says whether it goes along when the collection is attached.
  if (target === null || target === from) return from === local ? mark(to === "private") : 0;
  moveDocument(draft, from, target, id, now);
  if (to === "private") mark(true);
  return 1;
};

/** First stamps go along; the mark of privacy stays behind. */
const moveDocument = (draft: Draft, from: Home, to: Home, id: string, now: () => number): void => {
  draft.reissue(to, id, leavesToMove(from, id, now));
  draft.remove(from, id);
};

const leavesToMove = (from: Home, id: string, now: () => number): readonly StampedLeaf[] =>
  visibleLeaves(from.documents.get(id), { strategy: "last-write-wins", now: now() }).filter(
    ({ path }) => path[0] !== privateField,
  );

/** Chunk by chunk, and another round for what came meanwhile: what was lost is moved again. */
const settle = async (deps: HomesDeps, collection: Collection): Promise<void> => {
  for (;;) {
    const ids = await deps.reading(() => idsToMove(collection, deps.now));
    if (ids.length === 0) return;
    for (let at = 0; at < ids.length; at += chunkDocuments) {
      await deps.commit((draft) => {
        const { shared } = collection;
        const isPrivate = shared !== null && deps.registry.networks.isPrivate(shared.membership);
        const chunk = ids.slice(at, at + chunkDocuments);
        moveDocuments(draft, collection, chunk, { now: deps.now, isPrivate });
      });
    }
  }
};

/**
 * Those of which it still holds: commits of others came between. In a network where documents are
 * private unless they are shared one by one, they are marked instead.
 */
const moveDocuments = (
  draft: Draft,
  collection: Collection,
  ids: readonly string[],
  { now, isPrivate }: { readonly now: () => number; readonly isPrivate: boolean },
): void => {
  const { local, shared, attached } = collection;
  if (shared === null || !attached) return;
  needDocuments(collection, ids);
  for (const id of ids.filter((each) => isToMove(local, each, now))) {
    if (isPrivate) draft.write(local, id, [{ path: [privateField], set: true }]);
    else moveDocument(draft, local, shared, id, now);
  }
};

/**
 * Detached first: what came in later would stay behind, and after a crash in between what is home
 * already would be moved out again.
 */
const bringHome = async (deps: HomesDeps, collection: Collection): Promise<void> => {
  const { local, shared } = collection;
  if (shared === null) return;
  await deps.commit((draft) => {
    change(deps, draft, collection, { attached: false });
  });
  const ids = await deps.reading(() =>
    [...shared.documents.values({ onlyLiving: true })].filter(isAlive).map(({ id }) => id),
  );
  for (let at = 0; at < ids.length; at += chunkDocuments) {
    await deps.commit((draft) => {
      const chunk = ids.slice(at, at + chunkDocuments);
      needDocuments(collection, chunk);
      for (const id of chunk) {
        // A private document of the same id stays as it is.
        if (isAlive(local.documents.get(id))) continue;
        draft.reissue(local, id, leavesToMove(shared, id, deps.now));
      }
    });
  }
  await deps.commit((draft) => {
    change(deps, draft, collection, { shared: null, attached: false });
  });
};

/** As many as fit a segment with room to spare. */
const chunkDocuments = 200;

const fieldsOf = ({ shared, attached, strategy, mode }: Collection): readonly Change[] => [
  { path: ["network"], set: networkHashIn(shared) },
  { path: ["attached"], set: attached },
  { path: ["strategy"], set: strategy },
  { path: ["mode"], set: mode },
];

/** Empty: in none. */
const networkHashIn = (shared: Home | null): string =>
  shared === null || shared.membership.kind === "local" ? "" : hashOf(shared.membership);

const idsToMove = ({ local, shared, attached }: Collection, now: () => number): string[] => {
  // Who may not write there keeps what it has at home
  if (shared === null || !attached || !mayWrite(shared)) return [];
  return [...local.documents.ids(true)].filter((id) => isToMove(local, id, now));
};

/** It lives in `local` and is not private. A parked document stays until it is understood. */
const isToMove = (local: Home, id: string, now: () => number): boolean => {
  const state = local.documents.get(id);
  if (!isAlive(state) || isParked(state)) return false;
  const view = readDocument(state, { strategy: "last-write-wins", now: now() });
  return view?.ours[privateField] !== true;
};
