/**
 * How much each device of a network has stored, and what follows for those beyond their quota
 * (DESIGN.md §7): what they write comes last and at a bounded rate, and people are told. Nothing is
 * refused, and what others build on comes as ever.
 *
 * What stands here is counted anew each second, from what homes know of their logs; what comes of a
 * device beyond its quota is charged at once, and waits until a second for each
 * `slowedBytesPerSecond` has passed.
 */
import {
  deviceQuotaBytes,
  deviceQuotaDocuments,
  slowedBytesPerSecond,
} from "../../core/base/limits.ts";
import type { WriterId } from "../../core/base/types.ts";
import type { WriterOrigin } from "../../core/segment/branches.ts";
import type { Waiting } from "../../core/segment/inbox.ts";
import { parseSegment } from "../../core/segment/segment.ts";
import type { SegmentTree } from "../../core/segment/tree.ts";
import type { Pace } from "../../core/sync/sessionState.ts";
import type { DeviceWarning } from "../../core/wire/deviceWarning.ts";
import type { DeviceBounds } from "../bounds.ts";
import { deviceNameOf } from "../device.ts";
import { writersOf, type Home } from "../home.ts";
import type { NetworkMembership } from "../identity.ts";
import { warningsOf, type Use } from "./deviceWarnings.ts";
import { schedule } from "./tell.ts";
import type { DeviceWatch, SyncState } from "./state.ts";

/** A device, as `_peerId` names it. */
type DeviceName = string;

interface Watched {
  /** What was counted, as it then was: it changes with what is stored and deleted. */
  counted: string;
  countedAt: number;
  warnings: readonly DeviceWarning[];
  /** Bytes that came of devices beyond their quota and whose time has not passed yet. */
  readonly debts: Map<DeviceName, number>;
  /** Of these: writers that others built on something of which that is not here. */
  needed: ReadonlySet<WriterId>;
}

export const createDeviceWatch = (state: SyncState): DeviceWatch => {
  const bounds: DeviceBounds = {
    ...{ deviceQuotaBytes, deviceQuotaDocuments, slowedBytesPerSecond },
    ...state.engine.deps.bounds,
  };
  const networks = new WeakMap<NetworkMembership, Watched>();
  const watched = (membership: NetworkMembership): Watched => {
    const known = networks.get(membership) ?? nothingWatched();
    networks.set(membership, known);
    return known;
  };
  const now = (): number => state.engine.deps.timers.now();
  const count = (membership: NetworkMembership): Watched => {
    const found = watched(membership);
    found.countedAt = now();
    const before = found.warnings;
    recount(state, membership, found, bounds);
    const isNews = found.warnings !== before;
    if (isNews && found.warnings.length + before.length > 0) schedule(state);
    return found;
  };
  for (const membership of state.engine.registry.networks.all()) count(membership);

  return {
    tick() {
      for (const membership of state.engine.registry.networks.all()) {
        const { debts } = watched(membership);
        for (const [device, debt] of debts) {
          debts.set(device, Math.max(0, debt - bounds.slowedBytesPerSecond));
        }
        const found = count(membership);
        found.needed = debts.size === 0 ? nobody : neededIn(state, membership, found);
      }
    },
    stored(home, segments) {
      if (home.membership.kind === "local") return;
      const { debts } = watched(home.membership);
      if (debts.size === 0) return;
      for (const { origin, bytes } of segments) {
        const debt = debts.get(nameOf(origin.signingKey));
        if (debt !== undefined) debts.set(nameOf(origin.signingKey), debt + bytes.length);
      }
    },
    paceOf: (home, writer, peer) =>
      home.membership.kind === "local"
        ? "usual"
        : paceIn(watched(home.membership), writer, deviceOf(home, writer), peer),
    withinRate(home, segments) {
      const { membership } = home;
      if (membership.kind === "local" || watched(membership).debts.size === 0) return segments;
      const kept = segments.filter((bytes) => !isTooMuch(watched(membership), home, bytes));
      const dropped = segments.length - kept.length;
      if (dropped > 0) home.counters.count("evicted", "device-quota", dropped);
      return kept;
    },
    warnings(membership) {
      const found = watched(membership);
      // Pages are told often
      const isFresh = Math.abs(now() - found.countedAt) < countMilliseconds;
      return (isFresh ? found : count(membership)).warnings;
    },
    all: () => state.engine.registry.networks.all().flatMap((each) => count(each).warnings),
  };
};

const countMilliseconds = 1_000;

const nobody: ReadonlySet<WriterId> = new Set();

const nothingWatched = (): Watched => ({
  ...{ counted: "", countedAt: -Infinity, warnings: [], debts: new Map(), needed: nobody },
});

/**
 * Who wrote what is not here yet is known with its first segment. Until then it comes last from a
 * device that is slowed, so that this one gains nothing by new logs, and is never held up for it.
 */
const paceIn = (
  { debts, needed }: Watched,
  writer: WriterId,
  device: DeviceName | null,
  peer: DeviceName | null,
): Pace => {
  const debt = debts.get(device ?? peer ?? "");
  if (debt === undefined || needed.has(writer)) return "usual";
  return debt > 0 && device !== null ? "paused" : "last";
};

/** What was pushed though its device's time has not come: it is pulled later. */
const isTooMuch = (network: Watched, home: Home, bytes: Uint8Array): boolean => {
  const parsed = parseSegment(bytes);
  if (!parsed.ok) return false;
  const { writer, opening } = parsed.value.header;
  const device = deviceOf(home, writer) ?? (opening === null ? null : nameOf(opening.signingKey));
  return paceIn(network, writer, device, null) === "paused";
};

