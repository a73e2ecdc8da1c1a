/**
 * Telling sessions and pages what changed here: once for all changes of a turn.
 */
import { writersOf, type Home } from "../home.ts";
import { networkSnapshots, syncSnapshots } from "./snapshots.ts";
import {
  gatherMillisecondsMax,
  gatherMillisecondsPerOp,
  lazyMilliseconds,
  lazyOpsMax,
} from "../../core/base/limits.ts";
import { modeOf, peersOf, reportFailure, servedHomes, type SyncState } from "./state.ts";
import { pendingOpsOf, summaryOf } from "./summary.ts";

/** The home's summary may be another by now. */
export const noteChange = (state: SyncState, home: Home): void => {
  if (home.membership.kind === "local") return;
  state.dirty.add(home);
  state.acknowledging?.changed(home.membership);
  schedule(state);
};

/** Snapshots may be others by now. */
export const schedule = (state: SyncState): void => {
  if (state.isScheduled) return;
  state.isScheduled = true;
  state.engine.deps.timers.soon(() => {
    state.isScheduled = false;
    tellSessions(state);
    tellPage(state);
    for (const watcher of [...state.watchers]) watcher();
  });
};

/** At once, for those who wait for the call that changed a network: its answer comes after this. */
export const tellPage = (state: SyncState): void => {
  state.emitNetworks(networkSnapshots(state));
  state.emitSync(syncSnapshots(state));
};

/** Attachments changed: each session takes in what came and lets go of what went. */
export const tellAttachments = (state: SyncState): void => {
  for (const connected of state.connected.values()) {
    const { peer } = connected;
    const homes = servedHomes(state, connected);
    const known = peer.session().scopes;
    for (const home of homes) {
      if (!known.has(home.scope)) peer.step({ kind: "attached", summary: summaryOf(home) });
    }
    const scopes = new Set(homes.map(({ scope }) => scope));
    for (const scope of [...known.keys()]) {
      if (!scopes.has(scope)) peer.step({ kind: "detached", scope });
    }
  }
  schedule(state);
};

const tellSessions = (state: SyncState): void => {
  for (const home of [...state.dirty]) tellHome(state, home);
};

/** At once, for a session that brought the change: its end is told behind the change itself. */
export const tellHome = (state: SyncState, home: Home): void => {
  if (!state.dirty.delete(home)) return;
  const peers = peersOf(state, home);
  if (peers.length === 0) return;
  const summary = summaryOf(home);
  for (const peer of peers) peer.step({ kind: "local", summary });
  cutSoon(state, home);
};

/**
 * What was written here is cut soon, or when enough of it gathered in a lazy collection, once a
 * peer has said what it holds: nothing may leave before that, and a device that finds its log going
 * on elsewhere has then cut nothing that it would have to fork.
 */
export const cutSoon = (state: SyncState, home: Home): void => {
  const { engine, gathering } = state;
  const pendingOps = pendingOpsOf(home);
  if (pendingOps === 0 || !isConfirmed(state, home)) return;
  const isSoon = modeOf(state, home) !== "lazy" || pendingOps >= lazyOpsMax;
  const present = gathering.get(home);
  if (present !== undefined && (present.isSoon || !isSoon)) return;
  present?.cancel();
  const { timers } = engine.deps;
  const wait = isSoon ? gatherMilliseconds(state, home) : lazyMilliseconds;
  const cancel = timers.after(wait, () => {
    // What is written until it ends goes with the next
    gathering.set(home, { isSoon: true, cancel: () => undefined });
    void cutNow(state, home);
  });
  gathering.set(home, { isSoon, cancel });
};

/** Never rejects. What could not be cut waits for the next that is written. */
const cutNow = async (state: SyncState, home: Home): Promise<void> => {
  const { engine, gathering } = state;
  const { now } = engine.deps.timers;
  const [began, ops] = [now(), pendingOpsOf(home)];
  try {
    await engine.cutter.cutAll([home]);
    state.lastCuts.set(home, { endedAt: now(), milliseconds: now() - began, ops });
    gathering.delete(home);
    cutSoon(state, home);
  } catch (error) {
    gathering.delete(home);
    reportFailure(state, error);
  }
};

/** A peer has named the heads of these logs, and none that is not here. */
export const isConfirmed = (state: SyncState, home: Home): boolean =>
  peersOf(state, home).some((peer) =>
    writersOf(home).every(({ id }) => peer.namesHeldOnly(home.scope, id)),
  );

/**
 * The first write after a while goes at once; what follows closely gathers, since each segment
 * costs a transaction here and one there: for as long as the last one took to be stored, so that
 * writes that are waited for keep half of the disk, and the longer the more it held. One write at
 * a time is seen at once elsewhere, and a stream of them costs few segments.
 */
const gatherMilliseconds = ({ engine, lastCuts }: SyncState, home: Home): number => {
  const last = lastCuts.get(home);
  if (last === undefined) return 0;
  const wait = Math.min(
    Math.max(last.milliseconds, last.ops * gatherMillisecondsPerOp),
    gatherMillisecondsMax,
  );
  // Clocks are put back
  const since = Math.max(0, engine.deps.timers.now() - last.endedAt);
  return Math.max(0, wait - since);
};
