/**
 * A network in memory, for tests, simulation and plain Node: a hub, and any number of carriers on
 * it that behave like those of libp2p: bytes are copied, nobody hears himself, peers under a common
 * tag are linked, and linked again after their last link closed. By its seed and the timers given,
 * everything happens in one order.
 */
import { bytesToHex, concatBytes } from "../core/base/bytes.ts";
import { channelsPerPeerMax } from "../core/base/limits.ts";
import { invalid, NebulusError } from "../core/base/errors.ts";
import { sha256 } from "../core/crypto/hash.ts";
import type {
  Carrier,
  CarrierIdentity,
  CarrierStatus,
  ChannelInfo,
  ChannelPath,
  PeerChannel,
} from "../core/net/carrier.ts";
import { systemClock, type Clock } from "./clock.ts";
import {
  createMemoryLink,
  type LinkDeps,
  type LinkFaults,
  type LinkStats,
  type MemoryLink,
} from "./memoryLink.ts";

/** The carrier of one peer: `network` of `distributed` takes it. */
export type MemoryNetwork = Carrier;

/** How a hub's links behave from the start: without any, nothing is lost or late. */
export interface MemoryHubOptions extends Partial<LinkFaults> {
  /** The same seed gives the same faults. Default 1. */
  readonly seed?: number;
  /** The platform's if absent. */
  readonly timers?: Pick<Clock, "after">;
  /** Sees every frame that is sent, before anything happens to it. */
  readonly watch?: (frame: Uint8Array) => void;
}

/** Counted over all links since the hub was made. */
export interface HubStats extends Readonly<LinkStats> {
  /** Links made since the beginning, and open now. */
  readonly linked: number;
  readonly open: number;
}

/** A network without wires: all carriers that it makes can meet. */
export interface MemoryHub {
  /** A new carrier; it takes part from `start` until `stop`, after which it may start again. */
  readonly network: () => MemoryNetwork;
  /**
   * Only networks of one group reach each other, one in no group reaches nobody. Links across are
   * cut at once, and what is on its way with them.
   */
  readonly partition: (groups: readonly (readonly MemoryNetwork[])[]) => void;
  /** Ends the partition: all reach each other again, and links are made anew. */
  readonly heal: () => void;
  /** Changes what links do to frames, from the next frame on. */
  readonly setFaults: (faults: Partial<LinkFaults>) => void;
  /** What links did up to now. */
  readonly stats: () => HubStats;
}

/** A hub of its own: carriers of another are never met. */
export const createMemoryHub = (options: MemoryHubOptions = {}): MemoryHub => {
  const { seed = 1, timers = systemClock, watch = () => undefined, ...chosen } = options;
  const random = createDice(seed);
  let faults: LinkFaults = { loss: 0, duplicate: 0, reorder: 0, delayMs: 0, ...chosen };
  const stats: LinkStats = { frames: 0, bytes: 0, lost: 0, duplicated: 0, reordered: 0 };
  const members: Member[] = [];
  let groups: readonly (readonly MemoryNetwork[])[] | null = null;

  const isReachable = (a: Member, b: Member): boolean =>
    groups === null ||
    groups.some((group) => group.includes(a.network) && group.includes(b.network));
  const linker = createLinker({ timers, random, stats, watch, faults: () => faults }, isReachable);
  const linkAll = (member: Member): void => {
    for (const other of members) if (other !== member) linker.linkLater(member, other, 0);
  };

  return {
    network: () => {
      const member = createMember(members.length, random, linkAll, (from, address) =>
        linker.dial(from, members.find((other) => addressOf(other) === address) ?? null, address),
      );
      members.push(member);
      return member.network;
    },
    partition: (wanted) => {
      groups = wanted;
      for (const member of members) {
        for (const [other, made] of member.links) {
          if (!isReachable(member, other)) for (const link of [...made]) link.cut();
        }
        linkAll(member);
      }
    },
    heal: () => {
      groups = null;
      members.forEach(linkAll);
    },
    setFaults: (change) => {
      faults = { ...faults, ...change };
    },
    stats: () => ({
      ...stats,
      linked: linker.linked(),
      open: members.flatMap(({ links }) => [...links.values()]).reduce(countLinks, 0) / 2,
    }),
  };
};

