/**
 * How long a page stays reachable through this relay. Two faults of @libp2p/circuit-relay-v2 4.2
 * are mended here. It keeps the place of a page that has gone until its time is out, so that pages
 * that come and go use up all places. And a reservation that is renewed twice ends when the first
 * renewal would have (`retimeable-signal` never takes back a timer that `reset` has set), and every
 * relayed connection to that page with it.
 */
import type { CircuitRelayService, RelayReservation } from "@libp2p/circuit-relay-v2";
import type { Libp2p, PeerId } from "@libp2p/interface";

/** Runs once after so many milliseconds; the answer cancels it. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** What is used of libp2p's map of reservations. */
export interface Reservations {
  get(peer: PeerId): RelayReservation | undefined;
  set(peer: PeerId, reservation: RelayReservation): unknown;
  delete(peer: PeerId): unknown;
}

/** Before libp2p starts. */
export const keepReservations = (
  libp2p: Libp2p<{ readonly circuit: CircuitRelayService }>,
  milliseconds: number,
): void => {
  const { reservations } = libp2p.services.circuit;
  timeReservations(reservations, milliseconds, afterUnlessEnded);
  libp2p.addEventListener("peer:disconnect", ({ detail: peer }) => {
    // ends what is relayed to it too, which nobody answers any more
    reservations.get(peer)?.signal.reset(0);
    reservations.delete(peer);
  });
};

/** From now on each reservation ends so long after it was made or renewed last. */
export const timeReservations = (
  reservations: Reservations,
  milliseconds: number,
  after: After,
): void => {
  const set = reservations.set.bind(reservations);
  const timed = new WeakSet<RelayReservation>();
  reservations.set = (peer, reservation) => {
    if (!timed.has(reservation)) {
      timed.add(reservation);
      timeSignal(reservation.signal, milliseconds, after);
    }
    return set(peer, reservation);
  };
};

/** Its own timer is taken back; ours lets it end, once. */
const timeSignal = (
  signal: RelayReservation["signal"],
  milliseconds: number,
  after: After,
): void => {
  const end = signal.reset.bind(signal, 0);
  signal.clear();
  let cancel = after(milliseconds, end);
  signal.clear = () => {
    cancel();
  };
  signal.reset = (later = milliseconds) => {
    cancel();
    cancel = after(later, end);
  };
};

/** Does not keep the process alive. */
const afterUnlessEnded: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds).unref();
  return () => {
    clearTimeout(timer);
  };
};
