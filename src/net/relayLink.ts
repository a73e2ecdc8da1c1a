/**
 * Keeps the page connected to one relay, for ever: dials, registers at its rendezvous, waits for
 * the reservation by which others reach this page, and starts again after any failure. libp2p does
 * not do this by itself: it gives up after half a minute. Nor does @libp2p/bootstrap: it dials each
 * of its list once, after the start, and takes none without a peer id, which a page does not know
 * of the relay that serves it. Relays, whose lists name peers, use it (`relay/node.ts`).
 */
import type { Connection, Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import type { RelayFault, RelayStatus } from "../core/net/carrier.ts";
import type { Discovery } from "../core/wire/connection.ts";
import { backoffMilliseconds, type Clock } from "./clock.ts";
import { openRendezvous, type Rendezvous } from "./rendezvous.ts";
import type { PeersOfTag } from "./rendezvousMessages.ts";

const backoff = { min: 250, max: 15_000 };
/** A relay that gives no reservation for so long is left and tried anew. */
const reservationMillisecondsMax = 20_000;

/**
 * A meeting that lasted so long was a good one: its end is no repeated failure. Shorter ones follow
 * each other where two copies of one profile take the relay from each other.
 */
const goodMilliseconds = 10_000;

export interface RelayLinkDeps {
  readonly libp2p: Libp2p;
  /** Multiaddress as text, with or without the relay's peer id. */
  readonly address: string;
  readonly clock: Clock;
  readonly discovery: Pick<Discovery, "rendezvous" | "dialTimeout">;
  /** See `RelayStatus`. */
  readonly isNamed: boolean;
  /** Another link meets that relay, which takes no two registrations of one page. */
  readonly isTaken: (relay: string) => boolean;
  /** `status`, `circuit` or `peers` may answer something new. */
  readonly onChange: () => void;
}

export interface RelayLink {
  readonly address: string;
  status(): RelayStatus;
  /** Whom it meets; null: nobody at the moment. */
  relay(): string | null;
  /** The relay's address with its peer id, while connected: addresses through it begin so. */
  circuit(): string | null;
  /** Connected, and peers are named there: not where it has no rendezvous, or none is wanted. */
  hasRendezvous(): boolean;
  /** The peers that the relay last named under our tags; kept while the relay is away. */
  peers(): ReadonlySet<string>;
  /** The same, by tag. */
  groups(): Iterable<readonly string[]>;
  setTags(tags: readonly string[]): void;
  /** Dials at once instead of waiting out the back-off: the machine is online again. */
  wake(): void;
  /** Drops the connection, which may look open for long after the network went. */
  distrust(): void;
  stop(): void;
}

export const createRelayLink = (deps: RelayLinkDeps): RelayLink => {
  const state: State = {
    deps,
    stopping: new AbortController(),
    peersByTag: new Map(),
    tags: [],
    session: null,
    isReserved: false,
    fault: null,
    failures: 0,
    cutWait: () => undefined,
  };
  const { libp2p, address, isNamed } = deps;
  const onAddresses = (): void => {
    checkReservation(state);
  };
  libp2p.addEventListener("self:peer:update", onAddresses);
  libp2p.addEventListener("transport:listening", onAddresses);
  void keepMeeting(state);

  return {
    address,
    status: () => ({
      ...{ address, isNamed, fault: state.fault },
      state: state.session === null ? "connecting" : state.isReserved ? "reserved" : "connected",
      isRegistered: isRegistered(state),
    }),
    relay: () => state.session?.connection.remotePeer.toString() ?? null,
    circuit: () => (state.session === null ? null : withPeer(address, state.session.connection)),
    hasRendezvous: () => (state.session?.rendezvous ?? null) !== null,
    peers: () => new Set([...state.peersByTag.values()].flat()),
    groups: () => state.peersByTag.values(),
    setTags: (tags) => {
      state.tags = [...tags];
      for (const tag of state.peersByTag.keys()) {
        if (!tags.includes(tag)) state.peersByTag.delete(tag);
      }
      register(state);
      deps.onChange();
    },
    wake: () => {
      state.failures = 0;
      state.cutWait();
    },
    distrust: () => {
      state.session?.connection.abort(new Error("the network is gone"));
    },
    stop: () => {
      libp2p.removeEventListener("self:peer:update", onAddresses);
      libp2p.removeEventListener("transport:listening", onAddresses);
      state.stopping.abort(new Error("stopped"));
      state.session?.connection.abort(new Error("stopped"));
      state.cutWait();
    },
  };
};

interface State {
  readonly deps: RelayLinkDeps;
  readonly stopping: AbortController;
  readonly peersByTag: Map<string, readonly string[]>;
  tags: readonly string[];
  session: Session | null;
  isReserved: boolean;
  fault: RelayFault | null;
  /** In a row, without a good session in between. */
  failures: number;
  cutWait: () => void;
}

/**
 * What stands between a registration and the end of its stream; where there is no rendezvous,
 * between a connection and its end.
 */
interface Session {
  readonly connection: Connection;
  readonly rendezvous: Rendezvous | null;
  readonly since: number;
}

const keepMeeting = async (state: State): Promise<void> => {
  const { clock } = state.deps;
  while (!state.stopping.signal.aborted) {
    // Whatever failed, the remedy is the same: wait a little and begin again.
    await meet(state).catch(() => undefined);
    const { session } = state;
    if (session !== null && clock.now() - session.since >= goodMilliseconds) state.failures = 0;
    if (session !== null && state.fault === null) state.fault = "lost";
    state.session = null;
    state.isReserved = false;
    state.deps.onChange();
    await waitOut(state);
  }
};

/** From a dial until the session ends. Rejects if it never began. */
const meet = async (state: State): Promise<void> => {
  const { clock, onChange } = state.deps;
  const session = await connect(state);
  state.session = session;
  // That one shows first when its time is up
  if (state.fault !== "no-reservation") state.fault = null;
  state.peersByTag.clear();
  checkReservation(state);
  register(state);
  onChange();
  const cancel = clock.after(reservationMillisecondsMax, () => {
    if (state.isReserved) return;
    state.fault = "no-reservation";
    session.connection.abort(new Error("the relay gives no reservation"));
  });
  await (session.rendezvous?.ended ?? closed(session.connection));
  cancel();
};

const connect = async (state: State): Promise<Session> => {
  const { libp2p, address, clock } = state.deps;
  const withinTime = (): AbortSignal =>
    AbortSignal.any([state.stopping.signal, AbortSignal.timeout(state.deps.discovery.dialTimeout)]);
  const standing = libp2p.getConnections().find((connection) => isToRelay(connection, address));
  const connection = standing ?? (await dial(state, withinTime()));
  if (state.deps.isTaken(connection.remotePeer.toString())) {
    state.fault = "same-relay";
    if (standing === undefined) connection.abort(new Error("that relay is met already"));
    throw new Error("the relay is reached by another address");
  }
  try {
    const rendezvous = state.deps.discovery.rendezvous
      ? await openRendezvous(connection, clock, withinTime(), (answer) => {
          hear(state, answer);
        })
      : null;
    return { connection, rendezvous, since: clock.now() };
  } catch (error) {
    state.fault = "no-rendezvous";
    // It may be dead without showing it, so the next dial must not find it.
    connection.abort(new Error("the relay does not answer"));
    throw error;
  }
};

const closed = (connection: Connection): Promise<void> =>
  new Promise((resolve) => {
    connection.addEventListener("close", () => {
      resolve();
    });
    if (connection.status !== "open") resolve();
  });

const dial = async (state: State, signal: AbortSignal): Promise<Connection> => {
  const { libp2p, address } = state.deps;
  let fault: RelayFault = "unusable-address";
  try {
    const at = multiaddr(address);
    if (await libp2p.isDialable(at)) fault = "unreachable";
    return await libp2p.dial(at, { signal });
  } catch (error) {
    state.fault = isOfAnother(error) ? "another-relay" : fault;
    throw error;
  }
};

/** libp2p keeps no more of noise's error than its message. */
const isOfAnother = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("match expected remote identity key");

const hear = (state: State, { tag, peers }: PeersOfTag): void => {
  if (state.tags.includes(tag)) state.peersByTag.set(tag, peers);
  state.deps.onChange();
};

const checkReservation = (state: State): void => {
  const { session, deps } = state;
  const isReserved = session !== null && hasReservation(deps.libp2p, session.connection);
  if (isReserved === state.isReserved) return;
  state.isReserved = isReserved;
  if (isReserved) state.fault = null;
  register(state);
  deps.onChange();
};

const isRegistered = ({ session, tags, peersByTag }: State): boolean | null => {
  if (session === null) return false;
  return session.rendezvous === null ? null : tags.every((tag) => peersByTag.has(tag));
};

const register = ({ session, tags, isReserved }: State): void => {
  session?.rendezvous?.register({ tags, reachable: isReserved });
};

const waitOut = (state: State): Promise<void> => {
  if (state.stopping.signal.aborted) return Promise.resolve();
  const { clock } = state.deps;
  const milliseconds = backoffMilliseconds(clock, state.failures, backoff);
  state.failures += 1;
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, resolve);
    state.cutWait = () => {
      cancel();
      resolve();
    };
  });
};

/** libp2p adds the relay's peer id to the address when it learns it. */
const isToRelay = ({ status, remoteAddr }: Connection, address: string): boolean => {
  const remote = remoteAddr.toString();
  const isSame = remote === address || remote.startsWith(`${address}/p2p/`);
  return status === "open" && isSame && !remote.includes("/p2p-circuit");
};

const withPeer = (address: string, { remotePeer }: Connection): string =>
  address.includes("/p2p/") ? address : `${address}/p2p/${remotePeer.toString()}`;

const hasReservation = (libp2p: Libp2p, { remotePeer }: Connection): boolean => {
  const mark = `/p2p/${remotePeer.toString()}/p2p-circuit`;
  return libp2p.getMultiaddrs().some((own) => own.toString().includes(mark));
};
