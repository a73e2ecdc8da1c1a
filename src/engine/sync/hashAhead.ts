/**
 * Hashes what changed while nobody asks for the digest, a few documents a turn: whoever connects
 * next is answered at once, and no state is kept for its hash alone.
 */
import { hashedDocumentsPerTurn } from "../../core/base/limits.ts";
import type { Home } from "../home.ts";
import { attachedHomes, type SyncState } from "./state.ts";

/** To be called now and then. */
export const hashAhead = (state: SyncState): void => {
  const memberships = state.engine.registry.networks.all();
  for (const home of memberships.flatMap((each) => attachedHomes(state, each))) {
    if (!state.hashing.has(home)) takeTurn(state, home);
  }
};

const takeTurn = (state: SyncState, home: Home): void => {
  state.hashing.delete(home);
  if (!home.digest.hashSome(hashedDocumentsPerTurn)) return;
  state.hashing.add(home);
  state.engine.deps.timers.soon(() => {
    takeTurn(state, home);
  });
};
