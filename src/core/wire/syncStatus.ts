/**
 * What holds for several collections, or several peers, at once. Apart from the types, since both
 * page and engine join statuses, and must not differ.
 */
import type { SyncProgress, SyncStatus } from "./snapshots.ts";

/** Of several collections: the least finished one counts, and what is missing adds up. */
export const statusOfAll = (statuses: readonly SyncStatus[]): SyncStatus => {
  const active = statuses.filter(({ kind }) => kind !== "paused");
  if (active.length === 0 && statuses.length > 0) return { kind: "paused" };
  const mismatch = active.find(({ kind }) => kind === "mismatch");
  if (mismatch !== undefined) return mismatch;
  const syncing = active.filter((status) => status.kind === "syncing");
  if (syncing.length > 0) return { kind: "syncing", ...sumOf(syncing) };
  const behind = active.filter((status) => status.kind === "behind");
  if (behind.length > 0) return { kind: "behind", ...sumOf(behind) };
  const synced = active.filter((status) => status.kind === "synced");
  const [first] = synced;
  if (first === undefined || synced.length < active.length) return { kind: "disconnected" };
  return {
    kind: "synced",
    verified: synced.every(({ verified }) => verified),
    unread: sum(synced, ({ unread }) => unread),
    with: first.with.filter((device) => synced.every((each) => each.with.includes(device))),
  };
};

/** What has come of what was missing, now that so many ops are. Neither number ever falls. */
export const advance = (before: SyncProgress, missingOps: number): SyncProgress => {
  const { done, total } = before;
  const missingBefore = total - done;
  return missingOps <= missingBefore
    ? { done: total - missingOps, total }
    : { done, total: done + missingOps };
};

export const noProgress: SyncProgress = { done: 0, total: 0 };

interface Missing {
  readonly ops: number;
  readonly progress: SyncProgress;
}

const sumOf = (parts: readonly Missing[]): Missing => ({
  ops: sum(parts, ({ ops }) => ops),
  progress: {
    done: sum(parts, ({ progress }) => progress.done),
    total: sum(parts, ({ progress }) => progress.total),
  },
});

const sum = <T>(parts: readonly T[], of: (part: T) => number): number =>
  parts.reduce((total, part) => total + of(part), 0);
