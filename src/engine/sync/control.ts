/**
 * Closed networks within sync: who of those that are connected is a member by now, and what the
 * chain says to each. The parts that know chains are loaded with the first closed network.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { loadPart } from "../../core/base/parts.ts";
import { loadClosedParts } from "../closedParts.ts";
import type { ControlPeer } from "../closed/wire.ts";
import type { ClosedMembership } from "../closed/membership.ts";
import type { NetworkMembership } from "../identity.ts";
import { connectedIn, connectedOf, type Connected, type SyncState } from "./state.ts";
import { cutSoon, tellAttachments, tellPage } from "./tell.ts";
import type { Peer } from "./peer.ts";

const parts = (): Promise<typeof import("../closed/wire.ts")> =>
  loadPart(() => import("../closed/wire.ts"));

/** Before anybody is met. Rejects with `NotLoaded`. */
export const loadParts = async ({ engine }: SyncState): Promise<void> => {
  const hasClosed = engine.registry.networks.all().some(({ kind }) => kind === "closed");
  if (hasClosed) await loadClosedParts();
};

/** Behind the greeting: where this device stands, and what waits for the sequencer. */
export const introduceTo = async (
  state: SyncState,
  membership: NetworkMembership,
  connected: Connected,
): Promise<void> => {
  if (membership.kind !== "closed") return;
  const { introduce } = await parts();
  introduce(membership, controlPeerOf(state, connected));
};

export const takeControl = async (
  state: SyncState,
  membership: NetworkMembership,
  peer: Peer,
  body: Uint8Array,
): Promise<void> => {
  const connected = connectedOf(state, peer);
  if (membership.kind !== "closed" || connected === undefined) return;
  const { takeMessage } = await parts();
  const hasChanged = await takeMessage(
    state.engine,
    membership,
    controlPeerOf(state, connected),
    body,
  );
  const { sequenceWaiting } = await loadPart(() => import("../closed/decide.ts"));
  const hasDecided = await sequenceWaiting(state.engine, membership);
  if (hasChanged || hasDecided) await chainChanged(state, membership);
};

/** Each second online: what the passing of time makes due. */
export const tendNetworks = async (state: SyncState): Promise<void> => {
  const { engine, tending } = state;
  await loadParts(state);
  for (const membership of engine.registry.networks.all()) {
    if (membership.kind !== "closed" || tending.has(membership)) continue;
    tending.add(membership);
    try {
      const { hasLostHope, tend } = await loadPart(() => import("../closed/tend.ts"));
      const now = engine.deps.timers.now();
      if (hasLostHope(membership, now)) tellPage(state);
      const others = connectedIn(state, membership);
      const isAlone = others.length === 0;
      if (!isAlone)
        (await parts()).remind(
          membership,
          others.map((each) => controlPeerOf(state, each)),
        );
      if (await tend(engine, membership, isAlone)) await chainChanged(state, membership);
    } finally {
      tending.delete(membership);
    }
  }
};

/** Members and keys may be others by now: everybody hears of it, and who went goes. */
export const chainChanged = async (
  state: SyncState,
  membership: ClosedMembership,
): Promise<void> => {
  const { announce } = await parts();
  const isOut = membership.standing() === "removed";
  for (const connected of connectedIn(state, membership)) {
    const isLast = isOut || membership.control.standingOf(connected.certificate) === "removed";
    announce(membership, controlPeerOf(state, connected), isLast);
    // Whichever of both was removed, the other hears of it before it goes
    if (isLast) connected.peer.finish();
  }
  await state.acknowledging?.membersChanged(membership);
  state.retag();
  tellAttachments(state);
  // What waited for a right or a key may go out by now
  for (const home of state.engine.registry.homesOf(membership)) cutSoon(state, home);
  tellPage(state);
};

const controlPeerOf = (
  { engine }: SyncState,
  { peer, certificate, known }: Connected,
): ControlPeer => ({
  ...{ device: bytesToHex(certificate.signingKey), certificate },
  ...{ known, now: engine.deps.timers.now },
  say: (body: Uint8Array) => {
    peer.say({ kind: "control", body });
  },
  hangUp: () => {
    peer.step({ kind: "malformed", fault: "control-malformed" });
  },
});
