/**
 * Finds peers by the DHT of relays while no relay that is there has a rendezvous: says under each
 * tag that this node is there, and asks who else is, now and then, since a DHT tells nobody of
 * changes. Found is an id; how to get there is the dialer's, through the relays of this node alone:
 * no address that strangers put into the DHT is dialled.
 */
import { discoveryAloneMillisecondsMax } from "../core/base/limits.ts";
import type { Discovery } from "../core/wire/connection.ts";
import { backoffMilliseconds, type Clock } from "./clock.ts";
import type { Dht } from "./dhtProtocol.ts";
import type { RelayLink } from "./relayLink.ts";

/** Between two rounds: ever longer, until tags or relays change. */
const roundMillisecondsMin = 1_000;
const questionMillisecondsMax = 10_000;

export interface DhtFinderDeps {
  readonly dht: Dht;
  readonly links: () => readonly RelayLink[];
  readonly clock: Clock;
  readonly discovery: Discovery;
  /** Somebody is connected: there is no hurry. */
  readonly hasPeers: () => boolean;
  /** `peers` answers something new. */
  readonly onChange: () => void;
}

export interface DhtFinder {
  /** Who was found under our tags, whether or not they are still there. */
  peers(): ReadonlySet<string>;
  /** The same, by tag. */
  groups(): Iterable<readonly string[]>;
  setTags(tags: readonly string[]): void;
  /** To be called when a relay came or went, or can be reached through. */
  update(): void;
  /** Asks at once. */
  wake(): void;
  stop(): void;
}

export const createDhtFinder = (deps: DhtFinderDeps): DhtFinder => {
  const state: State = {
    deps,
    stopping: new AbortController(),
    peersByTag: new Map(),
    ...{ tags: [], standing: "away", isAsking: false, isAfresh: false, rounds: 0 },
    cancelWait: () => undefined,
  };
  return {
    peers: () => new Set([...state.peersByTag.values()].flat()),
    groups: () => state.peersByTag.values(),
    setTags: (tags) => {
      const dropped = state.tags.filter((tag) => !tags.includes(tag));
      state.tags = [...tags];
      for (const tag of dropped) {
        state.peersByTag.delete(tag);
        // Else it is said again within a day, and harms nobody
        deps.dht.forget(tag).catch(() => undefined);
      }
      deps.onChange();
      startAfresh(state);
    },
    update: () => {
      const standing = standingOf(deps.links());
      if (standing === state.standing) return;
      state.standing = standing;
      if (standing === "unwanted") forgetAll(state);
      startAfresh(state);
    },
    wake: () => {
      startAfresh(state);
    },
    stop: () => {
      state.stopping.abort(new Error("stopped"));
      state.cancelWait();
    },
  };
};

interface State {
  readonly deps: DhtFinderDeps;
  readonly stopping: AbortController;
  readonly peersByTag: Map<string, readonly string[]>;
  tags: readonly string[];
  standing: Standing;
  isAsking: boolean;
  /** Something changed during this round. */
  isAfresh: boolean;
  /** Since tags or relays changed. */
  rounds: number;
  cancelWait: () => void;
}

/** `away`: no relay is connected; what was found before stays. */
type Standing = "away" | "unwanted" | "connected" | "reachable";

const standingOf = (links: readonly RelayLink[]): Standing => {
  const connected = links.filter((link) => link.status().state !== "connecting");
  if (connected.some((link) => link.hasRendezvous())) return "unwanted";
  if (connected.length === 0) return "away";
  return connected.some((link) => link.status().state === "reserved") ? "reachable" : "connected";
};

const forgetAll = (state: State): void => {
  if (state.peersByTag.size === 0) return;
  state.peersByTag.clear();
  state.deps.onChange();
};

const startAfresh = (state: State): void => {
  state.rounds = 0;
  state.isAfresh = true;
  state.cancelWait();
  if (!state.isAsking) void ask(state);
};

const mayAsk = ({ deps, standing, stopping, tags }: State): boolean =>
  deps.discovery.dht &&
  !stopping.signal.aborted &&
  tags.length > 0 &&
  ["connected", "reachable"].includes(standing);

/** A round, and another if something changed meanwhile; then the time of the next is set. */
const ask = async (state: State): Promise<void> => {
  state.isAsking = true;
  while (state.isAfresh && mayAsk(state)) {
    state.isAfresh = false;
    await askUnderAll(state);
  }
  state.isAsking = false;
  if (!mayAsk(state)) return;
  const { clock, hasPeers } = state.deps;
  const { interval } = state.deps.discovery;
  const max = hasPeers() ? interval : Math.min(interval, discoveryAloneMillisecondsMax);
  const bounds = { min: roundMillisecondsMin, max };
  state.cancelWait = clock.after(backoffMilliseconds(clock, state.rounds, bounds), () => {
    state.isAfresh = true;
    void ask(state);
  });
  state.rounds += 1;
};

const askUnderAll = async (state: State): Promise<void> => {
  for (const tag of state.tags) {
    await askUnder(state, tag);
    if (state.isAfresh) return;
  }
};

/** Only who can be reached says so. What fails is tried in the next round. */
const askUnder = async (state: State, tag: string): Promise<void> => {
  const { dht, onChange } = state.deps;
  const withinTime = AbortSignal.any([
    state.stopping.signal,
    AbortSignal.timeout(questionMillisecondsMax),
  ]);
  if (state.standing === "reachable") await dht.announce(tag, withinTime).catch(() => false);
  const found = await dht.find(tag, withinTime).catch(() => null);
  if (found === null || !state.tags.includes(tag) || !mayAsk(state)) return;
  if (String(state.peersByTag.get(tag) ?? "") === String(found)) return;
  state.peersByTag.set(tag, found);
  onChange();
};