const countLinks = (sum: number, links: ReadonlySet<MemoryLink>): number => sum + links.size;

interface Linker {
  /**
   * Links the two if they are a pair by then, in a turn of its own: nobody is called from his own
   * call.
   */
  readonly linkLater: (a: Member, b: Member, waitMs: number) => void;
  /** Links the two though they have no tag in common. */
  readonly dial: (from: Member, to: Member | null, address: string) => Promise<void>;
  readonly linked: () => number;
}

const createLinker = (deps: LinkDeps, isReachable: (a: Member, b: Member) => boolean): Linker => {
  let linked = 0;
  const pairOf = createPairs();
  const canMeet = (a: Member, b: Member): boolean =>
    a.identity !== null &&
    b.identity !== null &&
    a.identity.peerId !== b.identity.peerId &&
    !isRefused(a, b) &&
    isReachable(a, b);
  const isPair = (a: Member, b: Member): boolean =>
    canMeet(a, b) && a.tags.some((tag) => b.tags.includes(tag));
  /** `opener`: beside others; null: the first one, which the smaller id opens. */
  const link = (a: Member, b: Member, opener: Member | null): void => {
    const before = a.links.get(b)?.size ?? 0;
    const isWanted = before < (opener === null ? 1 : channelsPerPeerMax);
    if (!canMeet(a, b) || !isWanted) return;
    const isFirst = opener === null ? idOf(a) < idOf(b) : opener === a;
    const [first, second] = isFirst ? [a, b] : [b, a];
    const anotherOf = (from: Member, to: Member) => (): void => {
      deps.timers.after(deps.faults().delayMs, () => {
        link(from, to, from);
      });
    };
    const anothers = [anotherOf(first, second), anotherOf(second, first)] as const;
    const infos = [
      { ...infoOf(first, second), initiator: true, isBeside: opener !== null },
      { ...infoOf(second, first), initiator: false, isBeside: before > 0 },
    ] as const;
    const pair = pairOf(a, b);
    if (before === 0) pair.failures++;
    const made = createMemoryLink(infos, anothers, deps, () => {
      first.links.get(second)?.delete(made);
      second.links.get(first)?.delete(made);
      for (const member of [first, second]) member.tellStatus();
      linkLater(first, second, relinkMsAfter(pair.failures));
    });
    deps.timers.after(steadyMs, () => {
      if (first.links.get(second)?.has(made) === true) pair.failures = 0;
    });
    linked++;
    linksTo(first, second).add(made);
    linksTo(second, first).add(made);
    first.tellChannel(made.ends[0]);
    second.tellChannel(made.ends[1]);
    for (const member of [first, second]) member.tellStatus();
  };

  const linkLater = (a: Member, b: Member, waitMs: number): void => {
    const pair = pairOf(a, b);
    if (!isPair(a, b) || linksTo(a, b).size > 0 || pair.isPlanned) return;
    pair.isPlanned = true;
    deps.timers.after(waitMs + deps.faults().delayMs, () => {
      pair.isPlanned = false;
      if (isPair(a, b)) link(a, b, null);
    });
  };
  const dial = (from: Member, to: Member | null, address: string): Promise<void> =>
    new Promise((resolve, reject) => {
      deps.timers.after(deps.faults().delayMs, () => {
        if (to === null || !canMeet(from, to)) {
          reject(nobodyAt(address));
          return;
        }
        link(from, to, null);
        resolve();
      });
    });

  return { linkLater, dial, linked: () => linked };
};

const isRefused = (a: Member, b: Member): boolean =>
  a.refused.has(idOf(b)) || b.refused.has(idOf(a));

/** Two members that may be linked: one link is planned at a time, ever later if it is no use. */
interface Pair {
  isPlanned: boolean;
  /** Links in a row that ended before they were steady. */
  failures: number;
}

const createPairs = (): ((a: Member, b: Member) => Pair) => {
  const pairs = new WeakMap<Member, WeakMap<Member, Pair>>();
  return (a, b) => {
    const [first, second] = a.number < b.number ? [a, b] : [b, a];
    const ofFirst = pairs.get(first) ?? new WeakMap<Member, Pair>();
    pairs.set(first, ofFirst);
    const pair = ofFirst.get(second) ?? { isPlanned: false, failures: 0 };
    ofFirst.set(second, pair);
    return pair;
  };
};

