/**
 * Peers that broke the rules: met again after a while, twice as long after each further time. So
 * whoever sends nonsense costs a greeting now and then, and whoever mended its ways is welcome.
 * Time is counted in ticks, since clocks are put forward and back.
 */
import { offenceForgottenTicks, offenceTicksMax, offencesKeptMax } from "../../core/base/limits.ts";

interface Offence {
  readonly times: number;
  /** Until it is met again; below zero since then. */
  ticksLeft: number;
}

/** By the carrier's name of the peer; the latest last. */
export type Offences = Map<string, Offence>;

export const noteOffence = (offences: Offences, peer: string): void => {
  const times = (offences.get(peer)?.times ?? 0) + 1;
  offences.delete(peer);
  offences.set(peer, { times, ticksLeft: Math.min(2 ** (times - 1), offenceTicksMax) });
  const [oldest] = offences.keys();
  if (offences.size > offencesKeptMax && oldest !== undefined) offences.delete(oldest);
};

export const isWelcome = (offences: Offences, peer: string): boolean =>
  (offences.get(peer)?.ticksLeft ?? 0) <= 0;

export const tickOffences = (offences: Offences): void => {
  for (const [peer, offence] of offences) {
    offence.ticksLeft -= 1;
    if (offence.ticksLeft <= -offenceForgottenTicks) offences.delete(peer);
  }
};
