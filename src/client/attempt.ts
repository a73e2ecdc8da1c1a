/**
 * One run of a transaction: what it read, and what it will write, shown to its own reads. Nothing
 * is written before the commit; what was read is validated then.
 */
import { NebulusError } from "../core/base/errors.ts";
import {
  transactionBytesPerCollectionMax,
  transactionWritesPerCollectionMax,
} from "../core/base/limits.ts";
import { compileFilter } from "../core/query/match.ts";
import { compileSort } from "../core/query/sort.ts";
import type { DocumentWrite, FindRequest, ReadMark } from "../core/wire/requests.ts";
import { refusal } from "./answer.ts";
import { decodeStored, type StoredFields } from "./rows.ts";
import type { Session } from "./session.ts";

export interface Attempt {
  /** By id; what the transaction wrote itself shows. */
  get(collection: string, ids: readonly string[]): Promise<readonly StoredFields[]>;
  /** All that match, in order; offset and limit are applied. */
  find(request: FindRequest): Promise<readonly StoredFields[]>;
  /** Adds a write and what it makes of the documents; null: deleted. */
  add(write: DocumentWrite, effects: ReadonlyMap<string, StoredFields | null>): void;
  /** What the transaction itself made of a document; undefined where it did not touch it. */
  written(collection: string, id: string): StoredFields | null | undefined;
  /** To be run once the transaction is committed. */
  afterCommit(run: () => Promise<void>): void;
  /** Something that was read has changed: whatever comes of this run, it must be made again. */
  spoiled(): boolean;
  commit(signal?: AbortSignal): Promise<void>;
  /** Later calls are refused. */
  end(): void;
}

export interface AttemptOptions {
  /** Whether all writes travel to peers as one, within the bounds of a transaction. */
  readonly together: boolean;
}

export const createAttempt = (session: Session, options: AttemptOptions): Attempt => {
  const state: State = {
    session,
    options,
    turn: Promise.resolve(),
    marks: [],
    writes: [],
    overlays: new Map(),
    sizes: new Map(),
    after: [],
    spoiled: false,
    over: false,
  };
  return {
    get: (collection, ids) => get(state, collection, ids),
    find: (request) => find(state, request),
    add: (write, effects) => {
      add(state, write, effects);
    },
    written: (collection, id) => state.overlays.get(collection)?.get(id),
    afterCommit: (run) => {
      state.after.push(run);
    },
    spoiled: () => state.spoiled,
    commit: (signal) => commit(state, signal),
    end: () => {
      state.over = true;
    },
  };
};

type Overlay = Map<string, StoredFields | null>;

interface State {
  readonly session: Session;
  readonly options: AttemptOptions;
  /** Reads go one after another: each is validated against those before it. */
  turn: Promise<unknown>;
  readonly marks: ReadMark[];
  readonly writes: DocumentWrite[];
  readonly overlays: Map<string, Overlay>;
  readonly sizes: Map<string, { writes: number; bytes: number }>;
  readonly after: (() => Promise<void>)[];
  spoiled: boolean;
  over: boolean;
}

const get = async (
  state: State,
  collection: string,
  ids: readonly string[],
): Promise<readonly StoredFields[]> => {
  checkGoing(state);
  const overlay = state.overlays.get(collection);
  const unknown = [...new Set(ids)].filter((id) => overlay?.get(id) === undefined);
  const read = await readIds(state, collection, unknown);
  const byId = new Map(read.map((document) => [document.id, document]));
  return ids.flatMap((id) => overlay?.get(id) ?? byId.get(id) ?? []);
};

const readIds = async (
  state: State,
  collection: string,
  ids: readonly string[],
): Promise<readonly StoredFields[]> => {
  // A document that this transaction deleted is known to be gone.
  const overlay = state.overlays.get(collection);
  const asked = ids.filter((id) => overlay?.has(id) !== true);
  if (asked.length === 0) return [];
  const request = { collection, ids: asked, meta: false };
  return inTurn(state, async () => {
    const { session, marks } = state;
    const { rows, at } = await session.ask((service) => service.get(request, [...marks]));
    marks.push({ collection, at, ids: asked, filter: null });
    return decodeStored(rows);
  });
};

