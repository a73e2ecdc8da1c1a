/**
 * Collections as readers meet them: a name over one or two homes of documents, `local` and, once
 * attached, a network's scope. If both hold an id, the shared document shows and the private one is
 * told as a conflict.
 */
import { NebulusError } from "../core/base/errors.ts";
import { utf8Length } from "../core/base/utf8.ts";
import { nameBytesMax } from "../core/base/limits.ts";
import type { DocumentFields, Value, WriterId } from "../core/base/types.ts";
import type { Leaf } from "../core/cbor/document.ts";
import { readDocument, type DocumentView } from "../core/doc/read.ts";
import { isAlive, type DocumentState } from "../core/doc/state.ts";
import type { StrategyName } from "../core/doc/strategies.ts";
import { projectFields } from "../core/query/project.ts";
import type { SyncMode } from "../core/wire/snapshots.ts";
import type { Row, RowMeta } from "../core/wire/rows.ts";
import type { Home } from "./home.ts";
import type { ScanRange } from "./documents.ts";
import type { Readable, ReadableRange, Shown } from "./query.ts";

export interface Collection {
  readonly name: string;
  readonly local: Home;
  /** The network's scope; stays after detaching. */
  shared: Home | null;
  /** Whether `shared` takes part in sync. */
  attached: boolean;
  strategy: StrategyName;
  /** When its changes travel. */
  mode: SyncMode;
}

/** Collections whose names begin so are the database's own: no caller can name or list them. */
export const systemPrefix = "$";
/** Holds one document per collection, under its name: network, attached, strategy, mode. */
export const systemCollection = "$collections";
/** Marks documents that stay in `local` though their collection is attached. */
export const privateField = "_private";

/** Throws `InvalidArgument` for what can not name a collection. */
export const checkCollectionName = (name: string): void => {
  const refuse = (what: string): never => {
    throw new NebulusError({
      code: "InvalidArgument",
      message: `A collection's name ${what}.`,
      retryable: false,
      path: "name",
    });
  };
  if (typeof name !== "string") refuse("is text");
  if (name === "") refuse("must not be empty");
  if (name.startsWith(systemPrefix)) refuse(`must not begin with "${systemPrefix}"`);
  if (!name.isWellFormed()) refuse("holds a lone surrogate");
  if (utf8Length(name) > nameBytesMax) refuse(`takes at most ${String(nameBytesMax)} bytes`);
};

/**
 * The home where a document lives by now, the network's before the local one; null: it lives
 * nowhere.
 */
export const homeOf = (collection: Collection, id: string): Home | null => {
  const { local, shared } = collection;
  if (shared !== null && isAlive(shared.documents.get(id))) return shared;
  return isAlive(local.documents.get(id)) ? local : null;
};

/** Throws one `PageMiss` for all that is to be loaded before these are looked at. */
export const needDocuments = ({ local, shared }: Collection, ids: readonly string[]): void => {
  shared?.documents.need(ids);
  local.documents.need(ids);
};

/** Whether a document of this id lives in either home. */
export const isAliveIn = ({ local, shared }: Collection, id: string): boolean =>
  local.documents.lives(id) || shared?.documents.lives(id) === true;

/**
 * Living documents with values of their own in both homes: the local one is hidden until someone
 * chooses.
 */
export const isHiddenLocally = ({ local, shared }: Collection, id: string): boolean =>
  shared !== null && isAlive(shared.documents.get(id)) && isAlive(local.documents.get(id));

/** Each id once; few, if any, live in both homes. */
export const countLiving = ({ local, shared }: Collection): number => {
  const count = local.documents.livingCount + (shared?.documents.livingCount ?? 0);
  if (shared === null || local.documents.livingCount === 0) return count;
  const states = [...local.documents.values({ onlyLiving: true })];
  const living = states.filter(isAlive).map(({ id }) => id);
  shared.documents.need(living);
  const inBoth = living.filter((id) => isAlive(shared.documents.get(id)));
  return count - inBoth.length;
};

