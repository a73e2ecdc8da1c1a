/**
 * A round of sync with every connected peer that shares a collection, for whoever wants to know
 * that it was made: it lasts for as long as it comes further, however much there is to transfer.
 */
import { invalid, NebulusError } from "../../core/base/errors.ts";
import {
  catchUpMillisecondsMax,
  roundPeersNamedMax,
  roundStallMillisecondsMax,
} from "../../core/base/limits.ts";
import type { Home } from "../home.ts";
import type { NetworkMembership } from "../identity.ts";
import type { Peer } from "./peer.ts";
import { partnersOf, peersOf, type SyncState } from "./state.ts";
import { pendingOpsOf } from "./summary.ts";
import { isConfirmed, schedule, tellAttachments, tellPage } from "./tell.ts";
import { watchProgress } from "./watch.ts";

export interface Round {
  readonly synced: boolean;
}

/** Loaded when it is first asked for. */
export const forceSync = async (state: SyncState, name: string): Promise<Round> => {
  const collection = state.engine.registry.find(name);
  if (collection === null) {
    throw invalid("UnknownCollection", `There is no collection "${name}" here.`, name);
  }
  const { shared, attached, mode } = collection;
  if (shared === null || !attached) return { synced: false };
  return mode === "manual" ? roundByHand(state, shared) : round(state, shared);
};

/**
 * Before somebody's log is ended (FORMATS.md §6): what connected members hold of it, and this
 * device does not yet, would count for nobody. No longer than this, since who is to go may be one
 * of them and hold it up. What is synced by hand stays as it is.
 */
export const catchUp = async (state: SyncState, membership: NetworkMembership): Promise<void> => {
  const { registry, deps } = state.engine;
  const shared = registry.homesOf(membership).filter((home) => {
    const found = registry.find(home.collection);
    return found?.shared === home && found.mode !== "manual";
  });
  // One that stalled is no reason to keep anybody in
  const rounds = Promise.allSettled(shared.map((home) => forceSync(state, home.collection)));
  await new Promise<void>((resolve) => {
    const stop = deps.timers.after(catchUpMillisecondsMax, resolve);
    void rounds.then(() => {
      stop();
      resolve();
    });
  });
};

/**
 * Nothing is cut before a peer named the heads of this device's log, nor where nobody is: nothing
 * may leave before that, and a device that finds its log going on elsewhere would have to fork it.
 */
const round = async (state: SyncState, home: Home): Promise<Round> => {
  if (pendingOpsOf(home) > 0 && !isConfirmed(state, home)) {
    askAll(state, home);
    if (!(await watch(state, home, () => isConfirmed(state, home)))) return { synced: false };
  }
  if (isConfirmed(state, home)) await state.engine.cutter.cutAll([home]);
  // Whoever comes next is answered at once
  home.digest.value();
  askAll(state, home);
  const isSettled = (partners: readonly Peer[]): boolean =>
    partners.every((peer) => isEqual(peer, home));
  return { synced: await watch(state, home, isSettled) };
};

const askAll = (state: SyncState, home: Home): void => {
  for (const peer of peersOf(state, home)) peer.step({ kind: "ask", scope: home.scope });
};

/** Sessions know the home while it lasts. */
const roundByHand = async (state: SyncState, home: Home): Promise<Round> => {
  const { rounds } = state;
  const begin = rounds.get(home) ?? 0;
  rounds.set(home, begin + 1);
  tellAttachments(state);
  try {
    return await round(state, home);
  } finally {
    const left = (rounds.get(home) ?? 1) - 1;
    if (left === 0) rounds.delete(home);
    else rounds.set(home, left);
    tellAttachments(state);
    // Whoever waits for the answer finds it so
    tellPage(state);
  }
};

/**
 * Until it is so of the connected peers, none is left, or it comes no further. Who may share it by
 * hand too is waited for.
 */
const watch = async (
  state: SyncState,
  home: Home,
  isSo: (partners: readonly Peer[]) => boolean,
): Promise<boolean> => {
  const isByHand = state.rounds.has(home);
  schedule(state);
  const found = await watchProgress(state, {
    look: () => {
      const partners = partnersOf(state, home);
      if (partners.length === 0) {
        return isByHand && peersOf(state, home).length > 0 ? null : false;
      }
      return isSo(partners) ? true : null;
    },
    progress: () => JSON.stringify(peersOf(state, home).map((peer) => progressOf(peer, home))),
  });
  if (found !== null) return found;
  const left = partnersOf(state, home).filter((peer) => peer.shares(home.scope));
  // Nobody said that they share it
  if (left.length === 0 && isByHand) return false;
  throw stalled(home, partnersOf(state, home));
};

const isEqual = (peer: Peer, { scope }: Home): boolean => {
  const status = peer.status(scope);
  return status?.kind === "synced" && status.verified;
};

/** Otherwise whenever something came or went that was not repeated. */
const progressOf = (peer: Peer, { scope }: Home): unknown => {
  const { request, serving } = peer.session();
  const { operationsSent, operationsReceived } = peer.traffic;
  const status = peer.status(scope);
  return [
    ...[peer.device, operationsSent, operationsReceived, request?.received, serving?.sent],
    ...[status?.kind, status !== null && "ops" in status ? status.ops : 0],
  ];
};

const stalled = (home: Home, partners: readonly Peer[]): NebulusError => {
  const missing = partners
    .filter((peer) => !isEqual(peer, home))
    .map((peer) => lackedFrom(peer, home));
  const more = missing.length - roundPeersNamedMax;
  const named = missing.slice(0, roundPeersNamedMax).join("; ");
  return new NebulusError({
    code: "SyncStalled",
    message:
      `"${home.collection}" came no further for ${roundStallMillisecondsMax / 1_000} seconds: ` +
      `${named}${more > 0 ? `; and ${more} more` : ""}. What is written stays here, and sync ` +
      "goes on by itself.",
    retryable: true,
    path: home.collection,
  });
};

const lackedFrom = (peer: Peer, { scope }: Home): string => {
  const status = peer.status(scope);
  const { device } = peer;
  if (status !== null && "ops" in status && status.ops > 0) {
    return `about ${status.ops} operations are missing from device ${device}`;
  }
  return status?.kind === "mismatch"
    ? `device ${device} reads other documents from the same operations`
    : `device ${device} has not confirmed that it holds the same`;
};
