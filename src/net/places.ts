/**
 * How many peers a node is connected with at once, and who makes room for whom. Where more are
 * named than there are places, everybody keeps a random few, and what one writes reaches the others
 * through these: sync sends on what others wrote. Places that rotate join what chance has parted,
 * and let newcomers in.
 */
import {
  directPeersMax,
  rareGroupPeersMax,
  rotatingPeersMax,
  rotationMilliseconds,
} from "../core/base/limits.ts";
import type { Clock } from "./clock.ts";

export interface PlaceBounds {
  readonly peersMax: number;
  /** So many of them are taken by who comes, and given up again; this side dials for the others. */
  readonly rotatingMax: number;
  /** Between two that are given up, and how long a rotating one stays though others want in. */
  readonly rotationMilliseconds: number;
}

export const usualPlaces: PlaceBounds = {
  peersMax: directPeersMax,
  rotatingMax: rotatingPeersMax,
  rotationMilliseconds,
};

/** What of a peer says whether it has a place. */
export interface Placed {
  readonly connection: object | null;
  readonly connectedAt: number;
  readonly isDialing: boolean;
  readonly isNamed: boolean;
  /** See `rareIn`. */
  readonly isRare: boolean;
}

/**
 * Those that stand only under tags that few share: of a pair, or of an invite. What they have for
 * this node nobody else may have, so that they are met before the many of a large network.
 */
export const rareIn = (groups: readonly (readonly string[])[]): ReadonlySet<string> => {
  const isSmall = ({ length }: readonly string[]): boolean => length <= rareGroupPeersMax;
  const many = new Set(groups.filter((group) => !isSmall(group)).flat());
  const few = groups.filter(isSmall).flat();
  return new Set(few.filter((peer) => !many.has(peer)));
};

export interface Places<P extends Placed> {
  /** More are named than can be met: who needs somebody dials, whose id ever comes first. */
  isCrowded(): boolean;
  /** Whether this side may dial one more that it is not connected with. */
  mayDial(): boolean;
  /** Beyond the places that it fills by itself, it may dial one. */
  mayExplore(): void;
  /** One more is connected now, or failed: it may not explore any more. */
  explored(): void;
  /**
   * Whether there is a place; else who makes room, if somebody has stayed for long enough, or is
   * not rare where that one is.
   */
  roomFor(peer: Pick<P, "isRare">): P | boolean;
  /** Whose turn it is to be given up for somebody else; null: no rotating place is taken. */
  leaving(): P | null;
}

export interface PlacesDeps<P extends Placed> {
  readonly bounds: PlaceBounds;
  readonly clock: Clock;
  readonly peers: () => Iterable<P>;
}

export const createPlaces = <P extends Placed>(deps: PlacesDeps<P>): Places<P> => {
  const { bounds, clock } = deps;
  let isExploring = false;
  const peers = (): readonly P[] => [...deps.peers()];
  const connected = (): readonly P[] => peers().filter(({ connection }) => connection !== null);
  /** Who came when those that stay were there already; who is rare stays before others. */
  const rotating = (): readonly P[] =>
    connected()
      .toSorted((a, b) => Number(b.isRare) - Number(a.isRare) || a.connectedAt - b.connectedAt)
      .slice(bounds.peersMax - bounds.rotatingMax);
  const oneOf = (some: readonly P[]): P | null =>
    some[Math.floor(clock.random() * some.length)] ?? null;

  return {
    isCrowded: () => peers().filter(({ isNamed }) => isNamed).length > bounds.peersMax,
    mayDial: () => {
      const taken = peers().filter((each) => each.connection !== null || each.isDialing).length;
      const own = bounds.peersMax - bounds.rotatingMax + (isExploring ? 1 : 0);
      return taken < Math.min(own, bounds.peersMax);
    },
    mayExplore: () => {
      isExploring = true;
    },
    explored: () => {
      isExploring = false;
    },
    roomFor: ({ isRare }) => {
      if (connected().length < bounds.peersMax) return true;
      const since = clock.now() - bounds.rotationMilliseconds;
      const mayLeave = (each: P): boolean => each.connectedAt <= since || (isRare && !each.isRare);
      return oneOf(rotating().filter(mayLeave)) ?? false;
    },
    leaving: () => oneOf(rotating()),
  };
};

/**
 * So many of them at most, one of each group after the other: whoever names a multitude under one
 * tag, as a relay that lies may, takes nobody's place that is named under another.
 */
export const inTurn = (
  groups: readonly (readonly string[])[],
  countMax: number,
): ReadonlySet<string> => {
  const chosen = new Set<string>();
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  for (let at = 0; at < longest; at += 1) {
    for (const id of groups.flatMap((group) => group[at] ?? [])) {
      if (chosen.size < countMax) chosen.add(id);
    }
  }
  return chosen;
};
