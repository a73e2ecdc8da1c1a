/**
 * One opened database as all its parts share it: calls that wait for the opening, can be aborted
 * and end with it; commands with ids; snapshots; live subscriptions by number. Collections and
 * networks know nothing else of the engine.
 */
import { NebulusError } from "../core/base/errors.ts";
import { createUuidMaker } from "../core/base/uuid.ts";
import {
  defaultConnection,
  type ConnectionSettings,
  type Connectivity,
} from "../core/wire/connection.ts";
import type { FindRequest, LiveChange, Write, WriteRequest } from "../core/wire/requests.ts";
import type { PeerMessage } from "../core/wire/peers.ts";
import type { NetworkSnapshot, SyncSnapshot } from "../core/wire/snapshots.ts";
import type { Answer, DatabaseService, OpenInfo, OpenRequest } from "../worker/api.ts";
import type { ServiceEvent } from "../worker/api.ts";
import { abortedError, unlessAborted } from "./abort.ts";
import type { DatabaseEvents } from "./api.ts";
import { refusal, toNebulusError, valueOf } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { createEmitter, type Emitter } from "./emitter.ts";

export interface Session {
  /** Settles when the engine is open; nobody has to wait for it. */
  readonly opened: Promise<OpenInfo>;
  readonly events: Emitter<DatabaseEvents>;
  /** Ids that rise (UUIDv7). */
  readonly makeId: () => string;
  /** Asks an open engine. Rejects with a NebulusError. */
  ask<T>(request: Ask<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Documents matched, per write. `outcome` of the error says whether a write that rejects was
   * committed; there is none where nobody knows.
   */
  write(write: Write, signal?: AbortSignal): Promise<readonly number[]>;
  /** A live query: `changed` is told of every change until the answer is called. */
  follow(request: FindRequest, changed: (change: LiveChange) => void, failed: Failed): () => void;
  /** Calls `run` for what peers changed, one after another. */
  onArrival(run: (arrival: Arrival) => Promise<void>): void;
  /** Calls `take` for what peers' applications say. */
  onMessage(take: (message: PeerMessage) => void): void;
  /** Counts `work` as under way, so that closing waits for it. Refused once closing has begun. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** What the opening found; null until then. */
  info(): OpenInfo | null;
  /** False before the opening, and once nothing can be asked any more. */
  isOpen(): boolean;
  /** Calls `run` once, after the first write. */
  onFirstWrite(run: () => void): void;
  networks(): readonly NetworkSnapshot[];
  sync(): readonly SyncSnapshot[];
  /** How this device connects; until the opening, as if nothing was set. */
  readonly connectionSettings: () => ConnectionSettings;
  /** How it stands with relays and peers; null: no network runs. */
  readonly connectivity: () => Connectivity | null;
  /** What went wrong with nobody waiting: to `error` handlers, or loudly where there are none. */
  readonly report: (error: unknown) => void;
  /**
   * Waits for what is under way, closes the engine and frees what ran it. The same promise every
   * time.
   */
  close(): Promise<void>;
  /** Closes, and deletes this device's data. */
  destroy(): Promise<void>;
}

export type Arrival = ServiceEvent & { readonly kind: "arrived" };

export type Ask<T> = (service: DatabaseService) => Promise<Answer<T>>;

export const createSession = (connection: Connection, request: OpenRequest): Session => {
  const events = createEmitter<DatabaseEvents>(throwLater);
  const state: State = {
    connection,
    events,
    followers: new Map(),
    waiting: new Set(),
    working: new Set(),
    info: null,
    firstWrite: null,
    arrivals: { run: () => Promise.resolve(), turn: Promise.resolve() },
    takeMessage: () => undefined,
    networks: [],
    sync: [],
    ...{ connectionSettings: defaultConnection, connectivity: null },
    ended: null,
    lost: false,
    closing: null,
    followed: 0,
  };
  connection.onLost((reason) => {
    const message = `The database stopped: ${reason}. Reload the page.`;
    state.lost = true;
    end(state, refusal("StorageFailed", message));
  });
  const opened = open(state, request);
  // A rejection that nobody waits for is no unhandled one: whoever calls something is told.
  opened.catch(() => undefined);
  const close = (last: Last): Promise<void> => (state.closing ??= closeWith(state, opened, last));

  return {
    opened,
    events,
    makeId,
    ask: (asked, signal) =>
      unlessAborted(
        opened.then(() => answered(state, asked)),
        signal,
      ),
    write: (write, signal) => sendWrite(state, opened, write, signal),
    follow: (find, changed, failed) => follow(state, opened, find, { changed, failed }),
    onArrival: (run) => {
      state.arrivals.run = run;
    },
    onMessage: (take) => {
      state.takeMessage = take;
    },
    during: (work) => during(state, work),
    info: () => state.info,
    isOpen: () => state.info !== null && state.ended === null,
    onFirstWrite: (run) => {
      state.firstWrite = run;
    },
    networks: () => state.networks,
    sync: () => state.sync,
    connectionSettings: () => state.connectionSettings,
    connectivity: () => state.connectivity,
    report: (error) => {
      const detail = error instanceof Error ? error : new Error(String(error));
      if (events.has("error")) events.emit("error", detail);
      else throwLater(detail);
    },
    close: () => close({ ask: (service) => service.close(), evenIfNotOpen: false }),
    destroy: () =>
      state.closing === null
        ? close({ ask: () => connection.destroy(request.name), evenIfNotOpen: true })
        : Promise.reject(refusal("Closed", "The database is closed; open it to delete it.")),
  };
};

type Failed = (error: NebulusError) => void;

interface Follower {
  readonly changed: (change: LiveChange) => void;
  readonly failed: Failed;
}

interface State {
  readonly connection: Connection;
  readonly events: Emitter<DatabaseEvents>;
  readonly followers: Map<number, Follower>;
  /** Calls without an answer so far: they reject when the database ends. */
  readonly waiting: Set<Failed>;
  readonly working: Set<Promise<unknown>>;
  info: OpenInfo | null;
  firstWrite: (() => void) | null;
  readonly arrivals: {
    run: (arrival: Arrival) => Promise<void>;
    /** Settles when what came before was run. */
    turn: Promise<void>;
  };
  takeMessage: (message: PeerMessage) => void;
  networks: readonly NetworkSnapshot[];
  sync: readonly SyncSnapshot[];
  connectionSettings: ConnectionSettings;
  connectivity: Connectivity | null;
  /** Set once nothing can be asked any more. */
  ended: NebulusError | null;
  /** What ran the engine is gone: it would never answer. */
  lost: boolean;
  closing: Promise<void> | null;
  /** The last number that a live subscription was given. */
  followed: number;
}

const makeId = createUuidMaker({
  now: () => Date.now(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
});

/** As uncaught, where the platform shows it; the code that runs now goes on. */
const throwLater = (error: unknown): void => {
  queueMicrotask(() => {
    throw error;
  });
};

// --------------------------------------------------------------------- opening and closing

const open = async (state: State, request: OpenRequest): Promise<OpenInfo> => {
  try {
    const info = await answered(state, (service) =>
      service.open(request, (event) => {
        receive(state, event);
      }),
    );
    state.info = info;
    return info;
  } catch (error) {
    const failure = toNebulusError(error);
    end(state, failure);
    throw failure;
  }
};

const receive = (state: State, event: ServiceEvent): void => {
  switch (event.kind) {
    case "live":
      state.followers.get(event.subscription)?.changed(event.change);
      return;
    case "networks":
      state.networks = event.networks;
      state.events.emit("networks", undefined);
      return;
    case "sync":
      state.sync = event.sync;
      state.events.emit("sync", undefined);
      return;
    case "connection":
      state.connectionSettings = event.settings;
      state.events.emit("connection", undefined);
      return;
    case "connectivity":
      state.connectivity = event.connectivity;
      state.events.emit("connection", undefined);
      return;
    case "message":
      state.takeMessage(event.message);
      return;
    case "collections":
      state.events.emit("collections", undefined);
      return;
    case "arrived":
      arrive(state, event);
      return;
    case "leading":
      state.events.emit("leading", event.isLeading);
      return;
    case "outdated":
      state.events.emit("outdated", undefined);
      return;
    case "damage":
      state.events.emit("damage", event.damage);
      return;
    case "failed":
      end(state, new NebulusError(event.error));
      return;
  }
};

const arrive = (state: State, arrival: Arrival): void => {
  const { arrivals } = state;
  const before = arrivals.turn;
  // Refused only where the database is closing: then nobody is told any more.
  arrivals.turn = during(state, () => before.then(() => arrivals.run(arrival))).catch(
    () => undefined,
  );
};

const end = (state: State, error: NebulusError): void => {
  if (state.ended !== null) return;
  state.ended = error;
  for (const reject of [...state.waiting]) reject(error);
  const followers = [...state.followers.values()];
  state.followers.clear();
  if (error.code === "Closed") return;
  for (const { failed } of followers) failed(error);
  state.events.emit("failed", error);
};

/** Everything is freed, whatever fails on the way; the first failure is told. */
const closeWith = async (state: State, opened: Promise<OpenInfo>, last: Last): Promise<void> => {
  const isOpen = await opened.then(
    () => true,
    () => false,
  );
  while (state.working.size > 0) await Promise.allSettled(state.working);
  try {
    if (state.lost || !(isOpen || last.evenIfNotOpen)) return;
    // An engine that failed can still be closed, but answers to nothing else.
    if (state.ended === null) await answered(state, last.ask);
    else valueOf(await last.ask(state.connection.service));
  } finally {
    end(state, refusal("Closed", "The database is closed."));
    state.connection.end();
    state.events.emit("closed", undefined);
  }
};

/** The last thing that a database is asked. */
interface Last {
  readonly ask: Ask<null>;
  readonly evenIfNotOpen: boolean;
}

// ---------------------------------------------------------------------------------- asking

const sendWrite = async (
  state: State,
  opened: Promise<OpenInfo>,
  write: Write,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> => {
  const request: WriteRequest = { commandId: makeId(), write };
  await unlessAborted(opened, signal, "not committed");
  const { counts } = await answered(state, (service) => service.write(request));
  state.firstWrite?.();
  state.firstWrite = null;
  if (signal?.aborted === true) throw abortedError(signal, "committed");
  return counts;
};

/** The engine's answer, or why none will come. */
const answered = <T>(state: State, ask: Ask<T>): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const fail = (error: unknown): void => {
      state.waiting.delete(fail);
      reject(toNebulusError(error));
    };
    if (state.ended !== null) {
      fail(state.ended);
      return;
    }
    state.waiting.add(fail);
    ask(state.connection.service).then((answer) => {
      state.waiting.delete(fail);
      if (answer.ok) resolve(answer.value);
      else reject(new NebulusError(answer.error));
    }, fail);
  });

const follow = (
  state: State,
  opened: Promise<OpenInfo>,
  request: FindRequest,
  follower: Follower,
): (() => void) => {
  const number = ++state.followed;
  state.followers.set(number, follower);
  const asked = opened.then(() => answered(state, (service) => service.subscribe(number, request)));
  asked.catch((error: unknown) => {
    if (state.followers.delete(number)) follower.failed(toNebulusError(error));
  });
  return () => {
    if (!state.followers.delete(number)) return;
    asked
      .then(() => answered(state, (service) => service.unsubscribe(number)))
      // A database that is closed follows nothing any more.
      .catch(() => undefined);
  };
};

const during = async <T>(state: State, work: () => Promise<T>): Promise<T> => {
  if (state.ended !== null) throw state.ended;
  if (state.closing !== null) throw refusal("Closed", "The database is being closed.");
  const working = work();
  state.working.add(working);
  try {
    return await working;
  } finally {
    state.working.delete(working);
  }
};
