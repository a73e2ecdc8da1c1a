/**
 * How often something of a peer was refused, dropped or done again since the opening, by reason:
 * nothing that goes wrong between two devices stays unseen.
 */
import type { SyncCounters } from "../../core/sync/reasons.ts";
import type { SyncState } from "./state.ts";

export const countRefusal = (
  { refusals }: SyncState,
  where: "greeting" | "session",
  reason: string,
  by = 1,
): void => {
  const name = `${where}: ${reason}`;
  refusals.set(name, (refusals.get(name) ?? 0) + by);
};

/** Of a session that is over. */
export const countSession = (state: SyncState, counters: SyncCounters): void => {
  for (const [reason, by] of Object.entries(counters)) countRefusal(state, "session", reason, by);
};

/** Sessions that go on are counted as they end. */
export const refusalsOf = ({
  refusals,
  engine: { registry },
}: SyncState): Readonly<Record<string, number>> => {
  const all = new Map(refusals);
  for (const { counters, membership } of registry.homes()) {
    if (membership.kind === "local") continue;
    for (const [event, reasons] of Object.entries(counters.snapshot())) {
      for (const [reason, by] of Object.entries(reasons)) {
        const name = `segment ${event}: ${reason}`;
        all.set(name, (all.get(name) ?? 0) + by);
      }
    }
  }
  return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
};
