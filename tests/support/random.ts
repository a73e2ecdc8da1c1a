/**
 * Dice with a seed: the same seed throws the same numbers on every machine, so a failing run can be
 * run again. Print the seed when a test fails.
 */

export interface Random {
  /** At least 0, below 1. */
  readonly next: () => number;
  /** 0 to `maxExclusive` - 1. */
  readonly integer: (maxExclusive: number) => number;
  /** True with probability `p`. */
  readonly chance: (p: number) => boolean;
  /** An element of a list that is not empty. */
  readonly pick: <T>(list: readonly T[]) => T;
  readonly bytes: (count: number) => Uint8Array;
  /** A shuffled copy. */
  readonly shuffle: <T>(list: readonly T[]) => T[];
}

/**
 * Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough for tests, never for
 * keys.
 */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
  const integer = (maxExclusive: number): number => Math.floor(next() * maxExclusive);
  return {
    next,
    integer,
    chance: (p) => next() < p,
    pick: (list) => {
      if (list.length === 0) throw new RangeError("nothing to pick from");
      // The index is within a list that is not empty; an element may itself be undefined.
      return list[integer(list.length)]!;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => integer(256)),
    shuffle: (list) => {
      const drawn = list.map((item) => ({ item, rank: next() }));
      return drawn.sort((a, b) => a.rank - b.rank).map(({ item }) => item);
    },
  };
};