/** Changes whenever something is stored or lost, deleted or inserted. */
const stampOf = (homes: readonly Home[]): string =>
  homes
    .map(({ tree, documents }) => [tree.size(), documents.livingCount, tree.forks().length].join())
    .join(";");

const recount = (
  { engine }: SyncState,
  membership: NetworkMembership,
  found: Watched,
  bounds: DeviceBounds,
): void => {
  const homes = engine.registry.homesOf(membership);
  const stamp = stampOf(homes);
  if (stamp === found.counted) return;
  found.counted = stamp;
  const uses = usesIn(homes);
  found.warnings = warningsOf(membership, uses, bounds);
  const exceeding = found.warnings.flatMap(({ kind, device }) =>
    kind === "quota-exceeded" ? [device] : [],
  );
  for (const device of found.debts.keys()) {
    if (!exceeding.includes(device)) found.debts.delete(device);
  }
  for (const device of exceeding) found.debts.set(device, found.debts.get(device) ?? 0);
};

const usesIn = (homes: readonly Home[]): ReadonlyMap<DeviceName, Use> => {
  const uses = new Map<DeviceName, Use>();
  const add = (device: DeviceName, more: Partial<Use>): void => {
    const { bytes, documents, origin, isForked } = uses.get(device) ?? noUse;
    uses.set(device, {
      bytes: bytes + (more.bytes ?? 0),
      documents: documents + (more.documents ?? 0),
      origin: origin ?? more.origin ?? null,
      isForked: isForked || more.isForked === true,
    });
  };
  for (const home of homes) {
    const { tree, documents } = home;
    for (const { origin, bytes } of logsIn(tree).values()) {
      add(nameOf(origin.signingKey), { origin, bytes });
    }
    for (const [writer, count] of documents.born) {
      const device = deviceOf(home, writer);
      if (device !== null) add(device, { documents: count });
    }
    for (const { writer } of tree.forks()) {
      const device = deviceOf(home, writer);
      if (device !== null) add(device, { isForked: true });
    }
  }
  return uses;
};

interface Logs {
  /** Headers of the tree that were counted. */
  counted: number;
  readonly logs: Map<WriterId, { readonly origin: WriterOrigin; readonly bytes: number }>;
}

/** What is stored of each writer, all branches together: a tree only grows. */
const logsIn = (tree: SegmentTree): Logs["logs"] => {
  const known: Logs = logsOf.get(tree) ?? { counted: 0, logs: new Map() };
  logsOf.set(tree, known);
  for (const { writer, bytes } of tree.records(known.counted)) {
    const origin = known.logs.get(writer)?.origin ?? tree.originOf(writer);
    if (origin === null) continue;
    known.logs.set(writer, { origin, bytes: (known.logs.get(writer)?.bytes ?? 0) + bytes });
  }
  known.counted = tree.size();
  return known.logs;
};

const logsOf = new WeakMap<SegmentTree, Logs>();

const noUse: Use = { bytes: 0, documents: 0, origin: null, isForked: false };

/** null: nothing of it was delivered, and it is none of this device's. */
const deviceOf = (home: Home, writer: WriterId): DeviceName | null => {
  const origin = home.tree.originOf(writer);
  if (origin !== null) return nameOf(origin.signingKey);
  const isOwn = writersOf(home).some(({ id }) => id === writer);
  return isOwn && home.membership.kind !== "local" ? home.membership.device.name : null;
};

/**
 * What a device beyond its quota builds on by itself does not count: it could have as much of its
 * own sent as it likes.
 */
const neededIn = (
  state: SyncState,
  membership: NetworkMembership,
  { debts }: Watched,
): ReadonlySet<WriterId> => {
  const needed = new Set<WriterId>();
  // What is needed may wait for something itself
  let before = -1;
  while (needed.size > before) {
    before = needed.size;
    addNeeded(state, membership, debts, needed);
  }
  return needed;
};

const addNeeded = (
  { engine }: SyncState,
  membership: NetworkMembership,
  debts: Watched["debts"],
  needed: Set<WriterId>,
): void => {
  for (const home of engine.registry.homesOf(membership)) {
    for (const each of engine.ingest.waiting()) {
      if (each.waiting.source.scope !== home.scope) continue;
      const device = deviceWaiting(home, each);
      const isForOthers = device !== null && !debts.has(device);
      if (!isForOthers && !needed.has(each.waiting.writer)) continue;
      for (const need of each.needs.values()) if (need.kind === "header") needed.add(need.writer);
    }
  }
};

/** Who wrote what waits: its first segment says so, and was checked before it waits. */
const deviceWaiting = (home: Home, { waiting }: Waiting): DeviceName | null => {
  const known = deviceOf(home, waiting.writer);
  if (known !== null) return known;
  const parsed = parseSegment(waiting.bytes);
  const opening = parsed.ok ? parsed.value.header.opening : null;
  return opening === null ? null : nameOf(opening.signingKey);
};

/** Hashed once for each log. */
const nameOf = (signingKey: WriterOrigin["signingKey"]): DeviceName => {
  const name = names.get(signingKey) ?? deviceNameOf(signingKey);
  names.set(signingKey, name);
  return name;
};

const names = new WeakMap<Uint8Array, DeviceName>();
