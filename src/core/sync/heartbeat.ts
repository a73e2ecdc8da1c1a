/**
 * Signs of life of one peer: when to ask for one, how long the answer took, and when it has been
 * silent for too long. Beside the session, whose ticks are too coarse to measure by.
 */
import { peerHeartbeatMilliseconds, peerSilenceMillisecondsMax } from "../base/limits.ts";

export interface Heartbeat {
  /** The number of a question that is sent now. */
  readonly ask: (now: number) => number;
  /** About once a second. `ask`: one is due; `silent`: nothing came for too long. */
  readonly tick: (now: number) => "ask" | "silent" | null;
  /** Whatever came, it lives. */
  readonly heard: () => void;
  /** False for an answer to nothing that was asked last. */
  readonly answered: (number: number, now: number) => boolean;
  /** Moving average in milliseconds; null before the first answer. */
  readonly roundTripMs: () => number | null;
}

/** Times are milliseconds by any clock; if it jumps back, no time passed. */
export const createHeartbeat = (begun: number): Heartbeat => {
  let number = 0;
  /** Null: no answer is due. */
  let askedAt: number | null = null;
  let tickedAt = begun;
  let sinceAskedMs = 0;
  let silentMs = 0;
  let roundTripMs: number | null = null;
  return {
    ask: (now) => {
      number += 1;
      askedAt = now;
      sinceAskedMs = 0;
      return number;
    },
    tick: (now) => {
      const elapsedMs = Math.max(0, now - tickedAt);
      tickedAt = now;
      sinceAskedMs += elapsedMs;
      // One that slept finds answers waiting: its own sleep is not the peer's silence.
      silentMs += Math.min(elapsedMs, tickMsMax);
      if (silentMs >= peerSilenceMillisecondsMax) return "silent";
      return sinceAskedMs >= peerHeartbeatMilliseconds ? "ask" : null;
    },
    heard: () => {
      silentMs = 0;
    },
    answered: (answer, now) => {
      if (askedAt === null || answer !== number) return false;
      const tookMs = Math.max(0, now - askedAt);
      askedAt = null;
      roundTripMs =
        roundTripMs === null ? tookMs : roundTripMs + (tookMs - roundTripMs) * newestWeight;
      return true;
    },
    roundTripMs: () => roundTripMs,
  };
};

/** How much of a longer time between two ticks counts as waited for the peer. */
const tickMsMax = 5_000;
/** As TCP weighs its newest measurement (RFC 6298). */
const newestWeight = 1 / 8;
