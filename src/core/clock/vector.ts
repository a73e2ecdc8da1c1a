/**
 * Vector clocks as the source designs name them: peer to counter. Pure, and apart from the vectors
 * of sync, which count a writer's gap-free ops; these say only what a document or an operation was
 * made from.
 */

/** A peer that is missing counts as 0. */
export interface VectorClock {
  readonly [peer: string]: number;
}

/** How one clock stands to another; `concurrent`: each has seen what the other has not. */
export type ClockOrder = "before" | "after" | "concurrent" | "equal";

/** A clock that is not there yet counts as empty. */
type MaybeClock = VectorClock | null | undefined;

/** Pure functions over vector clocks: none changes what it is given. */
export const vectorClock = {
  /** The empty clock. */
  create: (): VectorClock => ({}),

  /** A new clock in which `peer` counts one more. */
  increment: (clock: MaybeClock, peer: string): VectorClock =>
    // fromEntries defines fields, where an assignment to `__proto__` would not.
    Object.fromEntries([...Object.entries(clock ?? {}), [peer, counterOf(clock, peer) + 1]]),

  /** The greater counter of every peer. */
  merge: (a: MaybeClock, b: MaybeClock): VectorClock =>
    Object.fromEntries(peersOf(a, b).map((peer) => [peer, greater(a, b, peer)])),

  /** How `a` stands to `b`: "before" if `b` has seen all that `a` has, and more. */
  compare: (a: MaybeClock, b: MaybeClock): ClockOrder => {
    const peers = peersOf(a, b);
    const isLess = peers.some((peer) => counterOf(a, peer) < counterOf(b, peer));
    const isGreater = peers.some((peer) => counterOf(a, peer) > counterOf(b, peer));
    if (isLess) return isGreater ? "concurrent" : "before";
    return isGreater ? "after" : "equal";
  },

  /** Before or equal: whether `b` has seen all that `a` has. */
  happensBefore: (a: MaybeClock, b: MaybeClock): boolean =>
    peersOf(a, b).every((peer) => counterOf(a, peer) <= counterOf(b, peer)),

  /** Before and not equal. */
  strictlyBefore: (a: MaybeClock, b: MaybeClock): boolean => vectorClock.compare(a, b) === "before",

  /** A copy; of nothing an empty clock. */
  clone: (clock: MaybeClock): VectorClock => ({ ...clock }),
} as const;

const counterOf = (clock: MaybeClock, peer: string): number =>
  // What a clock inherits (`constructor`) is no counter.
  clock && Object.hasOwn(clock, peer) ? (clock[peer] ?? 0) : 0;

const greater = (a: MaybeClock, b: MaybeClock, peer: string): number =>
  Math.max(counterOf(a, peer), counterOf(b, peer));

const peersOf = (a: MaybeClock, b: MaybeClock): string[] => [
  ...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]),
];
