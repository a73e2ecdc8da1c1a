/**
 * How it stands with relays and peers: what the carrier says, with why greetings came to nothing,
 * and since when. Told to pages, which explain it to people.
 */
import type { CarrierStatus } from "../../core/net/carrier.ts";
import type { Connectivity } from "../../core/wire/connection.ts";
import type { SyncState } from "./state.ts";

/** The carrier says something new; null: there is none any more. */
export const takeStatus = (state: SyncState, status: CarrierStatus | null): void => {
  state.carried = status;
  tellConnectivity(state);
};

/** To be called when a greeting ended, too. */
export const tellConnectivity = (state: SyncState): void => {
  const now = state.engine.deps.timers.now();
  state.connectivity = connectivityOf(state, state.connectivity, now);
  state.emitConnectivity(state.connectivity);
};

const connectivityOf = (
  { carried, lines }: Pick<SyncState, "carried" | "lines">,
  before: Connectivity | null,
  now: number,
): Connectivity | null => {
  if (carried === null) return null;
  const relays = new Map(before?.relays.map((relay) => [relay.address, relay]));
  const peers = new Map(before?.peers.map((peer) => [peer.peer, peer]));
  return {
    ...(carried.direct === undefined ? {} : { direct: carried.direct }),
    relays: carried.relays.map((relay) => since(relay, relays.get(relay.address), now)),
    peers: carried.peers.map((peer) => {
      const refusal: string | null = lines.get(peer.peer)?.refusal ?? null;
      return since({ ...peer, refusal }, peers.get(peer.peer), now);
    }),
  };
};

/** What says the same as before says so since then. */
const since = <T extends object>(
  next: T,
  before: (T & { readonly since: number }) | undefined,
  now: number,
): T & { readonly since: number } => {
  const isSame =
    before !== undefined &&
    JSON.stringify(before) === JSON.stringify({ ...next, since: before.since });
  return { ...next, since: isSame ? before.since : now };
};