const find = async (state: State, request: FindRequest): Promise<readonly StoredFields[]> => {
  checkGoing(state);
  const overlay = state.overlays.get(request.collection);
  // Documents before the offset decide what the answer is: they are read, and validated, too.
  const needed = request.limit === null ? null : request.offset + request.limit;
  const touched = overlay?.size ?? 0;
  const limit = needed === null ? null : needed + touched;
  const base = await readQuery(state, { ...request, offset: 0, limit });
  const rows = overlay === undefined ? base : overlaid(base, overlay, request);
  return rows.slice(request.offset, needed ?? undefined);
};

const readQuery = (state: State, request: FindRequest): Promise<readonly StoredFields[]> =>
  inTurn(state, async () => {
    const { session, marks } = state;
    const { rows, at } = await session.ask((service) => service.find(request, [...marks]));
    const read = decodeStored(rows);
    const { collection, filter } = request;
    marks.push({ collection, at, ids: read.map(({ id }) => id), filter });
    return read;
  });

/** The answer as it is with the transaction's own writes. */
const overlaid = (
  base: readonly StoredFields[],
  overlay: Overlay,
  request: FindRequest,
): readonly StoredFields[] => {
  const matches = compileFilter(request.filter);
  const own = [...overlay.values()].filter((document) => document !== null && matches(document));
  const others = base.filter(({ id }) => !overlay.has(id));
  return [...others, ...own.flatMap((document) => document ?? [])].sort(compileSort(request.sort));
};

const add = (
  state: State,
  write: DocumentWrite,
  effects: ReadonlyMap<string, StoredFields | null>,
): void => {
  checkGoing(state);
  if (state.options.together) count(state, write, effects.size);
  const overlay: Overlay =
    state.overlays.get(write.collection) ?? new Map<string, StoredFields | null>();
  state.overlays.set(write.collection, overlay);
  for (const [id, document] of effects) overlay.set(id, document);
  state.writes.push(write);
};

const count = (state: State, write: DocumentWrite, documents: number): void => {
  const { collection } = write;
  const size = state.sizes.get(collection) ?? { writes: 0, bytes: 0 };
  state.sizes.set(collection, size);
  size.writes += documents;
  if ("rows" in write) size.bytes += write.rows.length;
  const isTooLarge =
    size.writes > transactionWritesPerCollectionMax ||
    size.bytes > transactionBytesPerCollectionMax;
  if (!isTooLarge) return;
  const most = `${String(transactionWritesPerCollectionMax)} writes or 1 MiB`;
  throw refusal(
    "TransactionTooLarge",
    `The transaction changes more than ${most} in "${collection}": split it.`,
    collection,
  );
};

const commit = async (state: State, signal: AbortSignal | undefined): Promise<void> => {
  const { session, writes, marks, options } = state;
  if (writes.length > 0) {
    await guarded(state, () =>
      session.write({ kind: "batch", writes, together: options.together, reads: marks }, signal),
    );
  }
  for (const run of state.after) await run();
};

const inTurn = <T>(state: State, read: () => Promise<T>): Promise<T> => {
  const reading = state.turn.then(() => guarded(state, read));
  state.turn = reading.catch(() => undefined);
  return reading;
};

/** Notes a conflict, also where the transaction's own code catches the error. */
const guarded = async <T>(state: State, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    if (isConflict(error)) state.spoiled = true;
    throw error;
  }
};

const isConflict = (error: unknown): boolean =>
  error instanceof NebulusError && error.code === "TransactionConflict";

const checkGoing = ({ over }: State): void => {
  if (over) throw refusal("InvalidArgument", "The transaction is over: wait for all of its calls.");
};