export const createReadable = (collection: Collection, now: () => number): Readable => ({
  scan: (range) => scan(collection, range, now),
  show(id, includeDeleted) {
    const home = homeOf(collection, id);
    if (home === null) return includeDeleted ? showDeleted(collection, id) : null;
    const state = home.documents.get(id);
    const view = viewOf(collection, state, now);
    return state === null || view === null ? null : { id, version: state, fields: view.fields };
  },
  row: (shown, request) => rowOf(collection, shown, request, now),
  copyRow: (id, writer) => {
    // What lives in the network shows before what is private
    const { documents } = collection.shared ?? collection.local;
    return documents.copyRow(id, writer);
  },
  need: (ids) => {
    needDocuments(collection, ids);
  },
});

const viewOf = (
  { strategy }: Collection,
  state: DocumentState | null,
  now: () => number,
): DocumentView | null => readDocument(state, { strategy, now: now() });

/** By rising id, each once. */
function* scan(
  collection: Collection,
  { includeDeleted, ...range }: ReadableRange,
  now: () => number,
): Iterable<Shown> {
  const options = { strategy: collection.strategy, now: now() };
  for (const [inShared, inLocal] of statesOf(collection, {
    ...range,
    onlyLiving: !includeDeleted,
  })) {
    const state = isAlive(inShared) || !isAlive(inLocal) ? (inShared ?? inLocal) : inLocal;
    const view = readDocument(state, options);
    if (view !== null && state !== null) {
      yield { id: state.id, version: state, fields: view.fields };
    } else if (includeDeleted && state !== null && state.deletion !== null) {
      yield { id: state.id, version: state, fields: { id: state.id } };
    }
  }
}

type Pair = readonly [shared: DocumentState | null, local: DocumentState | null];

/** Both homes side by side, by rising id. */
function* statesOf({ local, shared }: Collection, range: ScanRange): Iterable<Pair> {
  const locals = local.documents.values(range);
  let next = locals.next();
  for (const state of shared?.documents.values(range) ?? []) {
    for (; next.done !== true && next.value.id < state.id; next = locals.next()) {
      yield [null, next.value];
    }
    if (next.done === true || next.value.id !== state.id) {
      yield [state, null];
      continue;
    }
    yield [state, next.value];
    next = locals.next();
  }
  for (; next.done !== true; next = locals.next()) yield [null, next.value];
}

const showDeleted = ({ local, shared }: Collection, id: string): Shown | null => {
  const state = shared?.documents.get(id) ?? local.documents.get(id);
  return state === null || state.deletion === null ? null : { id, version: state, fields: { id } };
};

const rowOf = (
  collection: Collection,
  { id, fields }: Shown,
  request: { readonly fields: readonly string[] | null; readonly meta: boolean },
  now: () => number,
): Row => {
  const shown = request.fields === null ? fields : projectFields(fields, request.fields);
  const meta = request.meta ? metaOf(collection, id, now) : null;
  return { id, leaves: leavesOf(shown), meta };
};

/** A document's fields, apart again: what crosses to the page. */
const leavesOf = (fields: DocumentFields): readonly Leaf[] =>
  Object.entries(fields).flatMap(([name, value]) =>
    name === "id" ? [] : [{ path: [name], value: value satisfies Value }],
  );

const metaOf = (collection: Collection, id: string, now: () => number): RowMeta | null => {
  const home = homeOf(collection, id);
  if (home === null) return deletedMeta(collection, id);
  const view = viewOf(collection, home.documents.get(id), now);
  if (view === null) return null;
  const { latest, vector, conflicts, quarantined } = view.meta;
  return {
    timestamp: latest.time.ms,
    peerId: home.deviceOf(latest),
    entryType: view.ours["_entryType"] === "AUTH" ? "AUTH" : "MEMORY",
    deleted: false,
    private: view.ours[privateField] === true,
    vector: Object.entries(vector),
    conflicts: isHiddenLocally(collection, id) ? [...conflicts, "id"] : conflicts,
    ahead: quarantined,
  };
};

const deletedMeta = ({ local, shared }: Collection, id: string): RowMeta | null => {
  const inShared = shared?.documents.get(id) ?? null;
  const home = inShared === null || shared === null ? local : shared;
  const deletion = home.documents.get(id)?.deletion ?? null;
  if (deletion === null) return null;
  return {
    timestamp: deletion.stamp.time.ms,
    peerId: home.deviceOf(deletion.stamp),
    entryType: "MEMORY",
    deleted: true,
    private: false,
    vector: deletion.vector.map(({ writer, n }): readonly [WriterId, number] => [writer, n]),
    conflicts: [],
    ahead: [],
  };
};
