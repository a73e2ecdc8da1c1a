/**
 * The other relays that this one knows: those of its settings, and those of its LAN. To each it
 * stays connected, for ever: then their DHT is one, and a page finds at one relay who came to
 * another. Nobody else is ever dialed, whatever strangers say where peers are: so no page can make
 * the relay knock at doors inside its network.
 *
 * Those of the settings that name a peer come through @libp2p/bootstrap, which makes them peers
 * that libp2p knows from the start and dials once; it takes none without a peer id and never
 * returns to one, so these, and the returning, are done here.
 */
import type { Connection, Libp2p, PeerInfo } from "@libp2p/interface";
import { multiaddr, type Multiaddr } from "@multiformats/multiaddr";
import { backoffMilliseconds, type Clock } from "../src/net/clock.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";

export interface NeighboursDeps {
  readonly bootstrap: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface Neighbours {
  /** One of the settings that names its peer; it is dialed for ever. */
  readonly named: (peer: Pick<PeerInfo, "id" | "multiaddrs">) => void;
  /** For libp2p's connection gater. */
  readonly mayDial: (address: Multiaddr) => boolean;
  /** From now on they are dialed. */
  readonly start: (libp2p: Libp2p) => void;
  /** One was found on the LAN. It is forgotten when it does not answer for long. */
  readonly found: (peer: Pick<PeerInfo, "id" | "multiaddrs">) => void;
  /** Those that are connected now. */
  readonly count: () => number;
  readonly stop: () => void;
}

interface Neighbour {
  readonly addresses: readonly string[];
  /** In a row; null: it is dialed for ever. */
  readonly failuresMax: number | null;
  isConnected: boolean;
}

export const createNeighbours = ({ bootstrap, clock, log }: NeighboursDeps): Neighbours => {
  const neighbours = new Map<string, Neighbour>();
  const stopping = new AbortController();
  /** Named before the start. */
  const early: string[] = [];
  let node: Libp2p | null = null;

  const add = (name: string, neighbour: Neighbour): void => {
    if (node === null || neighbours.has(name) || neighbours.size >= limits.neighboursMax) return;
    neighbours.set(name, neighbour);
    void keep(node, neighbour, { clock, log, signal: stopping.signal }).finally(() =>
      neighbours.delete(name),
    );
  };

  return {
    mayDial: (address) => {
      const bare = bareOf(address.toString());
      return [...neighbours.values()].some(({ addresses }) => addresses.map(bareOf).includes(bare));
    },
    start: (libp2p) => {
      node = libp2p;
      for (const address of [...bootstrap.filter((each) => !namesPeer(each)), ...early]) {
        add(address, { addresses: [address], failuresMax: null, isConnected: false });
      }
    },
    named: ({ multiaddrs }) => {
      for (const address of multiaddrs.map(String)) {
        if (node === null) early.push(address);
        else add(address, { addresses: [address], failuresMax: null, isConnected: false });
      }
    },
    found: ({ id, multiaddrs }) => {
      const addresses = multiaddrs.map(String).filter(isOfAnotherMachine);
      const failuresMax = limits.neighbourFailuresMax;
      const isSelf = node?.peerId.equals(id) ?? true;
      if (addresses.length === 0 || isSelf) return;
      const named = addresses.map((address) => `${address}/p2p/${id.toString()}`);
      add(id.toString(), { addresses: named, failuresMax, isConnected: false });
    },
    count: () => [...neighbours.values()].filter(({ isConnected }) => isConnected).length,
    stop: () => {
      stopping.abort(new Error("the relay stops"));
    },
  };
};

interface KeepDeps extends Pick<NeighboursDeps, "clock" | "log"> {
  readonly signal: AbortSignal;
}

const backoff = { min: 1_000, max: 60_000 };

/** Ends when the relay stops, or the neighbour is given up. */
const keep = async (libp2p: Libp2p, neighbour: Neighbour, deps: KeepDeps): Promise<void> => {
  const { clock, log, signal } = deps;
  let failures = 0;
  while (!signal.aborted && failures <= (neighbour.failuresMax ?? failures)) {
    const connection = await dial(libp2p, neighbour, signal);
    if (connection === null) {
      failures += 1;
    } else {
      failures = 0;
      neighbour.isConnected = true;
      log("relay met");
      await closed(connection);
      neighbour.isConnected = false;
      log("relay lost");
    }
    await wait(backoffMilliseconds(clock, failures, backoff), clock, signal);
  }
};

/** Null for whatever reason it failed: the remedy is to try again later. */
const dial = (
  libp2p: Libp2p,
  { addresses }: Neighbour,
  signal: AbortSignal,
): Promise<Connection | null> => {
  const withinTime = AbortSignal.any([signal, AbortSignal.timeout(limits.dialMillisecondsMax)]);
  return libp2p
    .dial(
      addresses.map((each) => multiaddr(each)),
      { signal: withinTime },
    )
    .catch(() => null);
};

const closed = (connection: Connection): Promise<void> =>
  new Promise((resolve) => {
    connection.addEventListener("close", () => {
      resolve();
    });
    if (connection.status !== "open") resolve();
  });

/** Resolves early when the relay stops. */
const wait = (milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(milliseconds, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });

export const namesPeer = (address: string): boolean => /\/p2p\/[^/]+$/.test(address);

/** Without the peer id, which libp2p adds or not. */
const bareOf = (address: string): string => address.replace(/\/p2p\/[^/]+$/, "");

/** What another relay calls loopback is this machine here. */
const isOfAnotherMachine = (address: string): boolean =>
  !/^\/ip4\/127\.|^\/ip6\/::1\/|^\/(dns|dns4|dns6)\/localhost\//.test(address);
