/**
 * Counts of everything that did not go smoothly, by reason: a segment refused or waiting, an op
 * that means nothing, a document that a newer version is needed for. Nothing is dropped unsaid
 * (DESIGN.md §4).
 */

export type CountedEvent =
  /** Malformed, or against the rules: it will never count. */
  | "refused"
  /** It lacks something, or reading it does. */
  | "waits"
  /** Evicted from the waiting inbox before what it waited for came. */
  | "evicted"
  /** An op that is a no-op for everyone, alone or with its whole body. */
  | "no-op"
  /** Made anew because it was not what the log says, or tried in vain. */
  | "repair";

export interface SegmentCounters {
  readonly count: (event: CountedEvent, reason: string, by?: number) => void;
  /** Reasons by event, each with how often it was counted; sorted by reason. */
  readonly snapshot: () => Readonly<Record<CountedEvent, Readonly<Record<string, number>>>>;
}

export const createSegmentCounters = (): SegmentCounters => {
  const counts: Readonly<Record<CountedEvent, Map<string, number>>> = {
    refused: new Map(),
    waits: new Map(),
    evicted: new Map(),
    "no-op": new Map(),
    repair: new Map(),
  };
  return {
    count(event, reason, by = 1) {
      counts[event].set(reason, (counts[event].get(reason) ?? 0) + by);
    },
    snapshot: () => ({
      refused: sorted(counts.refused),
      waits: sorted(counts.waits),
      evicted: sorted(counts.evicted),
      "no-op": sorted(counts["no-op"]),
      repair: sorted(counts.repair),
    }),
  };
};

const sorted = (counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