const linksTo = (from: Member, to: Member): Set<MemoryLink> => {
  const known = from.links.get(to) ?? new Set();
  from.links.set(to, known);
  return known;
};

/**
 * After the last close, peers that still have a tag in common are linked again so much later: each
 * try may be for another network, so the first few come fast.
 */
const relinkMsAfter = (failures: number): number =>
  1_000 * Math.min(16, 2 ** Math.max(0, failures - 6));
const steadyMs = 2_000;

interface Member {
  /** In the order in which they were made. */
  readonly number: number;
  readonly network: MemoryNetwork;
  identity: CarrierIdentity | null;
  tags: readonly string[];
  /** Ids of others. */
  refused: ReadonlySet<string>;
  readonly links: Map<Member, Set<MemoryLink>>;
  readonly tellChannel: (channel: PeerChannel) => void;
  readonly tellStatus: () => void;
}

const createMember = (
  number: number,
  random: () => number,
  linkAll: (member: Member) => void,
  dial: (from: Member, address: string) => Promise<void>,
): Member => {
  let onChannel: (channel: PeerChannel) => void = () => undefined;
  let onStatus: (status: CarrierStatus) => void = () => undefined;
  const network: MemoryNetwork = {
    start: (privateKey) => {
      member.identity = identityOf(privateKey ?? randomKey(random));
      linkAll(member);
      return Promise.resolve(member.identity);
    },
    setTags: (tags) => {
      member.tags = [...tags];
      linkAll(member);
    },
    setRefused: (peers) => {
      member.refused = new Set(peers);
      for (const [other, made] of member.links) {
        if (isRefused(member, other)) for (const link of [...made]) link.ends[0].close();
      }
      linkAll(member);
    },
    connect: (address) =>
      address.startsWith(addressPrefix)
        ? dial(member, address)
        : Promise.reject(notOfMemory(address)),
    onChannel: (handler) => {
      onChannel = handler;
    },
    onStatus: (handler) => {
      onStatus = handler;
    },
    stop: () => {
      member.identity = null;
      for (const made of [...member.links.values()].flatMap((links) => [...links])) made.cut();
    },
  };
  const member: Member = {
    ...{ number, network, identity: null, tags: [], refused: new Set(), links: new Map() },
    tellChannel: (channel) => {
      onChannel(channel);
    },
    tellStatus: () => {
      const linked = [...member.links].filter(([, links]) => links.size > 0);
      const ids = linked.map(([other]) => idOf(other)).sort();
      const peers = ids.map((peer) => ({ peer, path, isDialer: idOf(member) < peer, fault: null }));
      onStatus({ relays: [], peers });
    },
  };
  return member;
};

const path: ChannelPath = "memory";

const randomKey = (random: () => number): Uint8Array =>
  Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));

const identityOf = (privateKey: Uint8Array): CarrierIdentity => ({
  peerId: bytesToHex(multihash(privateKey)),
  privateKey: privateKey.slice(),
});

/** As libp2p names a key: a multihash, here of the private key, since nobody checks. */
const multihash = (privateKey: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(0x12, 0x20), sha256(privateKey));

const idOf = ({ identity }: Member): string => identity?.peerId ?? "";

const addressPrefix = "/memory/";

const addressOf = (member: Member): string => addressPrefix + idOf(member);

const nobodyAt = (address: string): NebulusError =>
  new NebulusError({
    code: "PeerUnreachable",
    message: `nobody is reached at ${address}`,
    retryable: true,
    path: "address",
  });

const notOfMemory = (address: string): NebulusError =>
  invalid(
    "UnsupportedAddress",
    `a network in memory has /memory/ addresses, not ${address}`,
    "address",
  );

const infoOf = (local: Member, remote: Member): Omit<ChannelInfo, "initiator" | "isBeside"> => ({
  remotePeer: idOf(remote),
  localPeer: idOf(local),
  remotePeerBytes: multihash(remote.identity?.privateKey ?? new Uint8Array()),
  localPeerBytes: multihash(local.identity?.privateKey ?? new Uint8Array()),
  path: "memory",
});

/** Mulberry32 (Tommy Ettinger, public domain): repeatable, and never for secrets. */
const createDice = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
};
